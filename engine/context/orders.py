"""Orders: whose they are, their state and lines, and whether an order justifies a critical message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.addresses import canonical, split_token
from engine.context.aliases import pair_of
from engine.context.database import insert_new
from engine.context.fields import one_of, plain
from engine.context.schema import ORDER_STATES, alias, feed, order, order_line
from engine.context.settings import Settings
from engine.errors import UsageError

OPEN_STATES = ("pending", "shipped")
FEED = "orders"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: what kind of thing it is, and whether it is made to the buyer's wishes."""

    category: str
    customisable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `closed_at` is when it was completed or cancelled, None while it is open."""

    number: str
    pair_id: int
    state: str
    placed_at: datetime
    closed_at: datetime | None
    lines: tuple[Line, ...]


def put_order(
    connection: Connection,
    settings: Settings,
    *,
    number: str,
    seller_id: int,
    buyer_id: int,
    state: str,
    placed_at: datetime,
    closed_at: datetime | None = None,
    lines: Sequence[Line] = (),
    now: datetime,
) -> int:
    """Add an order, or change the one of this number; return its id. The pair gets its aliases with its first order.

    Without `closed_at` an order that is closed now counts as closed at `now`; one that was closed already keeps its
    time. Raises UsageError for an unknown state, or a number that belongs to another pair.
    """
    one_of(state, ORDER_STATES, "an order's state")
    key = plain(number, "an order's number")
    owner = pair_of(connection, settings, seller_id, buyer_id, now)
    values = {"state": state, "placed_at": placed_at, "changed_at": now}
    closed = None if state in OPEN_STATES else closed_at or now
    fresh = {"number": key, "pair_id": owner.id, "seller_id": seller_id, "closed_at": closed, **values}
    added = insert_new(connection, order, fresh)
    row = connection.execute(sa.select(order).where(order.c.number == key)).one()
    if row.pair_id != owner.id:
        raise UsageError(f"the order {key} belongs to another seller and buyer")
    if not added:
        stays = row.closed_at if closed is not None and closed_at is None else None
        changed = sa.update(order).where(order.c.id == row.id)
        connection.execute(changed.values(closed_at=stays or closed, **values))
    _put_lines(connection, row.id, lines)
    return int(row.id)


def _put_lines(connection: Connection, order_id: int, lines: Sequence[Line]) -> None:
    rows = [
        {
            "order_id": order_id,
            "line": number,
            "category": plain(line.category, "a line's category"),
            "customisable": line.customisable,
        }
        for number, line in enumerate(lines, start=1)
    ]
    connection.execute(sa.delete(order_line).where(order_line.c.order_id == order_id))
    if rows:
        connection.execute(sa.insert(order_line), rows)


def feed_is_fresh(connection: Connection, at: datetime) -> None:
    """Say that all orders up to `at` are in the store: from here on a missing order is known to be missing."""
    if not insert_new(connection, feed, {"name": FEED, "fresh_at": at}):
        connection.execute(sa.update(feed).where(feed.c.name == FEED).values(fresh_at=at))


def find_order(connection: Connection, number: str) -> Order:
    """Return the order of a number. Raises UsageError when there is none."""
    found = _orders(connection, order.c.number == number.strip())
    if not found:
        raise UsageError(f"there is no order {number[:80]!r}")
    return found[0]


def orders_of_alias(connection: Connection, address: str) -> list[Order]:
    """Return the orders of the buyer and seller an alias stands for, newest first (R-11); none is no error.

    A shared alias stands for no buyer, so it has none.
    """
    key, _ = split_token(canonical(address))
    owner = sa.select(alias.c.pair_id).where(alias.c.address == key).scalar_subquery()
    return _orders(connection, order.c.pair_id == owner)


def _orders(connection: Connection, which: sa.ColumnElement[bool]) -> list[Order]:
    rows = connection.execute(sa.select(order).where(which).order_by(order.c.placed_at.desc(), order.c.id.desc())).all()
    ids = [row.id for row in rows]
    lines: dict[int, list[Line]] = {}
    found = connection.execute(
        sa.select(order_line).where(order_line.c.order_id.in_(ids)).order_by(order_line.c.order_id, order_line.c.line)
    )
    for line in found:
        lines.setdefault(line.order_id, []).append(Line(line.category, line.customisable))
    return [
        Order(row.number, row.pair_id, row.state, row.placed_at, row.closed_at, tuple(lines.get(row.id, ())))
        for row in rows
    ]


def order_word(settings: Settings, *, has_recent: bool, fresh_at: datetime | None, now: datetime) -> str:
    """Return the context's word for the order: `open`, `none`, or `unknown` where the feed is too old to say none.

    A clock that was set back makes the feed look as if it came from the future; it is fresh then.
    """
    if has_recent:
        return "open"
    return "none" if fresh_at is not None and now - fresh_at < settings.orders_max_age else "unknown"


def recent_since(settings: Settings, now: datetime) -> datetime:
    """Return the moment since which a closed order still counts."""
    return now - timedelta(days=settings.order_open_days)


def is_recent(since: sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """Return the condition for orders that are open or were closed after `since`."""
    return sa.or_(order.c.closed_at.is_(None), order.c.closed_at > since)
