"""A seller's lists: what waits for an answer, how long answers take (R-44 to R-46), what was delivered (R-42)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.schema import alias, message, order, thread
from engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Listed:
    """A message of a list: its number, the buyer's alias, when it came, its order where it has one, and its state."""

    id: int
    alias: str
    at: datetime
    order: str | None
    state: str


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """Answers of a period: how many messages count, how many are answered, and the mean time that took.

    `mean` is None when none is answered: there is no such time then, and it is not zero.
    """

    counted: int
    answered: int
    excluded: int
    mean: timedelta | None


def response_list(connection: Connection, seller_id: int, *, state: str = "open", limit: int = 100) -> list[Listed]:
    """Return buyers' messages in a state, the longest waiting first; the default are those that need an answer."""
    query = _listed(message.c.response).where(
        message.c.seller_id == seller_id, message.c.response == state, message.c.direction == "in"
    )
    return [_row(row) for row in connection.execute(query.order_by(message.c.at, message.c.id).limit(limit))]


def sent_list(connection: Connection, seller_id: int, *, limit: int = 100) -> list[Listed]:
    """Return what was delivered to buyers, the newest first; what was stopped or is on its way is not in it."""
    query = _listed(message.c.fate).where(
        message.c.seller_id == seller_id, message.c.direction == "out", message.c.fate == "delivered"
    )
    found = connection.execute(query.order_by(message.c.at.desc(), message.c.id.desc()).limit(limit))
    return [_row(row) for row in found]


def _row(row: Any) -> Listed:
    return Listed(*row)


def _listed(state: sa.Column[str]) -> sa.Select[Any]:
    return (
        sa.select(message.c.id, alias.c.address, message.c.at, order.c.number, state)
        .join_from(message, alias, sa.and_(alias.c.pair_id == message.c.pair_id, alias.c.kind == "buyer"))
        .join(thread, message.c.thread_id == thread.c.id)
        .outerjoin(order, thread.c.order_id == order.c.id)
    )


def no_response_needed(connection: Connection, seller_id: int, message_id: int, now: datetime) -> None:
    """Take a message out of the list and of the response time. Marking it twice changes nothing.

    Raises UsageError when it is not a buyer's message to this seller.
    """
    _owned(connection, seller_id, message_id)
    _change(connection, message_id, ("open", "answered"), "not_needed", now)


def needs_response_again(connection: Connection, seller_id: int, message_id: int) -> None:
    """Undo `no_response_needed`: the message waits again, unless it was answered. Raises UsageError as it does."""
    row = _owned(connection, seller_id, message_id)
    if row.response != "not_needed":
        return
    answer = (
        sa.select(sa.func.min(message.c.delivered_at))
        .where(message.c.thread_id == row.thread_id, message.c.direction == "out", message.c.fate == "delivered")
        .where(message.c.auto.is_(False), message.c.delivered_at >= row.at)
    )
    answered_at = connection.execute(answer).scalar()
    _change(connection, message_id, ("not_needed",), "answered" if answered_at else "open", answered_at)


def _owned(connection: Connection, seller_id: int, message_id: int) -> Any:
    which = (message.c.id == message_id) & (message.c.seller_id == seller_id) & (message.c.direction == "in")
    row = connection.execute(sa.select(message).where(which)).one_or_none()
    if row is None:
        raise UsageError(f"message {message_id} is no buyer's message to this seller")
    return row


def _change(connection: Connection, message_id: int, before: tuple[str, ...], state: str, at: datetime | None) -> None:
    which = (message.c.id == message_id) & message.c.response.in_(before)
    connection.execute(sa.update(message).where(which).values(response=state, response_at=at))


def response_time(connection: Connection, seller_id: int, since: datetime, until: datetime) -> ResponseTime:
    """Return the response time for messages that came in `[since, until)`: delivered answer minus receipt.

    Marked and reported messages count nowhere; unanswered ones count, and have no time yet.
    """
    query = sa.select(message.c.response, message.c.at, message.c.response_at).where(
        message.c.seller_id == seller_id, message.c.direction == "in", message.c.response != "none",
        message.c.at >= since, message.c.at < until,
    )  # fmt: skip
    counted = excluded = 0
    times = []
    for row in connection.execute(query):
        if row.response in ("not_needed", "reported"):
            excluded += 1
            continue
        counted += 1
        if row.response == "answered":
            times.append(row.response_at - row.at)
    mean = sum(times, timedelta()) / len(times) if times else None
    return ResponseTime(counted, len(times), excluded, mean)
