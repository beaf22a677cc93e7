"""How many messages a seller may send a day: floor(5 x average daily orders) + 600 (R-50).

Counted is what is delivered or on its way, each message once. The counters are rows that are raised only below their
limit, in one statement, so any number of relays together let not one message too many through.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.database import insert_new
from engine.context.schema import message, order, quota_day, seller
from engine.context.settings import Settings

BASE = 600
PER_ORDER = 5
WINDOW_DAYS = 30


def daily_limit(average: float) -> int:
    """Return how many messages a day an average of daily orders allows."""
    # Tenths have no exact form: 0.2 orders must not count as 0.19999.
    return math.floor(round(PER_ORDER * average, 6)) + BASE


def day_of(settings: Settings, now: datetime) -> date:
    """Return the day in the marketplace's time zone; days of 23 and of 25 hours are days."""
    return now.astimezone(settings.zone).date()


def average_orders(connection: Connection, settings: Settings, seller_id: int, day: date) -> float:
    """Return the orders a day of a seller: as set by hand, else counted over the 30 days before `day`."""
    by_hand = connection.execute(sa.select(seller.c.daily_orders).where(seller.c.id == seller_id)).scalar()
    if by_hand is not None:
        return float(by_hand)
    first, last = (datetime.combine(d, time(), settings.zone) for d in (day - timedelta(days=WINDOW_DAYS), day))
    counted = sa.select(sa.func.count()).where(
        order.c.seller_id == seller_id, order.c.placed_at >= first, order.c.placed_at < last
    )
    return float(connection.execute(counted).scalar_one()) / WINDOW_DAYS


def is_over(
    connection: Connection, settings: Settings, seller_id: int, day: date, *, sent: int, average: float | None
) -> bool:
    """Return whether a seller who sent `sent` messages on `day` may send no more. `average`: as kept for the day."""
    if sent < BASE:  # whatever the orders
        return False
    if average is None:
        average = average_orders(connection, settings, seller_id, day)
    return sent >= daily_limit(average)


def take(
    connection: Connection,
    settings: Settings,
    *,
    seller_id: int,
    message_id: int,
    now: datetime,
    held: bool,
    uncertain: bool,
) -> bool:
    """Count a message that is to be delivered; return whether it may be.

    A message counted before is not counted again. `held`: it may not pass the limit (replies and critical mail may).
    `uncertain`: it also needs a place in the day's allowance for doubtful mail, unless it is not held.
    """
    day = day_of(settings, now)
    mine = sa.update(message).where(message.c.id == message_id)
    if not connection.execute(mine.where(message.c.quota_day.is_(None)).values(quota_day=day)).rowcount:
        return True
    key = {"seller_id": seller_id, "day": day}
    insert_new(connection, quota_day, {**key, "sent": 0, "uncertain": 0})
    if _raise(connection, settings, seller_id, day, held=held, uncertain=uncertain):
        return True
    connection.execute(mine.values(quota_day=None))
    return False


def _raise(
    connection: Connection, settings: Settings, seller_id: int, day: date, *, held: bool, uncertain: bool
) -> bool:
    today = sa.update(quota_day).where(quota_day.c.seller_id == seller_id, quota_day.c.day == day)
    raised = today.values(sent=quota_day.c.sent + 1, uncertain=quota_day.c.uncertain + int(uncertain))
    if held and uncertain:
        raised = raised.where(quota_day.c.uncertain < settings.uncertain_max_per_day)
    below_base = raised.where(quota_day.c.sent < BASE) if held else raised
    if connection.execute(below_base).rowcount:
        return True
    if not held:
        return False
    kept = sa.select(quota_day.c.daily_orders).where(quota_day.c.seller_id == seller_id, quota_day.c.day == day)
    average = connection.execute(kept).scalar()
    if average is None:
        average = average_orders(connection, settings, seller_id, day)
        connection.execute(today.values(daily_orders=average))
    return bool(connection.execute(raised.where(quota_day.c.sent < daily_limit(average))).rowcount)


def counted(connection: Connection, seller_id: int, day: date) -> tuple[int, int]:
    """Return how many messages of a day were counted: all, and the uncertain ones."""
    columns = sa.select(quota_day.c.sent, quota_day.c.uncertain)
    row = connection.execute(columns.where(quota_day.c.seller_id == seller_id, quota_day.c.day == day)).one_or_none()
    return (row.sent, row.uncertain) if row else (0, 0)
