"""Aliases: for each seller and buyer who know each other one address for the one and one for the other (R-02 to R-10).

They are drawn at random and say nothing of whom they stand for. They stay for ever: an alias of an account that was
erased is never given to anybody else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.addresses import canonical, split_token
from engine.context.database import StoreError, insert_new
from engine.context.schema import alias, buyer, pair, seller
from engine.context.settings import Settings
from engine.errors import UsageError

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_DRAWS = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """A seller and a buyer, and their aliases: `buyer_alias` is what the seller writes to."""

    id: int
    seller_id: int
    buyer_id: int
    buyer_alias: str
    seller_alias: str


def pair_of(connection: Connection, settings: Settings, seller_id: int, buyer_id: int, now: datetime) -> Pair:
    """Return the pair, made with its two aliases when the two meet first.

    Any number of processes may ask at once: all get the same. Raises UsageError where no alias domain is set.
    """
    key = {"seller_id": seller_id, "buyer_id": buyer_id}
    which = sa.select(pair.c.id).where(pair.c.seller_id == seller_id, pair.c.buyer_id == buyer_id)
    pair_id = connection.execute(which).scalar()
    if pair_id is None:
        insert_new(connection, pair, {**key, "created_at": now})
        pair_id = connection.execute(which).scalar_one()
    rows = connection.execute(sa.select(alias.c.kind, alias.c.address).where(alias.c.pair_id == pair_id))
    found = {row.kind: row.address for row in rows}
    for kind in ("buyer", "seller"):
        if kind not in found:
            found[kind] = _mint(connection, settings, pair_id, kind, now)
    return Pair(pair_id, seller_id, buyer_id, found["buyer"], found["seller"])


def draw(settings: Settings) -> str:
    """Return a new random alias; whether it is free is for the store to say. Raises UsageError without a domain."""
    if not settings.alias_domains:
        raise UsageError("no alias domain is set; set one with `tamis store set alias_domains=mail.shop.example`")
    local = "".join(secrets.choice(_LETTERS) for _ in range(settings.local_part))
    return f"{local}@{settings.alias_domains[0]}"


def _mint(connection: Connection, settings: Settings, pair_id: int, kind: str, now: datetime) -> str:
    known = sa.select(alias.c.address).where(alias.c.pair_id == pair_id, alias.c.kind == kind)
    for _ in range(_DRAWS):
        address = draw(settings)
        row = {"address": address, "kind": kind, "pair_id": pair_id, "created_at": now}
        if insert_new(connection, alias, row):
            return address
        # Either another process was first with this pair, or the value is taken.
        found = connection.execute(known).scalar()
        if found is not None:
            return str(found)
    raise StoreError(f"no free alias was found in {_DRAWS} draws; set a greater alias_length")


def put_shared(connection: Connection, address: str, now: datetime) -> None:
    """Keep an alias that many buyers share (R-08): it is known, and stands for none of them.

    Raises UsageError when it is a buyer's or a seller's alias already.
    """
    key, _ = split_token(canonical(address))
    insert_new(connection, alias, {"address": key, "kind": "shared", "created_at": now})
    kind = connection.execute(sa.select(alias.c.kind).where(alias.c.address == key)).scalar_one()
    if kind != "shared":
        raise UsageError(f"this is the alias of one {kind} already; it cannot be shared")


@dataclass(frozen=True, slots=True)
class Known:
    """What an alias stands for; without accounts when it is shared."""

    address: str
    kind: str
    pair_id: int | None
    seller: str | None
    buyer: str | None
    created_at: datetime
    erased: bool


def look_up(connection: Connection, address: str) -> Known | None:
    """Return what an alias stands for (in any case, with or without a token), None for an unknown one."""
    key, _ = split_token(canonical(address))
    query = _KNOWN.where(alias.c.address == key)
    return next((_known(row) for row in connection.execute(query)), None)


def aliases_of(
    connection: Connection, *, seller_account: str | None = None, buyer_account: str | None = None
) -> list[Known]:
    """Return the aliases of a seller, of a buyer or of the two, oldest first."""
    query = _KNOWN.order_by(alias.c.id)
    if seller_account is not None:
        query = query.where(seller.c.account == seller_account)
    if buyer_account is not None:
        query = query.where(buyer.c.account == buyer_account)
    return [_known(row) for row in connection.execute(query)]


_KNOWN = (
    sa.select(
        alias.c.address, alias.c.kind, alias.c.pair_id, seller.c.account.label("seller"),
        buyer.c.account.label("buyer"), alias.c.created_at, buyer.c.erased_at,
    )
    .select_from(alias.outerjoin(pair, alias.c.pair_id == pair.c.id))
    .outerjoin(seller, pair.c.seller_id == seller.c.id)
    .outerjoin(buyer, pair.c.buyer_id == buyer.c.id)
)  # fmt: skip


def _known(row: Any) -> Known:
    found = dict(row._mapping)
    return Known(erased=found.pop("erased_at") is not None, **found)
