"""The daily limit: its numbers, its day, and that it is exact however many ask at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.context.quota import average_orders, counted, daily_limit, day_of, take
from engine.context.schema import message, quota_day
from engine.context.sellers import set_daily_orders
from engine.context.settings import Settings
from engine.errors import UsageError
from tests.context.world import NOW, World

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("average", "limit"),
    [(0, 600), (0.1, 600), (0.2, 601), (12.4, 662), (100, 1100), (0.6, 603), (2.2, 611), (29 / 30, 604)],
)
def test_the_formula(average: float, limit: int) -> None:
    assert daily_limit(average) == limit


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2026-11-23T22:59:59", "2026-11-23"), ("2026-11-23T23:00:00", "2026-11-24"),
        # Paris: 23 hours on 29 March, 25 on 25 October.
        ("2026-03-28T23:00:00", "2026-03-29"), ("2026-03-29T21:59:59", "2026-03-29"), ("2026-03-29T22:00:00", "2026-03-30"),
        ("2026-10-24T22:00:00", "2026-10-25"), ("2026-10-25T22:59:59", "2026-10-25"), ("2026-10-25T23:00:00", "2026-10-26"),
    ],
)  # fmt: skip
def test_a_day_ends_at_midnight_of_the_marketplace(utc: str, day: str) -> None:
    settings = Settings(time_zone="Europe/Paris")
    assert day_of(settings, datetime.fromisoformat(utc).replace(tzinfo=UTC)) == date.fromisoformat(day)


def messages(world: World, count: int) -> list[int]:
    """Make messages of anna's to be counted."""
    first = world.question("Une premiere question pour vous")
    rows = [
        {
            "pair_id": world.pair.id, "seller_id": world.sellers["anna"], "thread_id": first.thread_id, "direction": "out",
            "channel": "mail", "key": number.to_bytes(8, "big"), "at": NOW, "auto": False, "response": "none",
            "fate": "received",
        }
        for number in range(count)
    ]  # fmt: skip
    with world.store.write() as connection:
        connection.execute(sa.insert(message), rows)
        return list(connection.execute(sa.select(message.c.id).where(message.c.direction == "out")).scalars())


def start_at(world: World, sent: int, uncertain: int = 0) -> None:
    with world.store.write() as connection:
        row = {"seller_id": world.sellers["anna"], "day": DAY, "sent": sent, "uncertain": uncertain}
        connection.execute(sa.insert(quota_day).values(**row))


def took(world: World, message_id: int, *, held: bool = True, uncertain: bool = False, now: datetime = NOW) -> bool:
    with world.store.write() as connection:
        return take(
            connection, world.store.settings, seller_id=world.sellers["anna"], message_id=message_id, now=now,
            held=held, uncertain=uncertain,
        )  # fmt: skip


def test_the_limit_is_the_last_message_and_one_more_is_held(world: World) -> None:
    one, two, three, four = messages(world, 4)
    with world.store.write() as connection:
        set_daily_orders(connection, world.sellers["anna"], 0.2)
    start_at(world, 599)
    assert [took(world, one), took(world, two), took(world, three)] == [True, True, False]
    assert took(world, four, held=False), "replies and critical mail pass, and are counted"
    with world.store.write() as connection:
        assert counted(connection, world.sellers["anna"], DAY) == (602, 0)
        set_daily_orders(connection, world.sellers["anna"], 10)
    assert took(world, three), "a higher average counts at once"


def test_a_message_sent_again_is_counted_once_and_one_that_was_held_is_tried_anew(world: World) -> None:
    one, two = messages(world, 2)
    start_at(world, 599)
    assert [took(world, one), took(world, one), took(world, one)] == [True, True, True]
    assert [took(world, two), took(world, two)] == [False, False]
    assert took(world, two, now=NOW + timedelta(days=1)), "after midnight"
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], DAY) == (600, 0)
        assert counted(connection, world.sellers["anna"], DAY + timedelta(days=1)) == (1, 0)


def test_doubtful_mail_has_an_allowance_of_its_own(world: World) -> None:
    one, two, three, four = messages(world, 4)
    start_at(world, 100, uncertain=49)
    assert [took(world, one, uncertain=True), took(world, two, uncertain=True)] == [True, False]
    assert took(world, three)
    assert took(world, four, uncertain=True, held=False)
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], DAY) == (103, 51)


def test_a_clock_set_back_gives_no_second_day(world: World) -> None:
    one, two, three = messages(world, 3)
    start_at(world, 600)
    assert took(world, one, now=NOW + timedelta(days=1))
    assert not took(world, two), "back in the day that is used up"
    assert took(world, three, now=NOW + timedelta(days=1))


def test_the_average_is_of_the_thirty_days_before_today(world: World) -> None:
    midnight, first = datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)  # in Paris
    second = timedelta(seconds=1)
    for number, placed in enumerate((midnight, midnight - second, first, first - second)):
        world.order(str(number), placed=placed)
    world.order("b", seller="bert", placed=midnight - timedelta(days=1))
    with world.store.write() as connection:
        anna = world.sellers["anna"]
        assert average_orders(connection, world.store.settings, anna, DAY) == 2 / 30
        set_daily_orders(connection, anna, 7.5)
        assert average_orders(connection, world.store.settings, anna, DAY) == 7.5
        for wrong in (-1, float("nan"), float("inf")):
            with pytest.raises(UsageError, match="from 0 up"):
                set_daily_orders(connection, anna, wrong)


_TAKE = """
import sys
from datetime import datetime
from concurrent.futures import ThreadPoolExecutor
from engine.context.keys import Keys
from engine.context.quota import take
from engine.context.store import Store
store = Store.open(sys.argv[1], keys=Keys())
now = datetime.fromisoformat(sys.argv[3])
def one(message_id):
    with store.write() as connection:
        return take(connection, store.settings, seller_id=int(sys.argv[2]), message_id=message_id, now=now, held=True,
                    uncertain=False)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(one, map(int, sys.argv[4:]))))
"""


def test_two_relays_with_200_messages_at_once_let_not_one_too_many_through(world: World, url: str) -> None:
    ids = messages(world, 200)
    start_at(world, 500)
    command = [sys.executable, "-c", _TAKE, url, str(world.sellers["anna"]), NOW.isoformat()]
    halves = (ids[:120], ids[80:])  # 40 of them come to both: sent again
    running = [
        subprocess.Popen([*command, *map(str, half)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for half in halves
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    passed = [int(process.communicate()[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], DAY) == (600, 0)
        marked = sa.select(sa.func.count()).where(message.c.quota_day == DAY)
        assert connection.execute(marked).scalar_one() == 100
    assert 100 <= sum(passed) <= 140, "a message that came twice may have passed twice, and counts once"
