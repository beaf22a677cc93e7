"""Filling the store from files: JSON lines or a table; all of a file or nothing, with every error told by its line.

A file may be given again: what is there already is changed to what the file says, and nothing is doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from engine.context.addresses import canonical
from engine.context.aliases import look_up, pair_of, put_shared
from engine.context.buyers import find_buyer, set_opt_out
from engine.context.database import put
from engine.context.fields import moment, plain, yes_or_no
from engine.context.messages import message_in_at, page_mail
from engine.context.orders import Line, feed_is_fresh, put_order
from engine.context.rows import Fields, Row, rows_of
from engine.context.schema import buyer
from engine.context.sellers import find_seller, forget_average, put_seller, set_address, set_daily_orders
from engine.context.store import Store
from engine.errors import InputError, UsageError

_BATCH = 1000


@dataclass(slots=True)
class Imported:
    """What was imported: rows, and warnings (where and what)."""

    rows: int = 0
    warnings: list[str] = field(default_factory=list)


class ImportFailed(InputError):
    """A file that cannot be imported; nothing of it was. `problems` holds one text for each wrong line."""

    def __init__(self, problems: list[str]) -> None:
        wrong = "1 line is" if len(problems) == 1 else f"{len(problems)} lines are"
        super().__init__("\n".join((*problems, f"{wrong} wrong; nothing was imported")))
        self.problems = problems


def import_file(
    store: Store,
    kind: str,
    path: Path,
    *,
    now: datetime,
    complete: bool = False,
    report: Callable[[int], None] = lambda read: None,
) -> Imported:
    """Import a file of one kind (`KINDS`) and return what was.

    `complete`: the file holds all orders up to `now`. `report` is called with the bytes read so far. Raises
    ImportFailed, InputError for a file that cannot be read, UsageError for an unknown kind.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind} cannot be imported; these can: {', '.join(KINDS)}")
    if complete and kind != "orders":
        raise UsageError("only a file of orders can be complete")
    what, done, problems = KINDS[kind], Imported(), list[str]()
    with store.write() as connection:
        rows = rows_of(path, what.needed, what.optional, report)
        while batch := list(islice(rows, _BATCH)):
            _put_batch(connection, store, what, batch, now, done, problems)
        if problems:
            raise ImportFailed(problems)
        if kind == "orders":
            forget_average(connection)
        if complete:
            feed_is_fresh(connection, now)
    return done


def _put_batch(
    connection: Connection,
    store: Store,
    what: Kind,
    batch: list[Row],
    now: datetime,
    done: Imported,
    problems: list[str],
) -> None:
    ready = []
    for row in batch:
        try:
            if row.error:
                raise UsageError(row.error)
            ready.append(what.check(row.fields))
            if what.put_one is not None:
                warnings = what.put_one(connection, store, ready[-1], now)
                done.warnings += [f"{row.where}: {text}" for text in warnings]
        except UsageError as error:
            problems.append(f"{row.where}: {error}")
    if what.put_many is not None and ready:
        what.put_many(connection, ready, now)
    done.rows += len(ready)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file may hold: its columns, how a row is read, and how one row or a thousand are put into the store."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    check: Callable[[Fields], Fields] = dict
    put_one: Callable[[Connection, Store, Fields, datetime], tuple[str, ...]] | None = None
    put_many: Callable[[Connection, list[Fields], datetime], None] | None = None


# -- sellers -----------------------------------------------------------------------------------------------------------


def _put_seller(connection: Connection, store: Store, row: Fields, now: datetime) -> tuple[str, ...]:
    seller_id = put_seller(
        connection,
        store.settings,
        account=row["account"],
        business_name=row["business_name"],
        language=row.get("language") or "en",
        service_address=row.get("service_address"),
        now=now,
    )
    if row.get("daily_orders"):
        set_daily_orders(connection, seller_id, _number(row["daily_orders"]))
    warnings: tuple[str, ...] = ()
    for entry in _listed(row.get("addresses")):
        address, _, state = entry.rpartition(":") if ":" in entry else (entry, "", "approved")
        warnings += set_address(connection, seller_id, address, state, now=now)
    return warnings


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"daily_orders is a number, not {text[:40]!r}") from None


def _listed(value: Any) -> list[str]:
    """Return the entries of a list: of JSON, or of a table's cell with blanks or semicolons between them."""
    entries = value if isinstance(value, list) else str(value or "").replace(";", " ").split()
    return [str(entry).strip() for entry in entries]


