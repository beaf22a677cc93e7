"""The commands about the store: `tamis store|seller|buyer|alias|optout|order|responses|sent|archive|log|replay`.

`register(group)` adds them to the command line. Each is a short function: arguments in, a call, printing out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.context.store import Store

_STORE = click.option(
    "--store", "url", envvar="TAMIS_STORE", required=True, metavar="URL",
    help="A file, sqlite:///FILE or postgresql://USER@HOST/DATABASE; else $TAMIS_STORE.",
)  # fmt: skip
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_KINDS = ("sellers", "buyers", "orders", "optouts", "aliases", "messages")


def register(group: click.Group) -> None:
    """Add all commands of the store to `group`."""
    for command in (store, seller, buyer, alias, optout, order, responses, sent, archive, log, replay):
        group.add_command(command)


def _open(url: str) -> Store:
    from engine.context.store import Store

    return Store.open(url)


def _now() -> datetime:
    return datetime.now(UTC)


def _show(rows: list[dict[str, Any]], as_json: bool) -> int:
    """Print rows as JSON lines or as a table of their keys; say so when there is none."""
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


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


# -- store -------------------------------------------------------------------------------------------------------------


@click.group()
def store() -> None:
    """Make, fill and look after the store: who writes to whom, and what they have agreed to."""


@store.command(
    epilog="Example: tamis store init --store tamis.db alias_domains=mail.shop.example time_zone=Europe/Paris"
)
@_STORE
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE...]")
def init(url: str, settings: tuple[str, ...]) -> int:
    """Make a store, or bring one of an earlier version forward."""
    from engine.context.store import Store

    made = Store.make(url, _settings(settings))
    return _show(_settings_of(made), False)


@store.command("set", epilog="Example: tamis store set --store tamis.db platform_names='Marché,Marché Pro'")
@_STORE
@click.argument("settings", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_(url: str, settings: tuple[str, ...]) -> int:
    """Change settings; they hold for every process that opens the store after this."""
    opened = _open(url)
    opened.change_settings(_settings(settings))
    return _show(_settings_of(opened), False)


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
@_STORE
@_JSON
def show(url: str, as_json: bool) -> int:
    """Show the settings, and how much the store holds."""
    import sqlalchemy as sa

    from engine.context.schema import metadata

    opened = _open(url)
    with opened.read() as connection:
        counted = [
            {
                "setting": f"rows of {table.name}",
                "value": connection.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
            }
            for table in metadata.sorted_tables
            if table.name not in ("setting", "archive_head")
        ]
    return _show([*_settings_of(opened), *counted], as_json)


@store.command("import", epilog="Example: tamis store import --store tamis.db buyers buyers.csv")
@_STORE
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--complete", is_flag=True, help="Orders: the file holds all of them up to now.")
def import_(url: str, kind: str, file: Path, complete: bool) -> int:
    """Import a .jsonl file or a table: all of it, or nothing and every error by its line."""
    from engine.context.imports import import_file

    opened = _open(url)
    with _progress(file) as report:
        done = import_file(opened, kind, file, now=_now(), complete=complete, report=report)
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
@_STORE
def doctor(url: str) -> int:
    """Look for what is missing or wrong, and say how to mend it. Exit status 1 when something is."""
    from engine.context.doctor import examine

    found = examine(_open(url), _now())
    for finding in found:
        click.echo(finding)
    click.echo("all is well" if not found else f"{len(found)} findings")
    return 1 if found else 0


# -- sellers -----------------------------------------------------------------------------------------------------------


@click.group()
def seller() -> None:
    """Sellers: their addresses and what they prefer."""


@seller.command("list", epilog="Example: tamis seller list --store tamis.db")
@_STORE
@_JSON
def list_(url: str, as_json: bool) -> int:
    """List the sellers."""
    from dataclasses import asdict

    from engine.context.sellers import sellers

    with _open(url).read() as connection:
        found = [asdict(each) for each in sellers(connection)]
    return _show([{name: row[name] for name in row if name != "id"} for row in found], as_json)


@seller.command("show", epilog="Example: tamis seller show --store tamis.db anna")
@_STORE
@click.argument("account")
@_JSON
def show_seller(url: str, account: str, as_json: bool) -> int:
    """Show a seller's addresses, and how many messages today allows."""
    from engine.context.quota import average_orders, counted, daily_limit, day_of
    from engine.context.sellers import addresses, find_seller

    opened = _open(url)
    with opened.read() as connection:
        found, day = find_seller(connection, account), day_of(opened.settings, _now())
        average = average_orders(connection, opened.settings, found.id, day)
        sent_today, uncertain = counted(connection, found.id, day)
        rows: list[tuple[str, Any]] = [
            ("business name", found.business_name), ("service address", found.service_address),
            ("language", found.language), ("buyer_opt_out notices", found.buyer_opt_out_notices),
            ("orders a day", round(average, 2)), ("messages a day", daily_limit(average)),
            ("counted today", sent_today), ("uncertain today", uncertain),
            *((f"address, {state}", address) for address, state in addresses(connection, found.id)),
        ]  # fmt: skip
    return _show([{"what": what, "value": value} for what, value in rows], as_json)


