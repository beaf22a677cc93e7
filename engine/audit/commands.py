"""The commands `tamis audit ...`: arguments in, a call, printing out. Exit statuses as in `cli`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.audit.run import Progress

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def audit() -> None:
    """Judge archives of messages, compare two judgements of one archive, and report on them."""


# -- run ---------------------------------------------------------------------------------------------------------------


@audit.command(
    epilog="Example: tamis audit run archive.mbox --out results\n\n"
    "Example: tamis audit run mail/ --alias-domain buyers.example --own-address shop@seller.example --out results"
)
@click.argument("paths", nargs=-1, required=True, metavar="CORPUS...")
@click.option(
    "--out", required=True, type=_FOLDER, help="The folder for the results; an unfinished audit there goes on."
)
@click.option("--profile", default="strict", show_default=True, help="A profile by name, or a profile file.")
@click.option("--context", "context_file", type=click.Path(), help="JSON or YAML: what is known of all transactions.")
@click.option("--rules", type=click.Path(), help="A rules folder (yours from `tamis rules init`, or a whole one).")
@click.option("--model", "model_folder", type=click.Path(), help="A classifier's folder (default: the shipped one).")
@click.option("--no-model", is_flag=True, help="Judge with the rules only.")
@click.option(
    "--format", "format_", type=click.Choice(["jsonl", "csv", "mbox"]), help="What a file without a telling name is."
)
@click.option(
    "--alias-domain", "alias_domains", multiple=True, metavar="DOMAIN",
    help="A domain whose addresses are buyers' aliases; mail from there is a buyer's.",
)  # fmt: skip
@click.option(
    "--own-address", "own_addresses", multiple=True, metavar="ADDRESS",
    help="An address of the seller whose mailbox this is; mail to it is a buyer's.",
)  # fmt: skip
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day as of which rules and exceptions hold (default: today)."
)
@click.option("--no-text", is_flag=True, help="Keep no words of the messages in the results.")
@click.option("--workers", type=click.IntRange(1), help="Processes (default: one a core).")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def run(
    paths: tuple[str, ...], out: Path, profile: str, context_file: str | None, rules: str | None,
    model_folder: str | None, no_model: bool, format_: str | None, alias_domains: tuple[str, ...],
    own_addresses: tuple[str, ...], today: datetime | None, no_text: bool, workers: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Judge every message of archives: folders of .eml, mbox, Maildir, .jsonl, .csv.

    Each message gets a row in DIR/messages and each finding one in DIR/findings (Parquet); manifest.json says what they
    stand on. The same corpus, rules and options give the same files. Exit status 0, also when messages were stopped.
    """
    from engine.audit.run import Options
    from engine.audit.run import run as start
    from engine.filter import wanted_model

    options = Options(
        paths=paths,
        folder=out,
        format=format_,
        rules=rules,
        profile=profile,
        model=str(wanted_model(model_folder, no_model)),
        context_file=context_file,
        alias_domains=alias_domains,
        own_addresses=own_addresses,
        today=today.date() if today else None,
        with_text=not no_text,
        workers=workers or 0,
    )
    with _progress() as progress:
        manifest = start(options, progress, lambda text: click.echo(f"tamis: {text}", err=True))
    if as_json:
        click.echo(json.dumps(manifest, ensure_ascii=False))
    else:
        counts = manifest["counts"]["verdicts"]
        click.echo(
            f"{manifest['corpus']['messages']:,} messages: " + ", ".join(f"{n:,} {v}" for v, n in counts.items())
        )
    return 0


# -- diff --------------------------------------------------------------------------------------------------------------


@audit.command(epilog="Example: tamis audit diff before after --max-critical-stopped 0 > comment.md")
@click.argument("before", type=_FOLDER)
@click.argument("after", type=_FOLDER)
@click.option(
    "--max-new-bounces", type=click.IntRange(0), help="Exit 1 when more messages than this are newly stopped."
)
@click.option(
    "--max-critical-stopped", type=click.IntRange(0),
    help="Exit 1 when more messages than this that are critical (by label, else by what was found) are newly stopped.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of Markdown.")
def diff(
    before: Path, after: Path, max_new_bounces: int | None, max_critical_stopped: int | None, as_json: bool
) -> int:
    """Compare two audits of one corpus, as Markdown for a pull request: what is newly stopped or passed, and by what."""
    from engine.audit.diff import diff as compare
    from engine.audit.diffpage import markdown
    from engine.audit.results import Results

    found = compare(Results(before), Results(after))
    click.echo(json.dumps(found.to_json(), ensure_ascii=False) if as_json else markdown(found), nl=as_json)
    budgets = (
        ("newly stopped", found.stopped.total, max_new_bounces),
        ("critical and newly stopped", found.stopped.critical, max_critical_stopped),
    )
    broken = [(what, count, most) for what, count, most in budgets if most is not None and count > most]
    for what, count, most in broken:
        click.echo(f"tamis: {count:,} messages are {what}; at most {most:,} may be", err=True)
    return 1 if broken else 0


# -- report ------------------------------------------------------------------------------------------------------------


@audit.command(epilog="Example: tamis audit report results --out audit.html")
@click.argument("folder", type=_FOLDER, metavar="DIR")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The page to write (default: report.html)."
)
@click.option("--with-text", is_flag=True, help="Show words of messages and sellers' addresses; else both are masked.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown and write no page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and write no page.")
def report(folder: Path, out: Path | None, with_text: bool, as_markdown: bool, as_json: bool) -> int:
    """Make one page of an audit that needs nothing else: verdicts over time and by what, rules, sellers, messages."""
    from engine.audit.report import markdown, page
    from engine.audit.results import Results
    from engine.audit.summary import summary
    from engine.errors import UsageError

    if as_markdown + as_json + (out is not None) > 1:
        raise UsageError("--out, --markdown and --json exclude each other")
    found = summary(Results(folder), with_text=with_text)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    elif as_markdown:
        click.echo(markdown(found), nl=False)
    else:
        place = out or Path("report.html")
        place.write_text(page(found), "utf-8")
        click.echo(place)
    return 0


# -- progress ----------------------------------------------------------------------------------------------------------


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show a bar with rate and time left on standard error, where a person may be watching."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bar(bars)


class _Bar:
    """An audit's progress as a bar."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def step(self, name: str, total: int) -> None:
        """Begin a bar; a finished one stays."""
        self._task = self._bars.add_task(name, total=total or None, rate="")

    def at(self, read: int, messages: int, judged: int) -> None:
        """Move the bar."""
        seconds = self._bars.tasks[self._task].elapsed or 0.0
        rate = f"{messages:,} messages, {judged / seconds:,.0f}/s" if seconds else f"{messages:,} messages"
        self._bars.update(self._task, completed=read, rate=rate)
