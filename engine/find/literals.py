"""Many patterns on one text: the literals they need throw most out, the few left are compiled and searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import re2

from engine.rulebook.plan import PatternFind

Hit = tuple[int, int]  # start and end


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


class Literals:
    """Which of many literals stand in a text, and so which patterns may match it."""

    def __init__(self, needs: list[tuple[tuple[tuple[str, ...], ...], ...]]) -> None:
        """`needs[i]` is what pattern `i` needs (see `PatternFind.needs`)."""
        self._always = [index for index, phrases in enumerate(needs) if not all(phrases)]
        self._index: dict[str, list[tuple[int, tuple[tuple[str, ...], ...]]]] = {}
        for index, phrases in enumerate(needs):
            for first, *others in phrases if all(phrases) else ():
                for literal in first:
                    self._index.setdefault(literal, []).append((index, tuple(others)))
        self._literals = list(dict.fromkeys([*self._index, *self._others()]))

    def _others(self) -> Iterator[str]:
        for uses in self._index.values():
            for _, others in uses:
                for literals in others:
                    yield from literals

    @cached_property
    def _set(self) -> Any:
        literals = re2.Set.SearchSet(_ASCII)
        for literal in self._literals:
            literals.Add(re2.escape(literal).encode())
        literals.Compile()
        return literals

    def candidates(self, text: bytes) -> Iterable[int]:
        """Return the patterns that may match `text`."""
        found = {self._literals[index] for index in self._set.Match(text) or ()} if self._literals else set()
        indices = set(self._always)
        for literal in found:
            for index, others in self._index.get(literal, ()):
                if index not in indices and all(not found.isdisjoint(literals) for literals in others):
                    indices.add(index)
        return sorted(indices)


class Patterns:
    """Distinct patterns on one kind of text with what throws most of them out; compiled when first needed."""

    def __init__(self, finds: list[tuple[PatternFind, int]], original: bool) -> None:
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

    def users(self, text: Any) -> Iterator[tuple[int, list[tuple[int, str]]]]:
        """Yield each pattern that may match `text`, with the rules and finds that use it."""
        for index in self._candidates(text):
            yield index, self._users[index]

    def search(self, index: int, text: Any) -> list[Hit]:
        """Return where pattern `index` matches `text`."""
        return [match.span() for match in self._regex(index).finditer(text) if match.end() > match.start()]

    def _candidates(self, text: Any) -> Iterator[int]:
        if self._regexes:
            yield from (self._regexes[index] for index in self._filter.Match(text, True) or ())
        if self._phrases:
            yield from (self._phrases[index] for index in self._literals.candidates(text))

    def _regex(self, index: int) -> Any:
        regex = self._compiled.get(index)
        if regex is None:
            pattern = self._finds[index].pattern
            regex = re2.compile(pattern, _UNICODE) if self.original else re2.compile(pattern.encode(), _ASCII)
            self._compiled[index] = regex
        return regex
