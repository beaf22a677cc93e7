"""Quotations of eight languages and the usual clients, top, bottom and inline answers, and what must stay body."""

from __future__ import annotations

import pytest

from engine.message.parts import Message
from engine.message.quotation import cut

NEW = {
    "fr": "Merci de confirmer la couleur avant jeudi.",
    "en": "Please confirm the colour before Thursday.",
    "de": "Bitte bestätigen Sie die Farbe bis Donnerstag.",
    "it": "La prego di confermare il colore entro giovedì.",
    "es": "Confirme el color antes del jueves, por favor.",
    "nl": "Wilt u de kleur vóór donderdag bevestigen.",
    "pl": "Proszę o potwierdzenie koloru do czwartku.",
    "sv": "Vänligen bekräfta färgen före torsdag.",
}
OLD = ("Hello, ONE ancient line.", "Another OLD line, TWO.")

# As the clients write them. `gmail` is wrapped where Gmail wraps it.
GMAIL = {
    "fr": "Le lun. 3 mars 2025 à 14:05, Jean Dupont <jean.dupont@example.org> a écrit :",
    "en": "On Mon, Mar 3, 2025 at 2:05 PM Jean Dupont <jean.dupont@example.org> wrote:",
    "de": "Am Mo., 3. März 2025 um 14:05 Uhr schrieb Jean Dupont <jean.dupont@example.org>:",
    "it": "Il giorno lun 3 mar 2025 alle ore 14:05 Jean Dupont <jean.dupont@example.org> ha scritto:",
    "es": "El lun, 3 mar 2025 a las 14:05, Jean Dupont (<jean.dupont@example.org>) escribió:",
    "nl": "Op ma 3 mrt 2025 om 14:05 schreef Jean Dupont <jean.dupont@example.org>:",
    "pl": "pon., 3 mar 2025 o 14:05 Jean Dupont <jean.dupont@example.org> napisał(a):",
    "sv": "Den mån 3 mars 2025 kl 14:05 skrev Jean Dupont <jean.dupont@example.org>:",
}
APPLE = {
    "fr": "Le 3 mars 2025 à 14:05, Jean Dupont <jean.dupont@example.org> a écrit :",
    "en": "On 3 Mar 2025, at 14:05, Jean Dupont <jean.dupont@example.org> wrote:",
    "de": "Am 03.03.2025 um 14:05 schrieb Jean Dupont <jean.dupont@example.org>:",
    "it": "Il giorno 3 mar 2025, alle ore 14:05, Jean Dupont <jean.dupont@example.org> ha scritto:",
    "es": "El 3 mar 2025, a las 14:05, Jean Dupont <jean.dupont@example.org> escribió:",
    "nl": "Op 3 mrt. 2025, om 14:05 heeft Jean Dupont <jean.dupont@example.org> het volgende geschreven:",
    "pl": "Wiadomość napisana przez Jean Dupont <jean.dupont@example.org> w dniu 3 mar 2025, o godz. 14:05:",
    "sv": "3 mars 2025 kl. 14:05 skrev Jean Dupont <jean.dupont@example.org>:",
}
THUNDERBIRD = {
    "fr": "Le 03/03/2025 à 14:05, Jean Dupont a écrit :",
    "en": "On 03/03/2025 14:05, Jean Dupont wrote:",
    "de": "Am 03.03.25 um 14:05 schrieb Jean Dupont:",
    "it": "Il 03/03/2025 14:05, Jean Dupont ha scritto:",
    "es": "El 3/3/25 a las 14:05, Jean Dupont escribió:",
    "nl": "Op 03-03-2025 om 14:05 schreef Jean Dupont:",
    "pl": "W dniu 3.03.2025 o 14:05, Jean Dupont pisze:",
    "sv": "Den 2025-03-03 kl. 14:05, skrev Jean Dupont:",
}
YAHOO = {
    "fr": "Le lundi 3 mars 2025 à 14:05:12 UTC+1, Jean Dupont <jean.dupont@example.org> a écrit :",
    "en": "On Monday, March 3, 2025 at 02:05:12 PM GMT+1, Jean Dupont <jean.dupont@example.org> wrote:",
    "de": "Am Montag, 3. März 2025 um 14:05:12 MEZ hat Jean Dupont <jean.dupont@example.org> Folgendes geschrieben:",
    "it": "Il lunedì 3 marzo 2025 alle ore 14:05:12 CET, Jean Dupont <jean.dupont@example.org> ha scritto:",
    "es": "En lunes, 3 de marzo de 2025, 14:05:12 CET, Jean Dupont <jean.dupont@example.org> escribió:",
    "nl": "Op maandag 3 maart 2025 om 14:05:12 CET schreef Jean Dupont <jean.dupont@example.org>:",
    "pl": "W dniu poniedziałek, 3 marca 2025 14:05:12 CET, Jean Dupont <jean.dupont@example.org> napisał(a):",
    "sv": "Den måndag 3 mars 2025 14:05:12 CET skrev Jean Dupont <jean.dupont@example.org>:",
}
HEADERS = {
    "fr": ("De :", "Envoyé :", "À :", "Objet :", "lundi 3 mars 2025 14:05"),
    "en": ("From:", "Sent:", "To:", "Subject:", "Monday, March 3, 2025 2:05 PM"),
    "de": ("Von:", "Gesendet:", "An:", "Betreff:", "Montag, 3. März 2025 14:05"),
    "it": ("Da:", "Inviato:", "A:", "Oggetto:", "lunedì 3 marzo 2025 14:05"),
    "es": ("De:", "Enviado:", "Para:", "Asunto:", "lunes, 3 de marzo de 2025 14:05"),
    "nl": ("Van:", "Verzonden:", "Aan:", "Onderwerp:", "maandag 3 maart 2025 14:05"),
    "pl": ("Od:", "Wysłano:", "Do:", "Temat:", "poniedziałek, 3 marca 2025 14:05"),
    "sv": ("Från:", "Skickat:", "Till:", "Ämne:", "den 3 mars 2025 14:05"),
}
ORIGINAL = {
    "fr": "-----Message d'origine-----",
    "en": "-----Original Message-----",
    "de": "-----Ursprüngliche Nachricht-----",
    "it": "-----Messaggio originale-----",
    "es": "-----Mensaje original-----",
    "nl": "-----Oorspronkelijk bericht-----",
    "pl": "-----Wiadomość oryginalna-----",
    "sv": "-----Ursprungligt meddelande-----",
}
SAMSUNG = {
    "fr": "-------- Message d'origine --------",
    "en": "-------- Original message --------",
    "de": "-------- Ursprüngliche Nachricht --------",
    "it": "-------- Messaggio originale --------",
    "es": "-------- Mensaje original --------",
    "nl": "-------- Oorspronkelijk bericht --------",
    "pl": "-------- Oryginalna wiadomość --------",
    "sv": "-------- Originalmeddelande --------",
}
FORWARD = {
    "fr": "Début du message transféré :",
    "en": "Begin forwarded message:",
    "de": "Anfang der weitergeleiteten Nachricht:",
    "it": "Inizio messaggio inoltrato:",
    "es": "Inicio del mensaje reenviado:",
    "nl": "Begin doorgestuurd bericht:",
    "pl": "Początek przekazywanej wiadomości:",
    "sv": "Vidarebefordrat brev:",
}
PHONE = {
    "fr": "Envoyé de mon iPhone",
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "it": "Inviato da iPhone",
    "es": "Enviado desde mi iPhone",
    "nl": "Verstuurd vanaf mijn iPhone",
    "pl": "Wysłane z iPhone'a",
    "sv": "Skickat från min iPhone",
}


