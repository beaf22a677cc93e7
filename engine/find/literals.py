"""Many patterns on one text: the literals they need throw most out, the few left are compiled and searched.

The text is cut into blocks that no phrase crosses (see `search`). What a phrase needs must stand in one block, so that a
pattern is searched only in the few blocks where it may hit. Sets of blocks are bits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import re2

from engine.rulebook.plan import PatternFind

ANYWHERE = -1  # every block
_MOST_WORDS = 1 << 14  # whose literals are remembered, for each language
_LONGEST_WORD = 32  # bytes; longer ones are seldom met twice
_IN_A_WORD = re.compile(" ?[a-z0-9]+ ?")


def options() -> Any:
    """RE2's options for every pattern: folded text is matched as ASCII bytes, `^ $` mean a line's begin and end."""
    chosen = re2.Options()
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    chosen.max_mem = 64 << 20  # a cache that grows on demand; at RE2's 8 MB large alternations fall to a slow path
    return chosen


def _unicode_options() -> Any:
    chosen = re2.Options()
    chosen.log_errors = False
    return chosen


_ASCII, _UNICODE = options(), _unicode_options()
_UNANCHORED = re2._Anchor.UNANCHORED


def spans(regex: Any, text: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Return where a compiled pattern matches in `[start, end)`, empty matches left out.

    What `finditer` does, without its objects: most of the time of a search would go there.
    """
    match = regex._regexp.Match
    found: list[tuple[int, int]] = []
    while start < end:
        first, last = match(_UNANCHORED, text, start, end)[0]
        if first < 0:
            break
        if last > first:
            found.append((first, last))
            start = last
        else:
            start = last + 1
    return found


class _Uses(NamedTuple):
    """What a word tells: patterns that need it alone, patterns that need it and a group of others, groups it is in."""

    alone: tuple[int, ...]
    beside: tuple[tuple[int, int], ...]
    groups: tuple[int, ...]


_NONE = _Uses((), (), ())


class Literals:
    """Which of many literals stand in the words of a text, and so in which blocks which patterns may match."""

    def __init__(self, needs: list[tuple[tuple[tuple[str, ...], ...], ...]]) -> None:
        """`needs[i]` is what pattern `i` needs (see `PatternFind.needs`; the first two tuples of a phrase are used)."""
        self._always = [index for index, phrases in enumerate(needs) if not all(phrases)]
        self._uses: dict[str, tuple[list[int], list[tuple[int, int]], list[int]]] = {}
        groups: dict[tuple[str, ...], int] = {}
        for index, phrases in enumerate(needs):
            for first, *others in phrases if all(phrases) else ():
                if not others:
                    for literal in first:
                        self._use(literal)[0].append(index)
                    continue
                group = groups.setdefault(others[0], len(groups))
                for literal in first:
                    self._use(literal)[1].append((index, group))
                for literal in others[0]:
                    self._use(literal)[2].append(group)
        # A literal that is no part of a word (an escaped sign) is looked for in the text itself.
        self._in_words = [literal for literal in self._uses if _IN_A_WORD.fullmatch(literal)]
        signs = {*self._uses} - {*self._in_words}
        self._signs = [(literal.strip().encode(), self._together([literal])) for literal in signs]
        self._known: dict[bytes, _Uses] = {}

    def _use(self, literal: str) -> tuple[list[int], list[tuple[int, int]], list[int]]:
        return self._uses.setdefault(literal, ([], [], []))

    def _together(self, literals: list[str]) -> _Uses:
        uses = [self._uses[literal] for literal in literals]
        alone = dict.fromkeys(index for use in uses for index in use[0])
        beside = dict.fromkeys(pair for use in uses for pair in use[1] if pair[0] not in alone)
        return _Uses(tuple(alone), tuple(beside), tuple(dict.fromkeys(group for use in uses for group in use[2])))

    @cached_property
    def _set(self) -> Any:
        literals = re2.Set.SearchSet(_ASCII)
        for literal in self._in_words:
            literals.Add(re2.escape(literal).encode())
        literals.Compile()
        return literals

    def candidates(self, text: bytes, words: Mapping[bytes, int]) -> dict[int, int]:
        """Return the patterns that may match `text`, and the blocks where; `words` are its words with their blocks."""
        found = dict.fromkeys(self._always, ANYWHERE)
        groups: dict[int, int] = {}
        paired: list[tuple[int, tuple[tuple[int, int], ...]]] = []
        for (alone, beside, in_groups), blocks in self._told(text, words):
            for index in alone:
                found[index] = found[index] | blocks if index in found else blocks
            for group in in_groups:
                groups[group] = groups[group] | blocks if group in groups else blocks
            if beside:
                paired.append((blocks, beside))
        for blocks, beside in paired:
            for index, group in beside:
                if group in groups and (both := blocks & groups[group]):
                    found[index] = found[index] | both if index in found else both
        return found

    def _told(self, text: bytes, words: Mapping[bytes, int]) -> list[tuple[_Uses, int]]:
        known = self._known
        told = [
            (uses, blocks)
            for word, blocks in words.items()
            if (uses := known[word] if word in known else self._look_up(word)) is not _NONE
        ]
        return told + [(uses, ANYWHERE) for sign, uses in self._signs if sign in text]

    def _look_up(self, word: bytes) -> _Uses:
        """Texts are made of the same words again and again: what a word holds is remembered."""
        found = self._set.Match(b" " + word + b" ") if self._in_words else None
        uses = self._together([self._in_words[index] for index in found]) if found else _NONE
        if len(word) <= _LONGEST_WORD:
            if len(self._known) >= _MOST_WORDS:
                self._known.clear()
            self._known[word] = uses
        return uses


