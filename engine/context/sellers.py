"""Sellers: account, business name, the addresses they may write from, and what they prefer (R-13, R-37 to R-41, R-48)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from engine.context.addresses import canonical, domain_of
from engine.context.database import insert_new
from engine.context.fields import one_of, plain
from engine.context.names import business_name as checked_name
from engine.context.schema import ADDRESS_STATES, quota_day, seller, seller_address
from engine.context.settings import Settings
from engine.data import rules_dir
from engine.decide.words import LANGUAGES
from engine.errors import UsageError

NOTICES_OFF_WARNING = (
    "Without these notices you have no way of knowing whether a message to a buyer was stopped or delivered."
)
"""What a seller must have read before he switches the notices off (R-38)."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller's account. `daily_orders` is the average as set by hand; None: it is counted from the orders."""

    id: int
    account: str
    business_name: str
    service_address: str | None
    language: str
    buyer_opt_out_notices: bool
    daily_orders: float | None


def put_seller(
    connection: Connection,
    settings: Settings,
    *,
    account: str,
    business_name: str,
    language: str = "en",
    service_address: str | None = None,
    now: datetime,
) -> int:
    """Add a seller, or change the one of this account; return its id. Preferences stay as they are.

    Raises UsageError for a name, language or address that cannot be.
    """
    values = {
        "business_name": checked_name(business_name, settings.platform_names),
        "language": one_of(language, LANGUAGES, "a seller's language"),
        "service_address": canonical(service_address) if service_address else None,
    }
    key = plain(account, "a seller's account")
    fresh = {"account": key, "buyer_opt_out_notices": True, "created_at": now, **values}
    if not insert_new(connection, seller, fresh):
        connection.execute(sa.update(seller).where(seller.c.account == key).values(**values))
    return find_seller(connection, key).id


def find_seller(connection: Connection, account: str) -> Seller:
    """Return the seller of an account. Raises UsageError when there is none."""
    row = connection.execute(sa.select(seller).where(seller.c.account == account.strip())).one_or_none()
    if row is None:
        raise UsageError(f"there is no seller {account[:80]!r}")
    return _seller(row)


def sellers(connection: Connection) -> list[Seller]:
    """Return all sellers by account."""
    return [_seller(row) for row in connection.execute(sa.select(seller).order_by(seller.c.account))]


def _seller(row: Row[tuple[object, ...]]) -> Seller:
    found = row._mapping
    return Seller(**{name: found[name] for name in Seller.__slots__})


# -- addresses ---------------------------------------------------------------------------------------------------------


def set_address(
    connection: Connection, seller_id: int, address: str, state: str = "approved", *, now: datetime
) -> tuple[str, ...]:
    """Give an address a state in the seller's account; return warnings (words for a person, often none).

    Raises UsageError for what is no address or no state.
    """
    key = canonical(address)
    values = {"state": one_of(state, ADDRESS_STATES, "an address's state"), "changed_at": now}
    if not insert_new(connection, seller_address, {"seller_id": seller_id, "address": key, **values}):
        connection.execute(
            sa.update(seller_address)
            .where(seller_address.c.seller_id == seller_id, seller_address.c.address == key)
            .values(**values)
        )
    if state == "approved" and _of_known_host(domain_of(key)):
        return (
            f"{domain_of(key)} belongs to a carrier or a marketplace: whoever has an address there could write to buyers "
            "in this seller's name; carriers need no access to buyers (R-43)",
        )
    return ()


def addresses(connection: Connection, seller_id: int) -> list[tuple[str, str]]:
    """Return the addresses of an account with their states, in order of address."""
    columns = sa.select(seller_address.c.address, seller_address.c.state)
    found = connection.execute(
        columns.where(seller_address.c.seller_id == seller_id).order_by(seller_address.c.address)
    )
    return [(row.address, row.state) for row in found]


def _of_known_host(domain: str) -> bool:
    return any(domain == host or domain.endswith(f".{host}") for host in _known_hosts())


@cache
def _known_hosts() -> frozenset[str]:
    lines = (rules_dir() / "lists" / "hosts.known.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


# -- preferences -------------------------------------------------------------------------------------------------------


def set_notices(connection: Connection, seller_id: int, on: bool, *, confirmed: bool = False) -> None:
    """Switch the notices about buyers who opted out on or off (R-39).

    Raises UsageError with the warning when they are to go off and the seller has not confirmed it.
    """
    if not on and not confirmed:
        raise UsageError(f"{NOTICES_OFF_WARNING} Confirm that the notices shall go off.")
    connection.execute(sa.update(seller).where(seller.c.id == seller_id).values(buyer_opt_out_notices=on))


def set_daily_orders(connection: Connection, seller_id: int, average: float | None) -> None:
    """Set the average orders a day by hand; None: count them from the orders. Raises UsageError for a negative one."""
    if average is not None and not (math.isfinite(average) and 0 <= average <= 1e9):
        raise UsageError("the average of orders a day is a number from 0 up")
    connection.execute(sa.update(seller).where(seller.c.id == seller_id).values(daily_orders=average))
    forget_average(connection, seller_id)


def forget_average(connection: Connection, seller_id: int | None = None) -> None:
    """Have the average counted anew (of all sellers: None): orders came in, or it was set by hand."""
    which = sa.true() if seller_id is None else quota_day.c.seller_id == seller_id
    known = quota_day.c.daily_orders.is_not(None)
    connection.execute(sa.update(quota_day).where(which, known).values(daily_orders=None))