def block(lang: str) -> str:
    sender, sent, to, subject, date = HEADERS[lang]
    return f"{sender} Jean Dupont <jean.dupont@example.org>\n{sent} {date}\n{to} shop@example.org\n{subject} Order 123-4567"


def wrapped(line: str) -> str:
    at = line.rindex(" ", 0, 62)
    return f"{line[:at]}\n{line[at + 1 :]}"


def marked(lines: tuple[str, ...]) -> str:
    return "\n".join(f"> {line}" for line in lines)


OLD_TEXT = "\n\n".join(OLD)
STYLES = {
    "gmail": lambda lang: f"{GMAIL[lang]}\n\n{marked(OLD)}",
    "gmail-wrapped": lambda lang: f"{wrapped(GMAIL[lang])}\n\n{marked(OLD)}",
    "gmail-unmarked": lambda lang: f"{GMAIL[lang]}\n\n{OLD_TEXT}",
    "gmail-unmarked-wrapped": lambda lang: f"{wrapped(GMAIL[lang])}\n{OLD_TEXT}",
    "apple": lambda lang: f"{APPLE[lang]}\n\n{marked(OLD)}",
    "apple-unmarked": lambda lang: f"{APPLE[lang]}\n\n{OLD_TEXT}",
    "thunderbird": lambda lang: f"{THUNDERBIRD[lang]}\n{marked(OLD)}",
    "thunderbird-unmarked": lambda lang: f"{THUNDERBIRD[lang]}\n{OLD_TEXT}",
    "yahoo": lambda lang: f"{YAHOO[lang]}\n\n{OLD_TEXT}",
    "outlook-rule": lambda lang: f"{'_' * 32}\n{block(lang)}\n\n{OLD_TEXT}",
    "outlook-bare": lambda lang: f"{block(lang)}\n\n{OLD_TEXT}",
    "outlook-bold": lambda lang: (
        "\n".join(f"*{x.replace(':', ':*', 1)}" for x in block(lang).split("\n")) + f"\n\n{OLD_TEXT}"
    ),
    "outlook-original": lambda lang: f"{ORIGINAL[lang]}\n{block(lang)}\n\n{OLD_TEXT}",
    "original-only": lambda lang: f"{ORIGINAL[lang]}\n\n{OLD_TEXT}",
    "samsung": lambda lang: f"{SAMSUNG[lang]}\n{block(lang)}\n\n{OLD_TEXT}",
    "forward": lambda lang: f"{FORWARD[lang]}\n\n{block(lang)}\n\n{OLD_TEXT}",
    "phone": lambda lang: f"{PHONE[lang]}\n\n{APPLE[lang]}\n\n{marked(OLD)}",
    "nbsp": lambda lang: f"{GMAIL[lang].replace(' :', chr(160) + ':')}\n\n{OLD_TEXT}",
}
LANGUAGES = tuple(NEW)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(region.kind, text[region.start : region.end]) for region in cut(text)]


