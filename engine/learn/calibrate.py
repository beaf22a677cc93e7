"""Joins the two tiers and calibrates them on messages kept apart from training and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.find.calibration import JOINED_FEATURES, LINEAR_FEATURES, Array, Calibration
from engine.find.model import Model, texts_of
from engine.find.outputs import INTENT_OUTPUTS
from engine.find.pipeline import Raw
from engine.learn.split import Labelled
from engine.message.parts import Message
from engine.text.reading import read
from engine.text.segment import split

Numbers = npt.NDArray[np.float64]
_PULL = 1.0  # towards equal weights for all features: some messages' worth of belief in them
_DISAGREE = 0.01  # share of the messages settled by the linear tier for which the joined tiers would say otherwise
_SURE = np.arange(0.5, 8.01, 0.25)


@dataclass(frozen=True, slots=True)
class Measured:
    """Raw scores of messages and what they really carry: `(messages, intents, features)` and `(messages, intents)`."""

    joined: Array
    linear: Array
    truth: npt.NDArray[np.bool_]


def measure(model: Model, messages: Sequence[Labelled]) -> Measured:
    """Return both tiers' scores of `messages`, cut into segments as the filter does it."""
    lines = texts_of(
        read(Message.of(subject=m.subject, body=m.body, in_reply=m.in_reply, lang=m.lang)) for m in messages
    )
    texts = [[text[start:end] for start, end in split(text)] for text in lines]
    raws: list[Raw] = []
    for at in range(0, len(messages), 64):
        batch = [(own, m.in_reply) for own, m in zip(texts[at : at + 64], messages[at : at + 64], strict=True)]
        raws += [raw for raw in model.classifier.raw(batch, settle=False) if raw is not None]
    truth = np.array(
        [[intent in m.intents for intent in INTENT_OUTPUTS] for m, own in zip(messages, texts, strict=True) if own]
    )
    return Measured(
        np.stack([raw.joined_features() for raw in raws]), np.stack([raw.linear_features() for raw in raws]), truth
    )


def calibrate(measured: Measured) -> Calibration:
    """Return the calibration that fits `measured` best."""
    joined = [_fit(measured.joined[:, at], measured.truth[:, at]) for at in range(len(INTENT_OUTPUTS))]
    linear = [_fit(measured.linear[:, at], measured.truth[:, at]) for at in range(len(INTENT_OUTPUTS))]
    made = Calibration(
        np.array([w[:-1] for w in joined], np.float32), np.array([w[-1] for w in joined], np.float32),
        np.array([w[:-1] for w in linear], np.float32), np.array([w[-1] for w in linear], np.float32), float("inf"),
    )  # fmt: skip
    return Calibration(made.joined, made.joined_bias, made.linear, made.linear_bias, _sure(made, measured))


def _fit(features: Array, truth: npt.NDArray[np.bool_]) -> Numbers:
    """Logistic regression by Newton's method, pulled towards the mean of the features; the last weight is the bias."""
    count = features.shape[1]
    assert count in (len(JOINED_FEATURES), len(LINEAR_FEATURES))
    design = np.hstack([features.astype(np.float64), np.ones((len(features), 1))])
    start = np.array([1 / count] * count + [0.0])
    pull = np.diag([_PULL] * count + [1e-3])
    weights = start.copy()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (chance - truth) + pull @ (weights - start)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + pull
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _sure(made: Calibration, measured: Measured) -> float:
    """Return the least sureness from which on the linear tier alone says what both say (infinite if it never does)."""
    alone = np.stack([made.of_linear(features) for features in measured.linear])
    both = np.stack([made.of_joined(features) for features in measured.joined])
    differs = ((alone > 0) != (both > 0)).any(1)
    for limit in _SURE:
        settled = np.abs(alone).min(1) >= limit
        if settled.any() and differs[settled].mean() <= _DISAGREE:
            return float(limit)
    return float("inf")
