"""Loading rules: files to a `Rulebook`, with every problem found and placed, never a traceback.

A rules folder holds `packs/<pack>/*.yaml`, `lists/*.txt`, `policy/*.yaml`, `intents.yaml` and `texts/`. A folder with an
`overlay.yaml` is a user's changes on top of the shipped rules (see `overlay.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.rulebook.patterns import needs_of, pattern_of
from engine.rulebook.plan import FactFind, PatternFind, PlanRule, body_parts
from engine.rulebook.problem import Problem
from engine.rulebook.schema import Pack, Rule
from engine.rulebook.validate import cut_out, place_of, validated
from engine.rulebook.yamlpos import Document, Node, YamlList, YamlMap, plain, read


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that fits the schema, with the file it came from and its node there."""

    rule: Rule
    pack: str
    document: Document
    node: YamlMap
    path: Path

    def at(self, *path: str | int) -> Node | tuple[int, int]:
        """Return the node at `path` below the rule (the deepest there is), for a problem's place."""
        return place_of(self.node, path)


@dataclass(slots=True)
class Rulebook:
    """All rules that could be read, the word lists, and what is wrong with the rest."""

    rules: list[LoadedRule] = field(default_factory=list)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """The problems that forbid using the rules."""
        return [problem for problem in self.problems if problem.severity == "error"]


def pack_files(folder: Path) -> list[Path]:
    """Return the rule files of a rules folder, in order."""
    packs = folder / "packs"
    return sorted(packs.glob("*/*.yaml")) if packs.is_dir() else []


def load(files: Iterable[Path], lists: dict[str, tuple[str, ...]], name_of: Any = str) -> Rulebook:
    """Read rule files; `name_of` gives the name of a path that problems show."""
    book = Rulebook(lists=lists)
    for path in files:
        document = read(path, name_of(path))
        book.documents.append(document)
        for loaded in _rules_of(document, path):
            book.rules.append(loaded)
    _check_ids(book)
    for document in book.documents:
        book.problems += document.problems
    book.problems.sort(key=lambda problem: problem.place)
    return book


def _rules_of(document: Document, path: Path) -> Iterator[LoadedRule]:
    root = document.root
    if root is None:
        if not document.problems:
            document.report("T201", "the file is empty", (1, 1), "a pack has the keys `pack` and `rules`")
        return
    pack = _validated(document, root)
    if pack is None or not isinstance(root, YamlMap):
        return
    if path.parent.parent.name == "packs" and pack.pack != path.parent.name:
        hint = f"write `pack: {path.parent.name}`, or move the file"
        document.report(
            "T203", f"pack `{pack.pack}` lies in the folder `{path.parent.name}`", root.entries["pack"], hint
        )
    nodes = root.entries["rules"]
    assert isinstance(nodes, YamlList)
    for rule, node in zip(pack.rules, nodes.items, strict=True):
        assert isinstance(node, YamlMap)
        yield LoadedRule(rule, pack.pack, document, node, path)


def _validated(document: Document, root: Node) -> Pack | None:
    """The pack. What does not fit the schema is reported and cut out, so that the rest is checked in the same run."""
    pack, places = validated(document, root, Pack)
    if pack is not None or not isinstance(root, YamlMap):
        return pack
    for loc in sorted(places, key=_order, reverse=True):  # from the end on, so that positions in lists stay right
        cut_out(root, loc)
    try:
        return Pack.model_validate(plain(root))
    except ValidationError:
        return _without_broken_rules(root)


def _order(loc: tuple[Any, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, str(part)) for part in loc)


def _without_broken_rules(root: YamlMap) -> Pack | None:
    rules = root.entries.get("rules")
    if isinstance(rules, YamlList):
        rules.items[:] = [node for node in rules.items if _fits(node)]
    try:
        return Pack.model_validate(plain(root))
    except ValidationError:
        return None


def _fits(node: Node) -> bool:
    try:
        Rule.model_validate(plain(node))
    except ValidationError:
        return False
    return True


def _check_ids(book: Rulebook) -> None:
    seen: dict[str, LoadedRule] = {}
    for loaded in book.rules:
        first = seen.setdefault(loaded.rule.id, loaded)
        if first is not loaded:
            where = f"{first.document.name}:{place_of(first.node, ['id'])[0]}"
            loaded.document.report(
                "T204",
                f"two rules have the id `{loaded.rule.id}` (the first: {where})",
                loaded.at("id"),
                "ids are unique",
            )


def plan_rule(loaded: LoadedRule, lists: dict[str, tuple[str, ...]]) -> PlanRule:
    """Return the runnable form of a rule; finds that cannot be compiled are left out (the lint reports them)."""
    rule = loaded.rule
    intent, _, kind = (rule.intent or "").partition(".")
    patterns: list[PatternFind] = []
    facts: list[FactFind] = []
    for name, find in rule.find.items():
        if find.fact is not None:
            hosts = lists.get(find.host_not_in, ()) if find.host_not_in else None
            facts.append(FactFind(name, find.fact, find.above, find.below, find.matches, hosts, find.longer_than))
            continue
        pattern = pattern_of(find, lists)
        if pattern is not None:
            negation = "unless" if find.unless_negated else "only" if find.only_negated else ""
            original = find.text == "original"
            patterns.append(PatternFind(name, pattern, original, negation, needs_of(find, lists)))  # type: ignore[arg-type]
    return PlanRule(
        id=rule.id,
        revision=rule.revision,
        title=rule.title,
        intent=intent or None,
        kind=kind,
        flag=rule.flag,
        strength=rule.strength,
        status=rule.status,
        languages=tuple(rule.languages),
        parts=body_parts(list(rule.scope.parts)),
        within=rule.scope.within,
        patterns=tuple(patterns),
        facts=tuple(facts),
        when=rule.when,
        excepts={name: tuple(others) for name, others in rule.except_.items()},
        explain=rule.explain,
        stop_if=(rule.stop_if.share_above, rule.stop_if.of_last) if rule.stop_if else None,
    )
