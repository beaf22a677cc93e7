"""The noise of training: it changes what it should and keeps labels with their texts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide.words import LANGUAGES
from engine.learn.noise import KINDS, no_accents, noisy, typing_errors

TEXT = "Bonjour, pourriez-vous laisser un avis quand vous aurez reçu votre commande ? Merci beaucoup pour votre aide."
MESSAGE = [(TEXT, "review_request.product"), ("Où est l'étage ?", "delivery_scheduling")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_keeps_the_labels_in_order_and_adds_none(kind, lang: str) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(0)
    for _ in range(20):
        changed = kind(list(MESSAGE), lang, rng)
        assert [label for _, label in changed if label] == ["review_request.product", "delivery_scheduling"]
        assert all(label is None for _, label in changed[len(MESSAGE) :])


def test_every_kind_changes_something() -> None:
    for kind in KINDS:
        rng = random.Random(0)
        assert any(kind(list(MESSAGE), "fr", rng) != MESSAGE for _ in range(5)), kind


def test_the_same_seed_gives_the_same_noise() -> None:
    assert noisy(list(MESSAGE), "fr", random.Random(7)) == noisy(list(MESSAGE), "fr", random.Random(7))


def test_accents_are_lost_in_all_eight_languages() -> None:
    assert no_accents("é ü ł ß ø ż å ñ è œ") == "e u l ss o z a n e oe"


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
def test_typing_errors_touch_letters_only(share: float, seed: int) -> None:
    changed = typing_errors("12:30, 45 - 67!", share, random.Random(seed))
    assert changed == "12:30, 45 - 67!"


def test_typing_errors_come_as_often_as_asked() -> None:
    text = "lettre " * 2000
    changed = typing_errors(text, 0.05, random.Random(1))
    wrong = sum(word != "lettre" for word in changed.split(" "))
    assert 0.2 < wrong / 2000 < 0.35  # 1 - 0.95 ** 6 = 0.26, less what a swap of equal letters hides