# -- buyers ------------------------------------------------------------------------------------------------------------


def _check_buyer(row: Fields) -> Fields:
    return {
        "account": plain(row["account"], "account"),
        "address": canonical(row["address"]),
        "locale": plain(row.get("locale") or "", "locale", empty=True),
        "store": plain(row.get("store") or "", "store", empty=True),
    }


def _put_buyers(connection: Connection, rows: list[Fields], now: datetime) -> None:
    by_account = {row["account"]: row for row in rows}  # the last line of an account counts
    made = [{**row, "created_at": now} for row in by_account.values()]
    put(connection, buyer, made, key="account", change=("address", "locale", "store"))


def _put_opt_out(connection: Connection, store: Store, row: Fields, now: datetime) -> tuple[str, ...]:
    at = moment(row["at"], "at") if row.get("at") else now
    opted_out = yes_or_no(row["opted_out"], "opted_out")
    who = row["buyer"].strip()
    if "@" in who:
        known = look_up(connection, who)
        if known is None or known.buyer is None:
            raise UsageError("buyer is an alias that is not known, or that stands for no one buyer")
        who = known.buyer
    set_opt_out(connection, find_buyer(connection, who).id, opted_out, at)
    return ()


def _put_shared(connection: Connection, store: Store, row: Fields, now: datetime) -> tuple[str, ...]:
    put_shared(connection, row["address"], now)
    return ()


# -- orders ------------------------------------------------------------------------------------------------------------


def _put_order(connection: Connection, store: Store, row: Fields, now: datetime) -> tuple[str, ...]:
    put_order(
        connection,
        store.settings,
        number=row["number"],
        seller_id=find_seller(connection, row["seller"]).id,
        buyer_id=find_buyer(connection, row["buyer"]).id,
        state=row["state"].strip(),
        placed_at=moment(row["placed_at"], "placed_at"),
        closed_at=moment(row["closed_at"], "closed_at") if row.get("closed_at") else None,
        lines=_lines(row.get("lines")),
        now=now,
    )
    return ()


def _lines(value: Any) -> list[Line]:
    """Return the lines of an order: objects of JSON, or `category` and `category:customisable` in a table's cell."""
    if isinstance(value, list):
        if not all(isinstance(line, dict) and isinstance(line.get("category"), str) for line in value):
            raise UsageError('lines is a list of objects such as {"category": "lamps", "customisable": false}')
        return [Line(line["category"], line.get("customisable") is True) for line in value]
    found = []
    for entry in str(value or "").split(";"):
        category, colon, word = entry.strip().rpartition(":")
        if colon and word.strip() != "customisable":
            raise UsageError("after the colon of a line only `customisable` may stand")
        if entry.strip():
            found.append(Line(category if colon else entry.strip(), bool(colon)))
    return found


# -- messages ----------------------------------------------------------------------------------------------------------


def _put_message(connection: Connection, store: Store, row: Fields, now: datetime) -> tuple[str, ...]:
    at = moment(row["at"], "at")
    seller, buyer_found = find_seller(connection, row["seller"]), find_buyer(connection, row["buyer"])
    pair = pair_of(connection, store.settings, seller.id, buyer_found.id, now)
    raw = page_mail(row["body"], subject=row.get("subject") or "", at=at, message_id=row.get("message_id") or "")
    message_in_at(
        connection, store, raw, pair_id=pair.id, at=at, channel="page", token=row.get("token") or "",
        order_number=row.get("order") or None,
    )  # fmt: skip
    return ()


KINDS = {
    "sellers": Kind(
        ("account", "business_name"),
        ("language", "service_address", "addresses", "daily_orders"),
        put_one=_put_seller,
    ),
    "buyers": Kind(("account", "address"), ("locale", "store"), check=_check_buyer, put_many=_put_buyers),
    "orders": Kind(("number", "seller", "buyer", "state", "placed_at"), ("closed_at", "lines"), put_one=_put_order),
    "optouts": Kind(("buyer", "opted_out"), ("at",), put_one=_put_opt_out),
    "aliases": Kind(("address",), (), put_one=_put_shared),
    "messages": Kind(
        ("seller", "buyer", "at", "body"), ("subject", "message_id", "token", "order"), put_one=_put_message
    ),
}
"""What can be imported. `aliases` are shared ones: those of pairs are minted."""
