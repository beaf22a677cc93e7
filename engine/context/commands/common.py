"""What the commands of the store share: their options, opening it, the clock, and printing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.context.store import Store

STORE = click.option(
    "--store", "url", envvar="TAMIS_STORE", required=True, metavar="URL",
    help="A file, sqlite:///FILE or postgresql://USER@HOST/DATABASE; else $TAMIS_STORE.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def open_store(url: str) -> Store:
    """Open the store at `url`. Raises StoreError."""
    from engine.context.store import Store

    return Store.open(url)


def now() -> datetime:
    """Return the time that everything a command does is done at."""
    return datetime.now(UTC)


def print_rows(rows: list[dict[str, Any]], as_json: bool) -> int:
    """Print rows as JSON lines or as a table of their keys; say so when there is none. Returns the exit status."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=_plain))
    elif not rows:
        click.echo("nothing to show", err=True)
    else:
        from engine.screen import console, printable, table

        keys = tuple(rows[0])
        table(console(), keys, ([printable(_plain(row[key])) for key in keys] for row in rows))
    return 0


def print_facts(facts: Iterable[tuple[str, Any]], as_json: bool) -> int:
    """Print what is known of one thing, a row a fact."""
    return print_rows([{"what": what, "value": value} for what, value in facts], as_json)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
