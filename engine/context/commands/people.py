"""The commands `tamis seller|buyer|alias|optout|order`: who may write to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.context.commands.common import JSON, STORE, now, open_store, print_facts, print_rows


@click.group()
def seller() -> None:
    """Sellers: their addresses and what they prefer."""


@seller.command("list", epilog="Example: tamis seller list --store tamis.db")
@STORE
@JSON
def list_(url: str, as_json: bool) -> int:
    """List the sellers."""
    from dataclasses import asdict

    from engine.context.sellers import sellers

    with open_store(url).read() as connection:
        found = [asdict(each) for each in sellers(connection)]
    return print_rows([{name: row[name] for name in row if name != "id"} for row in found], as_json)


@seller.command("show", epilog="Example: tamis seller show --store tamis.db anna")
@STORE
@click.argument("account")
@JSON
def show_seller(url: str, account: str, as_json: bool) -> int:
    """Show a seller's addresses, and how many messages today allows."""
    from engine.context.quota import average_orders, counted, daily_limit, day_of
    from engine.context.sellers import addresses, find_seller

    opened = open_store(url)
    with opened.read() as connection:
        found, day = find_seller(connection, account), day_of(opened.settings, now())
        average = average_orders(connection, opened.settings, found.id, day)
        sent_today, uncertain = counted(connection, found.id, day)
        rows: list[tuple[str, Any]] = [
            ("business name", found.business_name), ("service address", found.service_address),
            ("language", found.language), ("buyer_opt_out notices", found.buyer_opt_out_notices),
            ("orders a day", round(average, 2)), ("messages a day", daily_limit(average)),
            ("counted today", sent_today), ("uncertain today", uncertain),
            *((f"address, {state}", address) for address, state in addresses(connection, found.id)),
        ]  # fmt: skip
    return print_facts(rows, as_json)


@seller.command(epilog="Example: tamis seller address --store tamis.db anna sav@anna.example blocked")
@STORE
@click.argument("account")
@click.argument("address")
@click.argument("state", type=click.Choice(["approved", "pending", "blocked"]), default="approved")
def address(url: str, account: str, address: str, state: str) -> int:
    """Say whether a seller may write to buyers from an address."""
    from engine.context.sellers import find_seller, set_address

    with open_store(url).write() as connection:
        for warning in set_address(connection, find_seller(connection, account).id, address, state, now=now()):
            click.echo(f"warning: {warning}", err=True)
    return 0


@seller.command(epilog="Example: tamis seller notices --store tamis.db anna off")
@STORE
@click.argument("account")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--yes", is_flag=True, help="The seller has read the warning and wants them off.")
def notices(url: str, account: str, state: str, yes: bool) -> int:
    """Switch the notices about buyers who opted out on or off."""
    from engine.context.sellers import NOTICES_OFF_WARNING, find_seller, set_notices

    if state == "off" and not yes:
        click.echo(NOTICES_OFF_WARNING)
        click.confirm("Switch the notices off?", abort=True)
    with open_store(url).write() as connection:
        set_notices(connection, find_seller(connection, account).id, state == "on", confirmed=True)
    return 0


@seller.command(epilog="Example: tamis seller average --store tamis.db anna 12.4")
@STORE
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
    with open_store(url).write() as connection:
        set_daily_orders(connection, find_seller(connection, account).id, value)
    return 0


@click.group()
def buyer() -> None:
    """Buyers: what is known of them, and erasing it."""


@buyer.command("show", epilog="Example: tamis buyer show --store tamis.db clara")
@STORE
@click.argument("account")
@JSON
def show_buyer(url: str, account: str, as_json: bool) -> int:
    """Show a buyer and the aliases sellers know him by. His own address stays hidden."""
    from engine.context.aliases import aliases_of
    from engine.context.buyers import find_buyer
    from engine.context.log import masked

    with open_store(url).read() as connection:
        found = find_buyer(connection, account)
        rows: list[tuple[str, Any]] = [
            ("address", masked(found.address or "")), ("locale", found.locale), ("store", found.store),
            ("opted out since", found.opted_out_since), ("erased at", found.erased_at),
            *((f"{each.kind}'s alias, {each.seller}", each.address)
              for each in aliases_of(connection, buyer_account=found.account)),
        ]  # fmt: skip
    return print_facts(rows, as_json)


@buyer.command(epilog="Example: tamis buyer erase --store tamis.db clara")
@STORE
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
    done = erase_buyer(open_store(url), account, now(), folder)
    click.echo(f"erased: {done} messages")
    return 0


@click.command(epilog="Example: tamis alias --store tamis.db t969vz2jn3bdsy7@mail.shop.example")
@STORE
@click.argument("address")
@JSON
def alias(url: str, address: str, as_json: bool) -> int:
    """Say whom an alias stands for, and list the orders of the two, newest first."""
    from engine.context.aliases import look_up
    from engine.context.orders import orders_of_alias
    from engine.errors import UsageError

    with open_store(url).read() as connection:
        known = look_up(connection, address)
        if known is None:
            raise UsageError("this alias is not known")
        rows: list[tuple[str, Any]] = [
            ("alias of", known.kind), ("seller", known.seller), ("buyer", known.buyer), ("since", known.created_at),
            *((f"order, {each.state}", each.number) for each in orders_of_alias(connection, address)),
        ]  # fmt: skip
    return print_facts(rows, as_json)


@click.command(epilog="Example: tamis optout --store tamis.db clara yes")
@STORE
@click.argument("account", metavar="BUYER")
@click.argument("state", required=False, type=click.Choice(["yes", "no"]))
@JSON
def optout(url: str, account: str, state: str | None, as_json: bool) -> int:
    """Have a buyer refuse sellers' messages, or take that back; without a word, show how it stood over time."""
    from engine.context.buyers import find_buyer, opt_out_history, set_opt_out

    opened = open_store(url)
    if state is not None:
        with opened.write() as connection:
            set_opt_out(connection, find_buyer(connection, account).id, state == "yes", now())
        return 0
    with opened.read() as connection:
        history = opt_out_history(connection, find_buyer(connection, account).id)
    return print_rows([{"at": at, "opted out": out} for at, out in history], as_json)


@click.command(epilog="Example: tamis order --store tamis.db 302-1234567-1234567")
@STORE
@click.argument("number")
@JSON
def order(url: str, number: str, as_json: bool) -> int:
    """Show an order."""
    from engine.context.orders import find_order

    with open_store(url).read() as connection:
        found = find_order(connection, number)
    rows: list[tuple[str, Any]] = [
        ("state", found.state), ("placed at", found.placed_at), ("closed at", found.closed_at),
        *(("line, customisable" if line.customisable else "line", line.category) for line in found.lines),
    ]  # fmt: skip
    return print_facts(rows, as_json)
