"""Messages on their way: kept as they come, decided, sent on; and which of them answer which."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context import archive
from engine.context.database import insert_new
from engine.context.fields import one_of
from engine.context.keys import framed
from engine.context.quotation import Written, written
from engine.context.schema import CHANNELS, order
from engine.context.schema import message as messages
from engine.context.schema import pair as _pair
from engine.context.situation import Envelope, Situation
from engine.context.store import Store
from engine.context.threads import (
    Claims,
    buyer_wrote,
    claims_of,
    know_by,
    open_thread,
    ref_of,
    thread_named,
    token_of,
)
from engine.decide.record import Decision
from engine.errors import UsageError
from engine.message.parts import Message

_FATE = {"allow": "queued", "not_judged": "queued", "defer": "held", "block": "stopped", "bounce": "stopped"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the store: its number, its thread with the token, and whether it came for the first time."""

    id: int
    thread_id: int
    token: str
    fresh: bool


# -- from a buyer ------------------------------------------------------------------------------------------------------


def message_in(
    store: Store,
    raw: bytes,
    *,
    pair_id: int,
    at: datetime,
    channel: str = "mail",
    token: str = "",
    order_number: str | None = None,
) -> Kept:
    """Keep a buyer's message: it opens a thread, or goes on in the one that its ids or `token` name.

    The caller vouches that it is from this buyer. An auto-reply is kept, and is neither contact nor a question (R-24).
    The same message given twice is kept once. Raises UsageError for an unknown order, StoreError where the store is away.
    """
    with store.write() as connection:
        return message_in_at(
            connection, store, raw, pair_id=pair_id, at=at, channel=channel, token=token, order_number=order_number
        )


def message_in_at(
    connection: Connection,
    store: Store,
    raw: bytes,
    *,
    pair_id: int,
    at: datetime,
    channel: str,
    token: str,
    order_number: str | None,
) -> Kept:
    """Do what `message_in` does inside a transaction of the caller's."""
    one_of(channel, CHANNELS, "a message's channel")
    message = Message.parse(raw)
    auto = is_auto(message)
    key = _key("in", str(pair_id), message, raw)
    known = _by_key(connection, key)
    if known is not None:
        return known
    order_id = _order_of(connection, pair_id, order_number) if order_number else None
    thread_id = _thread(connection, pair_id, claims_of(message, token), "buyer", at, order_id)
    row = {
        "direction": "in",
        "channel": channel,
        "auto": auto,
        "shingles": written(message).pack(),
        "response": "none" if auto else "open",
        "fate": "queued",
    }
    kept = _add(connection, store, pair_id, thread_id, key, row, message, raw, at)
    if not auto:
        buyer_wrote(connection, thread_id, at)
    return kept


def page_mail(text: str, *, subject: str, at: datetime, message_id: str = "") -> bytes:
    """Return a message typed on the platform's page as a mail, for the archive."""
    mail = EmailMessage()
    if message_id:
        mail["Message-ID"] = f"<{''.join(message_id.split()).strip('<>')}>"
    mail["Subject"] = " ".join(_whole(subject).split())
    mail["Date"] = format_datetime(at)
    mail.set_content(_whole(text))
    return mail.as_bytes()


def _whole(text: str) -> str:
    """Return a text without halves of characters, which JSON can hold and no mail can."""
    return text.encode("utf-8", "replace").decode()


def is_auto(message: Message) -> bool:
    """Return whether a program wrote the message by itself (RFC 3834)."""
    value = message.header("Auto-Submitted")
    return value is not None and value.partition(";")[0].strip().lower() != "no"


def _order_of(connection: Connection, pair_id: int, number: str) -> int:
    found = connection.execute(
        sa.select(order.c.id).where(order.c.number == number, order.c.pair_id == pair_id)
    ).scalar()
    if found is None:
        raise UsageError(f"these two have no order {number[:80]!r}")
    return int(found)


# -- from a seller -----------------------------------------------------------------------------------------------------


def message_out(
    store: Store, raw: bytes, message: Message, envelope: Envelope, situation: Situation, at: datetime
) -> Kept:
    """Keep a seller's message as it came, before anything is answered. Sent again, it is the same message.

    Needs a situation with a pair. Raises StoreError where the store or the archive is away.
    """
    pair_id = situation.pair_id
    assert pair_id is not None
    key = _key("out", f"{envelope.sender.lower()} {pair_id}", message, raw)
    with store.write() as connection:
        known = _by_key(connection, key)
        if known is not None:
            return known
        thread_id = situation.proof.thread_id
        if thread_id is None:
            _, _, token = envelope.recipient.partition("@")[0].partition("+")
            thread_id = _thread(connection, pair_id, claims_of(message, token.lower()), "seller", at, None)
        row = {"direction": "out", "channel": "mail", "auto": is_auto(message), "response": "none", "fate": "received"}
        return _add(connection, store, pair_id, thread_id, key, row, message, raw, at)


