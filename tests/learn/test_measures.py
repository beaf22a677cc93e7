"""The figures, against sums done by hand and against scikit-learn's definitions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.find.outputs import INTENT_OUTPUTS
from engine.learn.measures import by_intent, calibration, confusion, grouped, macro_f1, share, table

TRUE = [{"marketing"}, {"marketing", "stock_out"}, {"stock_out"}, {"other"}]
NAMED = [{"marketing"}, {"marketing"}, {"marketing"}, {"stock_out"}]


def row_of(rows: list[dict[str, object]], intent: str) -> dict[str, object]:
    return next(row for row in rows if row["intent"] == intent)


def test_precision_recall_and_f1_of_an_intent() -> None:
    rows = by_intent(table(TRUE), table(NAMED))
    marketing = row_of(rows, "marketing")
    assert marketing["precision"] == share(2, 3)
    assert marketing["recall"] == share(2, 2)
    assert marketing["f1"] == 0.8
    assert row_of(rows, "stock_out")["f1"] == 0.0
    assert row_of(rows, "address_issue")["f1"] is None


def test_macro_f1_is_the_mean_over_intents_that_occur() -> None:
    found = macro_f1(table(TRUE), table(NAMED))
    assert found["value"] == pytest.approx(0.8 / 3, abs=1e-4)  # marketing 0.8, stock_out 0, other 0
    assert found["messages"] == 4


def test_the_interval_holds_the_value_is_the_same_each_time_and_narrows_with_more_messages() -> None:
    few, many = (macro_f1(table(TRUE * times), table(NAMED * times)) for times in (10, 400))
    assert macro_f1(table(TRUE * 10), table(NAMED * 10)) == few
    for found in (few, many):
        assert found["low"] <= found["value"] <= found["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]


def test_all_right_is_one_and_nobody_is_no_figure() -> None:
    assert macro_f1(table(TRUE), table(TRUE))["value"] == 1.0
    assert macro_f1(table([]), table([])) == {"messages": 0, "value": None, "low": None, "high": None}


def test_a_share_has_wilsons_interval() -> None:
    assert share(8, 10) == {"right": 8, "total": 10, "share": 0.8, "low": 0.4902, "high": 0.9433}
    assert share(0, 0)["share"] is None


def test_groups_are_measured_apart_and_an_empty_name_is_none() -> None:
    rows = grouped(["b", "a", "a", ""], table(TRUE), table(NAMED))
    assert [(row["name"], row["messages"]) for row in rows] == [("a", 2), ("b", 1)]
    assert rows[1]["value"] == 1.0


def test_confusion_tells_what_was_named_besides_and_what_was_missed() -> None:
    found = confusion(table(TRUE), table(NAMED))
    stock_out = row_of(found["rows"], "stock_out")["counts"]
    told = dict(zip(found["columns"], stock_out, strict=True))
    assert told == {**dict.fromkeys(INTENT_OUTPUTS, 0), "marketing": 1, "missed": 2}
    other = dict(zip(found["columns"], row_of(found["rows"], "other")["counts"], strict=True))
    assert (other["stock_out"], other["other"], other["missed"]) == (1, 0, 1)


def test_calibration_error_is_the_distance_of_scores_from_what_is_true() -> None:
    truth = np.zeros((10, len(INTENT_OUTPUTS)), bool)
    scores = np.zeros(truth.shape)
    truth[:6, 0] = True
    scores[:, 0] = 0.95  # ten times sure, six times right
    found = calibration(truth, scores)
    first = found["intents"][0]
    assert first["bins"] == [{"low": 0.9, "high": 1.0, "count": 10, "score": 0.95, "share": 0.6}]
    assert first["ece"] == pytest.approx(0.35)
    assert [row["ece"] for row in found["intents"][1:]] == [0.0] * 9
    assert found["ece"] == pytest.approx(0.035)


def test_a_score_of_one_lies_in_the_last_bin() -> None:
    truth = np.ones((3, len(INTENT_OUTPUTS)), bool)
    assert calibration(truth, np.ones(truth.shape))["intents"][0]["bins"][0]["high"] == 1.0
