"""From rule files to a plan: read, check, compile. Everything that is wrong comes back in one error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.decide.profile_file import load_profile
from engine.decide.weights_file import load_weights
from engine.errors import RulesError
from engine.rulebook.checks import check
from engine.rulebook.lists import list_problems, negations, read_lists
from engine.rulebook.load import Rulebook, load, pack_files, plan_rule
from engine.rulebook.overlay import Overlay, check_overlay, load_overlay
from engine.rulebook.plan import Plan
from engine.rulebook.problem import Problem
from engine.rulebook.source import Source

_SHOWN = 20  # problems in the text of an error; `tamis rules lint` shows all


def build(where: Source, digest: str) -> Plan:
    """Return the plan of a source. Raises RulesError with every problem that forbids it."""
    book, overlay, problems = read_all(where)
    policies, intents, more = _decisions(where, overlay)
    errors = [problem for problem in [*problems, *more] if problem.severity == "error"]
    if errors:
        raise RulesError(_text(where.folder, errors), tuple(errors))
    rules = tuple(
        replace(
            plan_rule(loaded, book.lists),
            status=overlay.statuses.get(loaded.rule.id, loaded.rule.status),
            disabled_until=overlay.disabled.get(loaded.rule.id, ""),
        )
        for loaded in book.rules
    )
    return Plan(digest, rules, negations(book.lists), overlay.exceptions, policies, intents)


def read_all(where: Source, name_of: Callable[[Path], str] = str) -> tuple[Rulebook, Overlay, list[Problem]]:
    """Read and check the rules, lists and overlay of a source; return them with all problems, in order."""
    lists: dict[str, tuple[str, ...]] = {}
    files: list[Path] = []
    problems: list[Problem] = []
    for folder in where.folders:
        for name, entries in read_lists(folder).items():
            lists[name] = (*lists.get(name, ()), *entries)
        problems += list_problems(folder, name_of)
        files += pack_files(folder)
    book = load(files, lists, name_of)
    check(book)
    overlay = load_overlay(where.folder, name_of) if where.base else Overlay()
    check_overlay(overlay, {loaded.rule.id for loaded in book.rules})
    problems += book.problems + overlay.problems
    return book, overlay, sorted(problems, key=lambda problem: problem.place)


def _decisions(where: Source, overlay: Overlay) -> tuple[dict[str, Any], dict[str, Any], list[Problem]]:
    """The profiles and the numbers of the intents, as plans."""
    home = where.base or where.folder
    policies: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in sorted((home / "policy").glob("*.yaml")):
        profile, found = load_profile(path, home / "policy")
        problems += found
        if profile is not None:
            policies[profile.name] = profile.to_plan()
    weights, found = load_weights(home / "intents.yaml")
    problems += found
    intents = weights.to_plan() if weights is not None else {}
    for intent, changed in overlay.thresholds.items():
        intents[intent] = {**intents.get(intent, {}), **changed}
    return policies, intents, problems


def _text(folder: Path, errors: list[Problem]) -> str:
    shown = "\n".join(problem.render() for problem in errors[:_SHOWN])
    left = f"\n... and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return f"the rules of {folder} cannot be used, {len(errors)} error(s):\n{shown}{left}"
