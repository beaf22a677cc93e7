"""Every state of the verdict table, its context read from real rows, against the oracle."""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import cache

import pytest
import sqlalchemy as sa

from engine.context.aliases import draw, put_shared
from engine.context.buyers import set_opt_out
from engine.context.orders import feed_is_fresh
from engine.context.schema import quota_day
from engine.context.sellers import set_notices
from engine.context.situation import Envelope, context_for
from engine.context.store import Store
from engine.context.threads import footer
from engine.decide import words
from engine.decide.context import Context
from engine.decide.profile import Profile
from engine.message.parts import Message
from tests.context.world import NOW, QUESTION, World, mail, quoted
from tests.decide_helpers import profile as load
from tests.oracle import verdict_table as oracle

CONTEXT = {name: values for name, values in words.VERDICT_STATE.items() if name != "content"}


@cache
def profile(name: str) -> Profile:
    return load(name)


@cache
def decided(name: str, context: tuple[tuple[str, str], ...], content: str) -> tuple[str, str]:
    """The row and verdict of the shipped policy in a context."""
    asked = {key: word for key, word in context if key != "order"}
    row = profile(name).policy.verdict({**asked, "content": content})
    return row.id, row.get("verdict")


class Rows:
    """Gives the store the rows of a state, and makes the envelope and mail that go with it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.question = world.question(id="q1@home.example")
        self.others = world.pair_of("bert", "clara")
        self.stored: dict[str, str] = {}

    def put(self, state: dict[str, str]) -> tuple[Envelope, Message]:
        stored = {name: state[name] for name in ("buyer_opted_out", "quota", "bounce_notices")}
        if stored != self.stored:
            self._store(stored)
            self.stored = stored
        return self._mail(state)

    def _store(self, state: dict[str, str]) -> None:
        anna = self.world.sellers["anna"]
        with self.world.store.write() as connection:
            set_opt_out(connection, self.world.buyers["clara"], state["buyer_opted_out"] == "yes", NOW)
            set_notices(connection, anna, state["bounce_notices"] == "on", confirmed=True)
            connection.execute(sa.delete(quota_day))
            sent = 600 if state["quota"] == "over" else 599
            day = NOW.date()
            connection.execute(sa.insert(quota_day).values(seller_id=anna, day=day, sent=sent, uncertain=0))

    def _mail(self, state: dict[str, str]) -> tuple[Envelope, Message]:
        pair = self.world.pair
        sender = "anna" if state["sender"] == "authorised" else "stranger"
        recipient, earlier = {
            "own_alias": (pair.buyer_alias, ()),
            "other_sellers_alias": (self.others.buyer_alias, ()),
            "unknown_alias": (draw(self.world.store.settings), ()),
            "seller_account": (self.others.seller_alias, ()),
            "not_alias_domain": ("friend@elsewhere.example", ()),
            "second_alias": (self.others.buyer_alias, (pair.buyer_alias,)),
        }[state["recipient"]]
        thread = {"headers": {"In-Reply-To": "<q1@home.example>"}} if state["reply"].startswith("thread") else {}
        body = f"Deux metres.\n\n{quoted(QUESTION)}" if "original" in state["reply"] else "Deux metres."
        raw = mail(body, sender=f"contact@{sender}.example", recipient=recipient, **thread)
        return self.world.envelope(recipient, sender, earlier), Message.parse(raw)


def test_every_state_of_the_verdict_table_is_reached_from_rows(world: World) -> None:
    rows = Rows(world)
    seen = 0
    # What stands in rows changes slowest, so that it is written seldom.
    names = sorted(CONTEXT, key=lambda name: name not in ("buyer_opted_out", "quota", "bounce_notices"))
    for values in itertools.product(*(CONTEXT[name] for name in names)):
        state = dict(zip(names, values, strict=True))
        envelope, message = rows.put(state)
        context = context_for(world.store, envelope, message, NOW)
        if state["recipient"] == "own_alias" and state["sender"] == "authorised":
            assert {name: word for name, word in context.words().items() if name in state} == state
            assert context.assumed == ()
        for name, content in itertools.product(oracle.PROFILES, words.CONTENTS):
            expected = oracle.expected(name, **state, content=content)
            row, verdict = decided(name, tuple(context.words().items()), content)
            assert (row, verdict) == (expected["row"], expected["verdict"]), (name, state, content)
            seen += 1
    assert seen == 2 * 5376


@pytest.mark.parametrize(
    ("state", "closed_days", "feed_minutes", "expected"),
    [
        ("pending", None, 5, "open"), ("shipped", None, None, "open"), ("pending", None, 600, "open"),
        ("completed", 59, 5, "open"), ("completed", 61, 5, "none"), ("cancelled", 61, 5, "none"),
        ("completed", 61, 59, "none"), ("completed", 61, 61, "unknown"), ("completed", 61, None, "unknown"),
        (None, None, 5, "none"), (None, None, 61, "unknown"), (None, None, None, "unknown"), (None, None, -30, "none"),
    ],
)  # fmt: skip
def test_the_order_word(
    world: World, state: str | None, closed_days: int | None, feed_minutes: int | None, expected: str
) -> None:
    if state is not None:
        closed = None if closed_days is None else NOW - timedelta(days=closed_days)
        world.order(state=state, placed=NOW - timedelta(days=100), closed=closed)
    if feed_minutes is not None:
        with world.store.write() as connection:
            feed_is_fresh(connection, NOW - timedelta(minutes=feed_minutes))
    assert context_for(world.store, world.envelope(), Message.parse(mail("Bonjour")), NOW).order == expected


def test_a_context_takes_three_queries_at_most(world: World) -> None:
    world.question(id="q1@home.example")
    raw = mail(f"Oui.\n\n{quoted(QUESTION)}\n> {footer('x' * 20)}", headers={"References": "<q1@home.example>"})
    said: list[str] = []
    sa.event.listen(world.store.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    context = context_for(world.store, world.envelope(), Message.parse(raw), NOW)
    assert context.reply == "thread+original"
    assert len([sql for sql in said if not sql.startswith("BEGIN")]) == 3


def test_a_stranger_makes_nobody_look_for_the_alias(world: World) -> None:
    said: list[str] = []
    sa.event.listen(world.store.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    found = context_for(world.store, world.envelope(sender="stranger"), Message.parse(mail("Bonjour")), NOW)
    assert (found.sender, found.assumed) == (
        "not_authorised",
        ("recipient", "buyer_opted_out", "reply", "quota", "bounce_notices", "order"),
    )
    assert len([sql for sql in said if not sql.startswith("BEGIN")]) == 1


def test_an_unknown_alias_and_another_sellers_take_the_same_way(world: World) -> None:
    said: list[str] = []
    sa.event.listen(world.store.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    ways = []
    for recipient in (draw(world.store.settings), world.pair_of("bert", "clara").buyer_alias):
        said.clear()
        context = context_for(world.store, world.envelope(recipient), Message.parse(mail("Bonjour")), NOW)
        ways.append((said[:], {**context.words(), "recipient": ""}, context.assumed))
    assert ways[0] == ways[1]


def test_a_shared_alias_stands_for_no_buyer(store: Store, world: World) -> None:
    with store.write() as connection:
        put_shared(connection, "no-reply-shop-buyer@mail.marche.example", NOW)
        set_opt_out(connection, world.buyers["clara"], True, NOW)
    envelope = world.envelope("No-Reply-Shop-Buyer@mail.marche.example")
    context = context_for(store, envelope, Message.parse(mail("Bonjour")), NOW)
    assert isinstance(context, Context)
    assert (context.recipient, context.buyer_opted_out) == ("own_alias", "no")
    assert set(context.assumed) == {"buyer_opted_out", "reply", "quota", "order"}
