"""The commands `tamis store`: make, fill and look after the store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.context.commands.common import JSON, STORE, now, open_store, print_rows

if TYPE_CHECKING:
    from engine.context.store import Store

_KINDS = ("sellers", "buyers", "orders", "optouts", "aliases", "messages")


@click.group()
def store() -> None:
    """Make, fill and look after the store: who writes to whom, and what they have agreed to."""


@store.command(
    epilog="Example: tamis store init --store tamis.db alias_domains=mail.shop.example time_zone=Europe/Paris"
)
@STORE
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE...]")
def init(url: str, settings: tuple[str, ...]) -> int:
    """Make a store, or bring one of an earlier version forward."""
    from engine.context.store import Store

    made = Store.make(url, _settings(settings))
    return print_rows(_settings_of(made), False)


@store.command("set", epilog="Example: tamis store set --store tamis.db platform_names='Marché,Marché Pro'")
@STORE
@click.argument("settings", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_(url: str, settings: tuple[str, ...]) -> int:
    """Change settings; they hold for every process that opens the store after this."""
    opened = open_store(url)
    opened.change_settings(_settings(settings))
    return print_rows(_settings_of(opened), False)


def _settings(words: tuple[str, ...]) -> dict[str, str]:
    from engine.errors import UsageError

    for word in words:
        if "=" not in word:
            raise UsageError(f"a setting is written NAME=VALUE, not {word[:40]!r}")
    return {name.strip(): value for name, _, value in (word.partition("=") for word in words)}


def _settings_of(opened: Store) -> list[dict[str, Any]]:
    from dataclasses import asdict

    shown = asdict(opened.settings).items()
    return [{"setting": k, "value": ", ".join(v) if isinstance(v, list | tuple) else v} for k, v in shown]


@store.command(epilog="Example: tamis store show --store tamis.db --json")
@STORE
@JSON
def show(url: str, as_json: bool) -> int:
    """Show the settings, and how much the store holds."""
    import sqlalchemy as sa

    from engine.context.schema import metadata

    opened = open_store(url)
    with opened.read() as connection:
        counted = [
            {
                "setting": f"rows of {table.name}",
                "value": connection.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
            }
            for table in metadata.sorted_tables
            if table.name not in ("setting", "archive_head")
        ]
    return print_rows([*_settings_of(opened), *counted], as_json)


@store.command("import", epilog="Example: tamis store import --store tamis.db buyers buyers.csv")
@STORE
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--complete", is_flag=True, help="Orders: the file holds all of them up to now.")
def import_(url: str, kind: str, file: Path, complete: bool) -> int:
    """Import a .jsonl file or a table: all of it, or nothing and every error by its line."""
    from engine.context.imports import import_file

    opened = open_store(url)
    with _progress(file) as report:
        done = import_file(opened, kind, file, now=now(), complete=complete, report=report)
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{done.rows} {kind} imported")
    return 0


class _progress:
    """A progress bar over the bytes of a file, where somebody looks."""

    def __init__(self, file: Path) -> None:
        self._size = file.stat().st_size
        self._bar: Any = None

    def __enter__(self) -> Callable[[int], None]:
        if not sys.stderr.isatty():
            return lambda read: None
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._bar.start()
        task = self._bar.add_task("importing", total=self._size)
        return lambda read: self._bar.update(task, completed=read)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


@store.command(epilog="Example: tamis store doctor --store tamis.db")
@STORE
def doctor(url: str) -> int:
    """Look for what is missing or wrong, and say how to mend it. Exit status 1 when something is."""
    from engine.context.doctor import examine

    found = examine(open_store(url), now())
    for finding in found:
        click.echo(finding)
    click.echo("all is well" if not found else f"{len(found)} findings")
    return 1 if found else 0
