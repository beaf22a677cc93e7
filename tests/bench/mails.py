"""Mails for the benchmarks: multipart/alternative of 2-5 kB in eight languages, made of the labelled corpus.

The same count, seed and quotation give the same bytes on every machine.
"""

from __future__ import annotations

import io
import random
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from html import escape
from pathlib import Path

from engine.audit.corpora import Record, entries

CORPUS = Path(__file__).parents[2] / "models" / "corpus"
SMALLEST, LARGEST = 2_000, 5_000
BODY = 700  # characters of text that give a mail of about 3 kB with its HTML
QUOTATION = 2_500
ENCODINGS = (
    ("utf-8", "quoted-printable"),
    ("utf-8", "8bit"),
    ("utf-8", "base64"),
    ("windows-1252", "quoted-printable"),
    ("windows-1250", "8bit"),
)
WROTE = {
    "de": "Am 3. März 2025 um 10:12 schrieb Kim Muster <kim@buyer.example>:",
    "en": "On Mon, 3 Mar 2025 at 10:12, Kim Sample <kim@buyer.example> wrote:",
    "es": "El 3 mar 2025, a las 10:12, Kim Prueba <kim@buyer.example> escribió:",
    "fr": "Le lun. 3 mars 2025 à 10:12, Kim Essai <kim@buyer.example> a écrit :",
    "it": "Il giorno lun 3 mar 2025 alle ore 10:12 Kim Prova <kim@buyer.example> ha scritto:",
    "nl": "Op ma 3 mrt 2025 om 10:12 schreef Kim Proef <kim@buyer.example>:",
    "pl": "pon., 3 mar 2025 o 10:12 Kim Próba <kim@buyer.example> napisał(a):",
    "sv": "Den mån 3 mars 2025 kl 10:12 skrev Kim Prov <kim@buyer.example>:",
}
STYLE = "font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#333333"
PAGE = """<html><head><meta charset="utf-8"><style>p {{ margin: 0 0 12px }} .foot {{ color: #999 }}</style></head>
<body><table width="600" cellpadding="0" cellspacing="0"><tr><td style="{style}">
{body}
<div class="foot">{foot}</div>
</td></tr></table>{quotation}</body></html>
"""


def mails(count: int, *, seed: int = 1, quoted: bool = False) -> list[bytes]:
    """Return `count` mails, the languages in turn; with `quoted` each also quotes a message of about 2,500 characters.

    Without a quotation a mail has 2,000 to 5,000 bytes.
    """
    draw = random.Random(seed)
    made: list[bytes] = []
    while len(made) < count:
        raw = _mail(draw, sorted(WROTE)[len(made) % len(WROTE)], len(made), quoted)
        if quoted or SMALLEST <= len(raw) <= LARGEST:
            made.append(raw)
    return made


@cache
def _records() -> dict[str, list[Record]]:
    """Return the messages of the corpus that have a body of some length, by language."""
    found: dict[str, list[Record]] = {lang: [] for lang in WROTE}
    for entry in entries([str(CORPUS)], format=None, stdin=io.BytesIO()):
        if entry.record and entry.record.lang in found and len(entry.record.body) > 80:
            found[entry.record.lang].append(entry.record)
    return found


def _paragraphs(draw: random.Random, lang: str, length: int) -> list[str]:
    taken = [draw.choice(_records()[lang]).body]
    while sum(map(len, taken)) < length:
        taken.append(draw.choice(_records()[lang]).body)
    return taken


def _mail(draw: random.Random, lang: str, number: int, quoted: bool) -> bytes:
    paragraphs = _paragraphs(draw, lang, draw.randint(BODY // 2, BODY * 3 // 2))
    quotation = _paragraphs(draw, lang, QUOTATION) if quoted else []
    foot = f"Shop {draw.randint(10, 99)} · Tel. +49 30 {draw.randint(100000, 999999)}"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Shop <shop{draw.randint(1, 999)}@seller.example>"
    mail["To"] = f"<buyer{draw.randint(1, 99999)}@alias.example>"
    mail["Subject"] = draw.choice(_records()[lang]).subject.strip() or "-"
    mail["Date"] = f"Mon, 03 Mar 2025 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} +0100"
    mail["Message-ID"] = f"<{number}.{draw.getrandbits(64):x}@seller.example>"
    text = _plain(paragraphs, quotation, foot, lang)
    charset, encoding = draw.choice([(name, cte) for name, cte in ENCODINGS if _fits(text, name)])
    mail.set_content(text, charset=charset, cte=encoding)
    mail.add_alternative(
        _html(paragraphs, quotation, foot, lang), subtype="html", charset="utf-8", cte="quoted-printable"
    )
    mail.set_boundary(f"=_{draw.getrandbits(96):024x}")
    return mail.as_bytes()


def _fits(text: str, charset: str) -> bool:
    return text.encode(charset, "ignore").decode(charset) == text


def _plain(paragraphs: list[str], quotation: list[str], foot: str, lang: str) -> str:
    text = "\n\n".join(paragraphs) + f"\n\n-- \n{foot}\n"
    if not quotation:
        return text
    lines = "\n\n".join(quotation).splitlines()
    wrapped = [line[at : at + 72] for line in lines for at in range(0, max(len(line), 1), 72)]
    return f"{text}\n{WROTE[lang]}\n\n" + "".join(f"> {line}\n" for line in wrapped)


def _html(paragraphs: list[str], quotation: list[str], foot: str, lang: str) -> str:
    quote = "".join(map(_paragraph, quotation))
    if quote:
        quote = f'<div class="gmail_quote">{escape(WROTE[lang])}<br><blockquote>{quote}</blockquote></div>'
    return PAGE.format(style=STYLE, body="\n".join(map(_paragraph, paragraphs)), foot=escape(foot), quotation=quote)


def _paragraph(text: str) -> str:
    return "<p>" + escape(text, quote=False).replace("\n", "<br>\n") + "</p>"
