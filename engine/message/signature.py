"""Who signs: names, addresses, slogans and legal footers at the end of what somebody wrote, apart from the text.

A signature begins at `-- `, at a closing (« Cordialement », « Mit freundlichen Grüßen ») or at a last paragraph of
contact data. It is never allowed to swallow text: a P.S., a real question, a paragraph of prose and whatever stands
between two closings (messages in two languages have two) stay body.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise

from engine.message.parts import PartKind
from engine.message.wording import (
    ADDRESSEE,
    CONFIDENTIAL,
    ENDINGS,
    JOINERS,
    LINKING,
    PAPER,
    POSTSCRIPT,
    REGISTRATION,
    ROLE,
    SENT_FROM,
    SENT_WORDS,
    STRONG,
    WEAK,
    fold,
)

_LAST_LINES = 150
_DELIMITERS = frozenset({"--", "—", "––", "-–", "---"})
_STRONG, _WEAK = frozenset(STRONG), frozenset(WEAK)
_FIRST = frozenset(closing.split()[0] for closing in (*STRONG, *WEAK))
_LONGEST = max(len(closing.split()) for closing in (*STRONG, *WEAK))
_FORMAL = re.compile(r"salutations (?:distinguees|respectueuses|les meilleures)|sentiments (?:distingues|les meill)")
_EDGE = " \t*_,.!;:)(~\"'<>|•♥❤☺😊🙂🌸✨💛💙\ufe0f"
_WEB = re.compile(
    r"https?://|www\.|\b[\w-]{2,40}\.(?:com|fr|de|it|es|nl|pl|se|eu|net|org|shop|store|co\.uk|at|ch|be|uk|example)\b",
    re.I,
)
_MAIL = re.compile(r"[\w.+-]@[\w-]+\.\w")
_PHONE = re.compile(r"(?:(?:\+|\b00)\d|\b0\d|\(0)[\d\s()./\xa0-]{6,}\d")
_LABELLED = re.compile(
    r"(?:t[ée]l\w*|phone|ph|mobi\w*|m[óo]vil|cell\w*|handy|gsm|fax|kom|whats\s?app|hotline|e-?mail|mail|web\w*|site|"
    r"internet|instagram|insta|facebook|fb|ig|tiktok|[☎📞📱✆🌐✉📧🖂🏠📍])\W",
    re.I,
)
_PLACE = re.compile(
    r"\b\d{4,5}\b|\b\d{2}-\d{3}\b|\b\d{3} \d{2}\b|\b[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|^\D{3,40} \d{1,4}\s?[a-zA-Z]?\Z"
)
_SENTENCE = re.compile(r"[^\W\d_]{3,}[\"'»”)]?[.!?…]+(?=\s|\Z)")
_QUESTION = re.compile(r"[^.!?…]{20,}\?")
_HELP = re.compile(
    r"question|frage|domand|pregunt|dud|vrag|pytan|frag|fråg|besoin|hilfe|help|looking for|auf der suche"
)
_WORD = re.compile(r"[^\W\d_]+")


def sign_lines(bare: list[str], kinds: list[PartKind]) -> None:
    """Set the kind of signature lines among `body` ones; containers' `signature` lines may become body again."""
    at = 0
    for kind, length in [(kind, len(list(group))) for kind, group in groupby(kinds)]:
        if kind == "body":
            _run(bare, kinds, max(at, at + length - _LAST_LINES), at + length)
        elif kind == "signature":
            _keep_prose(bare, kinds, at, at + length)
        at += length


def _run(bare: list[str], kinds: list[PartKind], first: int, end: int) -> None:
    closings: list[tuple[int, str]] = []
    written = False
    for index in range(first, end):
        line = bare[index]
        if not line:
            continue
        word = _first_word(line)
        if word in SENT_WORDS and len(line) < 120 and line[-1] != "?" and SENT_FROM.match(line.lstrip("-* ")):
            kinds[index] = "signature"
        elif written and len(line) <= 200:
            closing = _closing(line, word)
            if closing:
                closings.append((index + (closing == "last"), closing))
        # A greeting alone (« Bonjour, », « Hallo Frau Muster, ») is nothing that a closing could close.
        written = written or line[-1] in "?." or line.count(" ") >= (2 if line[-1] in ",!:" else 1)
    starts = _starts(bare, closings, first, end)
    for this, following in pairwise(starts):
        _sign_between(bare, kinds, this, following)
    if starts:
        kinds[starts[-1] : end] = ["signature"] * (end - starts[-1])
        _keep_prose(bare, kinds, starts[-1], end)


