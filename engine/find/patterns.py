"""The rules' finder: which rules of a plan hit a reading, and where.

The literals of all phrases are looked for at once (RE2's `Filter` does it for regexes), block by block, so that most
rules are ruled out without a search: a rule of segments needs all its finds in one. The few patterns left are compiled
and searched there only. Patterns of a language are only tried when the message or one of its segments may be in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from engine.find.condition import asked, contributing, holds, needs_of
from engine.find.facts import Facts
from engine.find.finding import Finding
from engine.find.literals import Patterns
from engine.find.negation import Negation
from engine.find.search import Hit, Place, Search
from engine.message.parts import Span
from engine.rulebook.plan import FactFind, PatternFind, Plan, PlanRule
from engine.text.language import LANGUAGES
from engine.text.reading import Reading

Hits = dict[str, list[Hit]]  # by name of the find
Places = dict[str, Place]  # the same


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
        self._sets: dict[str, tuple[Patterns, Patterns]] = {}
        self._ready: dict[int, _Ready] = {}

    def find(self, reading: Reading) -> list[Finding]:
        """Return the findings of every rule that hits `reading`, in the order of the rules."""
        codes = _languages_to_try(reading)
        search = Search(reading)
        found = self._places(codes, search)
        for index in self._always:
            if not found.get(index) and not set(codes).isdisjoint(self.rules[index].languages):
                found[index] = {}
        scopes, facts = _Scopes(search), Facts(reading)
        findings: list[Finding] = []
        for index, places in sorted(found.items(), key=itemgetter(0)):
            ready = self._ready.get(index) or self._prepare(index)
            blocks = _possible(ready, places, scopes)
            if blocks is not None and _allowed(ready, facts):
                finding = _Trial(ready, places, search, scopes, facts, self._negation).finding(blocks)
                if finding is not None:
                    findings.append(finding)
        return findings

    def present(self, reading: Reading) -> tuple[list[set[str]], set[str]]:
        """Return, for the first rule, the finds present in each group that `when` is asked about, and all that matched.

        The second set counts finds before negation and `except` take hits away. For the tests of rules.
        """
        search = Search(reading)
        scopes = _Scopes(search)
        places = self._places(_languages_to_try(reading), search).get(0, {})
        ready = self._prepare(0)
        trial = _Trial(ready, places, search, scopes, Facts(reading), self._negation)
        blocks = scopes.blocks(ready)
        facts = {name for name in ready.facts if trial.fact_holds(name)}
        matched = {name for name in places if trial.in_scope(name, blocks)}
        return [set(group) | facts for group in trial.groups(blocks)], matched | facts

    def _places(self, codes: Iterable[str], search: Search) -> dict[int, Places]:
        """Return for each rule whose patterns may hit where to look for them."""
        words = search.words()
        found: dict[int, Places] = {}
        for code in codes:
            folded, original = self._patterns(code)
            for patterns, text in ((folded, search.reading.plain), (original, search.reading.original)):
                for index, blocks in patterns.candidates(text, words).items():
                    place = (patterns, index, blocks)
                    for rule, name in patterns.users[index]:
                        if rule in found:
                            found[rule][name] = place
                        else:
                            found[rule] = {name: place}
        return found

    def _patterns(self, code: str) -> tuple[Patterns, Patterns]:
        if code not in self._sets:
            finds = [(f, i) for i, rule in enumerate(self.rules) if code in rule.languages for f in rule.patterns]
            self._sets[code] = (
                Patterns([entry for entry in finds if not entry[0].original], original=False),
                Patterns([entry for entry in finds if entry[0].original], original=True),
            )
        return self._sets[code]

    def _prepare(self, index: int) -> _Ready:
        ready = self._ready[index] = _Ready(self.rules[index])
        return ready


class _Scopes:
    """Which blocks of a reading the scopes of rules (their parts and languages) take in."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.known: dict[str, int] = {}
        self._kinds: dict[tuple[str, str], int] = {}
        block_of = search.block_of
        for index, segment in enumerate(search.reading.segments):
            kind = (segment.part, segment.language)
            self._kinds[kind] = self._kinds.get(kind, 0) | 1 << block_of[index]

    def blocks(self, ready: _Ready) -> int:
        """Return the blocks that hold a segment in a rule's scope."""
        blocks = self.known.get(ready.scope)
        if blocks is None:
            blocks = 0
            for (part, language), there in self._kinds.items():
                if self._takes(ready.rule, part, language):
                    blocks |= there
            self.known[ready.scope] = blocks
        return blocks

    def takes(self, rule: PlanRule, hit: Hit) -> bool:
        """Return whether a hit begins in a segment of the rule's scope."""
        segment = self._search.reading.segments[hit[2]]
        return self._takes(rule, segment.part, segment.language)

    def _takes(self, rule: PlanRule, part: str, language: str) -> bool:
        if part not in rule.parts:
            return False
        codes = (language, self._search.reading.language.code)
        return "any" in rule.languages or any(code in rule.languages or code not in LANGUAGES for code in codes)


