"""Labelled messages as targets: what a classifier should say of each segment and of the whole."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.find.outputs import INTENT_OUTPUTS, KIND_OUTPUTS
from engine.learn.noise import noisy
from engine.learn.split import Labelled

Array = npt.NDArray[np.float32]
_INTENT = {label: column for column, label in enumerate(INTENT_OUTPUTS)}
_KIND = {label: len(INTENT_OUTPUTS) + column for column, label in enumerate(KIND_OUTPUTS)}
# Only rounds 4 and 5 (`fr-w0001`, `fr-x0001`) mark legal notices; elsewhere `other` tells nothing about its kind.
_ROUNDS_WITH_NOTICES = ("w", "x")


@dataclass(frozen=True, slots=True)
class Targets:
    """Texts of a message in order, the subject first when there is one, with their targets.

    `intents` has a row a text and, last, one for the whole; a column an intent: 1, 0, or NaN where nobody knows.
    `kinds` in the same rows: the column among all outputs, or -1.
    """

    texts: list[str]
    intents: Array
    kinds: npt.NDArray[np.int64]


def targets(message: Labelled, rng: random.Random | None = None) -> Targets:
    """Return the targets of a message; with `rng` its texts get noise first."""
    segments: list[tuple[str, str | None]] = [(text, label) for text, label in message.segments if text.strip()]
    if rng is not None:
        segments = [(text, label) for text, label in noisy(segments, message.lang, rng) if text.strip()]
    subject = [message.subject] if message.subject.strip() else []
    texts = subject + [text for text, _ in segments]
    intents = np.zeros((len(texts) + 1, len(INTENT_OUTPUTS)), np.float32)
    kinds = np.full(len(texts) + 1, -1, np.int64)
    intents[: len(subject)] = np.nan
    for row, (_, label) in enumerate(segments, len(subject)):
        if label is not None:
            intents[row, _INTENT[label.partition(".")[0]]] = 1
            kinds[row] = _kind(label, message.id)
    if len(message.segments) == 1 and message.segments[0][1] is None:  # one text with several intents
        intents[len(subject)] = [intent in message.intents for intent in INTENT_OUTPUTS]
    intents[-1] = [intent in message.intents for intent in INTENT_OUTPUTS]
    known = {int(kind) for kind in kinds[:-1] if kind >= 0}
    if len(known) == 1:
        kinds[-1] = known.pop()
    return Targets(texts, intents, kinds)


def _kind(label: str, id_: str) -> int:
    if label == "other" and not (id_[3:4] in _ROUNDS_WITH_NOTICES and id_[4:5].isdecimal()):
        return -1
    return _KIND.get(label, -1)
