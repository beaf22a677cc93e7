"""Who signs: names, addresses, slogans and legal footers at the end of what somebody wrote, apart from the text.

A signature begins at `-- `, at a closing (« Cordialement », « Mit freundlichen Grüßen ») or at a last paragraph of
contact data. It is never allowed to swallow text: a P.S., a real question, a paragraph of prose and whatever stands
between two closings (messages in two languages have two) stay body.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise

from engine.message.closings import Closing, closing_of, first_word
from engine.message.contact import has_contact, is_contact, is_contact_line, is_legal, is_name, signs
from engine.message.parts import PartKind
from engine.message.wording import POSTSCRIPT, REGISTRATION, SENT_FROM, SENT_WORDS

_LAST_LINES = 150
_DELIMITERS = frozenset({"--", "—", "––", "-–", "---"})
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
    closings: list[tuple[int, Closing]] = []
    written = False
    for index in range(first, end):
        line = bare[index]
        if not line:
            continue
        word = first_word(line)
        if word in SENT_WORDS and len(line) < 120 and line[-1] != "?" and SENT_FROM.match(line.lstrip("-* ")):
            kinds[index] = "signature"
        elif written and len(line) <= 200:
            closing = closing_of(line, word)
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


def _starts(bare: list[str], closings: list[tuple[int, Closing]], first: int, end: int) -> list[int]:
    """Return where signatures begin: strong closings and `-- `, else a weak closing or a last block of contact data."""
    strong = [index for index, kind in closings if kind != "weak" and index < end]
    delimiter = _delimiter(bare, first, end)
    if delimiter is not None:
        later = next((index for index in strong if index > delimiter), None)
        if later is None:
            strong = strong or [delimiter]
        elif all(signs(line) for line in bare[delimiter:later] if line):
            strong = [index for index in strong if index < delimiter] + [delimiter]
    if strong:
        return strong
    for index, _ in closings:
        below = [line for line in bare[index + 1 : end] if line]
        if len(below) <= 12 and (below or bare[index][0] == "/") and all(signs(line) for line in below):
            return [index]
    trailing = _trailing(bare, first, end)
    return [] if trailing is None else [trailing]


def _delimiter(bare: list[str], first: int, end: int) -> int | None:
    """The last `-- ` with at most 20 lines below it."""
    for index in range(end - 1, first - 1, -1):
        if bare[index] in _DELIMITERS:
            below = sum(1 for line in bare[index + 1 : end] if line)
            # Below a quotation a signature may stand alone; a whole text is none.
            above = next((line for line in reversed(bare[first:index]) if line), "." if first else ":")
            # Other dashes than `--` are as often a rule between two parts of a text.
            signed = bare[index] == "--" or all(signs(line) for line in bare[index + 1 : end] if line)
            return index if 0 < below <= 20 and above[-1] != ":" and signed else None
    return None


def _sign_between(bare: list[str], kinds: list[PartKind], start: int, end: int) -> None:
    """After a closing that another one follows only names and contact data are signature."""
    kinds[start] = "signature"
    for index in range(start + 1, end):
        if bare[index] and not signs(bare[index]):
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
        if not paragraph or not above or above[-1] in ":：" or not (is_legal(paragraph) or is_contact(paragraph)):
            break
        start = at
        if stop == at:
            break
    return start


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
    if POSTSCRIPT.match(paragraph[0]) or (_is_prose(paragraph) and not is_legal(paragraph)):
        kinds[first:last] = ["body"] * (last - first)
        return
    for index in range(first, last):
        line = bare[index]
        # « i. A. Petra Klein » is a name; a sentence does not begin with an abbreviation.
        if (
            line[0].islower()
            and line.partition(" ")[0][-1] != "."
            and line.count(" ") >= 3
            and not is_contact_line(line)
        ):
            before = bare[index - 1] if index > first else ""
            # A slogan may be wrapped; a line that nothing precedes is a sentence of somebody who uses no capitals.
            if not before or before[-1:] in ",.!?" or is_name(before):
                kinds[index] = "body"


def _is_prose(paragraph: list[str]) -> bool:
    """Two sentences of twenty words or more in all, or a question that is none of an advertisement's."""
    text = " ".join(paragraph)[:4000]
    if has_contact(text) or REGISTRATION.search(text):
        return False
    words = len(_WORD.findall(text))
    if words >= 35 or (words >= 20 and len(_SENTENCE.findall(text)) >= 2):
        return True
    question = _QUESTION.search(text)
    return bool(question and question[0].count(" ") >= 6 and not _HELP.search(question[0].lower()))
