"""The commands `tamis model ...`: arguments in, a call, printing out. Exit statuses as in `cli`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.filter import Filter
    from engine.learn.split import Labelled


@click.group()
def model() -> None:
    """Make, measure and describe the classifier, together with the rules it works with."""


# -- evaluate ----------------------------------------------------------------------------------------------------------


@model.command(
    epilog="Example: tamis model evaluate --html evaluation.html\n\n"
    "Example: tamis model evaluate my-labelled.jsonl --worst 50"
)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE or CORPUS...]")
@click.option(
    "--fold", type=click.Choice(["test", "calibration", "train", "all"]),
    help="Which part of a corpus with splits.json (default: test of the project's own corpus, all of anything else).",
)  # fmt: skip
@click.option("--rules", type=click.Path(), help="A rules folder (yours from `tamis rules init`, or a whole one).")
@click.option(
    "--model", "folder", type=click.Path(path_type=Path), help="A classifier's folder (default: the shipped one)."
)
@click.option("--no-model", is_flag=True, help="Measure the rules only.")
@click.option("--worst", "errors", type=click.IntRange(0), default=20, show_default=True, help="Worst errors shown.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object; a reference for --gate, and what the card is of."
)
@click.option("--html", "page", type=click.Path(path_type=Path), help="Also write a page with plots.")
@click.option(
    "--gate", type=click.Path(path_type=Path), help="An earlier evaluation's JSON; exit 1 when this one is worse."
)
@click.option(
    "--max-critical-stopped", type=click.FloatRange(0, 1), default=0.01, show_default=True, help="For --gate."
)
@click.option(
    "--margin", type=click.FloatRange(0, 1), default=0.01, show_default=True,
    help="For --gate: how far macro-F1 and the share of prohibited messages caught may fall.",
)  # fmt: skip
def evaluate(
    paths: tuple[Path, ...], fold: str | None, rules: str | None, folder: Path | None, no_model: bool, errors: int,
    as_json: bool, page: Path | None, gate: Path | None, max_critical_stopped: float, margin: float,
) -> int:  # fmt: skip
    """Measure rules and model on labelled messages: the project's corpus, or files of your own (JSONL, Label Studio).

    Everything is judged in one context: nobody asked, the buyer opted out, an order is open. Worst errors show words of
    the messages.
    """
    from engine.errors import UsageError
    from engine.learn.evaluate import evaluate as measure
    from engine.learn.gate import failures, read_evaluation, same_messages

    # What can be wrong is said before the long run, not after it.
    if page is not None and not page.parent.is_dir():
        raise UsageError(f"{page}: there is no folder {page.parent}")
    reference = read_evaluation(gate) if gate else None
    loaded = _filter(rules, folder, no_model)
    messages, data = _messages(paths, fold)
    if reference is not None:
        same_messages(data, reference)
    evaluation = measure(loaded, messages, data, errors=errors, progress=_bar)
    if page is not None:
        from engine.learn.report import page as html

        page.write_text(html(evaluation), "utf-8")
    if as_json:
        click.echo(json.dumps(evaluation, ensure_ascii=False, indent=1))
    else:
        from engine.learn.tables import show
        from engine.screen import console

        show(console(), evaluation)
    if reference is None:
        return 0
    reasons = failures(evaluation, reference, max_critical_stopped=max_critical_stopped, margin=margin)
    for reason in reasons:
        click.echo(f"tamis: {reason}", err=True)
    return 1 if reasons else 0


def _filter(rules: str | None, folder: Path | None, no_model: bool) -> Filter:
    from engine.filter import Filter, wanted_model

    loaded = Filter.load(rules=rules, model=wanted_model(folder, no_model))
    if loaded.model_problem:
        click.echo(f"tamis: {loaded.model_problem}; only the rules are measured", err=True)
    return loaded


def _messages(paths: Sequence[Path], fold: str | None) -> tuple[list[Labelled], dict[str, Any]]:
    from engine.learn.evaluate import data_of
    from engine.learn.records import corpus_dir, labelled_messages

    fold = fold or ("all" if paths else "test")
    chosen = list(paths) or [corpus_dir()]
    messages = labelled_messages(chosen, fold)
    return messages, data_of(messages, ", ".join(path.name for path in chosen), fold)


def _bar(items: Iterable[Any], name: str, total: int) -> Iterable[Any]:
    """Return the items, with a bar on standard error while they are worked through where a person may be watching."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, name, total=total, console=Console(stderr=True), transient=True)


# -- card --------------------------------------------------------------------------------------------------------------

_MODEL = click.option(
    "--model", "folder", type=click.Path(path_type=Path), help="A classifier's folder (default: the shipped one)."
)


@model.command(epilog="Example: tamis model card --check")
@_MODEL
@click.option(
    "--out", type=click.Path(path_type=Path), help="The folder for the card (default: that of the classifier's)."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the card is stale.")
def card(folder: Path | None, out: Path | None, check: bool) -> int:
    """Make the model card from the classifier's evaluation.json, meta.json and training.json."""
    from engine.data import classifier_dir
    from engine.learn.card import stale, write

    folder = folder or classifier_dir()
    place = out or folder.parent
    if not check:
        for path in write(folder, place):
            click.echo(path)
        return 0
    reasons = stale(folder, place)
    for reason in reasons:
        click.echo(f"tamis: {reason}", err=True)
    return 1 if reasons else 0


# -- info --------------------------------------------------------------------------------------------------------------


@model.command(epilog="Example: tamis model info --json | jq .version")
@_MODEL
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(folder: Path | None, as_json: bool) -> int:
    """Say which classifier is installed, what it was made of, and whether its files are whole."""
    from engine.data import classifier_dir
    from engine.learn.info import about

    found = about(folder or classifier_dir())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return 0
    from engine.screen import console, table

    rows = [(name, value) for name, value in found.items() if not isinstance(value, dict)]
    rows += [(f"{name}: {key}", value) for name in found for key, value in _items(found[name])]
    table(console(), ("", ""), rows)
    return 0


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()
