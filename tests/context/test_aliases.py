"""Aliases: stable, distinct, unique, never given twice; and one for each pair however many ask at once."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta

import pytest

from engine.context import aliases
from engine.context.aliases import aliases_of, draw, look_up, pair_of, put_shared
from engine.context.buyers import put_buyer
from engine.context.database import StoreError
from engine.context.orders import find_order, orders_of_alias
from engine.context.settings import Settings
from engine.context.store import Store
from engine.errors import UsageError
from tests.context.world import NOW, World


def test_a_new_alias_has_the_length_that_is_set_and_plain_letters() -> None:
    settings = Settings(alias_domains=("mail.marche.example",))
    drawn = {draw(settings) for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(len(value) == 35 and re.fullmatch(r"[a-z0-9]{15}@mail\.marche\.example", value) for value in drawn)


@pytest.mark.parametrize(("length", "left"), [(35, 5), (37, 7), (120, 90)])
def test_a_length_that_leaves_too_few_or_too_many_letters_is_refused_at_the_start(length: int, left: int) -> None:
    domain = "a" * 21 + ".example"
    with pytest.raises(UsageError, match=f"leaves {left} before" if left < 8 else f"has {left} before"):
        Settings(alias_domains=(domain,), alias_length=length)


def test_the_same_two_have_the_same_aliases_for_ever(world: World) -> None:
    again = world.pair_of("anna", "clara")
    with world.store.write() as connection:  # a new mail address a year later
        put_buyer(connection, account="clara", address="new@home.example", store="fr", now=NOW + timedelta(days=365))
    assert world.pair == again == world.pair_of("anna", "clara")


def test_each_seller_knows_a_buyer_by_another_alias(world: World) -> None:
    pairs = [world.pair_of(seller, buyer) for seller in ("anna", "bert") for buyer in ("clara", "dirk")]
    values = [value for pair in pairs for value in (pair.buyer_alias, pair.seller_alias)]
    assert len(set(values)) == 8


@pytest.mark.parametrize(
    "written",
    [
        "{alias}",
        "{upper}",
        " <{alias}> ",
        "mailto:{alias}",
        "{alias}.",
        "{local}+abc123@{domain}",
        "{LOCAL}+X@{domain}",
    ],
)
def test_an_alias_is_found_however_it_is_written(world: World, written: str) -> None:
    local, _, domain = world.pair.buyer_alias.partition("@")
    text = written.format(
        alias=world.pair.buyer_alias,
        upper=world.pair.buyer_alias.upper(),
        local=local,
        domain=domain,
        LOCAL=local.upper(),
    )
    with world.store.read() as connection:
        found = look_up(connection, text)
    assert found is not None
    assert (found.seller, found.buyer, found.kind) == ("anna", "clara", "buyer")


@pytest.mark.parametrize("length", [34, 36, 38])
def test_an_alias_of_any_length_is_known_once_it_is_there(store: Store, length: int) -> None:
    value = "t969vz2jn3bdsy7@marketplace.amazon.com".replace("amazon", "a" * (length - 32))
    assert len(value) == length
    with store.write() as connection:
        put_shared(connection, value, NOW)
        found = look_up(connection, value)
    assert found is not None
    assert found.address == value


def test_an_unknown_alias_is_not_found(world: World) -> None:
    with world.store.read() as connection:
        assert look_up(connection, "nobody123@mail.marche.example") is None


def test_a_taken_value_is_drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([world.pair.buyer_alias, "free4567@mail.marche.example", "free8901@mail.marche.example"])
    monkeypatch.setattr(aliases, "draw", lambda settings: next(values))
    pair = world.pair_of("bert", "dirk")
    assert {pair.buyer_alias, pair.seller_alias} == {"free4567@mail.marche.example", "free8901@mail.marche.example"}


def test_a_space_that_is_full_is_said_and_nothing_is_left_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(aliases, "draw", lambda settings: world.pair.buyer_alias)
        with pytest.raises(StoreError, match="greater alias_length"):
            world.pair_of("bert", "dirk")
    with world.store.read() as connection:
        assert aliases_of(connection, seller_account="bert") == []


def test_a_shared_alias_stays_shared_and_one_of_a_buyer_is_never_shared(world: World) -> None:
    with world.store.write() as connection:
        put_shared(connection, "no-reply-buyers@mail.marche.example", NOW)
        put_shared(connection, "no-reply-buyers@mail.marche.example", NOW)
        found = look_up(connection, "no-reply-buyers@mail.marche.example")
        assert found is not None
        assert (found.kind, found.buyer) == ("shared", None)
        assert orders_of_alias(connection, "no-reply-buyers@mail.marche.example") == []
        with pytest.raises(UsageError, match="alias of one buyer"):
            put_shared(connection, world.pair.buyer_alias, NOW)


def test_the_orders_of_an_alias_come_newest_first(world: World) -> None:
    for number in range(40):
        world.order(f"A-{number}", placed=NOW - timedelta(days=number))
    world.order("B-1", seller="bert")
    with world.store.read() as connection:
        found = orders_of_alias(connection, world.pair.buyer_alias.upper())
        assert orders_of_alias(connection, world.pair_of("anna", "dirk").buyer_alias) == []
        assert find_order(connection, "B-1").pair_id != world.pair.id
    assert [order.number for order in found] == [f"A-{number}" for number in range(40)]


_MINT = """
import sys
from datetime import UTC, datetime
from engine.context.aliases import pair_of
from engine.context.keys import Keys
from engine.context.store import Store
store = Store.open(sys.argv[1], keys=Keys())
sys.stdin.readline()
for buyer_id in map(int, sys.argv[3:]):
    with store.write() as connection:
        pair = pair_of(connection, store.settings, int(sys.argv[2]), buyer_id, datetime.now(UTC))
    print(pair.buyer_alias, pair.seller_alias)
"""


def test_two_processes_that_mint_at_once_give_one_alias(world: World, url: str) -> None:
    with world.store.write() as connection:
        ids = [put_buyer(connection, account=f"b{n}", address=f"b{n}@home.example", now=NOW) for n in range(25)]
    command = [sys.executable, "-c", _MINT, url, str(world.sellers["anna"]), *map(str, ids)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate()[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert printed[0] == printed[1]
    assert len(set(printed[0])) == 25
    with world.store.read() as connection:
        assert len(aliases_of(connection, seller_account="anna")) == 2 * 26


def test_minting_without_a_domain_says_what_to_set() -> None:
    with pytest.raises(UsageError, match="store set alias_domains="):
        draw(Settings())


def test_pairs_are_found_again_inside_the_transaction_that_made_them(world: World) -> None:
    with world.store.write() as connection:
        buyer_id = put_buyer(connection, account="eve", address="eve@home.example", now=NOW)
        pairs = {pair_of(connection, world.store.settings, world.sellers["anna"], buyer_id, NOW) for _ in range(3)}
    assert len(pairs) == 1