@seller.command(epilog="Example: tamis seller address --store tamis.db anna sav@anna.example blocked")
@_STORE
@click.argument("account")
@click.argument("address")
@click.argument("state", type=click.Choice(["approved", "pending", "blocked"]), default="approved")
def address(url: str, account: str, address: str, state: str) -> int:
    """Say whether a seller may write to buyers from an address."""
    from engine.context.sellers import find_seller, set_address

    with _open(url).write() as connection:
        for warning in set_address(connection, find_seller(connection, account).id, address, state, now=_now()):
            click.echo(f"warning: {warning}", err=True)
    return 0


@seller.command(epilog="Example: tamis seller notices --store tamis.db anna off")
@_STORE
@click.argument("account")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--yes", is_flag=True, help="The seller has read the warning and wants them off.")
def notices(url: str, account: str, state: str, yes: bool) -> int:
    """Switch the notices about buyers who opted out on or off."""
    from engine.context.sellers import NOTICES_OFF_WARNING, find_seller, set_notices

    if state == "off" and not yes:
        click.echo(NOTICES_OFF_WARNING)
        click.confirm("Switch the notices off?", abort=True)
    with _open(url).write() as connection:
        set_notices(connection, find_seller(connection, account).id, state == "on", confirmed=True)
    return 0


@seller.command(epilog="Example: tamis seller average --store tamis.db anna 12.4")
@_STORE
@click.argument("account")
@click.argument("orders", metavar="NUMBER|counted")
def average(url: str, account: str, orders: str) -> int:
    """Set the average of orders a day by hand, or have it counted."""
    from engine.context.sellers import find_seller, set_daily_orders
    from engine.errors import UsageError

    try:
        value = None if orders == "counted" else float(orders)
    except ValueError:
        raise UsageError(f"the average is a number or `counted`, not {orders[:40]!r}") from None
    with _open(url).write() as connection:
        set_daily_orders(connection, find_seller(connection, account).id, value)
    return 0


# -- buyers, aliases, opt-outs, orders ---------------------------------------------------------------------------------


@click.group()
def buyer() -> None:
    """Buyers: what is known of them, and erasing it."""


@buyer.command("show", epilog="Example: tamis buyer show --store tamis.db clara")
@_STORE
@click.argument("account")
@_JSON
def show_buyer(url: str, account: str, as_json: bool) -> int:
    """Show a buyer and the aliases sellers know him by. His own address stays hidden."""
    from engine.context.aliases import aliases_of
    from engine.context.buyers import find_buyer
    from engine.context.log import masked

    with _open(url).read() as connection:
        found = find_buyer(connection, account)
        rows: list[tuple[str, Any]] = [
            ("address", masked(found.address or "")), ("locale", found.locale), ("store", found.store),
            ("opted out since", found.opted_out_since), ("erased at", found.erased_at),
            *((f"{each.kind}'s alias, {each.seller}", each.address)
              for each in aliases_of(connection, buyer_account=found.account)),
        ]  # fmt: skip
    return _show([{"what": what, "value": value} for what, value in rows], as_json)


@buyer.command(epilog="Example: tamis buyer erase --store tamis.db clara")
@_STORE
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--log", "folder", envvar="TAMIS_LOG", metavar="FOLDER", help="Erase the decisions in this log too; else $TAMIS_LOG.",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)  # fmt: skip
def erase(url: str, account: str, yes: bool, folder: Path | None) -> int:
    """Erase a buyer: address, name of the account, and the words of all messages. Aliases stay, and answer no more."""
    from engine.context.erasing import erase_buyer

    if not yes:
        click.confirm(f"Erase the buyer {account} for good?", abort=True)
    done = erase_buyer(_open(url), account, _now(), folder)
    click.echo(f"erased: {done} messages")
    return 0


