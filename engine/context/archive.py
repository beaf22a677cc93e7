"""The archive: every message as it came and as it left, in a chain that shows what was removed or changed (R-54).

The words lie in files (blobs.py); the store holds a record of each. A record is bound to its message by a salted digest
and to the record before it by a hash; the head says how many there are. So a changed file, a changed, missing or added
record, and a cut-off end are found. Erasing removes the file and the salt: the chain still verifies, and nobody can tell
from it what was written.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.blobs import Blobs
from engine.context.database import StoreError, insert_new
from engine.context.keys import framed
from engine.context.schema import archive_head, archive_record, hold, message, pair
from engine.context.store import Store
from engine.errors import UsageError

_START = b"\0" * 32
_BATCH = 1000


def append(connection: Connection, blobs: Blobs, message_id: int, form: str, raw: bytes, at: datetime) -> None:
    """Add a record; the message is on disk before its record is kept. Writers take turns at the head of the chain."""
    head = _locked_head(connection)
    # Under the lock of the head, so that no erasure takes away a file that this record needs.
    digest = blobs.put(raw)
    salt = secrets.token_bytes(16)
    record = {
        "seq": head.records + 1,
        "message_id": message_id,
        "form": form,
        "at": at,
        "size": len(raw),
        "salt": salt,
        "digest": digest,
        "commitment": _commitment(salt, raw),
    }
    hashed = _hash(head.hash, record, _facts(connection, message_id))
    connection.execute(sa.insert(archive_record).values(hash=hashed, **record))
    connection.execute(sa.update(archive_head).values(records=record["seq"], hash=hashed))


def _locked_head(connection: Connection) -> Any:
    query = sa.select(archive_head.c.records, archive_head.c.hash).with_for_update()
    head = connection.execute(query).one_or_none()
    if head is None:
        insert_new(connection, archive_head, {"id": 1, "records": 0, "hash": _START})
        head = connection.execute(query).one()
    return head


def _commitment(salt: bytes, raw: bytes) -> bytes:
    return hashlib.sha256(salt + raw).digest()


_FACTS = (message.c.pair_id, message.c.direction, message.c.channel, message.c.key)


def _facts(connection: Connection, message_id: int) -> tuple[object, ...]:
    return tuple(connection.execute(sa.select(*_FACTS).where(message.c.id == message_id)).one())


def _hash(before: bytes, record: dict[str, object], facts: tuple[object, ...]) -> bytes:
    at = record["at"]
    assert isinstance(at, datetime)
    names = ("seq", "message_id", "form", "size", "commitment")
    return hashlib.sha256(framed(before, at.isoformat(), *(record[name] for name in names), *facts)).digest()  # type: ignore[arg-type]


def read(connection: Connection, blobs: Blobs, message_id: int, form: str = "received") -> bytes | None:
    """Return the newest archived form of a message, None when it was erased or never was.

    Raises StoreError when its file is missing or damaged.
    """
    query = (
        sa.select(archive_record.c.digest, archive_record.c.erased_at)
        .where(archive_record.c.message_id == message_id, archive_record.c.form == form)
        .order_by(archive_record.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None or row.erased_at is not None:
        return None
    raw = blobs.get(row.digest)
    if raw is None:
        raise StoreError(f"the archive's file of message {message_id} is missing")
    return raw


# -- verifying ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was removed or changed: the record's number (0: the chain as a whole), and what is wrong."""

    seq: int
    what: str


def verify(store: Store) -> Iterator[Fault]:
    """Yield everything in the archive that is not as it was written; nothing when all is whole.

    The store is read in one transaction, so that messages archived meanwhile are not taken for faults.
    """
    with store.read() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        head = connection.execute(sa.select(archive_head.c.records, archive_head.c.hash)).one_or_none()
        records, last = (head.records, head.hash) if head else (0, _START)
        before, expected = _START, 1
        query = sa.select(archive_record, *(column.label(f"of_{column.name}") for column in _FACTS)).join_from(
            archive_record, message, archive_record.c.message_id == message.c.id
        )
        rows = connection.execution_options(yield_per=_BATCH).execute(query.order_by(archive_record.c.seq))
        for row in rows:
            if row.seq != expected:
                yield Fault(expected, _gap(expected, row.seq))
            facts = tuple(row._mapping[f"of_{column.name}"] for column in _FACTS)
            if _hash(before, dict(row._mapping), facts) != row.hash:
                what = "the record was changed, or the one before it was changed or removed"
                yield Fault(row.seq, what)
            before, expected = row.hash, row.seq + 1
            yield from _file_faults(store.blobs, row)
        if expected - 1 != records:
            yield Fault(0, f"the chain has {records} records, and its last one here is number {expected - 1}")
        elif before != last:
            yield Fault(0, "the end of the chain is not the one that was written last")


