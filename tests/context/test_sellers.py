"""Names, addresses and preferences of sellers; buyers and their opt-outs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.context.addresses import canonical, split_token
from engine.context.buyers import find_buyer, opt_out_history, opted_out_at, put_buyer, set_opt_out
from engine.context.names import business_name
from engine.context.sellers import (
    NOTICES_OFF_WARNING,
    addresses,
    find_seller,
    put_seller,
    set_address,
    set_notices,
)
from engine.context.situation import Envelope, context_for
from engine.context.store import Store
from engine.errors import UsageError
from engine.message.parts import Message
from tests.context.world import NOW, World, mail

ODD = [
    "Robert'); DROP TABLE seller;--",
    "日本の店",
    "Łódź & Søn",
    "100% %s %(x)s :name ?",
    "Cœur « d'Été »",
    "👩‍🔧 Atelier",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_kept_as_they_are(store: Store, name: str) -> None:
    with store.write() as connection:
        put_seller(connection, store.settings, account=name, business_name=name, now=NOW)
        put_buyer(connection, account=name, address="x@home.example", locale=name, store=name, now=NOW)
        assert find_seller(connection, name).business_name == name
        assert find_buyer(connection, name).locale == name


@pytest.mark.parametrize(
    "name",
    ["", "  ", "***", "A\r\nBcc: x@y.example", "A\x00B", "A\u202eB", "A\u200bB", "A\ud800", "x" * 101, "A\u2028B"],
)
def test_names_that_break_or_disguise_a_header_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="business name"):
        business_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Marché", "MARCHE Service Client", "Le Marсhé", "M a r c h é", "Mar-ché", "M4rch3", "Marchés", "Μarché",
        "МАРСНЕ Service".replace("МАРСНЕ", "МАRСНЕ"), "marche.fr", "Ｍａｒｃｈｅ",
    ],
)  # fmt: skip
def test_names_that_imitate_the_platform_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot look like"):
        business_name(name, ["Marché"])


@pytest.mark.parametrize("name", ["Marchetti", "Super Marcheur", "Maison d'Anna", "March Hare Books"])
def test_names_that_only_hold_the_platforms_letters_are_taken(name: str) -> None:
    assert business_name(name, ["Marché"]) == name


@pytest.mark.parametrize(
    ("written", "one_form"),
    [
        ("Anna@Shop.Example", "anna@shop.example"), ("<a@b.example.>", "a@b.example"),
        ("mailto:A+fr@b.example", "a+fr@b.example"), ("é@bücher.example", "é@xn--bcher-kva.example"),
        ("e\u0301@b.example", "é@b.example"),
    ],
)  # fmt: skip
def test_addresses_in_one_form(written: str, one_form: str) -> None:
    assert canonical(written) == one_form
    assert canonical(one_form) == one_form


@pytest.mark.parametrize(
    "written",
    ["", "a", "@b.example", "a@", "a b@c.example", "a\x00@b.example", "a@b..example", "a@-b.example", "a@b@c.example",
     "a\r\n@b.example", "x" * 400 + "@b.example", "a\u202e@b.example", "a@\ud800.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(UsageError) as caught:
        canonical(written)
    assert len(str(caught.value)) < 100


def test_a_token_is_split_off() -> None:
    assert split_token("abc+tok+en@m.example") == ("abc@m.example", "tok+en")
    assert split_token("abc@m.example") == ("abc@m.example", "")


def sender_word(world: World, envelope_sender: str, **headers: str) -> str:
    lines = {"From": "contact@anna.example", "Subject": "Bonjour"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    raw = "".join(f"{name}: {value}\n" for name, value in lines.items() if value).encode() + b"\nBonjour\n"
    envelope = Envelope(envelope_sender, world.pair.buyer_alias)
    return context_for(world.store, envelope, Message.parse(raw), NOW).sender


@pytest.mark.parametrize(
    ("envelope_sender", "headers", "expected"),
    [
        ("contact@anna.example", {}, "authorised"),
        ("CONTACT@Anna.Example", {"From": "Anna <Contact@ANNA.example>"}, "authorised"),
        ("contact@anna.example", {"From": "other@anna.example"}, "not_authorised"),
        ("bounce@carrier.example", {}, "not_authorised"),
        ("contact+fr@anna.example", {}, "not_authorised"),
        ("", {}, "not_authorised"),
        ("nonsense", {}, "not_authorised"),
        ("contact@anna.example", {"From": "contact@anna.example, other@x.example"}, "not_authorised"),
        ("contact@anna.example", {"From": ""}, "not_authorised"),
        ("contact@anna.example", {"From": "", "Subject": ""}, "not_authorised"),
        ("contact@anna.example", {"Sender": "boss@anna.example"}, "not_authorised"),
        ("contact@anna.example", {"Sender": "contact@anna.example"}, "authorised"),
        ("contact@anna.example", {"From": "contact@bert.example"}, "not_authorised"),
        ("' OR 1=1 --@anna.example", {}, "not_authorised"),
    ],
)
def test_envelope_and_header_must_both_be_on_the_account(
    world: World, envelope_sender: str, headers: dict[str, str], expected: str
) -> None:
    assert sender_word(world, envelope_sender, **headers) == expected


@pytest.mark.parametrize("state", ["pending", "blocked"])
def test_only_approved_addresses_may_write_and_one_approved_later_passes(world: World, state: str) -> None:
    anna = world.sellers["anna"]
    with world.store.write() as connection:
        set_address(connection, anna, "contact@anna.example", state, now=NOW)
    assert sender_word(world, "contact@anna.example") == "not_authorised"
    with world.store.write() as connection:
        set_address(connection, anna, "Contact@Anna.example", now=NOW)
        assert addresses(connection, anna) == [("contact@anna.example", "approved")]
    assert sender_word(world, "contact@anna.example") == "authorised"


def test_one_address_of_two_accounts_writes_to_the_buyers_of_both(world: World) -> None:
    with world.store.write() as connection:
        set_address(connection, world.sellers["bert"], "contact@anna.example", now=NOW)
    for seller in ("anna", "bert"):
        envelope = world.envelope(world.pair_of(seller, "clara").buyer_alias)
        assert context_for(world.store, envelope, Message.parse(mail("Bonjour")), NOW).recipient == "own_alias"


def test_a_carriers_address_is_taken_with_a_warning(world: World) -> None:
    with world.store.write() as connection:
        (warning,) = set_address(connection, world.sellers["anna"], "noreply@info.dpd.fr", now=NOW)
        assert set_address(connection, world.sellers["anna"], "noreply@notdpd.fr", now=NOW) == ()
    assert "carrier" in warning


def test_notices_are_on_until_the_seller_has_read_the_warning(world: World) -> None:
    anna = world.sellers["anna"]
    with world.store.write() as connection:
        assert find_seller(connection, "anna").buyer_opt_out_notices
        with pytest.raises(UsageError, match=NOTICES_OFF_WARNING):
            set_notices(connection, anna, False)
        assert find_seller(connection, "anna").buyer_opt_out_notices
        set_notices(connection, anna, False, confirmed=True)
        assert not find_seller(connection, "anna").buyer_opt_out_notices
        put_seller(connection, world.store.settings, account="anna", business_name="Chez Anna", now=NOW)
        assert not find_seller(connection, "anna").buyer_opt_out_notices, "an import keeps the preference"
        set_notices(connection, anna, True)
        assert find_seller(connection, "anna").buyer_opt_out_notices


def test_an_opt_out_counts_from_its_time_and_is_kept_once(world: World) -> None:
    clara, day = world.buyers["clara"], timedelta(days=1)
    with world.store.write() as connection:
        assert set_opt_out(connection, clara, True, NOW)
        assert not set_opt_out(connection, clara, True, NOW + day)
        assert find_buyer(connection, "clara").opted_out_since == NOW
        assert set_opt_out(connection, clara, False, NOW + 2 * day)
        assert not set_opt_out(connection, clara, False, NOW + 3 * day)
        assert set_opt_out(connection, clara, True, NOW + 4 * day)
        assert opt_out_history(connection, clara) == [(NOW, True), (NOW + 2 * day, False), (NOW + 4 * day, True)]
        asked = [opted_out_at(connection, clara, NOW + n * day) for n in (-1, 0, 1, 2, 3, 4)]
    assert asked == [False, True, True, False, False, True]


def test_an_opt_out_is_for_all_sellers_and_counts_at_once(world: World) -> None:
    words = []
    for opted_out in (False, True, False):
        with world.store.write() as connection:
            set_opt_out(connection, world.buyers["clara"], opted_out, NOW)
        for seller in ("anna", "bert"):
            envelope = world.envelope(world.pair_of(seller, "clara").buyer_alias, seller)
            raw = mail("Bonjour", sender=f"contact@{seller}.example")
            words.append(context_for(world.store, envelope, Message.parse(raw), NOW).buyer_opted_out)
    assert words == ["no", "no", "yes", "yes", "no", "no"]


def test_a_seller_who_buys_is_a_buyer_to_the_other(world: World) -> None:
    with world.store.write() as connection:
        put_buyer(connection, account="bert-private", address="contact@bert.example", now=NOW)
        world.buyers["bert-private"] = find_buyer(connection, "bert-private").id
    pair = world.pair_of("anna", "bert-private")
    as_buyer = world.envelope(pair.seller_alias, "bert")
    message = Message.parse(mail("Bonjour", sender="contact@bert.example"))
    assert context_for(world.store, as_buyer, message, NOW).recipient == "not_alias_domain"
    as_seller = world.envelope(world.pair.seller_alias, "bert")
    assert context_for(world.store, as_seller, message, NOW).recipient == "seller_account"
    assert context_for(
        world.store, world.envelope(pair.buyer_alias), Message.parse(mail("Bonjour")), NOW
    ).recipient == ("own_alias")
