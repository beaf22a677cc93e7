"""A finding: what a rule or the model found in a message, and the words that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.message.parts import Span as Span

Strength = Literal["certain", "strong", "weak", "against"]
STRENGTHS: tuple[Strength, ...] = ("certain", "strong", "weak", "against")


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit. `by` is `rule:<id>` or `model:<version>`; either `intent` (with a `kind`, may be empty) or `flag` is set.

    `strength` is a rule's (None for the model, whose `log_odds` is set instead, and for a rule that only raises a flag).
    `status` is the rule's; only `enforce` and `warn` count towards the verdict. `excused` names the finds whose overlap
    took hits away (shown by the long explanation).
    """

    by: str
    intent: str | None
    kind: str
    flag: str | None
    strength: Strength | None
    status: str
    spans: tuple[Span, ...]
    title: str = ""
    explain: str = ""
    log_odds: float | None = None
    excused: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`intent.kind`, or the intent alone when the rule names no kind."""
        return f"{self.intent}.{self.kind}" if self.kind else (self.intent or "")
