"""Lint: everything that can be said about rules, in one run.

On top of what loading checks (see `yamlpos`, `validate`, `checks`): T218 failed test, T219 a to-do that is done, T220 a
language without hit and miss, T221 a find or branch no test satisfies, T222 revision not raised, T223 a text missing in a
language.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.rulebook.build import read_all
from engine.rulebook.checks import check
from engine.rulebook.lists import negations, read_lists
from engine.rulebook.load import LoadedRule, Rulebook, load
from engine.rulebook.problem import Problem
from engine.rulebook.revisions import unraised
from engine.rulebook.source import Source
from engine.rulebook.texts import text_problems
from engine.rulebook.trials import Trial, run
from engine.rulebook.validate import key_place


def lint(where: Source, name_of: Callable[[Path], str] = str) -> tuple[Rulebook, list[Problem], list[str]]:
    """Return the rules of a source, every problem in order, and notes on what could not be checked."""
    from engine.decide.profile_file import load_profile
    from engine.decide.weights_file import load_weights

    book, _, problems = read_all(where, name_of)
    more, notes = lint_rules(book, where.folder)
    problems = [*problems, *more]
    for folder in where.folders:
        for path in sorted(folder.glob("policy/**/*.yaml")):
            problems += load_profile(path, (where.base or where.folder) / "policy")[1]
        if (folder / "intents.yaml").is_file():
            problems += load_weights(folder / "intents.yaml")[1]
        problems += text_problems(folder, name_of)
    return book, _ordered(problems), notes


def lint_files(
    files: list[Path], shipped: Path, name_of: Callable[[Path], str] = str
) -> tuple[Rulebook, list[Problem], list[str]]:
    """Lint single rule files with the shipped word lists."""
    book = load(files, read_lists(shipped), name_of)
    check(book)
    more, notes = lint_rules(book, files[0].parent)
    return book, _ordered([*book.problems, *more]), notes


def _ordered(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.place)


def lint_rules(book: Rulebook, folder: Path) -> tuple[list[Problem], list[str]]:
    """Run the rules' tests and compare revisions; return the problems and notes."""
    sound = [loaded for loaded in book.rules if not _has_errors(loaded, book)]
    before = {id(document): len(document.problems) for document in book.documents}
    for trial in run(sound, book.lists, negations(book.lists)):
        report_trial(trial)
    note = unraised(book.rules, folder)
    problems = [p for document in book.documents for p in document.problems[before[id(document)] :]]
    return problems, [note] if note else []


def _has_errors(loaded: LoadedRule, book: Rulebook) -> bool:
    """Whether an error stands in the lines of a rule: its tests would only repeat it."""
    starts = sorted(other.node.line for other in book.rules if other.document is loaded.document)
    following = next((line for line in starts if line > loaded.node.line), 10**9)
    return any(p.severity == "error" and loaded.node.line <= p.line < following for p in loaded.document.problems)


def report_trial(trial: Trial) -> None:
    """Report what the tests of a rule showed, at their places."""
    loaded, report = trial.loaded, trial.loaded.document.report
    for failure in trial.failures:
        report("T218", failure.message, loaded.at("tests", failure.test))
    for index in trial.todo_done:
        report("T219", "this to-do is done: the test passes", loaded.at("tests", index), "turn it into `hit` or `miss`")
    for language in loaded.rule.languages:
        for kind, seen in (("hit", trial.hit_languages), ("miss", trial.miss_languages)):
            if not (seen if language == "any" else language in seen):
                hint = f"add a `{kind}`, with `lang: {language}` where its text is too short to tell"
                report("T220", f"no `{kind}` test in {language}", loaded.at("languages"), hint)
    for name in trial.unsatisfied_finds:
        report("T221", f"no test satisfies find `{name}`", key_place(loaded.node, ("find", name)), "", "warning")
    for path in trial.unsatisfied_branches:
        report("T221", f"no test satisfies the branch `{path}` of `when`", loaded.at("when"), "", "warning")
