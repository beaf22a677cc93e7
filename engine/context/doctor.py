"""Looking a store over: each finding says what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.keys import SIGNING_KEY_FILE
from engine.context.orders import FEED
from engine.context.schema import feed, seller_address
from engine.context.sellers import sellers
from engine.context.store import Store
from engine.errors import TamisError


def examine(store: Store, now: datetime) -> list[str]:
    """Return what is missing or wrong, one sentence each; an empty list when all is well."""
    with store.read() as connection:
        return [*_settings(store), *_feed(store, connection, now), *_sellers(connection), *_archive(store)]


def _settings(store: Store) -> Iterator[str]:
    if not store.settings.alias_domains:
        yield "no alias domain is set, so no mail is for a buyer: tamis store set alias_domains=mail.shop.example"
    if not store.settings.platform_names:
        yield "the marketplace's name is not set, so sellers may imitate it: tamis store set platform_names=NAME"
    if store.keys.signing is None:
        yield f"no signing key: heads of the log are not signed, no tokens can be made; name a key file in {SIGNING_KEY_FILE}"


def _feed(store: Store, connection: Connection, now: datetime) -> Iterator[str]:
    fresh_at = connection.execute(sa.select(feed.c.fresh_at).where(feed.c.name == FEED)).scalar()
    if fresh_at is None or now - fresh_at >= store.settings.orders_max_age:
        since = "never" if fresh_at is None else fresh_at.isoformat(timespec="minutes")
        yield (
            f"the orders were last complete: {since}; a critical message without an order cannot be told: "
            "tamis store import orders FILE --complete"
        )


def _sellers(connection: Connection) -> Iterator[str]:
    approved = set(
        connection.execute(sa.select(seller_address.c.seller_id).where(seller_address.c.state == "approved")).scalars()
    )
    for seller in sellers(connection):
        if seller.id not in approved:
            yield f"seller {seller.account} has no approved address, so nothing of his passes: tamis seller address"
        if seller.service_address is None:
            yield f"seller {seller.account} has no service address: buyers' messages wait in the list only"


def _archive(store: Store) -> Iterator[str]:
    try:
        store.blobs.remove(store.blobs.put(b"written by tamis store doctor, and removed again\n"))
    except TamisError as error:
        yield str(error)
