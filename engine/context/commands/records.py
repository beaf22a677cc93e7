"""The commands `tamis archive|log|replay`: what is kept of messages and decisions."""

from __future__ import annotations

import json
from pathlib import Path

import click

from engine.context.commands.common import STORE, now, open_store


@click.group()
def archive() -> None:
    """The archive of all messages: evidence, verification, retention."""


@archive.command(epilog="Example: tamis archive export --store tamis.db --order 302-1234567-1234567 claim.zip")
@STORE
@click.option("--order", "number", help="The exchange of the order's seller and buyer.")
@click.option("--alias", "alias_", help="The exchange behind an alias.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(url: str, number: str | None, alias_: str | None, file: Path) -> int:
    """Write one file of evidence: mailbox, JSON and digests, with stopped messages apart."""
    from engine.context import evidence
    from engine.errors import UsageError

    if (number is None) == (alias_ is None):
        raise UsageError("name either --order or --alias")
    opened = open_store(url)
    with opened.read() as connection:
        if number is not None:
            pair_id = evidence.pair_of_order(connection, number)
        else:
            pair_id = evidence.pair_of_alias(connection, alias_ or "")
    found = evidence.export(opened, pair_id)
    file.write_bytes(found.data)
    click.echo(f"{file}: {found.exchanged} exchanged, {found.stopped} stopped")
    return 0


@archive.command("verify", epilog="Example: tamis archive verify --store tamis.db")
@STORE
def verify_archive(url: str) -> int:
    """Find every record and file that was removed or changed. Exit status 1 when there is one."""
    from engine.context.archive import verify

    faults = 0
    for fault in verify(open_store(url)):
        faults += 1
        click.echo(f"record {fault.seq}: {fault.what}" if fault.seq else fault.what)
    click.echo("the archive is whole" if not faults else f"{faults} faults")
    return 1 if faults else 0


@archive.command(epilog="Example: tamis archive expire --store tamis.db --days 400")
@STORE
@click.option("--days", type=click.IntRange(min=1), required=True, help="Keep the words of messages this long.")
def expire(url: str, days: int) -> int:
    """Remove the words of old messages, unless a claim holds them."""
    from datetime import timedelta

    from engine.context.archive import expire as run

    at = now()
    click.echo(f"{run(open_store(url), at - timedelta(days=days), at)} messages expired")
    return 0


@archive.command(epilog="Example: tamis archive hold --store tamis.db --order 302-1234567-1234567 'claim 17'")
@STORE
@click.option("--order", "number", required=True, help="The order the claim is about.")
@click.argument("because")
def hold(url: str, number: str, because: str) -> int:
    """Keep everything of an order's seller and buyer while a claim is open."""
    from engine.context.archive import place_hold
    from engine.context.evidence import pair_of_order

    with open_store(url).write() as connection:
        click.echo(f"hold {place_hold(connection, pair_of_order(connection, number), because, now())}")
    return 0


@archive.command(epilog="Example: tamis archive release --store tamis.db 3")
@STORE
@click.argument("number", type=int)
def release(url: str, number: int) -> int:
    """End a hold."""
    from engine.context.archive import release_hold

    with open_store(url).write() as connection:
        release_hold(connection, number, now())
    return 0


_LOG = click.option(
    "--log", "folder", envvar="TAMIS_LOG", required=True, metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path), help="The folder of the log; else $TAMIS_LOG.",
)  # fmt: skip


@click.group()
def log() -> None:
    """The log of all decisions."""


@log.command("verify", epilog="Example: tamis log verify --store tamis.db --log /var/log/tamis")
@STORE
@_LOG
def verify_log(url: str, folder: Path) -> int:
    """Find every line that was changed, removed or cut off. Exit status 1 when there is one."""
    from engine.context.logbook import verify

    faults = 0
    for fault in verify(open_store(url), folder):
        faults += 1
        click.echo(f"{fault.where}{f', line {fault.seq}' if fault.seq else ''}: {fault.what}")
    click.echo("the log is whole" if not faults else f"{faults} faults")
    return 1 if faults else 0


@click.command(epilog="Example: tamis replay --store tamis.db --log /var/log/tamis 508972aeeac05529")
@STORE
@_LOG
@click.argument("decision")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(url: str, folder: Path, decision: str, file: Path | None) -> int:
    """Judge a decision again with the rules, profile and context of then. Exit status 1 unless it comes out the same."""
    from engine.context.replay import replay as run

    found = run(open_store(url), folder, decision, file.read_bytes() if file else None)
    click.echo(found.outcome)
    for name, (was, is_now) in found.differences.items():
        click.echo(f"{name}: was {json.dumps(was, ensure_ascii=False)}, is {json.dumps(is_now, ensure_ascii=False)}")
    return 0 if found.outcome == "same" else 1