@click.command(epilog="Example: tamis alias --store tamis.db t969vz2jn3bdsy7@mail.shop.example")
@_STORE
@click.argument("address")
@_JSON
def alias(url: str, address: str, as_json: bool) -> int:
    """Say whom an alias stands for, and list the orders of the two, newest first."""
    from engine.context.aliases import look_up
    from engine.context.orders import orders_of_alias
    from engine.errors import UsageError

    with _open(url).read() as connection:
        known = look_up(connection, address)
        if known is None:
            raise UsageError("this alias is not known")
        rows: list[tuple[str, Any]] = [
            ("alias of", known.kind), ("seller", known.seller), ("buyer", known.buyer), ("since", known.created_at),
            *((f"order, {each.state}", each.number) for each in orders_of_alias(connection, address)),
        ]  # fmt: skip
    return _show([{"what": what, "value": value} for what, value in rows], as_json)


@click.command(epilog="Example: tamis optout --store tamis.db clara yes")
@_STORE
@click.argument("account", metavar="BUYER")
@click.argument("state", required=False, type=click.Choice(["yes", "no"]))
@_JSON
def optout(url: str, account: str, state: str | None, as_json: bool) -> int:
    """Have a buyer refuse sellers' messages, or take that back; without a word, show how it stood over time."""
    from engine.context.buyers import find_buyer, opt_out_history, set_opt_out

    opened = _open(url)
    if state is not None:
        with opened.write() as connection:
            set_opt_out(connection, find_buyer(connection, account).id, state == "yes", _now())
        return 0
    with opened.read() as connection:
        history = opt_out_history(connection, find_buyer(connection, account).id)
    return _show([{"at": at, "opted out": out} for at, out in history], as_json)


@click.command(epilog="Example: tamis order --store tamis.db 302-1234567-1234567")
@_STORE
@click.argument("number")
@_JSON
def order(url: str, number: str, as_json: bool) -> int:
    """Show an order."""
    from engine.context.orders import find_order

    with _open(url).read() as connection:
        found = find_order(connection, number)
    rows: list[tuple[str, Any]] = [
        ("state", found.state), ("placed at", found.placed_at), ("closed at", found.closed_at),
        *(("line, customisable" if line.customisable else "line", line.category) for line in found.lines),
    ]  # fmt: skip
    return _show([{"what": what, "value": value} for what, value in rows], as_json)


# -- lists -------------------------------------------------------------------------------------------------------------


@click.command(epilog="Example: tamis responses --store tamis.db anna --time")
@_STORE
@click.argument("account", metavar="SELLER")
@click.option(
    "--state", type=click.Choice(["open", "answered", "not_needed", "reported"]), default="open", show_default=True
)
@click.option("--not-needed", type=int, metavar="MESSAGE", help="Mark a message: it needs no answer.")
@click.option("--undo", type=int, metavar="MESSAGE", help="Take that mark off.")
@click.option("--time", "time_", is_flag=True, help="The response time of the last 30 days instead.")
@_JSON
def responses(
    url: str, account: str, state: str, not_needed: int | None, undo: int | None, time_: bool, as_json: bool
) -> int:
    """List a seller's messages that need an answer, the longest waiting first."""
    from dataclasses import asdict
    from datetime import timedelta

    from engine.context import lists
    from engine.context.sellers import find_seller

    now = _now()
    with _open(url).write() as connection:
        seller_id = find_seller(connection, account).id
        if not_needed is not None:
            lists.no_response_needed(connection, seller_id, not_needed, now)
        if undo is not None:
            lists.needs_response_again(connection, seller_id, undo)
        if time_:
            found = lists.response_time(connection, seller_id, now - timedelta(days=30), now)
            hours = None if found.mean is None else round(found.mean / timedelta(hours=1), 2)
            row = {name: value for name, value in asdict(found).items() if name != "mean"}
            return _show([{**row, "mean hours": "undefined" if hours is None and not as_json else hours}], as_json)
        return _show([asdict(each) for each in lists.response_list(connection, seller_id, state=state)], as_json)


@click.command(epilog="Example: tamis sent --store tamis.db anna")
@_STORE
@click.argument("account", metavar="SELLER")
@_JSON
def sent(url: str, account: str, as_json: bool) -> int:
    """List a seller's messages that were delivered, the newest first."""
    from dataclasses import asdict

    from engine.context.lists import sent_list
    from engine.context.sellers import find_seller

    with _open(url).read() as connection:
        found = sent_list(connection, find_seller(connection, account).id)
    return _show([asdict(each) for each in found], as_json)


