"""Noise for training only: what careless hands, old programs and evasive senders do to a text.

Each kind of noise takes the segments of a message and gives them back changed; segments that it adds carry no label.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

Segments = list[tuple[str, str | None]]

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    letter: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _KEYBOARD
    for place, letter in enumerate(row)
}
_LOOKALIKE = str.maketrans("aeopcxyi", "аеорсхуі")
_SMS = {
    "fr": (("vous", "vs"), ("pour", "pr"), ("c'est", "c"), ("quand", "qd"), ("beaucoup", "bcp"), ("que", "ke"),
           ("dans", "ds"), ("toujours", "tjrs"), ("s'il vous plaît", "svp"), ("est-ce que", "esk"), ("bonjour", "bjr"),
           ("merci", "mci"), ("message", "msg"), ("rendez-vous", "rdv"), ("numéro", "n°"), ("adresse", "adr")),
    "en": (("you", "u"), ("are", "r"), ("please", "pls"), ("for", "4"), ("your", "ur"), ("thanks", "thx"),
           ("to", "2"), ("because", "cos"), ("message", "msg"), ("tomorrow", "tmrw"), ("with", "w/"), ("and", "&")),
    "de": (("und", "u"), ("bitte", "bt"), ("mit freundlichen grüßen", "mfg"), ("nicht", "nich"), ("ist", "is"),
           ("eine", "ne"), ("vielleicht", "vllt"), ("nachricht", "msg"), ("zum beispiel", "zb"), ("oder", "od")),
    "it": (("che", "ke"), ("perché", "xke"), ("non", "nn"), ("per", "x"), ("sono", "sn"), ("comunque", "cmq"),
           ("grazie", "grz"), ("messaggio", "msg"), ("tutto", "tt"), ("anche", "anke")),
    "es": (("que", "q"), ("por favor", "xfa"), ("porque", "xq"), ("para", "pa"), ("también", "tb"), ("gracias", "grcs"),
           ("mensaje", "msj"), ("por", "x"), ("mucho", "mxo"), ("está", "ta")),
    "nl": (("het", "t"), ("een", "n"), ("alstublieft", "aub"), ("niet", "nie"), ("met vriendelijke groet", "mvg"),
           ("even", "ff"), ("bericht", "msg"), ("dat", "da"), ("vandaag", "vndg"), ("morgen", "mrgn")),
    "pl": (("proszę", "prosze"), ("pozdrawiam", "pozdr"), ("jest", "jes"), ("nie ma", "nima"), ("dzięki", "dzieki"),
           ("wiadomość", "msg"), ("w ogóle", "wgl"), ("zaraz", "zw"), ("numer", "nr"), ("w tym momencie", "wtm")),
    "sv": (("och", "o"), ("det", "d"), ("är", "e"), ("inte", "int"), ("mig", "mej"), ("med vänliga hälsningar", "mvh"),
           ("meddelande", "msg"), ("någon", "nån"), ("sedan", "sen"), ("telefon", "tel"), ("mycket", "mkt")),
}  # fmt: skip
_CRUMBS = ("&nbsp;", "<br>", "<br/>", "&amp;", "</p>", "=20", "&#39;", "<b>", "</b>", "[image]", "\u200b")
_FIRST = (
    "Anna",
    "Marc",
    "Lena",
    "Jan",
    "Sofia",
    "Piotr",
    "Elin",
    "Luca",
    "Carmen",
    "Tom",
    "Zoé",
    "Kees",
    "Maja",
    "Igor",
)
_LAST = ("Novak", "Martin", "Berg", "Rossi", "Vidal", "de Wit", "Kowal", "Lind", "Meyer", "Hill", "Moreau", "Sanz")
_SHOP = (
    "Atelier",
    "Studio",
    "Casa",
    "Haus",
    "House",
    "Boutique",
    "Butik",
    "Sklep",
    "Winkel",
    "Shop",
    "Bottega",
    "Werkstatt",
)
_LINES = {
    "fr": ("Service client", "Le {day} à {time}, {name} a écrit :", "Ce message et ses pièces jointes sont confidentiels.", "Tél."),
    "en": ("Customer service", "On {day} at {time}, {name} wrote:", "This message is confidential.", "Phone"),
    "de": ("Kundenservice", "Am {day} um {time} schrieb {name}:", "Diese Nachricht ist vertraulich.", "Tel."),
    "it": ("Servizio clienti", "Il {day} alle {time} {name} ha scritto:", "Questo messaggio è riservato.", "Tel."),
    "es": ("Atención al cliente", "El {day} a las {time}, {name} escribió:", "Este mensaje es confidencial.", "Tfno."),
    "nl": ("Klantenservice", "Op {day} om {time} schreef {name}:", "Dit bericht is vertrouwelijk.", "Tel."),
    "pl": ("Obsługa klienta", "{day} o {time} {name} napisał(a):", "Ta wiadomość jest poufna.", "tel."),
    "sv": ("Kundtjänst", "Den {day} kl. {time} skrev {name}:", "Detta meddelande är konfidentiellt.", "Tfn"),
}  # fmt: skip


def noisy(segments: Segments, lang: str, rng: random.Random) -> Segments:
    """Return the segments with one or two kinds of noise, chosen by `rng`."""
    for kind in rng.sample(KINDS, rng.choice((1, 1, 2))):
        segments = kind(segments, lang, rng)
    return segments


def _table(letters: dict[str, str]) -> dict[int, str]:
    return {ord(letter): plain for letter, plain in letters.items()}


def no_accents(text: str) -> str:
    """Return `text` without accents (also `ł`, `ß`, `ø`)."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return plain.translate(_table({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "œ": "oe", "æ": "ae"}))


