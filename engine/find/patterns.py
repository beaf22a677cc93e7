"""The rules' finder: which rules of a plan hit a reading, and where.

The literals of all phrases are looked for at once (an RE2 set of plain strings; RE2's `Filter` does it for regexes). The
few patterns whose literals are there are compiled and searched one by one, which also tells the places. Patterns of a
language are only tried when the message or one of its segments may be in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import re2

from engine.find.facts import FACTS, FactValue
from engine.find.finding import Finding
from engine.find.negation import Negation
from engine.rulebook.plan import FactFind, PatternFind, Plan, PlanRule, When
from engine.text.language import LANGUAGES
from engine.text.reading import Reading

Hit = tuple[int, int]  # start and end in the joined original
Hits = dict[str, list[Hit]]  # by name of the find


def options() -> Any:
    """RE2's options for every pattern: folded text is matched as ASCII bytes, `^ $` mean a line's begin and end."""
    chosen = re2.Options()
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    chosen.max_mem = 64 << 20  # a cache that grows on demand; at RE2's 8 MB large alternations fall to a slow path
    return chosen


class _Literals:
    """Which of many literals stand in a text, and so which patterns may match it."""

    def __init__(self, needs: list[tuple[tuple[tuple[str, ...], ...], ...]]) -> None:
        """`needs[i]` is what pattern `i` needs (see `PatternFind.needs`)."""
        self._always = [index for index, phrases in enumerate(needs) if not all(phrases)]
        self._index: dict[str, list[tuple[int, tuple[tuple[str, ...], ...]]]] = {}
        for index, phrases in enumerate(needs):
            for first, *others in (phrases if all(phrases) else ()):
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


class _Patterns:
    """Distinct patterns on one kind of text with what throws most of them out; compiled when first needed."""

    def __init__(self, finds: list[tuple[PatternFind, int]], original: bool) -> None:
        self._original = original
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
            literals.Add(pattern if self._original else pattern.encode(), _UNICODE if self._original else _ASCII)
        literals.Compile()
        return literals

    @cached_property
    def _literals(self) -> _Literals:
        return _Literals([self._finds[index].needs for index in self._phrases])

    def hits(self, text: Any) -> Iterator[tuple[list[tuple[int, str]], list[Hit]]]:
        """Yield who uses it and where it hits (in `text`), for each pattern that hits."""
        for index in self._candidates(text):
            found = [match.span() for match in self._regex(index).finditer(text) if match.end() > match.start()]
            if found:
                yield self._users[index], found

    def _candidates(self, text: Any) -> Iterator[int]:
        if self._regexes:
            yield from (self._regexes[index] for index in self._filter.Match(text, True) or ())
        if self._phrases:
            yield from (self._phrases[index] for index in self._literals.candidates(text))

    def _regex(self, index: int) -> Any:
        regex = self._compiled.get(index)
        if regex is None:
            pattern = self._finds[index].pattern
            regex = re2.compile(pattern, _UNICODE) if self._original else re2.compile(pattern.encode(), _ASCII)
            self._compiled[index] = regex
        return regex


def _unicode_options() -> Any:
    chosen = re2.Options()
    chosen.log_errors = False
    return chosen


_ASCII, _UNICODE = options(), _unicode_options()


class RuleFinder:
    """Runs the rules of a plan. Built once; `find` may be called any number of times."""

    def __init__(self, plan: Plan, *, today: str = "") -> None:
        """`today` (ISO date) wakes the rules that an overlay put to sleep until then."""
        self.rules: tuple[PlanRule, ...] = tuple(
            rule
            for rule in plan.rules
            if rule.status not in ("draft", "retired") and not (rule.disabled_until and today < rule.disabled_until)
        )
        self._negation = Negation(plan.negation)
        self._always = [index for index, rule in enumerate(self.rules) if rule.always]
        self._sets: dict[str, tuple[_Patterns, _Patterns]] = {}

    def find(self, reading: Reading) -> list[Finding]:
        """Return the findings of every rule that hits `reading`, in the order of the rules."""
        by_rule: dict[int, Hits] = {}
        for code in _languages_to_try(reading):
            self._collect(code, reading, by_rule)
        for index in self._always:
            by_rule.setdefault(index, {})
        facts = _Facts(reading)
        findings = (self._judge(self.rules[index], by_rule[index], reading, facts) for index in sorted(by_rule))
        return [finding for finding in findings if finding is not None]

    def _collect(self, code: str, reading: Reading, by_rule: dict[int, Hits]) -> None:
        folded, original = self._patterns(code)
        back = reading.folded.span
        for users, found in folded.hits(reading.plain):
            places = [back(start, end) for start, end in found]
            for rule, name in users:
                by_rule.setdefault(rule, {})[name] = places
        for users, found in original.hits(reading.original):
            for rule, name in users:
                by_rule.setdefault(rule, {})[name] = found

    def _patterns(self, code: str) -> tuple[_Patterns, _Patterns]:
        if code not in self._sets:
            finds = [(f, i) for i, rule in enumerate(self.rules) if code in rule.languages for f in rule.patterns]
            self._sets[code] = (
                _Patterns([entry for entry in finds if not entry[0].original], original=False),
                _Patterns([entry for entry in finds if entry[0].original], original=True),
            )
        return self._sets[code]

    def _judge(self, rule: PlanRule, hits: Hits, reading: Reading, facts: _Facts) -> Finding | None:
        """The finding of one rule from the hits of its patterns, or None."""
        excused: list[str] = []
        kept = self._surviving(rule, hits, reading, excused)
        fact_finds = {find.name: find for find in rule.facts}

        def groups() -> Iterator[Hits]:
            if rule.within == "message":
                yield kept
            else:
                yield from _by_segment(kept, reading) if kept else iter([{}])

        spans: dict[tuple[int, int], None] = {}
        fact_spans: list[Any] = []
        held = False
        for group in groups():

            def present(name: str, group: Hits = group) -> bool:
                find = fact_finds.get(name)
                return facts.holds(find) if find is not None else bool(group.get(name))

            if not holds(rule.when, present):
                continue
            held = True
            for name in contributing(rule.when, present):
                for place in group.get(name, ()):
                    spans[place] = None
                if name in fact_finds:
                    fact_spans += facts.value(fact_finds[name].fact).spans
        if not held:
            return None
        return Finding(
            by=f"rule:{rule.id}",
            intent=rule.intent,
            kind=rule.kind,
            flag=rule.flag,
            strength=rule.strength,
            status=rule.status,
            spans=tuple(reading.span(start, end) for start, end in sorted(spans)) + tuple(fact_spans),
            title=rule.title,
            explain=rule.explain,
            excused=tuple(dict.fromkeys(excused)),
        )

    def present(self, reading: Reading) -> tuple[list[set[str]], set[str]]:
        """Return, for the first rule, the finds present in each group that `when` is asked about, and all that matched.

        The second set counts finds before `except` takes hits away. For the tests of rules.
        """
        rule, by_rule = self.rules[0], dict[int, Hits]()
        for code in _languages_to_try(reading):
            self._collect(code, reading, by_rule)
        facts = _Facts(reading)
        true_facts = {find.name for find in rule.facts if facts.holds(find)}
        hits = by_rule.get(0, {})
        kept = self._surviving(rule, hits, reading, [])
        groups = [kept] if rule.within == "message" or not kept else list(_by_segment(kept, reading))
        scoped = {name for name, places in hits.items() if any(_in_scope(rule, place, reading) for place in places)}
        return [set(group) | true_facts for group in groups], scoped | true_facts

    def _surviving(self, rule: PlanRule, hits: Hits, reading: Reading, excused: list[str]) -> Hits:
        kept: Hits = {}
        for find in rule.patterns:
            places = [place for place in hits.get(find.name, ()) if _in_scope(rule, place, reading)]
            if find.negation and places:
                wanted = find.negation == "only"
                places = [place for place in places if self._negated(place, reading) is wanted]
            if places:
                kept[find.name] = places
        for name, excuses in rule.excepts.items():
            if name in kept:
                left = []
                for place in kept[name]:
                    by = [e for e in excuses if any(_overlap(place, other) for other in kept.get(e, ()))]
                    excused += by
                    if not by:
                        left.append(place)
                kept[name] = left
        return {name: places for name, places in kept.items() if places}

    def _negated(self, place: Hit, reading: Reading) -> bool:
        language = reading.segments[reading.segment_at(place[0])].language
        codes = [language] if language in LANGUAGES else LANGUAGES
        return any(self._negation.negates(reading.original, *place, code) for code in codes)


def _languages_to_try(reading: Reading) -> tuple[str, ...]:
    codes = reading.languages
    if any(code not in LANGUAGES for code in codes):
        return (*LANGUAGES, "any")
    return (*sorted(codes), "any")


def _in_scope(rule: PlanRule, place: Hit, reading: Reading) -> bool:
    index = reading.segment_at(place[0])
    segment = reading.segments[index]
    if segment.part not in rule.parts or place[0] >= segment.end:
        return False
    if rule.within == "segment" and place[1] > segment.end:
        return False
    codes = (segment.language, reading.language.code)
    return "any" in rule.languages or any(code in rule.languages or code not in LANGUAGES for code in codes)


def _by_segment(hits: Hits, reading: Reading) -> Iterator[Hits]:
    groups: dict[int, Hits] = {}
    for name, places in hits.items():
        for place in places:
            index = bisect_right(reading.starts, place[0]) - 1
            groups.setdefault(index, {}).setdefault(name, []).append(place)
    for index in sorted(groups):
        yield groups[index]


def _overlap(one: Hit, other: Hit) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def holds(when: When, present: Callable[[str], bool]) -> bool:
    """Return whether `when` holds, given which finds are present (several keys at one level mean "and")."""
    if isinstance(when, str):
        return present(when)
    return (
        all(holds(item, present) for item in when.get("all", ()))
        and ("any" not in when or any(holds(item, present) for item in when["any"]))
        and not any(holds(item, present) for item in when.get("none", ()))
    )


def contributing(when: When, present: Callable[[str], bool]) -> Iterator[str]:
    """Yield the finds that made `when` hold."""
    if isinstance(when, str):
        if present(when):
            yield when
        return
    for key in ("all", "any"):
        for item in when.get(key, ()):
            if holds(item, present):
                yield from contributing(item, present)


class _Facts:
    """The facts of one reading, each worked out at most once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._values: dict[str, FactValue] = {}

    def value(self, name: str) -> FactValue:
        if name not in self._values:
            self._values[name] = FACTS[name].of(self._reading)
        return self._values[name]

    def holds(self, find: FactFind) -> bool:
        """Whether the fact meets the find's condition."""
        value = self.value(find.fact).value
        if isinstance(value, bool):
            return value
        if isinstance(value, float):
            return _in_bounds(value, find)
        texts = value
        if find.host_not_in is not None:
            texts = tuple(host for host in texts if not _listed(host, find.host_not_in))
        if find.matches is not None:
            texts = tuple(text for text in texts if re2.search(find.matches, text))
        if find.longer_than is not None:
            texts = tuple(text for text in texts if len(text) > find.longer_than)
        if find.above is not None or find.below is not None:
            return _in_bounds(float(len(texts)), find)
        return bool(texts)


def _in_bounds(value: float, find: FactFind) -> bool:
    if find.above is None and find.below is None:
        return value > 0
    return (find.above is None or value > find.above) and (find.below is None or value < find.below)


def _listed(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith("." + known) for known in hosts)