# -- archive -----------------------------------------------------------------------------------------------------------


@click.group()
def archive() -> None:
    """The archive of all messages: evidence, verification, retention."""


@archive.command(epilog="Example: tamis archive export --store tamis.db --order 302-1234567-1234567 claim.zip")
@_STORE
@click.option("--order", "number", help="The exchange of the order's seller and buyer.")
@click.option("--alias", "alias_", help="The exchange behind an alias.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(url: str, number: str | None, alias_: str | None, file: Path) -> int:
    """Write one file of evidence: mailbox, JSON and digests, with stopped messages apart."""
    from engine.context import evidence
    from engine.errors import UsageError

    if (number is None) == (alias_ is None):
        raise UsageError("name either --order or --alias")
    opened = _open(url)
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
@_STORE
def verify_archive(url: str) -> int:
    """Find every record and file that was removed or changed. Exit status 1 when there is one."""
    from engine.context.archive import verify

    faults = 0
    for fault in verify(_open(url)):
        faults += 1
        click.echo(f"record {fault.seq}: {fault.what}" if fault.seq else fault.what)
    click.echo("the archive is whole" if not faults else f"{faults} faults")
    return 1 if faults else 0


@archive.command(epilog="Example: tamis archive expire --store tamis.db --days 400")
@_STORE
@click.option("--days", type=click.IntRange(min=1), required=True, help="Keep the words of messages this long.")
def expire(url: str, days: int) -> int:
    """Remove the words of old messages, unless a claim holds them."""
    from datetime import timedelta

    from engine.context.archive import expire as run

    now = _now()
    click.echo(f"{run(_open(url), now - timedelta(days=days), now)} messages expired")
    return 0


@archive.command(epilog="Example: tamis archive hold --store tamis.db --order 302-1234567-1234567 'claim 17'")
@_STORE
@click.option("--order", "number", required=True, help="The order the claim is about.")
@click.argument("because")
def hold(url: str, number: str, because: str) -> int:
    """Keep everything of an order's seller and buyer while a claim is open."""
    from engine.context.archive import place_hold
    from engine.context.evidence import pair_of_order

    with _open(url).write() as connection:
        click.echo(f"hold {place_hold(connection, pair_of_order(connection, number), because, _now())}")
    return 0


@archive.command(epilog="Example: tamis archive release --store tamis.db 3")
@_STORE
@click.argument("number", type=int)
def release(url: str, number: int) -> int:
    """End a hold."""
    from engine.context.archive import release_hold

    with _open(url).write() as connection:
        release_hold(connection, number, _now())
    return 0


# -- log ---------------------------------------------------------------------------------------------------------------

_LOG = click.option(
    "--log", "folder", envvar="TAMIS_LOG", required=True, metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path), help="The folder of the log; else $TAMIS_LOG.",
)  # fmt: skip


@click.group()
def log() -> None:
    """The log of all decisions."""


@log.command("verify", epilog="Example: tamis log verify --store tamis.db --log /var/log/tamis")
@_STORE
@_LOG
def verify_log(url: str, folder: Path) -> int:
    """Find every line that was changed, removed or cut off. Exit status 1 when there is one."""
    from engine.context.logbook import verify

    faults = 0
    for fault in verify(_open(url), folder):
        faults += 1
        click.echo(f"{fault.where}{f', line {fault.seq}' if fault.seq else ''}: {fault.what}")
    click.echo("the log is whole" if not faults else f"{faults} faults")
    return 1 if faults else 0


@click.command(epilog="Example: tamis replay --store tamis.db --log /var/log/tamis 508972aeeac05529")
@_STORE
@_LOG
@click.argument("decision")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(url: str, folder: Path, decision: str, file: Path | None) -> int:
    """Judge a decision again with the rules, profile and context of then. Exit status 1 unless it comes out the same."""
    from engine.context.replay import replay as run

    found = run(_open(url), folder, decision, file.read_bytes() if file else None)
    click.echo(found.outcome)
    for name, (was, is_now) in found.differences.items():
        click.echo(f"{name}: was {json.dumps(was, ensure_ascii=False)}, is {json.dumps(is_now, ensure_ascii=False)}")
    return 0 if found.outcome == "same" else 1
