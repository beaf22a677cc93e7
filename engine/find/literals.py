"""Many patterns on one text: the literals they need throw most out, the few left are compiled and searched.

The text is cut into blocks that no phrase crosses (see `search`). What a phrase needs must stand in one block, so that a
pattern is searched only in the few blocks where it may hit. Sets of blocks are bits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

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


class _Uses:
    """What a word tells: patterns that need it alone, patterns that need it and a group of others, groups it is in."""

    __slots__ = ("alone", "beside", "groups")

    def __init__(self) -> None:
        self.alone: dict[int, None] = {}
        self.beside: dict[tuple[int, int], None] = {}
        self.groups: dict[int, None] = {}

    def __iadd__(self, other: _Uses) -> _Uses:
        self.alone |= other.alone
        self.beside |= other.beside
        self.groups |= other.groups
        return self


class Literals:
    """Which of many literals stand in the words of a text, and so in which blocks which patterns may match."""

    def __init__(self, needs: list[tuple[tuple[tuple[str, ...], ...], ...]]) -> None:
        """`needs[i]` is what pattern `i` needs (see `PatternFind.needs`; the first two tuples of a phrase are used)."""
        self._always = [index for index, phrases in enumerate(needs) if not all(phrases)]
        self._uses: dict[str, _Uses] = {}
        groups: dict[tuple[str, ...], int] = {}
        for index, phrases in enumerate(needs):
            for first, *others in phrases if all(phrases) else ():
                if not others:
                    for literal in first:
                        self._use(literal).alone[index] = None
                    continue
                group = groups.setdefault(others[0], len(groups))
                for literal in first:
                    self._use(literal).beside[index, group] = None
                for literal in others[0]:
                    self._use(literal).groups[group] = None
        # A literal that is no part of a word (an escaped sign) is looked for in the text itself.
        self._in_words = [literal for literal in self._uses if _IN_A_WORD.fullmatch(literal)]
        self._signs = [(literal.strip().encode(), self._uses[literal]) for literal in {*self._uses} - {*self._in_words}]
        self._known: dict[bytes, _Uses | None] = {}

    def _use(self, literal: str) -> _Uses:
        return self._uses.setdefault(literal, _Uses())

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
        beside: list[tuple[_Uses, int]] = []
        for uses, blocks in self._told(text, words):
            for index in uses.alone:
                found[index] = found.get(index, 0) | blocks
            for group in uses.groups:
                groups[group] = groups.get(group, 0) | blocks
            if uses.beside:
                beside.append((uses, blocks))
        for uses, blocks in beside:
            for index, group in uses.beside:
                both = blocks & groups.get(group, 0)
                if both:
                    found[index] = found.get(index, 0) | both
        return found

    def _told(self, text: bytes, words: Mapping[bytes, int]) -> Iterator[tuple[_Uses, int]]:
        known = self._known
        for word, blocks in words.items():
            uses = known[word] if word in known else self._look_up(word)
            if uses is not None:
                yield uses, blocks
        for sign, uses in self._signs:
            if sign in text:
                yield uses, ANYWHERE

    def _look_up(self, word: bytes) -> _Uses | None:
        """Texts are made of the same words again and again: what a word holds is remembered."""
        found = self._set.Match(b" " + word + b" ") if self._in_words else None
        uses = None
        if found:
            uses = _Uses()
            for index in found:
                uses += self._uses[self._in_words[index]]
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
        self._users: list[list[tuple[int, str]]] = []
        self._finds: list[PatternFind] = []
        places: dict[str, int] = {}
        for find, rule in finds:
            place = places.setdefault(find.pattern, len(places))
            if place == len(self._finds):
                self._finds.append(find)
                self._users.append([])
            self._users[place].append((rule, find.name))
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

    def users(self, text: Any, words: Mapping[bytes, int]) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
        """Yield each pattern that may match `text`, the blocks where, and the rules and finds that use it."""
        if self._regexes:
            for place in self._filter.Match(text, True) or ():
                index = self._regexes[place]
                yield index, ANYWHERE, self._users[index]
        if self._phrases:
            phrases, users = self._phrases, self._users
            for place, blocks in self._literals.candidates(text, words).items():
                index = phrases[place]
                yield index, blocks, users[index]

    def by_blocks(self, index: int) -> bool:
        """Return whether no hit of pattern `index` crosses a block."""
        return bool(self._finds[index].needs)

    def search(self, index: int, text: Any, start: int, end: int) -> list[tuple[int, int]]:
        """Return where pattern `index` matches in `[start, end)` of `text`."""
        regex = self._compiled.get(index)
        if regex is None:
            regex = self._compiled[index] = self._compile(index)
        if self.original:
            return [match.span() for match in regex.finditer(text, start, end) if match.end() > match.start()]
        # What `finditer` does, without its objects: most of the time of a search would go there.
        found: list[tuple[int, int]] = []
        while start < end:
            span = regex._regexp.Match(_UNANCHORED, text, start, end)[0]
            if span[0] < 0:
                break
            if span[1] > span[0]:
                found.append(span)
                start = span[1]
            else:
                start = span[1] + 1
        return found

    def _compile(self, index: int) -> Any:
        pattern = self._finds[index].pattern
        return re2.compile(pattern, _UNICODE) if self.original else re2.compile(pattern.encode(), _ASCII)
