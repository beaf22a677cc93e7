"""The texts that explain a decision to a person, one file a language; every key exists in every language.

A key is `section.name`. Sections and names are listed here once; `{...}` in a text are the values it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.decide.words import LABELS, OWN_FLAGS, REASONS, ROW_FLAGS
from engine.find.finding import STRENGTHS
from engine.message.parts import PART_KINDS

# Reasons that leave the sender something to do, and labels with advice of their own (a kind without has its intent's).
DO_REASONS = (
    "sender_not_authorised", "unknown_alias", "seller_to_seller", "one_buyer_per_message", "no_open_order",
    "solicitation_in_critical", "buyer_opted_out", "false_important", "quota_exceeded", "prohibited_solicitation",
    "prohibited_information", "prohibited_content",
)  # fmt: skip
ADVICE_LABELS = (
    "review_request", "review_request.change", "review_request.incentive", "redundant_confirmation",
    "redundant_confirmation.shipment", "redundant_confirmation.refund", "proactive_service", "proactive_service.manual",
    "stock_out", "stock_out.delay", "stock_out.alternative", "marketing", "off_platform_contact",
)  # fmt: skip
MESSAGE_FLAGS = ("truncated", "unreadable")
SECTIONS: dict[str, tuple[str, ...]] = {
    "verdict": ("allow", "block", "bounce_notice", "bounce_smtp_reject", "defer", "not_judged"),
    "reason": REASONS,
    "do": DO_REASONS,
    "kind": LABELS,
    "advice": ADVICE_LABELS,
    "flag": (*dict.fromkeys((*ROW_FLAGS, *OWN_FLAGS, *MESSAGE_FLAGS)),),
    "part": PART_KINDS,
    "state": ("present", "possible", "absent"),
    "strength": (*STRENGTHS, "model"),
    "aside": ("quotation", "signature", "shadow", "warn"),
    "frame": (
        "decimal", "quote", "why", "found", "do", "note", "details", "nothing", "score", "prior", "excused", "aside",
        "flags", "content", "verdict", "context", "assumed", "language", "ground", "no_model",
    ),
}  # fmt: skip
PLACEHOLDERS: dict[str, frozenset[str]] = {
    "frame.quote": frozenset({"text"}),
    "frame.why": frozenset({"text"}),
    "frame.found": frozenset({"text"}),
    "frame.do": frozenset({"text"}),
    "frame.note": frozenset({"text"}),
    "frame.score": frozenset({"score", "threshold"}),
    "frame.prior": frozenset({"value"}),
    "frame.excused": frozenset({"names"}),
    "frame.content": frozenset({"content", "row"}),
    "frame.verdict": frozenset({"verdict", "row", "profile"}),
    "frame.context": frozenset({"text"}),
    "frame.assumed": frozenset({"names"}),
    "frame.language": frozenset({"code", "confidence"}),
    "frame.ground": frozenset({"id", "rules", "model"}),
}
KEYS: tuple[str, ...] = tuple(f"{section}.{name}" for section, names in SECTIONS.items() for name in names)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language by key."""

    language: str
    entries: Mapping[str, str]

    def get(self, key: str, **values: str) -> str:
        """Return the text of `key` with its values filled in."""
        text = self.entries[key]
        return text.format(**values) if values else text

    def find(self, key: str) -> str:
        """Return the text of `key`, or an empty string: flags that rules raise may have none."""
        return self.entries.get(key, "")

    def number(self, value: float) -> str:
        """Return a number with two decimals, as the language writes it."""
        return f"{value:.2f}".replace(".", self.entries["frame.decimal"]).replace("-", "−")

    def to_plan(self) -> dict[str, str]:
        """Return the texts as a plain dict, for the plan cache."""
        return {"language": self.language, **self.entries}

    @classmethod
    def from_plan(cls, plan: Mapping[str, str]) -> Texts:
        """Return the texts that `to_plan` wrote."""
        return cls(plan["language"], {key: text for key, text in plan.items() if key != "language"})