class Patterns:
    """Distinct patterns on one kind of text with what throws most of them out; compiled when first needed.

    Phrases are searched block by block; regexes may cross everything and are searched in the whole text.
    """

    def __init__(self, finds: Iterable[tuple[PatternFind, int]], original: bool) -> None:
        self.original = original
        self.users: list[list[tuple[int, str]]] = []
        """The rules and finds that use each pattern."""
        self._finds: list[PatternFind] = []
        places: dict[str, int] = {}
        for find, rule in finds:
            place = places.setdefault(find.pattern, len(places))
            if place == len(self._finds):
                self._finds.append(find)
                self.users.append([])
            self.users[place].append((rule, find.name))
        self.by_blocks = [bool(find.needs) for find in self._finds]
        """Whether no hit of a pattern crosses a block."""
        self._regexes = [index for index, find in enumerate(self._finds) if not find.needs]
        self._phrases = [index for index, find in enumerate(self._finds) if find.needs]
        self._compiled: dict[int, Any] = {}

    @cached_property
    def _filter(self) -> Any:
        literals = re2.Filter()
        for index in self._regexes:
            pattern = self._finds[index].pattern
            literals.Add(pattern if self.original else pattern.encode(), _UNICODE if self.original else _ASCII)
        literals.Compile()
        return literals

    @cached_property
    def _literals(self) -> Literals:
        return Literals([self._finds[index].needs for index in self._phrases])

    def candidates(self, text: Any, words: Mapping[bytes, int]) -> dict[int, int]:
        """Return the patterns that may match `text`, and the blocks where."""
        found: dict[int, int] = {}
        if self._regexes:
            for place in self._filter.Match(text, True) or ():
                found[self._regexes[place]] = ANYWHERE
        if self._phrases:
            for place, blocks in self._literals.candidates(text, words).items():
                found[self._phrases[place]] = blocks
        return found

    def search(self, index: int, text: Any, start: int, end: int) -> list[tuple[int, int]]:
        """Return where pattern `index` matches in `[start, end)` of `text`."""
        regex = self._compiled.get(index)
        if regex is None:
            regex = self._compiled[index] = self._compile(index)
        if self.original:
            return [match.span() for match in regex.finditer(text, start, end) if match.end() > match.start()]
        return spans(regex, text, start, end)

    def _compile(self, index: int) -> Any:
        pattern = self._finds[index].pattern
        return re2.compile(pattern, _UNICODE) if self.original else re2.compile(pattern.encode(), _ASCII)