def _starts(bare: list[str], closings: list[tuple[int, str]], first: int, end: int) -> list[int]:
    """Return where signatures begin: strong closings and `-- `, else a weak closing or a last block of contact data."""
    strong = [index for index, kind in closings if kind != "weak" and index < end]
    delimiter = _delimiter(bare, first, end)
    if delimiter is not None:
        later = next((index for index in strong if index > delimiter), None)
        if later is None:
            strong = strong or [delimiter]
        elif all(_signs(line) for line in bare[delimiter:later] if line):
            strong = [index for index in strong if index < delimiter] + [delimiter]
    if strong:
        return strong
    for index, _ in closings:
        below = [line for line in bare[index + 1 : end] if line]
        if len(below) <= 12 and (below or bare[index][0] == "/") and all(_signs(line) for line in below):
            return [index]
    trailing = _trailing(bare, first, end)
    return [] if trailing is None else [trailing]


def _first_word(line: str) -> str:
    word = (line if line[0].isalpha() else line.lstrip(_EDGE)).partition(" ")[0].lower()
    if not word.isalpha():
        word = word.rstrip(_EDGE)
    return word if word.isascii() or len(word) > 30 else fold(word)


def _delimiter(bare: list[str], first: int, end: int) -> int | None:
    """The last `-- ` with at most 20 lines below it."""
    for index in range(end - 1, first - 1, -1):
        if bare[index] in _DELIMITERS:
            below = sum(1 for line in bare[index + 1 : end] if line)
            above = next((line for line in reversed(bare[first:index]) if line), ":")
            # Other dashes than `--` are as often a rule between two parts of a text.
            signed = bare[index] == "--" or all(_signs(line) for line in bare[index + 1 : end] if line)
            return index if 0 < below <= 20 and above[-1] != ":" and signed else None
    return None


def _closing(line: str, first: str) -> str | None:
    """`strong` or `weak` for a line that is a closing (and a name perhaps), `last` for a sentence that ends with one."""
    if first in _FIRST and line.count(" ") < 12:
        kind = _formula(line, [word.strip(",.!;:") for word in fold(line.strip(_EDGE)).split()])
        if kind:
            return kind
    tail = line[-50:].rstrip(_EDGE)
    clause = tail[max(tail.rfind(", "), tail.rfind(". ")) + 2 :]
    if len(clause) + 1 < len(tail) and clause.count(" ") < _LONGEST and fold(clause) in _STRONG:
        return "last"
    if line.count(" ") < 5 and line[-1] not in "?:":
        word = tail[tail.rfind(" ") + 1 :].lower()
        if (word if word.isascii() else fold(word)) in ENDINGS:
            return "strong"
        # « /Anna », as Swedes sign.
        if line[0] == "/" and _is_name(line[1:].lstrip("/ ")):
            return "weak"
    if "alutations" in line or "entiments" in line:
        return "strong" if _FORMAL.search(fold(line)) else None
    return None


