"""The linear tier: n-grams, scores, and the way to disk and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.find.calibration import JOINED_FEATURES, LINEAR_FEATURES, Calibration
from engine.find.linear import Linear, character_ngrams, tokens, word_ngrams
from engine.find.outputs import INTENT_OUTPUTS, KINDS, OUTPUTS

NAMES = ["w:avis", "w:porte", "p:un avis", "r:avis", "r:", "av", "avi", "_av", "po"]


def small() -> Linear:
    """Every n-gram of `avis` speaks for the first output, those of `porte` against it."""
    weights = np.zeros((len(NAMES), len(OUTPUTS)), np.int8)
    weights[:, 0] = [50, -50, 50, -90, 0, 20, 20, 20, -20]
    ones = np.ones(len(OUTPUTS), np.float32)
    return Linear(NAMES, np.ones(len(NAMES), np.float32), weights, ones / 50, ones * 0)


def test_numbers_are_told_by_their_length_and_signs_are_words() -> None:
    assert tokens("appel 0612345678, 12 fois ?") == ["appel", "000000", "00", "fois", "?"]


def test_a_word_gives_its_letters_with_its_ends() -> None:
    assert character_ngrams("avis")[:5] == ["_a", "av", "vi", "is", "s_"]
    assert word_ngrams(["un", "avis"], in_reply=False) == ["w:un", "w:avis", "p:un avis"]
    assert "r:avis" in word_ngrams(["un", "avis"], in_reply=True)


def test_segments_and_the_whole_are_scored() -> None:
    segments, whole = small().scores(["un avis", "la porte"], in_reply=False)
    assert segments.shape == (2, len(OUTPUTS))
    assert segments[0, 0] > 0 > segments[1, 0]
    assert segments[1, 0] < whole[0] < segments[0, 0]


def test_a_reply_is_read_as_one() -> None:
    alone = small().scores(["un avis"], in_reply=False)[1]
    reply = small().scores(["un avis"], in_reply=True)[1]
    assert reply[0] < alone[0]


@given(text=st.text(max_size=60))
def test_any_text_has_finite_scores_that_do_not_depend_on_what_was_read_before(text: str) -> None:
    linear = small()
    first = linear.scores([text], in_reply=True)[1]
    linear.scores(["un avis la porte"], in_reply=False)
    assert np.isfinite(first).all()
    assert np.array_equal(first, linear.scores([text], in_reply=True)[1])


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    small().save(tmp_path)
    texts = ["un avis", "la porte"]
    assert np.array_equal(
        Linear.load(tmp_path).scores(texts, in_reply=False)[0], small().scores(texts, in_reply=False)[0]
    )


def test_outputs_are_intents_then_kinds() -> None:
    assert OUTPUTS[: len(INTENT_OUTPUTS)] == INTENT_OUTPUTS
    for intent, columns in KINDS.items():
        assert all(OUTPUTS[column].partition(".")[0] == intent for column in columns)
    assert sorted(c for columns in KINDS.values() for c in columns) == list(range(len(INTENT_OUTPUTS), len(OUTPUTS)))


# -- calibration -------------------------------------------------------------------------------------------------------


def calibration(sure: float = 2.0) -> Calibration:
    count = len(INTENT_OUTPUTS)
    joined = np.full((count, len(JOINED_FEATURES)), 0.25, np.float32)
    linear = np.full((count, len(LINEAR_FEATURES)), 0.5, np.float32)
    return Calibration(joined, np.zeros(count, np.float32), linear, np.ones(count, np.float32), sure)


def test_log_odds_are_weighted_sums() -> None:
    count = len(INTENT_OUTPUTS)
    assert calibration().of_joined(np.full((count, 4), 2, np.float32)) == pytest.approx([2.0] * count)
    assert calibration().of_linear(np.full((count, 2), 2, np.float32)) == pytest.approx([3.0] * count)


def test_the_linear_tier_settles_only_what_it_is_sure_of() -> None:
    sure = np.full(len(INTENT_OUTPUTS), -4, np.float32)
    assert calibration().settles(sure)
    sure[3] = 1.5
    assert not calibration().settles(sure)
    assert not calibration(float("inf")).settles(sure * 100)


@pytest.mark.parametrize("sure", [1.25, float("inf")])
def test_a_calibration_is_read_back(tmp_path: Path, sure: float) -> None:
    calibration(sure).save(tmp_path)
    back = Calibration.load(tmp_path)
    assert back.sure == sure
    assert np.array_equal(back.joined, calibration().joined)
    assert np.array_equal(back.linear_bias, calibration().linear_bias)
