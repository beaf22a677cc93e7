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
from functools import cache, lru_cache
from itertools import permutations, product

from engine.text.fold import fold_plain

BETWEEN = r"[^a-z0-9.!?;\n]+"
GAP = rf"{BETWEEN}(?:[a-z0-9]+{BETWEEN}){{0,3}}"
STEM = "[a-z0-9]*"
_UMLAUTS = {"ä": ("ae", "a"), "ö": ("oe", "o"), "ü": ("ue", "u"), "å": ("aa", "a"), "ø": ("oe", "o")}
_MOST_UNORDERED = 4  # pieces in { }: every order becomes an alternative
_MOST_SPELLINGS = 8  # of one word: `ä` doubles them

Literals = tuple[str, ...]
"""Pieces of words, with a blank where a word begins or ends: ` avis `, ` laisse` (of `laisse*`), `karte ` (`*karte`)."""
_DEEPEST = 8


class PhraseError(ValueError):
    """A phrase that cannot be read: what is wrong, and at which character (from 0)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class _Built:
    """A piece of a phrase: its pattern, and literals one of which stands in every text it matches (empty: unknown)."""

    pattern: str
    literals: Literals


@dataclass(frozen=True, slots=True)
class _Item:
    built: _Built
    optional: bool
    gap_before: bool

    @property
    def pattern(self) -> str:
        return self.built.pattern


def compile_phrases(phrases: list[str]) -> str:
    """Return one RE2 pattern, for folded text, that matches any of `phrases`. Raises PhraseError."""
    return r"\b(?:" + "|".join(_read(phrase)[0] for phrase in phrases) + r")\b"


def needs(phrase: str) -> tuple[Literals, ...]:
    """Return what a text must hold before `phrase` can match: of each tuple at least one literal, blanks standing for
    all that parts words. Raises PhraseError."""
    return _read(phrase)[1]


@lru_cache(maxsize=200_000)
def _read(phrase: str) -> tuple[str, tuple[Literals, ...]]:
    """Parse a phrase once: the checks, the patterns and their literals all ask for it."""
    return _Parser(phrase).whole()


@cache
def _folded(char: str) -> str:
    return fold_plain(char)


class _Parser:
    def __init__(self, phrase: str) -> None:
        self.text = phrase
        self.at = 0
        self.depth = 0

    def whole(self) -> tuple[str, tuple[Literals, ...]]:
        items = self._phrase("")
        if self.at < len(self.text):
            self._fail(f"`{self.text[self.at]}` without its partner")
        known = sorted((i.built.literals for i in items if i.built.literals and not i.optional), key=_telling)
        return _joined(items), tuple(known[:2])  # the two most telling ones: more would cost more than they spare

    def _fail(self, message: str, at: int | None = None) -> None:
        raise PhraseError(message, self.at if at is None else at)

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self.at += 1

    def _phrase(self, ends: str) -> list[_Item]:
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
            for position, built in enumerate(self._unit()):
                items.append(_Item(built, False, gap and position == 0))
            if self._peek() == "?":
                self.at += 1
                items[-1] = _Item(items[-1].built, True, items[-1].gap_before)
            gap = False
        if gap:
            self._fail("a gap `..` stands between two words")
        if all(item.optional for item in items):
            self._fail("the phrase would match nothing at all: no word is needed" if items else "no word here", begin)
        return items

    def _unit(self) -> list[_Built]:
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

    def _group(self) -> _Built:
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
        literals = [_best(choice) for choice in choices]
        found = tuple(dict.fromkeys(literal for each in literals for literal in each)) if all(literals) else ()
        return _Built(f"(?:{'|'.join(map(_joined, choices))})", found)

    def _unordered(self) -> _Built:
        opened = self.at
        self._enter()
        pieces: list[str] = []
        literals: list[Literals] = []
        self._skip_blanks()
        while self._peek() and self._peek() != "}":
            if self._peek() in ")|":
                self._fail(f"`{self._peek()}` inside `{{ }}` without its partner")
            unit = self._unit()
            pieces.append(BETWEEN.join(built.pattern for built in unit))
            literals += [built.literals for built in unit if built.literals]
            self._skip_blanks()
        if not self._peek():
            self._fail("`{` is never closed", opened)
        if not 2 <= len(pieces) <= _MOST_UNORDERED:
            self._fail(f"`{{ }}` holds two to {_MOST_UNORDERED} words or groups", opened)
        self.at += 1
        self.depth -= 1
        orders = "|".join(GAP.join(order) for order in permutations(pieces))
        return _Built(f"(?:{orders})", min(literals, key=_telling, default=()))

    def _words(self) -> list[_Built]:
        """One written word; an apostrophe or a hyphen inside makes it several that follow each other."""
        begin = self.at
        starts_open = self._peek() == "*"
        if starts_open:
            self.at += 1
        spelled: list[list[Literals]] = [[]]  # of each word, of each letter, its spellings
        while True:
            char = self._peek()
            if char == "\\" and self.at + 1 < len(self.text):
                spelled[-1].append((_folded(self.text[self.at + 1]),))
                self.at += 2
            elif char.isalnum():
                spelled[-1].append(_UMLAUTS.get(char.lower()) or (_folded(char),))
                self.at += 1
            elif char and (char in "'’-" or _is_mark(char)):
                self.at += 1
                spelled.append([])
            else:
                break
        words = [_word(letters) for letters in spelled if letters]
        if not words:
            self._fail(
                f"`{self._peek() or '*'}` cannot stand here (put `\\` before a character meant as itself)", begin
            )
        if starts_open:
            words[0] = _Built(STEM + words[0].pattern, tuple(literal.lstrip() for literal in words[0].literals))
        if self._peek() == "*":
            self.at += 1
            words[-1] = _Built(words[-1].pattern + STEM, tuple(literal.rstrip() for literal in words[-1].literals))
            if self._peek().isalnum():
                self._fail("`*` begins or ends a word, it does not stand inside one")
        return words


def _is_mark(char: str) -> bool:
    """Whether a character parts words when written inside one (`s/he`, `&`), and is no sign of the grammar."""
    return not char.isspace() and not char.isalnum() and char not in "*()[]{}|?.\\!;"


def _word(letters: list[Literals]) -> _Built:
    """The pattern of a word given the spellings of each of its letters, and all its spellings."""
    pattern = "".join(re.escape(each[0]) if len(each) == 1 else f"(?:{'|'.join(each)})" for each in letters)
    count = 2 ** sum(len(each) > 1 for each in letters)
    spellings = tuple(f" {''.join(choice)} " for choice in product(*letters)) if count <= _MOST_SPELLINGS else ()
    return _Built(pattern, spellings)


def _telling(literals: Literals) -> tuple[int, int]:
    """Sort key: long literals first, then few of them."""
    return -min(len(literal.strip()) for literal in literals), len(literals)


def _best(items: list[_Item]) -> Literals:
    known = [item.built.literals for item in items if item.built.literals and not item.optional]
    return min(known, key=_telling, default=())


def _joined(items: list[_Item]) -> str:
    """Join items in order. An optional one may be left out, and then the gaps on its two sides become one."""
    return _rest(items, first=True, gap=False)


def _rest(items: list[_Item], *, first: bool, gap: bool) -> str:
    """The pattern of what is left; `gap`: a gap stands before an optional item that was left out."""
    if not items:
        return ""
    item, others = items[0], items[1:]
    join = "" if first else GAP if gap or item.gap_before else BETWEEN
    taken = join + item.pattern + _rest(others, first=False, gap=False)
    if not item.optional:
        return taken
    if not any(other.gap_before for other in others) and not gap and not item.gap_before and not first:
        return f"(?:{join}{item.pattern})?{_rest(others, first=False, gap=False)}"
    without = _rest(others, first=first, gap=not first and (gap or item.gap_before))
    return f"(?:{taken}|{without})" if without else f"(?:{taken})?"