def decided(
    connection: Connection,
    message_id: int,
    decision: Decision,
    message: Message,
    at: datetime,
    declared_reason: str | None = None,
) -> None:
    """Note what was decided. What passes may be quoted from now on; it counts as delivered only when it is."""
    fate = _FATE[decision.verdict]
    values = {
        "fate": fate,
        "decided_at": at,
        "decision": decision.decision,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "content": decision.content or None,
        "declared_reason": declared_reason,
    }
    if fate == "queued":
        values["shingles"] = written(message).pack()
    # A message that is already with the buyer stays so, whatever a later copy of it meets.
    which = (messages.c.id == message_id) & (messages.c.fate != "delivered")
    connection.execute(sa.update(messages).where(which).values(**values))


def sent_on(store: Store, message_id: int, raw: bytes, at: datetime) -> None:
    """Keep a message as it was sent on, to either side, before it is: archived, and known by the id it bears now.

    A footer that was put in may be quoted like the words above it.
    """
    message = Message.parse(raw)
    with store.write() as connection:
        row = connection.execute(sa.select(messages).where(messages.c.id == message_id)).one()
        know_by(connection, row.pair_id, message_id, _own_refs(message))
        first, now = Written.unpack(row.shingles or b"\0" * 4), written(message)
        both = Written(first.new, first.quoted | now.new | now.quoted)
        connection.execute(sa.update(messages).where(messages.c.id == message_id).values(shingles=both.pack()))
        archive.append(connection, store.blobs, message_id, "delivered", raw, at)


def delivered(store: Store, message_id: int, at: datetime) -> None:
    """Note that a message reached the other side. A seller's answer, by hand, ends the waiting of what it answers.

    All earlier open messages of its thread count as answered (R-44); an auto-reply answers nothing (R-46).
    """
    with store.write() as connection:
        now = sa.update(messages).where(messages.c.id == message_id).values(fate="delivered", delivered_at=at)
        columns = (messages.c.thread_id, messages.c.direction, messages.c.auto)
        row = connection.execute(now.returning(*columns)).one()
        if row.direction != "out" or row.auto:
            return
        waiting = (messages.c.thread_id == row.thread_id) & (messages.c.response == "open") & (messages.c.at <= at)
        connection.execute(sa.update(messages).where(waiting).values(response="answered", response_at=at))


# -- what both share ---------------------------------------------------------------------------------------------------


def _key(direction: str, who: str, message: Message, raw: bytes) -> bytes:
    """Return what makes a message this one: envelope, Message-ID and bytes (without what servers add on the way)."""
    named = message.header("Message-ID") or ""
    return hashlib.sha256(framed(direction, who, named.encode("utf-8", "surrogatepass"), _content(raw))).digest()


def _content(raw: bytes) -> bytes:
    """Return the digest of a mail without its trace headers, which differ each time it is sent."""
    head, separator, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw[:65536] else b"\n\n")
    lines = head.split(b"\n")
    kept, skipping = [], False
    for line in lines:
        if line[:1] not in (b" ", b"\t"):
            skipping = line[:9].lower() == b"received:" or line[:12].lower() == b"return-path:"
        if not skipping:
            kept.append(line)
    return hashlib.sha256(b"\n".join(kept) + separator + body).digest()


def _by_key(connection: Connection, key: bytes) -> Kept | None:
    row = connection.execute(sa.select(messages.c.id, messages.c.thread_id).where(messages.c.key == key)).one_or_none()
    return None if row is None else Kept(row.id, row.thread_id, token_of(connection, row.thread_id), False)


def _thread(
    connection: Connection, pair_id: int, claims: Claims, opened_by: str, at: datetime, order_id: int | None
) -> int:
    tokens = (claims.address_token, *claims.footer_tokens)
    found = thread_named(connection, pair_id, claims.refs, [token for token in tokens if token])
    return open_thread(connection, pair_id, opened_by, at, order_id=order_id) if found is None else found


def _add(
    connection: Connection,
    store: Store,
    pair_id: int,
    thread_id: int,
    key: bytes,
    row: dict[str, object],
    message: Message,
    raw: bytes,
    at: datetime,
) -> Kept:
    owner = connection.execute(sa.select(_pair.c.seller_id).where(_pair.c.id == pair_id)).scalar_one()
    values = {"pair_id": pair_id, "seller_id": owner, "thread_id": thread_id, "key": key, "at": at, **row}
    fresh = bool(insert_new(connection, messages, values))
    kept = _by_key(connection, key)
    assert kept is not None
    if fresh:
        know_by(connection, pair_id, kept.id, _own_refs(message))
        archive.append(connection, store.blobs, kept.id, "received", raw, at)
    return Kept(kept.id, kept.thread_id, kept.token, fresh)


def _own_refs(message: Message) -> list[bytes]:
    return [ref_of(value) for value in message.header_all("Message-ID")[:1]]