def _gap(expected: int, found: int) -> str:
    return (
        f"record {expected} is missing" if found == expected + 1 else f"records {expected} to {found - 1} are missing"
    )


def _file_faults(blobs: Blobs, row: sa.Row[tuple[object, ...]]) -> Iterator[Fault]:
    record = row._mapping
    if record["erased_at"] is not None:
        return
    try:
        raw = blobs.get(record["digest"])
    except StoreError as error:
        yield Fault(record["seq"], str(error))
        return
    if raw is None:
        yield Fault(record["seq"], "its file is missing")
    elif _commitment(record["salt"], raw) != record["commitment"]:
        yield Fault(record["seq"], "its file holds another message than the one that was archived")


# -- erasing -----------------------------------------------------------------------------------------------------------


def erase_pairs(store: Store, pair_ids: list[int], now: datetime) -> int:
    """Remove the words of all messages of these pairs; return how many messages. Pairs under a hold are left alone."""
    return _erase(store, message.c.pair_id.in_(pair_ids), now)


def expire(store: Store, before: datetime, now: datetime) -> int:
    """Remove the words of all messages older than `before`; return how many. Pairs under a hold are left alone."""
    return _erase(store, message.c.at < before, now)


def _erase(store: Store, which: sa.ColumnElement[bool], now: datetime) -> int:
    held = sa.select(hold.c.pair_id).where(hold.c.released_at.is_(None))
    ids = sa.select(message.c.id).where(which, message.c.pair_id.not_in(held))
    with store.write() as connection:
        live = archive_record.c.message_id.in_(ids) & archive_record.c.erased_at.is_(None)
        erased = connection.execute(sa.select(sa.func.count(archive_record.c.message_id.distinct())).where(live))
        count = int(erased.scalar_one())
        connection.execute(sa.update(archive_record).where(live).values(salt=None, erased_at=now))
        connection.execute(sa.update(message).where(message.c.id.in_(ids)).values(shingles=None))
    sweep(store)
    return count


def sweep(store: Store) -> int:
    """Remove the files that erased records alone still name; return how many. One broken off is finished here."""
    removed = 0
    for digest in _condemned(store):
        with store.write() as connection:
            _locked_head(connection)
            of_digest = archive_record.c.digest == digest
            live = sa.select(archive_record.c.seq).where(of_digest, archive_record.c.erased_at.is_(None)).limit(1)
            if connection.execute(live).scalar() is None:
                store.blobs.remove(digest)
                removed += 1
            gone = of_digest & archive_record.c.erased_at.is_not(None)
            connection.execute(sa.update(archive_record).where(gone).values(digest=None))
    return removed


def _condemned(store: Store) -> list[bytes]:
    named = archive_record.c.erased_at.is_not(None) & archive_record.c.digest.is_not(None)
    with store.read() as connection:
        return list(connection.execute(sa.select(archive_record.c.digest).where(named).distinct()).scalars())


# -- holds -------------------------------------------------------------------------------------------------------------


def place_hold(connection: Connection, pair_id: int, because: str, now: datetime) -> int:
    """Keep everything of a pair from being erased while a claim is open; return the hold's number."""
    row = {"pair_id": pair_id, "because": because, "since": now}
    return int(connection.execute(sa.insert(hold).values(**row).returning(hold.c.id)).scalar_one())


def release_hold(connection: Connection, hold_id: int, now: datetime) -> None:
    """End a hold. Raises UsageError when there is no such hold, or it has ended."""
    which = (hold.c.id == hold_id) & hold.c.released_at.is_(None)
    if not connection.execute(sa.update(hold).where(which).values(released_at=now)).rowcount:
        raise UsageError(f"there is no open hold {hold_id}")


def holds_of(connection: Connection, buyer_id: int) -> list[str]:
    """Return why things of a buyer may not be erased now."""
    query = sa.select(hold.c.because).join_from(hold, pair, hold.c.pair_id == pair.c.id)
    return list(connection.execute(query.where(pair.c.buyer_id == buyer_id, hold.c.released_at.is_(None))).scalars())
