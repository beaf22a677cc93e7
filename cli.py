"""The command `tamis`: one verb, one short function. Arguments in, a call, printing out.

Exit status: 0 all allowed or not judged, 1 something was not allowed, 2 usage, 3 rules, 4 input unreadable, 5 internal;
when several apply the worst wins, in the order 5, 3, 2, 4, 1, 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from engine.audit.commands import audit
from engine.context.commands import register as register_store
from engine.learn.commands import model
from engine.learn.train_command import calibrate, train
from engine.relay.commands import doctor, serve

if TYPE_CHECKING:
    from engine.check import Checker

ALLOWED, STOPPED, USAGE, RULES, INPUT, INTERNAL = range(6)
_WORST = (INTERNAL, RULES, USAGE, INPUT, STOPPED, ALLOWED)
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def worst(*statuses: int) -> int:
    """Return the worst of several exit statuses."""
    return next((status for status in _WORST if status in statuses), ALLOWED)


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="tamis", prog_name="tamis")
def tamis() -> None:
    """Reads what marketplace sellers write to buyers and decides what may be delivered.

    Example: tamis check tests/mail
    """


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that judges messages."""
    for option in (
        click.option("--profile", default="strict", show_default=True, help="A profile by name, or a profile file."),
        click.option(
            "--context", "context_file", type=click.Path(), help="JSON or YAML: what is known of the transaction."
        ),
        click.option(
            "--rules", type=click.Path(), help="A rules folder (yours from `tamis rules init`, or a whole one)."
        ),
        click.option("--model", "folder", type=click.Path(), help="A classifier's folder (default: the shipped one)."),
        click.option("--no-model", is_flag=True, help="Judge with the rules only."),
        click.option(
            "--format", "format_", type=click.Choice(["jsonl", "csv", "mbox"]), help="What standard input is."
        ),
    ):
        command = option(command)
    return command


