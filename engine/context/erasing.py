"""Erasing a buyer: what names him goes, what others need stays without him (R-04, R-54)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from engine.context import logbook
from engine.context.archive import erase_pairs, holds_of
from engine.context.buyers import find_buyer
from engine.context.schema import archive_record, buyer, message, message_ref, pair
from engine.context.store import Store
from engine.errors import UsageError


def erase_buyer(store: Store, account: str, now: datetime, log: Path | None = None) -> int:
    """Erase a buyer and return how many messages lost their words; `log`: decisions about them are erased there too.

    His aliases stay, so that nobody else ever gets them, and are answered as unknown. Raises UsageError when there is no
    such buyer, or while a claim holds a message of his.
    """
    with store.write() as connection:
        found = find_buyer(connection, account)
        reasons = holds_of(connection, found.id)
        if reasons:
            raise UsageError(f"this buyer cannot be erased now, a claim is open: {'; '.join(reasons)[:200]}")
        pairs = list(connection.execute(sa.select(pair.c.id).where(pair.c.buyer_id == found.id)).scalars())
        of_pairs = sa.select(message.c.id).where(message.c.pair_id.in_(pairs))
        digests = sa.select(archive_record.c.digest).where(archive_record.c.message_id.in_(of_pairs))
        judged = {f"sha256:{digest.hex()}" for digest in connection.execute(digests).scalars() if digest}
        if log is not None:  # first of all: who is not found any more is not erased a second time
            logbook.erase(log, lambda said: said["decision"]["message"] in judged, now)
        gone = {"account": f"erased:{found.id}", "address": None, "locale": "", "erased_at": now}
        connection.execute(sa.update(buyer).where(buyer.c.id == found.id).values(**gone))
        his = of_pairs.where(message.c.direction == "in")
        connection.execute(sa.delete(message_ref).where(message_ref.c.message_id.in_(his)))
    return erase_pairs(store, pairs, now)
