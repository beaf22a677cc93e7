"""The rules' finder: which rules of a plan hit a reading, and where.

The literals of all phrases are looked for at once (an RE2 set of plain strings; RE2's `Filter` does it for regexes). The
few patterns whose literals are there are compiled and searched one by one, which also tells the places. Patterns of a
language are only tried when the message or one of its segments may be in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

import re2

from engine.find.facts import FACTS, FactValue
from engine.find.finding import Finding
from engine.find.literals import Hit, Patterns
from engine.find.negation import Negation
from engine.message.parts import Span
from engine.rulebook.plan import FactFind, Plan, PlanRule, When
from engine.text.language import LANGUAGES
from engine.text.reading import Reading

Hits = dict[str, list[Hit]]  # by name of the find


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
        self._always = frozenset(index for index, rule in enumerate(self.rules) if rule.always)
        self._needed = [_needed(rule.when, {find.name for find in rule.patterns}) for rule in self.rules]
        self._sets: dict[str, tuple[Patterns, Patterns]] = {}

    def find(self, reading: Reading) -> list[Finding]:
        """Return the findings of every rule that hits `reading`, in the order of the rules."""
        search = _Search(reading)
        for code in _languages_to_try(reading):
            self._collect(code, search)
        facts = _Facts(reading)
        findings = (
            _Trial(self.rules[index], index, search, facts, self._negation).finding()
            for index in sorted({*search.rules, *self._always_in(reading)})
            if not any(names.isdisjoint(search.rules.get(index, ())) for names in self._needed[index])
        )
        return [finding for finding in findings if finding is not None]

    def _always_in(self, reading: Reading) -> Iterator[int]:
        """The rules that may hit without their patterns, of the languages of the reading."""
        codes = set(_languages_to_try(reading))
        return (index for index in self._always if not codes.isdisjoint(self.rules[index].languages))

    def present(self, reading: Reading) -> tuple[list[set[str]], set[str]]:
        """Return, for the first rule, the finds present in each group that `when` is asked about, and all that matched.

        The second set counts finds before negation and `except` take hits away. For the tests of rules.
        """
        search = _Search(reading)
        for code in _languages_to_try(reading):
            self._collect(code, search)
        trial = _Trial(self.rules[0], 0, search, _Facts(reading), self._negation)
        facts = {name for name in trial.facts if trial.fact_holds(name)}
        matched = {find.name for find in self.rules[0].patterns if trial.in_scope(find.name)}
        return [set(group) | facts for group in trial.groups()], matched | facts

    def _collect(self, code: str, search: _Search) -> None:
        folded, original = self._patterns(code)
        for patterns, text in ((folded, search.reading.plain), (original, search.reading.original)):
            for index, users in patterns.users(text):
                for rule, name in users:
                    search.rules.setdefault(rule, {})[name] = (patterns, index)

    def _patterns(self, code: str) -> tuple[Patterns, Patterns]:
        if code not in self._sets:
            finds = [(f, i) for i, rule in enumerate(self.rules) if code in rule.languages for f in rule.patterns]
            self._sets[code] = (
                Patterns([entry for entry in finds if not entry[0].original], original=False),
                Patterns([entry for entry in finds if entry[0].original], original=True),
            )
        return self._sets[code]


class _Search:
    """Which rules may hit a reading (`rules`: the finds whose literals are there), and each pattern's hits, found once."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rules: dict[int, dict[str, tuple[Patterns, int]]] = {}
        self._hits: dict[tuple[int, int], list[Hit]] = {}

    def hits(self, rule: int, name: str) -> list[Hit]:
        """Return where a find of a rule hits, in the joined original."""
        place = self.rules.get(rule, {}).get(name)
        if place is None:
            return []
        patterns, index = place
        key = (id(patterns), index)
        if key not in self._hits:
            if patterns.original:
                self._hits[key] = patterns.search(index, self.reading.original)
            else:
                span = self.reading.folded.span
                self._hits[key] = [span(*place) for place in patterns.search(index, self.reading.plain)]
        return self._hits[key]


