"""The commands `tamis responses|sent`: what waits for an answer, and what was delivered."""

from __future__ import annotations

import click

from engine.context.commands.common import JSON, STORE, now, open_store, print_rows


@click.command(epilog="Example: tamis responses --store tamis.db anna --time")
@STORE
@click.argument("account", metavar="SELLER")
@click.option(
    "--state", type=click.Choice(["open", "answered", "not_needed", "reported"]), default="open", show_default=True
)
@click.option("--not-needed", type=int, metavar="MESSAGE", help="Mark a message: it needs no answer.")
@click.option("--undo", type=int, metavar="MESSAGE", help="Take that mark off.")
@click.option("--time", "time_", is_flag=True, help="The response time of the last 30 days instead.")
@JSON
def responses(
    url: str, account: str, state: str, not_needed: int | None, undo: int | None, time_: bool, as_json: bool
) -> int:
    """List a seller's messages that need an answer, the longest waiting first."""
    from dataclasses import asdict
    from datetime import timedelta

    from engine.context import lists
    from engine.context.sellers import find_seller

    at = now()
    with open_store(url).write() as connection:
        seller_id = find_seller(connection, account).id
        if not_needed is not None:
            lists.no_response_needed(connection, seller_id, not_needed, at)
        if undo is not None:
            lists.needs_response_again(connection, seller_id, undo)
        if time_:
            found = lists.response_time(connection, seller_id, at - timedelta(days=30), at)
            hours = None if found.mean is None else round(found.mean / timedelta(hours=1), 2)
            row = {name: value for name, value in asdict(found).items() if name != "mean"}
            return print_rows([{**row, "mean hours": "undefined" if hours is None and not as_json else hours}], as_json)
        return print_rows([asdict(each) for each in lists.response_list(connection, seller_id, state=state)], as_json)


@click.command(epilog="Example: tamis sent --store tamis.db anna")
@STORE
@click.argument("account", metavar="SELLER")
@JSON
def sent(url: str, account: str, as_json: bool) -> int:
    """List a seller's messages that were delivered, the newest first."""
    from dataclasses import asdict

    from engine.context.lists import sent_list
    from engine.context.sellers import find_seller

    with open_store(url).read() as connection:
        found = sent_list(connection, find_seller(connection, account).id)
    return print_rows([asdict(each) for each in found], as_json)