@tamis.command(epilog="Example: tamis check --json inbox.mbox | jq .verdict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_shared
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order given.")
@click.option("--quiet", is_flag=True, help="Print errors only; the exit status tells the rest.")
def check(
    paths: tuple[str, ...], profile: str, context_file: str | None, rules: str | None, folder: str | None,
    no_model: bool, format_: str | None, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Judge messages: .eml, mbox, Maildir, folders, .jsonl, .csv, or - for standard input."""
    checker = _checker(profile, context_file, rules, folder, no_model)
    return _print_checks(checker, paths, format_, "json" if as_json else "quiet" if quiet else "table")


def _checker(profile: str, context_file: str | None, rules: str | None, folder: str | None, no_model: bool) -> Checker:
    from engine.check import Checker
    from engine.filter import wanted_model

    model = wanted_model(folder, no_model)
    checker = Checker.load(rules=rules, profile=profile, context_file=context_file, model=model)
    if checker.model_problem:
        click.echo(f"tamis: {checker.model_problem}; judging with the rules only", err=True)
    return checker


def _print_checks(checker: Any, paths: tuple[str, ...], format_: str | None, how: str) -> int:
    import json

    table = None
    if how == "table":
        from engine.screen import DecisionTable, console

        table = DecisionTable(console())
    statuses = {ALLOWED}
    for outcome in checker.run(paths, format_, _stdin()):
        statuses.add(outcome.status)
        if how == "json":
            click.echo(json.dumps(outcome.to_json(), ensure_ascii=False))
        elif table is None:
            if outcome.error:
                from engine.screen import printable

                click.echo(f"tamis: {printable(outcome.error)}", err=True)
        elif outcome.decision is not None:
            table.add(outcome.id, outcome.decision)
        else:
            table.add_error(outcome.id, outcome.error)
    if table is not None:
        table.finish()
    return worst(*statuses)


@tamis.command(epilog="Example: tamis explain message.eml --lang fr")
@click.argument("file")
@_shared
@click.option(
    "--lang", type=click.Choice(["fr", "en", "de", "it", "es", "nl", "pl", "sv"]), default="en", show_default=True
)
@click.option("--long", is_flag=True, help="Every finding, what was ruled out and by what.")
def explain(
    file: str, profile: str, context_file: str | None, rules: str | None, folder: str | None, no_model: bool,
    format_: str | None, lang: str, long: bool,
) -> int:  # fmt: skip
    """Say why a message is allowed or stopped, in words for a person."""
    from engine.decide.explain import explain as in_words

    checker = _checker(profile, context_file, rules, folder, no_model)
    statuses = {ALLOWED}
    for number, outcome in enumerate(checker.run((file,), format_, _stdin())):
        statuses.add(outcome.status)
        if number:
            click.echo()
        click.echo(in_words(outcome.decision, lang, long) if outcome.decision else f"tamis: {outcome.error}")
    return worst(*statuses)


for group in (model, audit, serve, doctor):
    tamis.add_command(group)
register_store(tamis)
model.add_command(train)
model.add_command(calibrate)


@tamis.group()
def rules() -> None:
    """Write, check and try rules (default: the rules that ship with Tamis)."""


_PATHS = click.argument("paths", nargs=-1, type=click.Path(exists=True), metavar="[DIR or FILE...]")


@rules.command(epilog="Example: tamis rules init my-rules && tamis check --rules my-rules tests/mail")
@click.argument("folder", type=click.Path())
def init(folder: str) -> int:
    """Make a folder for rules of your own, on top of the shipped ones."""
    from engine.rulebook.workshop import make_overlay

    for path in make_overlay(folder):
        click.echo(path)
    return ALLOWED


@rules.command(epilog="Example: tamis rules lint my-rules")
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="One JSON object a problem.")
def lint(paths: tuple[str, ...], as_json: bool) -> int:
    """Find everything that is wrong, in one run. Exit status 3 on errors, 0 on warnings alone."""
    import json

    from engine.rulebook.workshop import lint as run_lint

    result = run_lint(paths)
    for problem in result.problems:
        click.echo(json.dumps(problem.to_json(), ensure_ascii=False) if as_json else problem.render())
    if not as_json:
        click.echo(result.summary())
    return RULES if result.errors else ALLOWED


@rules.command(epilog="Example: tamis rules test rules/packs/marketing/fr.yaml")
@_PATHS
def test(paths: tuple[str, ...]) -> int:
    """Run the tests that stand in the rules."""
    from engine.rulebook.workshop import test as run_tests

    result = run_tests(paths)
    for problem in result.problems:
        click.echo(problem.render())
    click.echo(result.summary())
    return RULES if result.errors else ALLOWED


@rules.command(epilog="Example: tamis rules coverage my-rules")
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def coverage(paths: tuple[str, ...], as_json: bool) -> int:
    """Say which finds and branches no test satisfies, and why."""
    import json

    from engine.rulebook.workshop import coverage as measure

    gaps, tried = measure(paths)
    for gap in gaps:
        click.echo(json.dumps(gap.to_json(), ensure_ascii=False) if as_json else gap.render())
    if not as_json:
        click.echo(f"{tried} finds and branches, {tried - len(gaps)} satisfied by a test, {len(gaps)} not")
    return ALLOWED


@rules.command(epilog="Example: tamis rules schema > rules/rule.schema.json")
def schema() -> int:
    """Print the JSON Schema of rule files, for editors."""
    from engine.rulebook.workshop import json_schema

    click.echo(json_schema(), nl=False)
    return ALLOWED


@rules.command(epilog="Example: tamis rules show --id review.ask-opinion.fr")
@_PATHS
@click.option("--id", "id_", help="Show this one rule with its patterns as they run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule.")
def show(paths: tuple[str, ...], id_: str | None, as_json: bool) -> int:
    """List the rules, or show one as it runs."""
    import json

    from engine.rulebook.workshop import show as rows_of

    rows = rows_of(paths, id_)
    if as_json or id_:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, indent=None if as_json else 2))
        return ALLOWED
    from engine.screen import console, table

    keys = ("id", "revision", "status", "intent", "strength", "languages", "title")
    table(console(), keys, ([row.get(key) or "" for key in keys] for row in rows))
    return ALLOWED


@rules.command(epilog="Example: tamis rules stats --corpus models/corpus --fold test")
@_PATHS
@click.option("--corpus", required=True, type=click.Path(exists=True, file_okay=False), help="Labelled .jsonl files.")
@click.option(
    "--fold", type=click.Choice(["test", "read", "all"]), default="all", show_default=True, help="Which part."
)
@click.option("--by-rule", is_flag=True, help="Also each rule's hits and precision.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def stats(paths: tuple[str, ...], corpus: str, fold: str, by_rule: bool, as_json: bool) -> int:
    """Precision and recall of the rules on labelled messages, with 95 % intervals."""
    import json

    from engine.rulebook.scores import measure, render

    scores = measure(paths, corpus, fold, progress=sys.stderr.isatty())
    click.echo(json.dumps(scores, ensure_ascii=False) if as_json else render(scores, by_rule))
    return ALLOWED


def _stdin() -> BinaryIO:
    return sys.stdin.buffer


def main() -> None:
    """Run the command; turn every error into a clear text and its exit status."""
    sys.exit(_status(tamis))


def _status(command: click.Command) -> int:
    from engine.errors import InputError, RulesError, TamisError, UsageError

    try:
        status = command.main(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status if isinstance(status, int) else ALLOWED
    except click.ClickException as error:
        error.show()
        return USAGE
    except click.exceptions.Abort:
        return 130
    except BrokenPipeError:
        # Whoever read the output has enough; Python must not try to flush again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ALLOWED
    except TamisError as error:
        click.echo(f"tamis: {error}", err=True)
        kinds = ((RulesError, RULES), (InputError, INPUT), (UsageError, USAGE))
        return next((status for kind, status in kinds if isinstance(error, kind)), INTERNAL)
    except OSError as error:
        if error.filename is not None:
            click.echo(f"tamis: {error.filename}: {error.strerror}", err=True)
        else:
            click.echo(
                f"tamis: the output could not be written: {error.strerror}; make room or name another place", err=True
            )
        sys.stdout = None  # nothing more can be written, at exit neither
        return INTERNAL
    except Exception as error:
        if os.environ.get("TAMIS_DEBUG"):
            raise
        click.echo(
            f"tamis: internal error: {type(error).__name__}: {error}\n"
            "This is a bug. Run again with TAMIS_DEBUG=1 for the details and report them.",
            err=True,
        )
        return INTERNAL


if __name__ == "__main__":
    main()
