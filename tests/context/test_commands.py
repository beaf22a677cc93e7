"""The commands about the store, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from engine.context.commands import register
from engine.context.messages import delivered
from engine.errors import TamisError, UsageError
from tests.context.world import NOW, QUESTION, World


@click.group()
def tamis() -> None:
    """The command line with nothing but the store's commands."""


register(tamis)


def run(url: str, *words: str, input: str | None = None) -> Result:
    return CliRunner().invoke(tamis, list(words), env={"TAMIS_STORE": url}, input=input, standalone_mode=False)


def ok(url: str, *words: str) -> list[dict[str, object]]:
    result = run(url, *words, "--json")
    assert result.exception is None, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_making_filling_and_showing_a_store(tmp_path: Path) -> None:
    url = str(tmp_path / "s.db")
    assert run(url, "store", "init", "alias_domains=mail.marche.example", "platform_names=Marché").exception is None
    sellers = tmp_path / "sellers.csv"
    sellers.write_text("account,business_name,addresses\nanna,Maison d'Anna,contact@anna.example\n")
    assert "1 sellers imported" in run(url, "store", "import", "sellers", str(sellers)).output
    shown = {row["setting"]: row["value"] for row in ok(url, "store", "show")}
    assert (shown["alias_domains"], shown["rows of seller"]) == ("mail.marche.example", 1)
    assert [row["account"] for row in ok(url, "seller", "list")] == ["anna"]
    assert run(url, "store", "set", "order_open_days=30").exception is None
    result = run(url, "store", "doctor")
    assert result.return_value == 1
    assert "no service address" in result.output
    assert "orders were last complete: never" in result.output
    for word, said in (("x", "NAME=VALUE"), ("order_days=3", "no setting")):
        error = run(url, "store", "set", word).exception
        assert isinstance(error, UsageError)
        assert said in str(error)


def test_a_seller_day_by_day(world: World, url: str) -> None:
    assert run(url, "seller", "address", "anna", "x@dpd.fr").output.startswith("warning: dpd.fr")
    assert run(url, "seller", "average", "anna", "12.4").exception is None
    shown = {row["what"]: row["value"] for row in ok(url, "seller", "show", "anna")}
    assert (shown["messages a day"], shown["buyer_opt_out notices"]) == (662, True)
    refused = run(url, "seller", "notices", "anna", "off", input="n\n")
    assert isinstance(refused.exception, click.exceptions.Abort)
    assert "no way of knowing" in refused.output
    assert {row["what"]: row["value"] for row in ok(url, "seller", "show", "anna")}["buyer_opt_out notices"] is True
    assert run(url, "seller", "notices", "anna", "off", input="y\n").exception is None
    assert {row["what"]: row["value"] for row in ok(url, "seller", "show", "anna")}["buyer_opt_out notices"] is False
    assert isinstance(run(url, "seller", "average", "anna", "many").exception, UsageError)


def test_buyers_aliases_orders_and_opt_outs(world: World, url: str) -> None:
    world.order("302-1")
    assert ok(url, "order", "302-1")[0] == {"what": "state", "value": "pending"}
    assert run(url, "optout", "clara", "yes").exception is None
    assert [row["opted out"] for row in ok(url, "optout", "clara")] == [True]
    shown = ok(url, "buyer", "show", "clara")
    assert shown[0]["value"] == "c***@home.example"
    assert world.pair.buyer_alias in [row["value"] for row in shown]
    found = {row["what"]: row["value"] for row in ok(url, "alias", world.pair.buyer_alias)}
    assert (found["seller"], found["order, pending"]) == ("anna", "302-1")
    assert isinstance(run(url, "alias", "nobody1@mail.marche.example").exception, UsageError)
    assert run(url, "buyer", "erase", "clara", "--yes").output == "erased: 0 messages\n"


def test_lists_and_the_archive(world: World, url: str, tmp_path: Path) -> None:
    world.order("302-1")
    kept = world.question(QUESTION, order_number="302-1")
    delivered(world.store, kept.id, NOW)
    (waiting,) = ok(url, "responses", "anna")
    assert (waiting["id"], waiting["order"], waiting["alias"]) == (kept.id, "302-1", world.pair.buyer_alias)
    assert ok(url, "responses", "anna", "--not-needed", str(kept.id)) == []
    assert len(ok(url, "responses", "anna", "--undo", str(kept.id))) == 1
    assert ok(url, "sent", "anna") == []
    assert "undefined" in run(url, "responses", "anna", "--time").output
    file = tmp_path / "claim.zip"
    assert "1 exchanged, 0 stopped" in run(url, "archive", "export", "--order", "302-1", str(file)).output
    assert file.read_bytes()[:2] == b"PK"
    assert isinstance(run(url, "archive", "export", str(file)).exception, UsageError)
    assert run(url, "archive", "verify").return_value == 0
    assert run(url, "archive", "hold", "--order", "302-1", "claim 17").output == "hold 1\n"
    assert run(url, "archive", "expire", "--days", "1").output == "0 messages expired\n"
    assert run(url, "archive", "release", "1").exception is None
    for path in Path(world.store.settings.archive).rglob("*"):
        if path.is_file():
            path.unlink()
    result = run(url, "archive", "verify")
    assert (result.return_value, "record 1: its file is missing" in result.output) == (1, True)


def test_the_log_commands(world: World, url: str, tmp_path: Path) -> None:
    assert run(url, "log", "verify", "--log", str(tmp_path)).output == "the log is whole\n"
    assert isinstance(run(url, "replay", "--log", str(tmp_path), "0" * 16).exception, UsageError)


@pytest.mark.parametrize("words", [("seller", "list"), ("responses", "anna"), ("archive", "verify"), ("store", "show")])
def test_without_a_store_it_says_how_to_make_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    error = run(str(tmp_path / "none.db"), *words).exception
    assert isinstance(error, TamisError)
    assert "tamis store init" in str(error)
