"""What a classifier puts out, in order: one log-odds an intent, then one score a kind (compared within its intent)."""

from __future__ import annotations

from engine.decide.words import INTENTS

INTENT_OUTPUTS: tuple[str, ...] = tuple(INTENTS)
# An intent that is also found without a kind (`other`) has itself as first kind.
KIND_OUTPUTS: tuple[str, ...] = tuple(
    label
    for intent, kinds in INTENTS.items()
    if kinds
    for label in ((intent,) if intent == "other" else ()) + tuple(f"{intent}.{kind}" for kind in kinds)
)
OUTPUTS: tuple[str, ...] = INTENT_OUTPUTS + KIND_OUTPUTS
# Columns of the kinds of each intent that has kinds.
KINDS: dict[str, tuple[int, ...]] = {
    intent: tuple(
        len(INTENT_OUTPUTS) + place
        for place, label in enumerate(KIND_OUTPUTS)
        if label == intent or label.startswith(f"{intent}.")
    )
    for intent, kinds in INTENTS.items()
    if kinds
}
