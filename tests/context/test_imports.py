"""Files into the store: everything or nothing, each wrong line told, twice is once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.context.aliases import aliases_of, look_up
from engine.context.buyers import find_buyer, opt_out_history
from engine.context.imports import ImportFailed, import_file
from engine.context.orders import Line, find_order
from engine.context.schema import buyer, feed, message, seller
from engine.context.sellers import addresses, find_seller
from engine.context.store import Store
from engine.errors import InputError, UsageError
from tests.context.world import NOW, World


def wrote(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(store: Store, table: sa.Table) -> int:
    with store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


SELLERS = """account;business_name;language;service_address;addresses;daily_orders
anna;Maison d'Anna;fr;sav@anna.example;contact@anna.example noreply@dpd.fr:blocked;12.4
bert;"Bert; et fils";de;;x@bert.example:pending;
"""


def test_sellers_from_a_table(store: Store, tmp_path: Path) -> None:
    path = wrote(tmp_path, "sellers.csv", b"\xef\xbb\xbf" + SELLERS.replace("\n", "\r\n").encode())
    for _ in range(2):
        assert import_file(store, "sellers", path, now=NOW).rows == 2
    with store.read() as connection:
        anna, bert = find_seller(connection, "anna"), find_seller(connection, "bert")
        assert (anna.service_address, anna.daily_orders, anna.language) == ("sav@anna.example", 12.4, "fr")
        assert (bert.business_name, bert.service_address) == ("Bert; et fils", None)
        assert addresses(connection, anna.id) == [("contact@anna.example", "approved"), ("noreply@dpd.fr", "blocked")]
        assert addresses(connection, bert.id) == [("x@bert.example", "pending")]
    assert rows(store, seller) == 2


def test_a_carrier_among_the_addresses_is_a_warning_with_its_line(store: Store, tmp_path: Path) -> None:
    text = json.dumps({"account": "a", "business_name": "A", "addresses": ["no@dpd.fr"]})
    (warning,) = import_file(store, "sellers", wrote(tmp_path, "s.jsonl", text), now=NOW).warnings
    assert warning.startswith("s.jsonl:1: dpd.fr belongs to a carrier")


def test_buyers_are_changed_by_a_second_file_and_keep_their_aliases(world: World, tmp_path: Path) -> None:
    first = "account,address,locale,store\nclara,new@home.example,fr_FR,fr\neve,eve@home.example,de_DE,de\neve,eve2@home.example,,\n"
    assert import_file(world.store, "buyers", wrote(tmp_path, "b.csv", first), now=NOW).rows == 3
    with world.store.read() as connection:
        assert find_buyer(connection, "clara").address == "new@home.example"
        assert find_buyer(connection, "eve").address == "eve2@home.example"
    assert world.pair_of("anna", "clara") == world.pair
    assert rows(world.store, buyer) == 3


def test_orders_mint_the_aliases_of_their_pair(world: World, tmp_path: Path) -> None:
    lines = [
        {"number": "1", "seller": "bert", "buyer": "dirk", "state": "pending", "placed_at": "2026-11-20T10:00:00+01:00",
         "lines": [{"category": "lamps", "customisable": True}, {"category": "cables"}]},
        {"number": "2", "seller": "bert", "buyer": "dirk", "state": "completed", "placed_at": "2026-11-01",
         "closed_at": "2026-11-10", "lines": "lamps:customisable; cables"},
    ]  # fmt: skip
    path = wrote(tmp_path, "o.jsonl", "\n".join(map(json.dumps, lines)))
    for _ in range(2):
        import_file(world.store, "orders", path, now=NOW, complete=True)
    with world.store.read() as connection:
        assert len(aliases_of(connection, seller_account="bert", buyer_account="dirk")) == 2
        one, two = find_order(connection, "1"), find_order(connection, "2")
        assert one.lines == two.lines == (Line("lamps", True), Line("cables"))
        assert (one.placed_at.isoformat(), one.closed_at) == ("2026-11-20T09:00:00+00:00", None)
        assert two.closed_at is not None
        assert two.closed_at.isoformat() == "2026-11-10T00:00:00+00:00"
        assert connection.execute(sa.select(feed.c.fresh_at)).scalar_one() == NOW


def test_an_order_that_closes_keeps_the_time_it_closed_at(world: World) -> None:
    world.order("1")
    world.order("1", state="completed")
    with world.store.read() as connection:
        closed = find_order(connection, "1").closed_at
    assert closed == NOW
    world.order("1", state="completed", closed=None)
    with world.store.read() as connection:
        assert find_order(connection, "1").closed_at == closed
    with pytest.raises(UsageError, match="another seller and buyer"):
        world.order("1", seller="bert")


def test_opt_outs_by_account_or_alias(world: World, tmp_path: Path) -> None:
    text = f"buyer,opted_out,at\n{world.pair.buyer_alias.upper()},yes,2026-01-02\ndirk,no,\n"
    for _ in range(2):
        import_file(world.store, "optouts", wrote(tmp_path, "o.csv", text), now=NOW)
    with world.store.read() as connection:
        history = opt_out_history(connection, world.buyers["clara"])
        assert [(at.isoformat(), out) for at, out in history] == [("2026-01-02T00:00:00+00:00", True)]
        assert opt_out_history(connection, world.buyers["dirk"]) == []


def test_shared_aliases_and_messages(world: World, tmp_path: Path) -> None:
    import_file(world.store, "aliases", wrote(tmp_path, "a.csv", "address\nShared@mail.marche.example\n"), now=NOW)
    world.order("302-1")
    line = {"seller": "anna", "buyer": "clara", "at": "2026-11-20T10:00:00Z", "subject": "Lampe", "order": "302-1",
            "body": "Quelle longueur, s'il vous plait ?\ud800", "message_id": "<q1@home.example>"}  # fmt: skip
    path = wrote(tmp_path, "m.jsonl", json.dumps(line))
    for _ in range(2):
        import_file(world.store, "messages", path, now=NOW)
    with world.store.read() as connection:
        known = look_up(connection, "shared@mail.marche.example")
    assert known is not None
    assert known.kind == "shared"
    assert rows(world.store, message) == 1


BAD_BUYERS = b"""account,address,locale
good,good@home.example,fr
,nobody@home.example,fr
noaddress,,fr
wrong,not an address,fr
nul,a\x00b@home.example,fr
long,x@home.example,""" + b"f" * 300 + b"""
short,x@home.example
more,x@home.example,fr,extra
"unclosed,x@home.example,fr
latin,\xe9@home.example,fr
ctrl\x07,x@home.example,fr
last,last@home.example,fr
"""  # fmt: skip


def test_every_wrong_line_is_told_and_nothing_is_imported(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImportFailed) as caught:
        import_file(store, "buyers", wrote(tmp_path, "b.csv", BAD_BUYERS), now=NOW)
    assert [text.split(": ")[0] for text in caught.value.problems] == [f"b.csv:{n}" for n in range(3, 13)]
    assert str(caught.value).endswith("10 lines are wrong; nothing was imported")
    assert rows(store, buyer) == 0


def order_line(**changes: object) -> str:
    good = {"number": "1", "seller": "anna", "buyer": "clara", "state": "pending", "placed_at": "2026-01-01"}
    return json.dumps({**good, **changes})


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("buyers", "{", "no JSON"),
        ("buyers", "[" * 100_000, "no JSON"),
        ("buyers", '["a"]', "one JSON object a line"),
        ("buyers", '{"account": "a", "address": "a@b.example", "adress": 1}', "no column is called 'adress'"),
        ("buyers", '{"account": {"x": 1}, "address": "a@b.example"}', "cannot be an object"),
        ("buyers", '{"account": ["x"], "address": "a@b.example"}', "account is missing"),
        ("buyers", '{"account": "a\\ud800", "address": "a@b.example"}', "U+D800"),
        ("buyers", '{"account": "' + "a" * 1_100_000 + '"}', "more than 1,048,576 bytes"),
        ("sellers", '{"account": "a", "business_name": "March\\u00e9 SAV"}', "cannot look like"),
        ("sellers", '{"account": "a", "business_name": "A", "language": "xx"}', "one of fr, en"),
        ("sellers", '{"account": "a", "business_name": "A", "daily_orders": "many"}', "daily_orders is a number"),
        ("sellers", '{"account": "a", "business_name": "A", "addresses": "a@b.example:maybe"}', "approved, pending"),
        ("orders", order_line(seller="x"), "no seller"),
        ("orders", order_line(buyer="x"), "no buyer"),
        ("orders", order_line(state="lost"), "pending, shipped"),
        ("orders", order_line(placed_at="soon"), "no time"),
        ("orders", order_line(lines=[1]), "lines is a list"),
        ("orders", order_line(lines="lamps:red"), "only `customisable`"),
        ("optouts", '{"buyer": "clara", "opted_out": "perhaps"}', "yes or no"),
        ("optouts", '{"buyer": "x\' OR 1=1 --", "opted_out": "yes"}', "no buyer"),
        ("optouts", '{"buyer": "nobody@mail.marche.example", "opted_out": "yes"}', "not known"),
        ("messages", '{"seller": "anna", "buyer": "clara", "at": "2026-01-01", "body": "x", "order": "9"}', "no order"),
    ],
)  # fmt: skip
def test_each_kind_of_bad_line(world: World, tmp_path: Path, kind: str, line: str, said: str) -> None:
    before = rows(world.store, buyer), rows(world.store, seller)
    with pytest.raises(ImportFailed) as caught:
        import_file(world.store, kind, wrote(tmp_path, "f.jsonl", f"\n{line}\n"), now=NOW)
    (problem,) = caught.value.problems
    assert problem.startswith("f.jsonl:2: ")
    assert said in problem
    assert (rows(world.store, buyer), rows(world.store, seller)) == before


@pytest.mark.parametrize("content", ["", "name,mail\na,b\n", "\x00\x01"])
def test_a_table_without_the_needed_columns_names_them(store: Store, tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="no column account, address"):
        import_file(store, "buyers", wrote(tmp_path, "b.csv", content), now=NOW)


def test_files_and_kinds_that_are_not_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        import_file(store, "buyers", tmp_path / "none.csv", now=NOW)
    with pytest.raises(UsageError, match="these can: sellers, buyers"):
        import_file(store, "lists", tmp_path / "none.csv", now=NOW)
    with pytest.raises(UsageError, match="only a file of orders"):
        import_file(store, "buyers", tmp_path / "none.csv", now=NOW, complete=True)


def test_progress_ends_at_the_size_of_the_file(store: Store, tmp_path: Path) -> None:
    text = "account,address\n" + "".join(f"b{n},b{n}@home.example\n" for n in range(2500))
    path, read = wrote(tmp_path, "b.csv", text), []
    assert import_file(store, "buyers", path, now=NOW, report=read.append).rows == 2500
    assert read == sorted(read)
    assert read[-1] == path.stat().st_size
    assert rows(store, buyer) == 2500