def _formula(line: str, words: list[str]) -> str | None:
    """Match the longest closing at a line's beginning; what follows it must read like a name or another closing."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        phrase = " ".join(words[:length])
        strong = phrase in _STRONG
        if not strong and phrase not in _WEAK:
            continue
        rest = words[length:]
        if rest and rest[0] in JOINERS:
            rest = rest[1:]
        after = _formula(line, rest) if rest else None
        if after:
            return "strong" if strong else after
        if _names(line, len(rest), strong):
            return "strong" if strong else "weak"
        return "strong" if phrase in ("veuillez agreer", "je vous prie d'agreer", "nous vous prions d'agreer") else None
    return None


def _names(line: str, count: int, strong: bool) -> bool:
    """Whether the words after a closing are a name: few, with capitals, or one word where nobody uses capitals."""
    if not count:
        return True
    words = line.strip(_EDGE).split()[-count:]
    if len(words) > (6 if strong else 3) or any(mark in line for mark in "?="):
        return False
    if len(words) == 1 and line == line.lower():
        return strong
    return all(word[:1].isupper() or not word[:1].isalpha() or fold(word) in LINKING for word in words) and any(
        word[:1].isupper() for word in words
    )


def _sign_between(bare: list[str], kinds: list[PartKind], start: int, end: int) -> None:
    """After a closing that another one follows only names and contact data are signature."""
    kinds[start] = "signature"
    for index in range(start + 1, end):
        if bare[index] and not _signs(bare[index]):
            return
        kinds[index] = "signature"


def _trailing(bare: list[str], first: int, end: int) -> int | None:
    """Last paragraphs of contact data or legal notices, without any closing. The first paragraph is never one."""
    start = None
    at = end
    while at > first:
        stop = at
        while at > first and not bare[at - 1]:
            at -= 1
        paragraph_end = at
        while at > first and bare[at - 1]:
            at -= 1
        paragraph = bare[at:paragraph_end]
        above = next((line for line in reversed(bare[first:at]) if line), "")
        if not paragraph or not above or above[-1] in ":：" or not (_is_legal(paragraph) or _is_contact(paragraph)):
            break
        start = at
        if stop == at:
            break
    return start


def _is_contact(paragraph: list[str]) -> bool:
    if len(paragraph) > 12 or not all(
        _signs(line) or (len(line) <= 60 and line[-1] not in ".!?:") for line in paragraph
    ):
        return False
    text = "\n".join(paragraph)
    ways = sum(bool(pattern.search(text)) for pattern in (_WEB, _MAIL, _PHONE, REGISTRATION))
    first = paragraph[0]
    return ways >= 2 or (ways == 1 and len(paragraph) > 1 and (_is_name(first) or bool(ROLE.search(first))))


def _is_legal(paragraph: list[str]) -> bool:
    text = " ".join(paragraph)[:3000]
    folded = fold(text)
    if CONFIDENTIAL.search(folded) and ADDRESSEE.search(folded):
        return True
    if PAPER.search(folded):
        return True
    return all(SENT_FROM.match(line) or REGISTRATION.search(line) for line in paragraph)


def _signs(line: str) -> bool:
    """Whether a line reads like one of a signature: contact data, a name, a role, a firm, an ornament."""
    if len(line) > 160:
        return False
    if not _WORD.search(line) or _LABELLED.match(line) or _has_contact(line):
        return True
    if line[-1] in "?!…" or (line[-1] == "." and len(line) > 40):
        return False
    blanks = line.count(" ")
    if _is_name(line) or (blanks < 9 and (ROLE.search(line) or REGISTRATION.search(line))):
        return True
    return blanks < 7 and line[0].isupper() and _PLACE.search(line) is not None


def _is_contact_line(line: str) -> bool:
    return _has_contact(line) or bool(_LABELLED.match(line) or REGISTRATION.search(line) or _PLACE.search(line))


def _has_contact(line: str) -> bool:
    return bool(_WEB.search(line) or _MAIL.search(line) or _PHONE.search(line)) and line.count(" ") < 20


def _is_name(line: str) -> bool:
    if not line:
        return False
    words = line.strip(_EDGE).split()
    if not 0 < len(words) <= 6 or line[-1] in "?!:":
        return False
    if len(words) == 1:
        return words[0].isalpha() or not words[0].isdigit()
    return all(not w[0].isalpha() or w[0].isupper() or fold(w) in LINKING for w in words) and line[:1].isupper()


def _keep_prose(bare: list[str], kinds: list[PartKind], start: int, end: int) -> None:
    """Give back to the body what no signature holds."""
    for first, last in _paragraphs(bare, start, end):
        if first > start or POSTSCRIPT.match(bare[first]):
            _judge(bare, kinds, first, last)
        elif first + 1 < last:
            # The closing itself stands in this paragraph; what follows it is judged without it.
            _judge(bare, kinds, first + 1, last)


def _paragraphs(bare: list[str], start: int, end: int) -> list[tuple[int, int]]:
    """Return the paragraphs between empty lines; a P.S. begins one."""
    found: list[tuple[int, int]] = []
    first: int | None = None
    for index in range(start, end):
        if not bare[index] or POSTSCRIPT.match(bare[index]):
            if first is not None:
                found.append((first, index))
            first = index if bare[index] else None
        elif first is None:
            first = index
    if first is not None:
        found.append((first, end))
    return found


def _judge(bare: list[str], kinds: list[PartKind], first: int, last: int) -> None:
    paragraph = bare[first:last]
    if POSTSCRIPT.match(paragraph[0]) or (_is_prose(paragraph) and not _is_legal(paragraph)):
        kinds[first:last] = ["body"] * (last - first)
        return
    for index in range(first, last):
        line = bare[index]
        if line[0].islower() and line.count(" ") >= 3 and not _is_contact_line(line):
            before = bare[index - 1] if index > first else ""
            # A slogan may be wrapped; a line that nothing precedes is a sentence of somebody who uses no capitals.
            if not before or before[-1:] in ",.!?" or _is_name(before):
                kinds[index] = "body"


def _is_prose(paragraph: list[str]) -> bool:
    """Two sentences of twenty words or more in all, or a question that is none of an advertisement's."""
    text = " ".join(paragraph)[:4000]
    if _WEB.search(text) or _MAIL.search(text) or _PHONE.search(text):
        return False
    words = len(_WORD.findall(text))
    if words >= 35 or (words >= 20 and len(_SENTENCE.findall(text)) >= 2):
        return True
    question = _QUESTION.search(text)
    return bool(question and question[0].count(" ") >= 6 and not _HELP.search(question[0].lower()))