def typing_errors(text: str, share: float, rng: random.Random) -> str:
    """Return `text` with about `share` of its letters dropped, doubled, swapped, or hit beside."""
    out: list[str] = []
    place = 0
    while place < len(text):
        letter = text[place]
        if letter.isalpha() and rng.random() < share:
            error = rng.randrange(4)
            if error == 0:
                out.append(letter * 2)
            elif error == 1 and place + 1 < len(text):
                out.append(text[place + 1] + letter)
                place += 1
            elif error == 2:
                out.append(rng.choice(_NEAR.get(letter.lower(), letter)))
        else:
            out.append(letter)
        place += 1
    return "".join(out)


def _each(change: Callable[[str, str, random.Random], str]) -> Callable[[Segments, str, random.Random], Segments]:
    def changed(segments: Segments, lang: str, rng: random.Random) -> Segments:
        return [(change(text, lang, rng), label) for text, label in segments]

    return changed


def _sms(text: str, lang: str, rng: random.Random) -> str:
    for word, short in _SMS.get(lang, ()):
        if rng.random() < 0.7:
            text = re.sub(rf"\b{re.escape(word)}\b", short, text, flags=re.IGNORECASE)
    return re.sub(r"[.,;]", "", text) if rng.random() < 0.5 else text


def _lookalikes(text: str, _lang: str, rng: random.Random) -> str:
    return " ".join(w.translate(_LOOKALIKE) if len(w) > 3 and rng.random() < 0.3 else w for w in text.split(" "))


def _splits(text: str, _lang: str, rng: random.Random) -> str:
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and word.isalpha() and rng.random() < 0.15:
            words[place] = rng.choice((" ", ".", "-")).join(word)
    return " ".join(words)


def _crumbs(text: str, _lang: str, rng: random.Random) -> str:
    words = text.split(" ")
    words.insert(rng.randrange(len(words) + 1), rng.choice(_CRUMBS))
    return " ".join(words)


def _signature(segments: Segments, lang: str, rng: random.Random) -> Segments:
    office, _, legal, phone = _LINES.get(lang, _LINES["en"])
    name, shop = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}", f"{rng.choice(_SHOP)} {rng.choice(_LAST)}"
    site = shop.lower().replace(" ", "-") + ".example"
    lines = [
        name, shop, office, f"{phone} {rng.randrange(10**8, 10**9)}", f"www.{site}", f"info@{site}", legal,
    ]  # fmt: skip
    chosen = [line for line in lines if rng.random() < 0.5] or [name]
    return [*segments, *((line, None) for line in chosen)]


def _quotation_line(segments: Segments, lang: str, rng: random.Random) -> Segments:
    wrote = _LINES.get(lang, _LINES["en"])[1].format(
        day=f"{rng.randrange(1, 29)}.{rng.randrange(1, 13)}.", time=f"{rng.randrange(7, 23)}:{rng.randrange(10, 60)}",
        name=f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",
    )  # fmt: skip
    return [*segments, (wrote, None)]


def _no_case(text: str, _lang: str, rng: random.Random) -> str:
    return text.upper() if rng.random() < 0.5 else text.lower()


KINDS: tuple[Callable[[Segments, str, random.Random], Segments], ...] = (
    _each(lambda text, _lang, _rng: no_accents(text)),
    _each(lambda text, _lang, rng: typing_errors(text, rng.uniform(0.02, 0.08), rng)),
    _each(_no_case),
    _each(_sms),
    _each(_lookalikes),
    _each(_splits),
    _each(_crumbs),
    _signature,
    _quotation_line,
)
