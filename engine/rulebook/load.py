"""Loading rules: files to a `Rulebook`, with every problem found and placed, never a traceback.

A rules folder holds `packs/<pack>/*.yaml`, `lists/*.txt`, `policy/*.yaml`, `intents.yaml` and `texts/`. A folder with an
`overlay.yaml` is a user's changes on top of the shipped rules (see `overlay.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.rulebook.patterns import pattern_of
from engine.rulebook.plan import FactFind, PatternFind, PlanRule, body_parts
from engine.rulebook.problem import Problem
from engine.rulebook.schema import INTENT_LABELS, Find, Pack, Rule
from engine.rulebook.yamlpos import Document, Node, YamlList, YamlMap, plain, read


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that fits the schema, with the file it came from and its node there."""

    rule: Rule
    pack: str
    document: Document
    node: YamlMap
    patterns: dict[str, str] = field(default_factory=dict)

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
        document.report("T203", f"pack `{pack.pack}` lies in the folder `{path.parent.name}`", root.entries["pack"], hint)
    nodes = root.entries["rules"]
    assert isinstance(nodes, YamlList)
    for rule, node in zip(pack.rules, nodes.items, strict=True):
        assert isinstance(node, YamlMap)
        yield LoadedRule(rule, pack.pack, document, node)


def _validated(document: Document, root: Node) -> Pack | None:
    """The pack, without the rules that do not fit the schema (each reported)."""
    data = plain(root)
    try:
        return Pack.model_validate(data)
    except ValidationError as error:
        bad: set[int] = set()
        for entry in error.errors(include_url=False):
            loc = entry["loc"]
            _report(document, root, entry)
            if len(loc) >= 2 and loc[0] == "rules" and isinstance(loc[1], int):
                bad.add(loc[1])
            else:
                return None
    assert isinstance(root, YamlMap)
    rules = root.entries["rules"]
    assert isinstance(rules, YamlList)
    rules.items[:] = [node for index, node in enumerate(rules.items) if index not in bad]
    return Pack.model_validate(plain(root))


_ADVICE = {
    "missing": ("T201", "the key `{key}` is missing"),
    "extra_forbidden": ("T201", "unknown key `{key}`"),
}


def _report(document: Document, root: Node, error: Any) -> None:
    loc = tuple(part for part in error["loc"] if part not in ("str", "TestText", "[key]") and not str(part).startswith("dict["))
    key = str(loc[-1]) if loc else ""
    kind = error["type"]
    place: Any = place_of(root, loc)
    if kind == "missing":
        document.report("T201", f"the key `{key}` is missing", place)
    elif kind == "extra_forbidden":
        document.report("T201", f"unknown key `{key}`", key_place(root, loc), _did_you_mean(key, _keys_near(loc)))
    elif key == "intent" and kind == "literal_error":
        hint = _did_you_mean(str(error["input"]), INTENT_LABELS) or f"known: {', '.join(INTENT_LABELS)}"
        document.report("T202", f"unknown intent `{error['input']}`", place, hint)
    elif kind == "literal_error":
        known = str(error["ctx"]["expected"]).replace("'", "`")
        hint = _did_you_mean(str(error["input"]), known.replace("`", "").replace(" or ", ", ").split(", "))
        document.report("T201", f"`{key}` must be {known}, not `{error['input']}`", place, hint)
    else:
        message = str(error["msg"]).removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        document.report("T201", f"`{key}`: {message}" if key else message, place)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), 1)
    return f"did you mean `{close[0]}`?" if close else ""


def _keys_near(loc: tuple[Any, ...]) -> list[str]:
    """The keys allowed where `loc` ends."""
    from engine.rulebook.schema import Scope, StopIf, Test, TestText

    model: Any = Rule
    if "find" in loc:
        model = Find
    elif "tests" in loc:
        deeper = any(part in loc for part in ("hit", "miss", "todo-hit", "todo-miss"))
        model = TestText if deeper and loc[-2] != "tests" and not isinstance(loc[-2], int) else Test
    elif "scope" in loc[:-1]:
        model = Scope
    elif "stop_if" in loc[:-1]:
        model = StopIf
    elif len(loc) == 1:
        model = Pack
    return [info.alias or name for name, info in model.model_fields.items()]


def place_of(root: Node, loc: Iterable[Any]) -> Node | tuple[int, int]:
    """Return the deepest node of `root` on the way `loc`."""
    node = root
    for part in loc:
        if isinstance(node, YamlMap) and part in node.entries:
            node = node.entries[part]
        elif isinstance(node, YamlList) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
    return node


def key_place(root: Node, loc: tuple[Any, ...]) -> Node | tuple[int, int]:
    """Return where the key that ends `loc` is written."""
    parent = place_of(root, loc[:-1])
    if isinstance(parent, YamlMap) and loc[-1] in parent.keys:
        return parent.keys[loc[-1]]
    return parent


def _check_ids(book: Rulebook) -> None:
    seen: dict[str, LoadedRule] = {}
    for loaded in book.rules:
        first = seen.setdefault(loaded.rule.id, loaded)
        if first is not loaded:
            where = f"{first.document.name}:{place_of(first.node, ['id'])[0]}"
            loaded.document.report(
                "T204", f"two rules have the id `{loaded.rule.id}` (the first: {where})", loaded.at("id"), "ids are unique"
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
            patterns.append(PatternFind(name, pattern, find.text == "original", negation))  # type: ignore[arg-type]
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
