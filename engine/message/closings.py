"""Closings of letters: is this line one (« Viele Grüße aus Hamburg », « Cordialement, Marie »)?"""

from __future__ import annotations

import re
from typing import Literal

from engine.message.contact import EDGE, is_name
from engine.message.wording import ENDINGS, JOINERS, LINKING, STRONG, WEAK, fold

_STRONG, _WEAK = frozenset(STRONG), frozenset(WEAK)
_FIRST = frozenset(closing.split()[0] for closing in (*STRONG, *WEAK))
_LONGEST = max(len(closing.split()) for closing in (*STRONG, *WEAK))
_FORMAL = re.compile(r"salutations (?:distinguees|respectueuses|les meilleures)|sentiments (?:distingues|les meill)")

Closing = Literal["strong", "weak", "last"]
"""`strong`: ends a letter wherever it stands; `weak`: only when nothing but names follows; `last`: a sentence ends so."""


def first_word(line: str) -> str:
    """Return the first word of a line, folded: most lines are told to be no closing by it alone."""
    word = (line if line[0].isalpha() else line.lstrip(EDGE)).partition(" ")[0].lower()
    if not word.isalpha():
        word = word.rstrip(EDGE)
    return word if word.isascii() or len(word) > 30 else fold(word)


def closing_of(line: str, first: str) -> Closing | None:
    """Return what closing a line is, with a name or without, None for other lines. `first` is its first word, folded."""
    if first in _FIRST and line.count(" ") < 12:
        kind = _formula(line, [word.strip(",.!;:") for word in fold(line.strip(EDGE)).split()])
        if kind:
            return kind
    tail = line[-50:].rstrip(EDGE)
    clause = tail[max(tail.rfind(", "), tail.rfind(". ")) + 2 :]
    if len(clause) + 1 < len(tail) and clause.count(" ") < _LONGEST and fold(clause) in _STRONG:
        return "last"
    if line.count(" ") < 5 and line[-1] not in "?:":
        word = tail[tail.rfind(" ") + 1 :].lower()
        if (word if word.isascii() else fold(word)) in ENDINGS:
            return "strong"
        # « /Anna », as Swedes sign.
        if line[0] == "/" and is_name(line[1:].lstrip("/ ")):
            return "weak"
    if "alutations" in line or "entiments" in line:
        return "strong" if _FORMAL.search(fold(line)) else None
    return None


def _formula(line: str, words: list[str], after_strong: bool = False) -> Closing | None:
    """Match the longest closing at a line's beginning; what follows it must read like a name or another closing."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        phrase = " ".join(words[:length])
        strong = phrase in _STRONG
        if not strong and phrase not in _WEAK:
            continue
        rest = words[length:]
        if rest and rest[0] in JOINERS:
            rest = rest[1:]
        after = _formula(line, rest, strong) if rest else None
        if after:
            return "strong" if strong else after
        if _names(line, len(rest), strong or after_strong):
            return "strong" if strong else "weak"
        return "strong" if phrase in ("veuillez agreer", "je vous prie d'agreer", "nous vous prions d'agreer") else None
    return None


def _names(line: str, count: int, strong: bool) -> bool:
    """Whether the words after a closing are a name: few, with capitals, or one word where nobody uses capitals."""
    if not count:
        return True
    words = line.strip(EDGE).split()[-count:]
    if len(words) > (6 if strong else 3) or any(mark in line for mark in "?="):
        return False
    if len(words) == 1 and line == line.lower():
        return strong
    named = any(word[:1].isupper() for word in words)
    return (named or strong) and all(
        word[:1].isupper() or not word[:1].isalpha() or fold(word) in LINKING for word in words
    )
