"""The commands `tamis model train` and `tamis model calibrate`: arguments in, a call, printing out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.learn.split import Labelled

_OUT = click.Path(file_okay=False, path_type=Path)


@click.command(
    epilog="Example: tamis model train my-labelled.jsonl --out my-classifier && tamis check --model my-classifier inbox.mbox"
)
@click.argument("own", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE...]")
@click.option("--out", type=_OUT, required=True, help="The folder for the new classifier; an older one is replaced.")
@click.option(
    "--corpus", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A corpus with splits.json."
)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path),
    help="A saved configuration (default: that of the shipped classifier).",
)  # fmt: skip
@click.option("--version", help="What decisions will name it (default: that of the configuration).")
def train(own: tuple[Path, ...], out: Path, corpus: Path | None, config_file: Path | None, version: str | None) -> int:
    """Train a classifier from the corpus plus your own labelled messages (JSONL, or JSON of Label Studio).

    Needs `pip install 'tamis[train]'` and, for the whole corpus, an hour of two cores.
    """
    from dataclasses import replace

    from engine.data import classifier_dir
    from engine.learn.records import corpus_dir, labelled_messages
    from engine.learn.split import roles
    from engine.learn.train import Config
    from engine.learn.train import train as run

    config = Config.load(config_file or classifier_dir() / "training.json")
    config = replace(config, version=version) if version else config
    folder = corpus or corpus_dir()
    known = roles(folder)
    messages = labelled_messages([folder, *own])
    # Your own messages train; those that calibrate and test stay the same, so that classifiers can be compared.
    known |= {message.id: "train" for message in messages if message.id not in known}
    _refuse_bad_data(messages, known)
    parts = {role: [m for m in messages if known[m.id] == role] for role in ("train", "calibration")}
    with _Bar() as bar:
        made = run(config, parts["train"], parts["calibration"], out, progress=bar)
    click.echo(f"{out}: classifier {made.version}, trained on {len(parts['train'])} messages")
    return 0


@click.command(epilog="Example: tamis model calibrate --model my-classifier my-labelled.jsonl")
@click.argument("own", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE...]")
@click.option(
    "--model", "folder", type=_OUT, required=True, help="The classifier's folder; its calibration is replaced."
)
def calibrate(own: tuple[Path, ...], folder: Path) -> int:
    """Calibrate a classifier anew, on labelled messages it was not trained on.

    Without FILE these are the corpus's own messages for calibration.
    """
    from engine.learn.records import corpus_dir, labelled_messages
    from engine.learn.train import recalibrate

    messages = labelled_messages(list(own)) if own else labelled_messages([corpus_dir()], "calibration")
    sure = recalibrate(folder, messages)
    click.echo(f"{folder}: calibrated on {len(messages)} messages; the linear tier settles from log-odds {sure:g} on")
    return 0


def _refuse_bad_data(messages: Sequence[Labelled], known: dict[str, str]) -> None:
    from engine.errors import InputError
    from engine.learn.datacheck import check

    found = check(messages, known)
    for note in (finding for finding in found if finding.severity == "note"):
        click.echo(f"tamis: {note.render()}", err=True)
    errors = [finding.render() for finding in found if finding.severity == "error"]
    if errors:
        raise InputError("\n".join(["the labelled data cannot be trained on:", *errors[:50]]))


class _Bar:
    """Progress on standard error: a bar on a terminal, elsewhere a line for each stage."""

    def __enter__(self) -> _Bar:
        self._stage = ""
        self._bar = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of a stage are done."""
        stage = what.partition(",")[0]
        if self._bar is not None:
            if stage != self._stage:
                self._bar.remove_task(self._task)
                self._task = self._bar.add_task(what, total=total)
            self._bar.update(self._task, completed=done, description=what)
        elif stage != self._stage:
            click.echo(f"tamis: {stage}", err=True)
        self._stage = stage

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
