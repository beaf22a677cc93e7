"""The worst errors of a classifier: those of which it was most sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.decide.record import Decision
from engine.decide.weights import Weights
from engine.find.outputs import INTENT_OUTPUTS
from engine.learn.judged import Judged, named, scores

_SPANS = 3  # words shown of an error


def worst(done: Sequence[Judged], weights: Weights, limit: int) -> list[dict[str, Any]]:
    """Return the surest errors, at most one a message: what was true, what was named, and the words that misled.

    `sure` is how sure the filter was of its error: the score of an intent named wrongly (`wrong`), or one less the score
    of an intent that it did not name (`missed`).
    """
    errors = [error for one in done if (error := _error(one, weights)) is not None]
    return sorted(errors, key=lambda error: (-error["sure"], error["id"]))[:limit]


def _error(one: Judged, weights: Weights) -> dict[str, Any] | None:
    """Return the message's surest error, or None where it has none."""
    found, true = named(one.decision), one.labelled.intents
    sure = dict(zip(INTENT_OUTPUTS, scores(one.decision, weights), strict=True))
    errors = [(sure[intent], "wrong", intent) for intent in found - true]
    errors += [(1 - sure[intent], "missed", intent) for intent in true - found]
    if not errors:
        return None
    score, error, intent = max(errors)
    return {
        "id": one.labelled.id,
        "lang": one.labelled.lang,
        "error": error,
        "intent": intent,
        "sure": round(score, 3),
        "true": sorted(true),
        "named": sorted(found),
        "content": one.decision.content,
        "evidence": _evidence(one.decision, intent if error == "wrong" else ""),
    }


def _evidence(decision: Decision, intent: str) -> list[dict[str, Any]]:
    """Return who named what in which words: of one intent, or of all that were named."""
    return [
        {"label": result.label, "by": list(result.by), "words": [span.text for span in result.evidence[:_SPANS]]}
        for result in decision.intents
        if result.intent == intent or not intent
    ]
