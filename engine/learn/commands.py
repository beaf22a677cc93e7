"""The commands `tamis model ...`: arguments in, a call, printing out. Exit statuses as in `cli`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click


@click.group()
def model() -> None:
    """Measure and describe the classifier, together with the rules it works with."""


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
    paths: tuple[Path, ...], fold: str | None, rules: str | None, errors: int, as_json: bool, page: Path | None,
    gate: Path | None, max_critical_stopped: float, margin: float,
) -> int:  # fmt: skip
    """Measure rules and model on labelled messages: the project's corpus, or files of your own (JSONL, Label Studio).

    Everything is judged in one context: nobody asked, the buyer opted out, an order is open. Worst errors show words of
    the messages.
    """
    from engine.errors import UsageError
    from engine.learn.gate import failures, read_evaluation

    if page is not None and not page.parent.is_dir():  # said before the long run, not after it
        raise UsageError(f"{page}: there is no folder {page.parent}")
    reference = read_evaluation(gate) if gate else None
    evaluation = _measured(paths, fold, rules, errors)
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


def _measured(paths: Sequence[Path], fold: str | None, rules: str | None, errors: int) -> dict[str, Any]:
    from engine.filter import Filter
    from engine.learn.evaluate import evaluate
    from engine.learn.records import corpus_dir, labelled_messages

    fold = fold or ("all" if paths else "test")
    chosen = list(paths) or [corpus_dir()]
    messages = labelled_messages(chosen, fold)
    source = ", ".join(path.name for path in chosen)
    return evaluate(Filter.load(rules=rules), messages, fold=fold, source=source, errors=errors, progress=_bar)


def _bar(items: Sequence[Any], name: str) -> Iterable[Any]:
    """Return the items, with a bar on standard error while they are worked through where a person may be watching."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, name, console=Console(stderr=True), transient=True)