class _Ready:
    """A rule with what follows from it for every reading."""

    __slots__ = ("excepted", "facts", "finds", "needs", "rule", "scope", "within_segment")

    def __init__(self, rule: PlanRule) -> None:
        self.rule = rule
        self.scope = " ".join((*rule.parts, "/", *rule.languages))
        self.finds: dict[str, PatternFind] = {find.name: find for find in rule.patterns}
        self.facts: dict[str, FactFind] = {find.name: find for find in rule.facts}
        self.needs = needs_of(rule.when, self.facts)
        self.within_segment = rule.within == "segment"
        self.excepted = [name for name in dict.fromkeys((*asked(rule.when), *self.finds)) if name in rule.excepts]


def _possible(ready: _Ready, places: Places, scopes: _Scopes) -> int | None:
    """Return the blocks where a rule may hit, going by where its finds may; None when it cannot."""
    blocks = scopes.known.get(ready.scope)
    if blocks is None:
        blocks = scopes.blocks(ready)
    for names in ready.needs.finds:
        there = 0
        for name in names:
            if name in places:
                there |= places[name][2]
        there &= blocks
        if not there:
            return None
        if ready.within_segment:
            blocks = there
    return blocks


class _Trial:
    """One rule on one reading. Patterns are searched only as far, and only where, the condition still can hold."""

    def __init__(
        self, ready: _Ready, places: Places, search: Search, scopes: _Scopes, facts: Facts, negation: Negation
    ) -> None:
        self._ready = ready
        self._rule = ready.rule
        self._places = places
        self._search = search
        self._reading = search.reading
        self._scopes = scopes
        self._values = facts
        self._negation = negation
        self._kept: dict[str, tuple[int, list[Hit]]] = {}

    def finding(self, blocks: int) -> Finding | None:
        """Return the finding of the rule, or None, given the blocks where it may hit."""
        left = self._left(blocks)
        if left is None:
            return None
        when = self._rule.when
        spans: dict[Hit, None] = {}
        fact_spans: list[Span] = []
        held = False
        for group in self.groups(left):
            present = self._present(group)
            if holds(when, present):
                held = True
                for name in contributing(when, present):
                    spans.update(dict.fromkeys(group.get(name, ())))
                    if name in self._ready.facts:
                        fact_spans += self._values.value(self._ready.facts[name].fact).spans
        return self._as_finding(spans, fact_spans) if held else None

    def _left(self, blocks: int) -> int | None:
        """Search what the condition needs, until one thing is missing; return the blocks that hold all of it."""
        block_of = self._search.block_of
        for names in self._ready.needs.finds:
            there = 0
            for name in names:
                for hit in self.kept(name, blocks):
                    there |= 1 << block_of[hit[2]]
            if not there:
                return None
            if self._ready.within_segment:
                blocks = there
        return blocks

    def groups(self, blocks: int) -> list[Hits]:
        """The surviving hits, by segment or, for a rule that looks at the whole message, all at once."""
        kept = {name: hits for name in self._places if (hits := self.kept(name, blocks))}
        if not kept or not self._ready.within_segment:
            return [kept]
        return _by_segment(kept)

    def kept(self, name: str, blocks: int) -> list[Hit]:
        """The hits of a find that count: in scope, negated as wanted, not excused by another find.

        Asked again, `blocks` are some of those of the first time.
        """
        known = self._kept.get(name)
        if known is None:
            hits = self._not_excluded(name, blocks)
            if hits and name in self._rule.excepts:
                hits = [hit for hit in hits if not any(self._excusing(name, hit))]
            self._kept[name] = blocks, hits
            return hits
        first, hits = known
        if first == blocks or not hits:
            return hits
        block_of = self._search.block_of
        return [hit for hit in hits if blocks >> block_of[hit[2]] & 1]

    def in_scope(self, name: str, blocks: int) -> list[Hit]:
        """The hits of a find in the right parts and languages."""
        place = self._places.get(name)
        if place is None:
            return []
        hits = self._search.hits(place, blocks)
        if self._ready.within_segment:
            hits = [hit for hit in hits if hit[3]]
        if self._search.plain_blocks:
            return hits
        return [hit for hit in hits if self._scopes.takes(self._rule, hit)]

    def fact_holds(self, name: str) -> bool:
        """Whether a find that is a fact holds."""
        return self._values.holds(self._ready.facts[name])

    def _not_excluded(self, name: str, blocks: int) -> list[Hit]:
        hits = self.in_scope(name, blocks)
        if hits:
            negation = self._ready.finds[name].negation
            if negation:
                hits = [hit for hit in hits if self._negated(hit) is (negation == "only")]
        return hits

    def _excusing(self, name: str, hit: Hit) -> Iterator[str]:
        """The finds that excuse a hit of find `name`: those with a hit that overlaps it."""
        blocks = self._scopes.blocks(self._ready)
        if self._ready.within_segment:
            blocks &= 1 << self._search.block_of[hit[2]]
        for other in self._rule.excepts[name]:
            if any(_overlap(hit, excuse) for excuse in self._not_excluded(other, blocks)):
                yield other

    def _excused(self) -> Iterator[str]:
        """All that excused a hit of the rule somewhere in its scope."""
        blocks = self._scopes.blocks(self._ready)
        for name in self._ready.excepted:
            for hit in self._not_excluded(name, blocks):
                yield from self._excusing(name, hit)

    def _negated(self, hit: Hit) -> bool:
        language = self._reading.segments[hit[2]].language
        codes = (language,) if language in LANGUAGES else LANGUAGES
        return any(self._negation.negates(self._reading.original, hit[0], hit[1], code) for code in codes)

    def _present(self, group: Hits) -> Callable[[str], bool]:
        return lambda name: self.fact_holds(name) if name in self._ready.facts else name in group

    def _as_finding(self, spans: Iterable[Hit], fact_spans: list[Span]) -> Finding:
        rule = self._rule
        return Finding(
            by=f"rule:{rule.id}",
            intent=rule.intent,
            kind=rule.kind,
            flag=rule.flag,
            strength=rule.strength,
            status=rule.status,
            spans=tuple(self._reading.span(hit[0], hit[1]) for hit in sorted(spans)) + tuple(fact_spans),
            title=rule.title,
            explain=rule.explain,
            excused=tuple(dict.fromkeys(self._excused())),
        )


def _allowed(ready: _Ready, facts: Facts) -> bool:
    """Whether the facts are as a rule needs them."""
    needs = ready.needs
    return not any(facts.holds(ready.facts[name]) for name in needs.refused) and all(
        facts.holds(ready.facts[name]) for name in needs.facts
    )


def _languages_to_try(reading: Reading) -> tuple[str, ...]:
    codes = reading.languages
    if any(code not in LANGUAGES for code in codes):
        return (*LANGUAGES, "any")
    return (*sorted(codes), "any")


def _by_segment(hits: Hits) -> list[Hits]:
    groups: dict[int, Hits] = {}
    for name, places in hits.items():
        for place in places:
            groups.setdefault(place[2], {}).setdefault(name, []).append(place)
    return [groups[segment] for segment in sorted(groups)]


def _overlap(one: Hit, other: Hit) -> bool:
    return one[0] < other[1] and other[0] < one[1]
