"""Joining and calibrating: from the two tiers' raw scores to log-odds that mean what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.find.outputs import INTENT_OUTPUTS

Array = npt.NDArray[np.float32]
# What a raw score is made of, in the order of the columns.
LINEAR_FEATURES = ("linear_whole", "linear_best_segment")
JOINED_FEATURES = ("encoder_whole", "encoder_best_segment", *LINEAR_FEATURES)


@dataclass(frozen=True)
class Calibration:
    """Weights `(intents, features)` and bias `(intents)` for both tiers joined and for the linear tier alone.

    A message whose every intent the linear tier alone puts farther than `sure` (log-odds) from even is settled by it.
    """

    joined: Array
    joined_bias: Array
    linear: Array
    linear_bias: Array
    sure: float

    def of_joined(self, features: Array) -> Array:
        """Return calibrated log-odds `(intents)` for `features (intents, 4)`."""
        result: Array = (self.joined * features).sum(1) + self.joined_bias
        return result

    def of_linear(self, features: Array) -> Array:
        """Return calibrated log-odds `(intents)` for `features (intents, 2)`."""
        result: Array = (self.linear * features).sum(1) + self.linear_bias
        return result

    def settles(self, log_odds: Array) -> bool:
        """Tell whether the linear tier alone may speak."""
        return bool(np.abs(log_odds).min() >= self.sure)

    def save(self, folder: Path) -> None:
        """Write `calibration.json`, one entry an intent, so that people can read it."""

        def table(weights: Array, bias: Array, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
            return {
                intent: {
                    **{name: round(float(value), 5) for name, value in zip(names, row, strict=True)},
                    "bias": round(float(bias[at]), 5),
                }
                for at, (intent, row) in enumerate(zip(INTENT_OUTPUTS, weights, strict=True))
            }

        content = {
            "sure": round(float(self.sure), 5),
            "joined": table(self.joined, self.joined_bias, JOINED_FEATURES),
            "linear": table(self.linear, self.linear_bias, LINEAR_FEATURES),
        }
        (folder / "calibration.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read what `save` wrote; raises OSError, ValueError or KeyError for a damaged file."""
        content = json.loads((folder / "calibration.json").read_text("utf-8"))

        def table(name: str, names: tuple[str, ...]) -> tuple[Array, Array]:
            rows = [content[name][intent] for intent in INTENT_OUTPUTS]
            weights = np.array([[row[feature] for feature in names] for row in rows], np.float32)
            return weights, np.array([row["bias"] for row in rows], np.float32)

        return cls(*table("joined", JOINED_FEATURES), *table("linear", LINEAR_FEATURES), float(content["sure"]))