class _Trial:
    """One rule on one reading. Patterns are searched only as far as the condition still can hold."""

    def __init__(self, rule: PlanRule, index: int, search: _Search, facts: _Facts, negation: Negation) -> None:
        self.rule = rule
        self.facts = {find.name: find for find in rule.facts}
        self._index = index
        self._search = search
        self._reading = search.reading
        self._values = facts
        self._negation = negation
        self._finds = {find.name: find for find in rule.patterns}
        self._kept: Hits = {}
        self._excused: list[str] = []

    def finding(self) -> Finding | None:
        """Return the finding of the rule, or None."""
        if not self._needed_are_there(self.rule.when):
            return None
        spans: dict[Hit, None] = {}
        fact_spans: list[Span] = []
        held = False
        for group in self.groups():
            present = self._present(group)
            if holds(self.rule.when, present):
                held = True
                for name in contributing(self.rule.when, present):
                    spans.update(dict.fromkeys(group.get(name, ())))
                    if name in self.facts:
                        fact_spans += self._values.value(self.facts[name].fact).spans
        return self._as_finding(spans, fact_spans) if held else None

    def groups(self) -> list[Hits]:
        """The surviving hits, by segment or, for a rule that looks at the whole message, all at once."""
        kept = {name: hits for name in self._finds if (hits := self.kept(name))}
        if self.rule.within == "message" or not kept:
            return [kept]
        return list(_by_segment(kept, self._reading))

    def kept(self, name: str) -> list[Hit]:
        """The hits of a find that count: in scope, negated as wanted, not excused by another find."""
        if name not in self._kept:
            hits = self._not_excluded(name)
            excuses = self.rule.excepts.get(name, ())
            if hits and excuses:
                hits = [hit for hit in hits if not self._is_excused(hit, excuses)]
            self._kept[name] = hits
        return self._kept[name]

    def in_scope(self, name: str) -> list[Hit]:
        """The hits of a find in the right parts and languages."""
        return [hit for hit in self._search.hits(self._index, name) if _in_scope(self.rule, hit, self._reading)]

    def fact_holds(self, name: str) -> bool:
        """Whether a find that is a fact holds."""
        return self._values.holds(self.facts[name])

    def _not_excluded(self, name: str) -> list[Hit]:
        hits = self.in_scope(name)
        negation = self._finds[name].negation
        if hits and negation:
            hits = [hit for hit in hits if self._negated(hit) is (negation == "only")]
        return hits

    def _is_excused(self, hit: Hit, excuses: tuple[str, ...]) -> bool:
        by = [name for name in excuses if any(_overlap(hit, other) for other in self._not_excluded(name))]
        self._excused += by
        return bool(by)

    def _negated(self, hit: Hit) -> bool:
        language = self._reading.segments[self._reading.segment_at(hit[0])].language
        codes = [language] if language in LANGUAGES else LANGUAGES
        return any(self._negation.negates(self._reading.original, *hit, code) for code in codes)

    def _needed_are_there(self, when: When) -> bool:
        """Whether all that `when` cannot do without is there: cheap facts first, then patterns, until one is missing."""
        if isinstance(when, str):
            return self.fact_holds(when) if when in self.facts else bool(self.kept(when))
        needed = sorted(when.get("all", ()), key=lambda item: not isinstance(item, str) or item not in self.facts)
        refused = (item for item in when.get("none", ()) if isinstance(item, str) and item in self.facts)
        return not any(self.fact_holds(item) for item in refused) and all(
            self._needed_are_there(item) for item in needed
        )

    def _present(self, group: Hits) -> Callable[[str], bool]:
        return lambda name: self.fact_holds(name) if name in self.facts else bool(group.get(name))

    def _as_finding(self, spans: Iterable[Hit], fact_spans: list[Span]) -> Finding:
        rule = self.rule
        return Finding(
            by=f"rule:{rule.id}",
            intent=rule.intent,
            kind=rule.kind,
            flag=rule.flag,
            strength=rule.strength,
            status=rule.status,
            spans=tuple(self._reading.span(*hit) for hit in sorted(spans)) + tuple(fact_spans),
            title=rule.title,
            explain=rule.explain,
            excused=tuple(dict.fromkeys(self._excused)),
        )


def _needed(when: When, patterns: set[str]) -> list[frozenset[str]]:
    """Sets of patterns of each of which one must be there before `when` can hold (not all such sets, the plain ones)."""
    if isinstance(when, str):
        return [frozenset((when,))] if when in patterns else []
    sets = [each for item in when.get("all", ()) for each in _needed(item, patterns)]
    choices = when.get("any", [])
    if choices and all(isinstance(item, str) and item in patterns for item in choices):
        sets.append(frozenset(choices))
    return sets


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
