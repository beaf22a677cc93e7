"""Messages of files judged with the store's context."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.context.buyers import set_opt_out
from engine.context.checking import StoreChecker, envelope_of
from engine.context.schema import message
from engine.errors import UsageError
from engine.filter import Filter
from engine.message.parts import Message
from tests.context.world import NOW, World, mail


def test_messages_are_judged_with_what_the_store_knows(world: World, tmp_path: Path) -> None:
    with world.store.write() as connection:
        set_opt_out(connection, world.buyers["clara"], True, NOW)
    path = tmp_path / "one.eml"
    path.write_bytes(mail("Merci de nous laisser un avis cinq etoiles.", recipient=world.pair.buyer_alias))
    checker = StoreChecker(world.store, Filter.load(profile="opt-out", model="off"))
    (outcome,) = checker.run([str(path)], None, io.BytesIO())
    assert outcome.decision is not None
    assert (outcome.decision.verdict, outcome.decision.reason) == ("bounce", "buyer_opted_out")
    assert outcome.decision.context.assumed == ()
    other = StoreChecker(
        world.store, Filter.load(profile="opt-out", model="off"), recipient=world.pair_of("anna", "dirk").buyer_alias
    )
    (passed,) = other.run([str(path)], None, io.BytesIO())
    assert passed.decision is not None
    assert passed.decision.verdict == "allow"
    with world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(message)).scalar_one() == 0


def test_records_need_an_envelope_and_may_not_bring_a_context(world: World, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    record = {"id": "1", "subject": "Bonjour", "body": "Votre adresse ?"}
    path.write_text(json.dumps(record) + "\n" + json.dumps({**record, "context": {"buyer_opted_out": "yes"}}) + "\n")
    loaded = Filter.load(model="off")
    outcomes = list(StoreChecker(world.store, loaded, "contact@anna.example").run([str(path)], None, io.BytesIO()))
    assert ["give it with --to" in outcomes[0].error, "context of its own" in outcomes[1].error] == [True, True]
    checker = StoreChecker(world.store, loaded, "contact@anna.example", world.pair.buyer_alias)
    first = next(checker.run([str(path)], None, io.BytesIO()))
    assert first.decision is not None
    assert first.decision.context.recipient == "own_alias"


def test_the_envelope_is_that_of_the_mail_server_before_that_of_the_writer() -> None:
    headers = {"Return-Path": "<a@x.example>", "X-Original-To": "b@y.example"}
    found = envelope_of(
        Message.parse(mail("x", sender="c@z.example", recipient="d@z.example", headers=headers)), None, None
    )
    assert (found.sender, found.recipient) == ("a@x.example", "b@y.example")
    with pytest.raises(UsageError, match="--from"):
        envelope_of(Message.parse(b"\nhello\n"), None, None)
