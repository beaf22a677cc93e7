"""The numbers of `rules/intents.yaml`: how evidence adds up to a score, and from which score on an intent counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Strengths:
    """What a hit of each strength adds (log-odds); without a model `certain` adds nothing: it decides (None)."""

    strong: float
    weak: float
    against: float
    certain: float | None = None


@dataclass(frozen=True, slots=True)
class IntentWeights:
    """One intent: what rules add without a model and beside one, where it starts, and its limits (scores of 0 to 1).

    Beside a model rules add less, as the model has seen most of what they see, and none decides alone.
    """

    weights: Strengths
    beside_model: Strengths
    prior: float
    threshold: float
    threshold_beside_critical: float
    band: tuple[float, float]

    def state(self, score: float, beside_critical: bool) -> str:
        """Return `present` from the threshold on, `possible` inside the band, else `absent`."""
        if score >= (self.threshold_beside_critical if beside_critical else self.threshold):
            return "present"
        return "possible" if self.band[0] <= score <= self.band[1] else "absent"


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of every intent."""

    intents: Mapping[str, IntentWeights]

    def to_plan(self) -> dict[str, Any]:
        """Return the numbers as plain dicts, for the plan cache."""
        return {intent: asdict(numbers) for intent, numbers in self.intents.items()}

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Weights:
        """Return the weights that `to_plan` wrote."""
        return cls(
            {
                intent: IntentWeights(
                    **{
                        **numbers,
                        "weights": Strengths(**numbers["weights"]),
                        "beside_model": Strengths(**numbers["beside_model"]),
                        "band": (numbers["band"][0], numbers["band"][1]),
                    }
                )
                for intent, numbers in plan.items()
            }
        )
