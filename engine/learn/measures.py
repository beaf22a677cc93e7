"""The figures of a classifier that may name several intents a message: precision, recall, F1, confusion, calibration.

`truth` and `found` are tables of 0 and 1, a row a message and a column an intent in the order of `INTENT_OUTPUTS`.
Shares come with Wilson's 95 % interval; macro-F1 with one from drawing messages anew, always the same draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.find.outputs import INTENT_OUTPUTS
from engine.rulebook.stats import wilson

Table = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]
_DRAWS, _AT_ONCE = 1000, 100
_BINS = 10


def table(sets: Iterable[Iterable[str]]) -> Table:
    """Return the table of the sets of intents."""
    return np.array([[intent in chosen for intent in INTENT_OUTPUTS] for chosen in map(set, sets)], bool).reshape(
        -1, len(INTENT_OUTPUTS)
    )


def share(right: int, total: int) -> dict[str, Any]:
    """Return a share with its counts and interval; `share` is None where nothing was counted."""
    low, high = wilson(int(right), int(total))
    return {
        "right": int(right),
        "total": int(total),
        "share": _round(right / total) if total else None,
        "low": _round(low),
        "high": _round(high),
    }


def scored(right: int, named: int, true: int) -> dict[str, Any]:
    """Return precision, recall and F1 of what was `named` so often, was `true` so often, and was both `right` times."""
    f1 = _round(2 * right / (named + true)) if named + true else None
    return {"precision": share(right, named), "recall": share(right, true), "f1": f1}


def by_intent(truth: Table, found: Table) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of every intent."""
    counts = zip((truth & found).sum(0), found.sum(0), truth.sum(0), strict=True)
    return [{"intent": intent, **scored(*count)} for intent, count in zip(INTENT_OUTPUTS, counts, strict=True)]


def macro_f1(truth: Table, found: Table) -> dict[str, Any]:
    """Return the mean F1 of the intents that are true of or named for any message, with its interval.

    The interval is the middle 95 % of the same figure over 1,000 draws of as many messages, with a fixed seed.
    """
    rows = np.stack([truth & found, found, truth]).astype(np.float64)
    messages = len(truth)
    if not messages:
        return {"messages": 0, "value": None, "low": None, "high": None}
    rng = np.random.default_rng(0)
    drawn: list[Scores] = []
    for _ in range(_DRAWS // _AT_ONCE):
        times = rng.multinomial(messages, np.full(messages, 1 / messages), size=_AT_ONCE).astype(np.float64)
        drawn.append(_macro(times @ rows))
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5])
    value = _macro(rows.sum(1, keepdims=True))[0]
    return {"messages": messages, "value": _round(value), "low": _round(low), "high": _round(high)}


def _macro(counts: Scores) -> Scores:
    """Return the means over intents of F1 from counts `(right, named, true) x draw x intent`."""
    right, named, true = counts
    any_ = named + true > 0
    f1 = np.where(any_, 2 * right / np.maximum(named + true, 1), 0)
    means: Scores = f1.sum(1) / np.maximum(any_.sum(1), 1)
    return means


def grouped(names: Sequence[str], truth: Table, found: Table) -> list[dict[str, Any]]:
    """Return macro-F1 of every group; `names` says which each message belongs to, an empty name to none."""
    every = np.array(names, object)
    return [
        {"name": name, **macro_f1(truth[every == name], found[every == name])}
        for name in sorted(set(names) - {""})
    ]  # fmt: skip


def confusion(truth: Table, found: Table) -> dict[str, Any]:
    """Return how often a message of the intent of a row got that of a column although it is not true of it.

    On the diagonal: how often the intent was found. The last column, `missed`: how often it was not, whatever else was.
    """
    wrong = found & ~truth
    rows = truth.astype(int).T @ wrong.astype(int)
    rows[np.diag_indices(len(INTENT_OUTPUTS))] = (truth & found).sum(0)
    missed = (truth & ~found).sum(0)
    return {
        "columns": [*INTENT_OUTPUTS, "missed"],
        "rows": [
            {"intent": intent, "counts": [*map(int, row), int(lost)]}
            for intent, row, lost in zip(INTENT_OUTPUTS, rows, missed, strict=True)
        ],
    }


def calibration(truth: Table, scores: Scores) -> dict[str, Any]:
    """Return the expected calibration error over all intents and of each, with its bins.

    A bin holds the messages whose score lies in `[low, high)`: how many, their mean score, and how often it was true.
    The error is the mean distance of the two, weighted by how many.
    """
    intents = [
        {"intent": intent, **_reliability(truth[:, column], scores[:, column])}
        for column, intent in enumerate(INTENT_OUTPUTS)
    ]
    return {"ece": _reliability(truth.reshape(-1), scores.reshape(-1))["ece"], "intents": intents}


def _reliability(true: Table, scores: Scores) -> dict[str, Any]:
    place = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    bins: list[dict[str, Any]] = []
    error = 0.0
    for number in range(_BINS):
        inside = place == number
        count = int(inside.sum())
        if count:
            mean, right = float(scores[inside].mean()), float(true[inside].mean())
            error += count * abs(mean - right)
            bins.append(
                {"low": number / _BINS, "high": (number + 1) / _BINS, "count": count, "score": _round(mean),
                 "share": _round(right)}
            )  # fmt: skip
    return {"ece": _round(error / max(len(scores), 1)), "bins": bins}


def _round(value: float) -> float:
    return round(float(value), 4)
