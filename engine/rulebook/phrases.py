"""Phrases: what analysts write instead of regexes, and the RE2 they become.

    phrase    = item { blank item } ;
    item      = ".." | unit [ "?" ] ;                      (* .. = a gap of up to three words *)
    unit      = word | "(" phrase { "|" phrase } ")" | "{" unit unit { unit } "}" ;
    word      = [ "*" ] letter { letter } [ "*" ] ;        (* * = the word goes on; ' and - part words *)
    letter    = a letter or digit | "\\" any character ;

Words follow each other with anything but letters and digits between them, yet never across `. ! ? ;` or a line's end.
`{a b}` means both, in any order, at most three words apart. Everything is folded; `ä ö ü å` also match `ae oe ue aa`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import permutations

from engine.text.fold import fold_plain

BETWEEN = r"[^a-z0-9.!?;\n]+"
GAP = rf"{BETWEEN}(?:[a-z0-9]+{BETWEEN}){{0,3}}"
STEM = "[a-z0-9]*"
_UMLAUTS = {"ä": "(?:ae|a)", "ö": "(?:oe|o)", "ü": "(?:ue|u)", "å": "(?:aa|a)", "ø": "(?:oe|o)"}
_MOST_UNORDERED = 4  # pieces in { }: every order becomes an alternative
_DEEPEST = 8


class PhraseError(ValueError):
    """A phrase that cannot be read: what is wrong, and at which character (from 0)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class _Item:
    pattern: str
    optional: bool
    gap_before: bool


def compile_phrases(phrases: list[str]) -> str:
    """Return one RE2 pattern, for folded text, that matches any of `phrases`. Raises PhraseError."""
    return r"\b(?:" + "|".join(_Parser(phrase).whole() for phrase in phrases) + r")\b"


def compile_phrase(phrase: str) -> str:
    """Return the RE2 pattern of one phrase. Raises PhraseError."""
    return rf"\b(?:{_Parser(phrase).whole()})\b"


class _Parser:
    def __init__(self, phrase: str) -> None:
        self.text = phrase
        self.at = 0
        self.depth = 0

    def whole(self) -> str:
        pattern = self._phrase("")
        if self.at < len(self.text):
            self._fail(f"`{self.text[self.at]}` without its partner")
        return pattern

    def _fail(self, message: str, at: int | None = None) -> None:
        raise PhraseError(message, self.at if at is None else at)

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self.at += 1

    def _phrase(self, ends: str) -> str:
        begin = self.at
        items: list[_Item] = []
        gap = False
        while True:
            self._skip_blanks()
            char = self._peek()
            if not char or char in ends or char in ")}|":
                break
            if self.text.startswith("..", self.at):
                if not items or gap:
                    self._fail("a gap `..` stands between two words")
                gap, self.at = True, self.at + 2
                continue
            for position, pattern in enumerate(self._unit()):
                items.append(_Item(pattern, False, gap and position == 0))
            if self._peek() == "?":
                self.at += 1
                items[-1] = _Item(items[-1].pattern, True, items[-1].gap_before)
            gap = False
        if gap:
            self._fail("a gap `..` stands between two words")
        if all(item.optional for item in items):
            self._fail("the phrase would match nothing at all: no word is needed" if items else "no word here", begin)
        return _joined(items)

    def _unit(self) -> list[str]:
        char = self._peek()
        if char == "(":
            return [self._group()]
        if char == "{":
            return [self._unordered()]
        return self._words()

    def _enter(self) -> None:
        self.at += 1
        self.depth += 1
        if self.depth > _DEEPEST:
            self._fail(f"brackets nested deeper than {_DEEPEST}")

    def _group(self) -> str:
        opened = self.at
        self._enter()
        choices = [self._phrase("|)")]
        while self._peek() == "|":
            self.at += 1
            choices.append(self._phrase("|)"))
        if self._peek() != ")":
            self._fail("`(` is never closed", opened)
        self.at += 1
        self.depth -= 1
        return f"(?:{'|'.join(choices)})"

    def _unordered(self) -> str:
        opened = self.at
        self._enter()
        pieces: list[str] = []
        self._skip_blanks()
        while self._peek() and self._peek() != "}":
            if self._peek() in ")|":
                self._fail(f"`{self._peek()}` inside `{{ }}` without its partner")
            pieces.append(BETWEEN.join(self._unit()))
            self._skip_blanks()
        if not self._peek():
            self._fail("`{` is never closed", opened)
        if not 2 <= len(pieces) <= _MOST_UNORDERED:
            self._fail(f"`{{ }}` holds two to {_MOST_UNORDERED} words or groups", opened)
        self.at += 1
        self.depth -= 1
        return "(?:" + "|".join(GAP.join(order) for order in permutations(pieces)) + ")"

    def _words(self) -> list[str]:
        """One written word; an apostrophe or a hyphen inside makes it several that follow each other."""
        begin = self.at
        starts_open = self._peek() == "*"
        if starts_open:
            self.at += 1
        words = [""]
        while True:
            char = self._peek()
            if char == "\\" and self.at + 1 < len(self.text):
                words[-1] += re.escape(fold_plain(self.text[self.at + 1]))
                self.at += 2
            elif char.isalnum():
                words[-1] += _letter(char)
                self.at += 1
            elif char and (char in "'’-" or _is_mark(char)):
                self.at += 1
                words.append("")
            else:
                break
        words = [word for word in words if word]
        if not words:
            self._fail(
                f"`{self._peek() or '*'}` cannot stand here (put `\\` before a character meant as itself)", begin
            )
        if starts_open:
            words[0] = STEM + words[0]
        if self._peek() == "*":
            self.at += 1
            words[-1] += STEM
            if self._peek().isalnum():
                self._fail("`*` begins or ends a word, it does not stand inside one")
        return words


def _is_mark(char: str) -> bool:
    """Whether a character parts words when written inside one (`s/he`, `&`), and is no sign of the grammar."""
    return not char.isspace() and not char.isalnum() and char not in "*()[]{}|?.\\!;"


def _letter(char: str) -> str:
    lower = char.lower()
    return _UMLAUTS.get(lower) or re.escape(fold_plain(lower))


def _joined(items: list[_Item]) -> str:
    """Join items: an optional one leans on the next needed one, or on the last when none follows."""
    pattern = ""
    waiting: list[_Item] = []
    for item in items:
        if item.optional:
            waiting.append(item)
            continue
        chain = [*waiting, item]
        if pattern:
            pattern += _join(any(part.gap_before for part in chain[:1]))
        for position, part in enumerate(chain[:-1]):
            pattern += f"(?:{part.pattern}{_join(chain[position + 1].gap_before)})?"
        pattern += item.pattern
        waiting = []
    for item in waiting:
        pattern += f"(?:{_join(item.gap_before)}{item.pattern})?"
    return pattern


def _join(gap: bool) -> str:
    return GAP if gap else BETWEEN