def of_kind(text: str, kind: str) -> str:
    return "".join(piece for found, piece in kinds(text) if found == kind)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("style", STYLES)
def test_answer_on_top_is_the_body_and_all_below_is_quoted(style: str, lang: str) -> None:
    text = f"{NEW[lang]}\n\n{STYLES[style](lang)}\n"
    assert of_kind(text, "body").strip() == NEW[lang]
    assert all(line in of_kind(text, "quoted") for line in OLD)
    if style == "phone":
        assert of_kind(text, "signature").strip() == PHONE[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("head", [GMAIL, APPLE, THUNDERBIRD], ids=["gmail", "apple", "thunderbird"])
def test_answers_below_and_between_marked_lines_are_body(head: dict[str, str], lang: str) -> None:
    text = f"{head[lang]}\n> {OLD[0]}\n\n{NEW[lang]}\n\n> {OLD[1]}\n>\n> more\n\n{NEW[lang].upper()}\n"
    assert [kind for kind, _ in kinds(text)] == ["quoted", "body", "quoted", "body"]
    assert of_kind(text, "body").split("\n\n") == [NEW[lang], NEW[lang].upper() + "\n"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_windows_line_ends_change_nothing(lang: str) -> None:
    text = f"{NEW[lang]}\n\n{block(lang)}\n\n{OLD_TEXT}".replace("\n", "\r\n")
    assert of_kind(text, "body").strip() == NEW[lang]


@pytest.mark.parametrize(
    "text",
    [
        "Von: Oma\nAn: Emma\nDatum: 24.12.2025\n\nBitte bestätigen Sie die Gravur.",
        "De : Papi\nPour : Léa\n\nConfirmez-vous ce texte ?",
        "Sie schrieben am 3. März:\nBitte mit Herz gravieren. Ist das richtig?",
        "On 3 March you wrote:\nHappy Birthday Emma\nIs this the text you want?",
        "Il 3 marzo Lei ha scritto:\nAuguri Emma\nVa bene così?",
        "Le 3 mars vous avez écrit :\nBon anniversaire Emma\nEst-ce le bon texte ?",
        "Op 3 maart schreef u:\nGefeliciteerd Emma\nKlopt deze tekst?",
        "Den 3 mars skrev du:\nGrattis Emma\nStämmer texten?",
        "Le 3 mars à 14:05, le livreur est passé :\nvous étiez absent.",
        "Subject: the engraving\nWhich text shall we engrave?",
        "----- Sizes -----\nS, M or L?",
        ">>> Jetzt bestellen <<<\nIst die Farbe richtig?",
        "________________\nPlease tell us the size.",
        "From: left to right\nWhich letters?",
    ],
)
def test_text_that_only_looks_like_a_quotation_stays_body(text: str) -> None:
    assert of_kind(text, "quoted") == ""


def test_old_gmail_head_without_a_verb() -> None:
    text = "OK\n\n2014-03-03 14:05 GMT+01:00 Jean Dupont <jean@example.org>:\n\nold"
    assert of_kind(text, "body").strip() == "OK"


def test_nested_quotes_and_an_unmarked_tail() -> None:
    text = "On Mon, Mar 3, 2025 at 2:05 PM A <a@example.org> wrote:\n>> deep\n> less\n> \nnew answer"
    assert of_kind(text, "body") == "new answer"


def test_empty_lines_go_with_what_stands_above() -> None:
    assert kinds("a\n\n> b\n\nc") == [("body", "a\n\n"), ("quoted", "> b\n\n"), ("body", "c")]


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", " ", "> ", ">", ":", "-", "--", "a"])
def test_regions_cover_tiny_texts(text: str) -> None:
    regions = cut(text)
    assert "".join(text[r.start : r.end] for r in regions) == text


PITCH = "Leave us five stars and win a voucher!"
HTML_QUOTES = {
    "gmail": f'<div class="gmail_quote"><div class="gmail_attr">{GMAIL["en"]}<br></div><blockquote>{PITCH}</blockquote></div>',
    "gmail-new": f'<div class="gmail_quote gmail_quote_container"><blockquote>{PITCH}</blockquote></div>',
    "apple": f'<div><br><blockquote type="cite"><div>{APPLE["en"]}</div><div>{PITCH}</div></blockquote></div>',
    "thunderbird": f'<div class="moz-cite-prefix">{THUNDERBIRD["de"]}<br></div><blockquote type="cite">{PITCH}</blockquote>',
    "outlook-web": f'<hr><div id="divRplyFwdMsg"><b>De :</b> A &lt;a@example.org&gt;<br><b>Envoyé :</b> lundi 3 mars 2025'
    f"<br><b>À :</b> B<br><b>Objet :</b> x</div><div>{PITCH}</div>",
    "outlook": '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Von:</b> A '
    "&lt;a@example.org&gt;<br><b>Gesendet:</b> Montag, 3. März 2025 14:05<br><b>An:</b> B<br><b>Betreff:</b> x</p></div>"
    f"</div><p>{PITCH}</p>",
    "outlook-forwarded": f'<div id="x_divRplyFwdMsg"><b>From:</b> A &lt;a@b.example&gt;<br><b>To:</b> B</div><p>{PITCH}</p>',
    "yahoo": f'<div id="ydp123yahoo_quoted" class="ydp123yahoo_quoted"><div>{YAHOO["es"]}</div><div>{PITCH}</div></div>',
    "proton": f'<div class="protonmail_quote">{GMAIL["it"]}<br><blockquote>{PITCH}</blockquote></div>',
    "roundcube": f'<p id="reply-intro">{THUNDERBIRD["nl"]}</p><blockquote type="cite">{PITCH}</blockquote>',
    "gmx": f'<div name="quote" style="margin:10px"><div><b>Gesendet:</b> Montag</div><div>{PITCH}</div></div>',
    "samsung": f"<div>-------- Oryginalna wiadomość --------</div><div>Od: A &lt;a@b.example&gt; </div><div>{PITCH}</div>",
    "no-container": f"<p>{GMAIL['sv'].replace('<', '&lt;').replace('>', '&gt;')}</p><p>{PITCH}</p>",
}


@pytest.mark.parametrize("client", HTML_QUOTES)
def test_a_pitch_in_an_html_quotation_is_quoted(client: str) -> None:
    message = Message.of(html=f"<html><body><div>Which colour?</div>{HTML_QUOTES[client]}</body></html>")
    (text,) = (t for t in message.texts if t.source == "text/html")
    quoted = "".join(text.text[r.start : r.end] for r in text.regions if r.kind == "quoted")
    body = "".join(text.text[r.start : r.end] for r in text.regions if r.kind == "body")
    assert PITCH in quoted
    assert body.strip() == "Which colour?"


def test_html_answer_below_a_quotation_is_body() -> None:
    html = f'<div class="moz-cite-prefix">{THUNDERBIRD["fr"]}</div><blockquote type="cite">old</blockquote><p>Quelle taille ?</p>'
    (text,) = Message.of(html=html).texts
    assert [(r.kind, text.text[r.start : r.end].strip()) for r in text.regions][1] == ("body", "Quelle taille ?")


def test_a_rule_in_a_layout_is_no_quotation() -> None:
    html = '<p>Hi</p><div style="border-top:solid #ccc 1px"><p>Please tell us the size before Friday.</p></div>'
    (text,) = Message.of(html=html).texts
    assert [r.kind for r in text.regions] == ["body"]


def test_hostile_text_takes_linear_time() -> None:
    for piece in (
        "On 1 wrote:\n",
        "> \n",
        "-----\n",
        "From: a@b 2025\n",
        "Merci\n",
        "--\n",
        "::::",
        "_" * 50,
        "a" * 50,
    ):
        text = piece * (200_000 // len(piece))
        assert sum(r.end - r.start for r in cut(text)) == len(text)
