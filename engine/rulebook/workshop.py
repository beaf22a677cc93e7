"""What `tamis rules` does: lint, test, coverage, schema, show and init, on a folder, on files, or on the shipped rules."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.data import rules_dir
from engine.errors import RulesError, UsageError
from engine.rulebook.build import read_all
from engine.rulebook.checks import check
from engine.rulebook.lint import lint as lint_folder
from engine.rulebook.lint import lint_files, report_trial
from engine.rulebook.lists import negations, read_lists
from engine.rulebook.load import Rulebook, load, plan_rule
from engine.rulebook.overlay import START
from engine.rulebook.problem import Problem
from engine.rulebook.schema import Pack
from engine.rulebook.source import source
from engine.rulebook.trials import Trial, branches, run
from engine.rulebook.validate import key_place


@dataclass(frozen=True, slots=True)
class Result:
    """Problems of a run over `rules` rules with `tests` tests, and notes on what was not checked."""

    problems: list[Problem]
    rules: int
    tests: int
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """The number of errors."""
        return sum(problem.severity == "error" for problem in self.problems)

    def summary(self) -> str:
        """Return the closing lines."""
        counts = (
            f"{self.rules} rules, {self.tests} tests, {self.errors} errors, {len(self.problems) - self.errors} warnings"
        )
        return "\n".join([*(f"note: {note}" for note in self.notes), counts])


def short_name(path: Path) -> str:
    """Return `path` as a person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read_paths(paths: Sequence[str]) -> tuple[Rulebook, list[Problem]]:
    """Return the rules of a folder, of files, or (nothing given) of the shipped folder, with their problems."""
    folder, files = _targets(paths)
    if files:
        book = load(files, read_lists(rules_dir()), short_name)
        check(book)
        return book, book.problems
    book, _, problems = read_all(source(folder), short_name)
    return book, problems


def _targets(paths: Sequence[str]) -> tuple[Path | None, list[Path]]:
    """Split what was named into a rules folder or rule files; a folder without packs/ stands for the files in it."""
    if not paths:
        return None, []
    named = [Path(path) for path in paths]
    if (
        len(named) == 1
        and named[0].is_dir()
        and ((named[0] / "packs").is_dir() or (named[0] / "overlay.yaml").is_file())
    ):
        return named[0], []
    files = [file for path in named for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    if not files:
        raise RulesError(f"{', '.join(paths)}: no rule files (*.yaml) here; `tamis rules init DIR` makes a start")
    return None, files


def lint(paths: Sequence[str]) -> Result:
    """Find everything that is wrong."""
    folder, files = _targets(paths)
    if files:
        book, problems, notes = lint_files(files, rules_dir(), short_name)
    else:
        book, problems, notes = lint_folder(source(folder), short_name)
    return _result(book, problems, notes)


def _result(book: Rulebook, problems: list[Problem], notes: Sequence[str] = ()) -> Result:
    return Result(problems, len(book.rules), sum(len(loaded.rule.tests) for loaded in book.rules), tuple(notes))


def test(paths: Sequence[str]) -> Result:
    """Run the tests of the rules."""
    book, problems = read_paths(paths)
    before = {id(document): len(document.problems) for document in book.documents}
    for trial in _trials(book):
        report_trial(trial)
    found = [p for document in book.documents for p in document.problems[before[id(document)] :]]
    wanted = [p for p in found if p.code in ("T218", "T219")]
    errors = [problem for problem in problems if problem.severity == "error"]
    return _result(book, sorted([*errors, *wanted], key=lambda problem: problem.place))


def _trials(book: Rulebook) -> Iterator[Trial]:
    return run(book.rules, book.lists, negations(book.lists))


@dataclass(frozen=True, slots=True)
class Gap:
    """A find or branch that no test satisfies."""

    file: str
    line: int
    rule: str
    what: str
    why: str

    def render(self) -> str:
        """Return one line for a person."""
        return f"{self.file}:{self.line}: {self.rule}: {self.what}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """Return the gap as JSON values."""
        return asdict(self)


def coverage(paths: Sequence[str]) -> tuple[list[Gap], int]:
    """Return the gaps, and how many finds and branches there are."""
    book, _ = read_paths(paths)
    gaps: list[Gap] = []
    tried = 0
    for trial in _trials(book):
        tried += len(trial.loaded.rule.find) + sum(1 for _ in branches(trial.loaded.rule.when))
        gaps += _gaps(trial)
    return gaps, tried


def _gaps(trial: Trial) -> Iterator[Gap]:
    loaded = trial.loaded
    name = loaded.document.name
    for find in trial.unsatisfied_finds:
        line = key_place(loaded.node, ("find", find))[0]
        yield Gap(name, line, loaded.rule.id, f"find `{find}`", _why(trial, find))
    for path in trial.unsatisfied_branches:
        line = loaded.at("when")[0]
        yield Gap(name, line, loaded.rule.id, f"branch `{path}`", "no test makes it true")


def _why(trial: Trial, find: str) -> str:
    failed = [failure.test + 1 for failure in trial.failures]
    if failed:
        return f"test {', '.join(map(str, failed))} of the rule fails, so it may be meant there"
    negated = trial.loaded.rule.find[find].unless_negated
    return "it matches in no test text" + (", or only negated" if negated else "")


def json_schema() -> str:
    """Return the JSON Schema of rule files."""
    schema = Pack.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tamis rules", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def show(paths: Sequence[str], id: str | None) -> list[dict[str, Any]]:
    """Return the rules as they run, or the one called `id`. Raises RulesError when a rule is broken or not there."""
    book, problems = read_paths(paths)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise RulesError("\n".join(problem.render() for problem in errors), tuple(errors))
    rows = [_shown(loaded, book.lists) for loaded in book.rules if id in (None, loaded.rule.id)]
    if id is not None and not rows:
        from engine.rulebook.validate import did_you_mean

        hint = did_you_mean(id, [loaded.rule.id for loaded in book.rules])
        raise UsageError(f"there is no rule `{id}`; {hint}".rstrip("; "))
    return rows


def _shown(loaded: Any, lists: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    rule = loaded.rule
    plan = plan_rule(loaded, lists)
    return {
        "id": rule.id,
        "revision": rule.revision,
        "status": rule.status,
        "intent": rule.intent or f"flag: {rule.flag}",
        "strength": rule.strength,
        "languages": " ".join(rule.languages),
        "title": rule.title,
        "file": f"{loaded.document.name}:{loaded.node.line}",
        "explain": rule.explain,
        "patterns": {find.name: find.pattern for find in plan.patterns},
        "facts": {find.name: find.fact for find in plan.facts},
        "when": rule.when,
        "except": rule.except_,
        "tests": len(rule.tests),
    }


def make_overlay(folder: str) -> list[str]:
    """Write the start of an overlay and return the files made. Raises UsageError when the folder is not empty."""
    root = Path(folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{folder}: there is something here already; give the name of a new folder")
    made = []
    for name, content in START.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        made.append(str(path))
    return made
