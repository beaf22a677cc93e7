"""The check of labelled data before training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decide.words import INTENTS
from engine.learn.datacheck import Finding, check
from engine.learn.split import Labelled

ONE = Labelled("a", "fr", "Sujet", False, (("Bonjour à tous", "other"),), frozenset({"other"}))


def errors(*messages: Labelled, **roles: str) -> list[Finding]:
    known = {message.id: "train" for message in messages} | roles
    return [f for f in check(messages, known) if f.severity == "error" and "training messages" not in f.text]


def test_plain_data_has_no_error_but_that_there_is_too_little() -> None:
    found = check([ONE], {"a": "train"})
    assert len([f for f in found if f.severity == "error" and "at least" in f.text]) == len(INTENTS)
    assert errors(ONE) == []


@pytest.mark.parametrize("body", ["Bonjour à tous", "BONJOUR  a tous"])
def test_one_text_on_two_sides_of_the_split_is_an_error(body: str) -> None:
    other = replace(ONE, id="b", subject="", segments=((body, "other"),))
    assert [f.ids for f in errors(ONE, other, b="test")] == [("a", "b")]
    assert errors(ONE, other) == []


def test_one_text_with_two_labels_is_an_error_unless_one_is_a_reply() -> None:
    other = replace(ONE, id="b", intents=frozenset({"marketing"}))
    assert [f.ids for f in errors(ONE, other)] == [("a", "b")]
    assert errors(ONE, replace(other, in_reply=True)) == []


def test_an_id_given_twice_is_an_error() -> None:
    assert [f.ids for f in errors(ONE, ONE)] == [("a",)]


def test_an_unknown_language_is_an_error() -> None:
    (found,) = errors(replace(ONE, lang="da"))
    assert "da" in found.render()
    assert found.render().endswith("a")


def test_one_class_only_is_an_error() -> None:
    many = [replace(ONE, id=f"m{n}", segments=((f"Bonjour {n}", "other"),)) for n in range(12)]
    texts = [f.text for f in check(many, {m.id: "train" for m in many}) if f.severity == "error"]
    assert any("nothing to tell it from" in text for text in texts)


def test_messages_in_another_language_than_marked_are_found() -> None:
    german = (
        "Guten Tag, bitte nennen Sie uns die Hausnummer, denn der Fahrer hat Ihre Straße gefunden, aber die Tür nicht. "
        "Vielen Dank für Ihre Hilfe!"
    )
    found = [
        f
        for f in check([replace(ONE, segments=((german, "address_issue"),))], {"a": "train"})
        if "like another" in f.text
    ]
    assert [f.ids for f in found] == [("a",)]
    assert found[0].severity == "note"  # one may be a mistake; many are an error
