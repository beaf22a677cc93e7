"""Buyers: real address, where they buy, and whether they want sellers' messages (R-20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.addresses import canonical
from engine.context.database import insert_new
from engine.context.fields import plain
from engine.context.schema import buyer, opt_out_change
from engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer. `address` is None once erased; `opted_out_since` is None for one who wants messages."""

    id: int
    account: str
    address: str | None
    locale: str
    store: str
    opted_out_since: datetime | None
    erased_at: datetime | None


def put_buyer(
    connection: Connection, *, account: str, address: str, locale: str = "", store: str = "", now: datetime
) -> int:
    """Add a buyer, or change the one of this account (his aliases stay, R-04); return the id. Raises UsageError."""
    values = {
        "address": canonical(address),
        "locale": plain(locale, "a buyer's locale", empty=True),
        "store": plain(store, "a buyer's store", empty=True),
    }
    key = plain(account, "a buyer's account")
    if not insert_new(connection, buyer, {"account": key, "created_at": now, **values}):
        connection.execute(sa.update(buyer).where(buyer.c.account == key).values(**values))
    return find_buyer(connection, key).id


def find_buyer(connection: Connection, account: str) -> Buyer:
    """Return the buyer of an account. Raises UsageError when there is none."""
    row = connection.execute(sa.select(buyer).where(buyer.c.account == account.strip())).one_or_none()
    if row is None:
        raise UsageError(f"there is no buyer {account[:80]!r}")
    found = row._mapping
    return Buyer(**{name: found[name] for name in Buyer.__slots__})


def set_opt_out(connection: Connection, buyer_id: int, opted_out: bool, at: datetime) -> bool:
    """Have a buyer refuse sellers' messages from `at` on, or take that back; return whether anything changed.

    What is said twice is kept once: `since` stays the first time.
    """
    stands = buyer.c.opted_out_since.is_(None) if opted_out else buyer.c.opted_out_since.is_not(None)
    value = at if opted_out else None
    changed = connection.execute(
        sa.update(buyer).where(buyer.c.id == buyer_id, stands).values(opted_out_since=value)
    ).rowcount
    if changed:
        connection.execute(sa.insert(opt_out_change).values(buyer_id=buyer_id, opted_out=opted_out, at=at))
    return bool(changed)


def opt_out_history(connection: Connection, buyer_id: int) -> list[tuple[datetime, bool]]:
    """Return when the buyer changed his mind and to what, oldest first."""
    columns = sa.select(opt_out_change.c.at, opt_out_change.c.opted_out)
    found = connection.execute(
        columns.where(opt_out_change.c.buyer_id == buyer_id).order_by(opt_out_change.c.at, opt_out_change.c.id)
    )
    return [(row.at, row.opted_out) for row in found]


def opted_out_at(connection: Connection, buyer_id: int, at: datetime) -> bool:
    """Return whether the buyer refused messages at a moment of the past."""
    last = (
        sa.select(opt_out_change.c.opted_out)
        .where(opt_out_change.c.buyer_id == buyer_id, opt_out_change.c.at <= at)
        .order_by(opt_out_change.c.at.desc(), opt_out_change.c.id.desc())
        .limit(1)
    )
    return bool(connection.execute(last).scalar())
