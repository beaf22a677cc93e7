"""Lines of signatures: contact data, names, roles, firms, and paragraphs that are legal notices."""

from __future__ import annotations

import re

from engine.message.wording import ADDRESSEE, CONFIDENTIAL, LINKING, PAPER, REGISTRATION, ROLE, SENT_FROM, fold

EDGE = " \t*_,.!;:)(~\"'<>|•♥❤☺😊🙂🌸✨💛💙\ufe0f"
"""What may stand around a name or a closing."""
_WEB = re.compile(
    r"https?://|www\.|\b[\w-]{2,40}\.(?:com|fr|de|it|es|nl|pl|se|eu|net|org|shop|store|co\.uk|at|ch|be|uk|example)\b",
    re.I,
)
_MAIL = re.compile(r"[\w.+-]@[\w-]+\.\w")
_PHONE = re.compile(r"(?:(?:\+|\b00)\d|\b0\d|\(0)[\d\s()./\xa0-]{6,}\d")
_LABELLED = re.compile(
    r"(?:t[ée]l\w{0,8}|phone|ph|mobi\w{0,4}|m[óo]vil|cell\w{0,6}|handy|gsm|fax|kom|whats\s?app|hotline|e-?mail|mail|"
    r"web\w{0,4}|site|internet|instagram|insta|facebook|fb|ig|tiktok|t|m|f|e|w)(?:\s?[.:/|]|\s[\d+(@])|[☎📞📱✆🌐✉📧🖂🏠📍]",
    re.I,
)
_PLACE = re.compile(
    r"\b\d{4,5}\b|\b\d{2}-\d{3}\b|\b\d{3} \d{2}\b|\b[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|^\D{3,40} \d{1,4}\s?[a-zA-Z]?\Z"
)
_WORD = re.compile(r"[^\W\d_]+")


def signs(line: str) -> bool:
    """Whether a line reads like one of a signature: contact data, a name, a role, a firm, an ornament."""
    if len(line) > 160:
        return False
    if not _WORD.search(line) or _LABELLED.match(line) or (line.count(" ") < 20 and has_contact(line)):
        return True
    if line[-1] in "?!…" or (line[-1] == "." and len(line) > 40):
        return False
    blanks = line.count(" ")
    if is_name(line) or (blanks < 9 and (ROLE.search(line) or REGISTRATION.search(line))):
        return True
    return blanks < 7 and line[0].isupper() and _PLACE.search(line) is not None


def is_contact_line(line: str) -> bool:
    """Whether a line holds contact data of any kind: address, number, registration, place."""
    return has_contact(line) or bool(_LABELLED.match(line) or REGISTRATION.search(line) or _PLACE.search(line))


def has_contact(line: str) -> bool:
    """Whether an address of the web or of mail, or a telephone number stands in a text."""
    return bool(_WEB.search(line) or _MAIL.search(line) or _PHONE.search(line))


def is_name(line: str) -> bool:
    """Whether a line reads like a name: six words at most, all with capitals but for particles; or any one word."""
    if not line:
        return False
    words = line.strip(EDGE).split()
    if not 0 < len(words) <= 6 or line[-1] in "?!:":
        return False
    if len(words) == 1:
        return words[0].isalpha() or not words[0].isdigit()
    return all(not w[0].isalpha() or w[0].isupper() or fold(w) in LINKING for w in words) and line[:1].isupper()


def is_contact(paragraph: list[str]) -> bool:
    """Whether a paragraph is a block of contact data: two ways to reach somebody, or one beside a name or a firm."""
    if len(paragraph) > 12 or not all(
        signs(line) or (len(line) <= 60 and line[-1] not in ".!?:") for line in paragraph
    ):
        return False
    text = "\n".join(paragraph)
    ways = sum(bool(pattern.search(text)) for pattern in (_WEB, _MAIL, _PHONE, REGISTRATION))
    first = paragraph[0]
    return ways >= 2 or (ways == 1 and len(paragraph) > 1 and (is_name(first) or bool(ROLE.search(first))))


def is_legal(paragraph: list[str]) -> bool:
    """Whether a paragraph is a confidentiality notice, a plea for paper, a phone's line, a company's registration."""
    text = " ".join(paragraph)[:3000]
    folded = fold(text)
    if CONFIDENTIAL.search(folded) and ADDRESSEE.search(folded):
        return True
    if PAPER.search(folded):
        return True
    return all(SENT_FROM.match(line) or REGISTRATION.search(line) for line in paragraph)
