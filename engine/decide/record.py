"""The decision: a frozen, versioned record of what was decided about a message, why, and on what ground."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from engine.decide.context import Context
from engine.decide.intents import Contribution, IntentResult
from engine.find.finding import Finding, Span

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a message (`und`: not known) and how sure that is, 0 to 1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. `id` is the caller's name of the message; the rest follows from the message and the rules.

    For explanations it keeps more than its record shows: `results` are all labels with evidence, absent ones too;
    `aside` is what did not count; `flag_findings` are the rules that raised a flag.
    """

    id: str
    decision: str
    message: str
    verdict: str
    by: str
    smtp: str
    row: str
    reason: str
    flags: tuple[str, ...]
    profile: str
    content: str
    content_row: str
    context: Context
    in_reply: bool
    language: Language
    rules: str
    model: str | None
    results: tuple[IntentResult, ...] = ()
    aside: tuple[Contribution, ...] = ()
    flag_findings: tuple[Finding, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def intents(self) -> tuple[IntentResult, ...]:
        """The labels that are present or possible, surest first."""
        return tuple(result for result in self.results if result.state != "absent")

    def to_json(self) -> dict[str, Any]:
        """Return the record (schema 1, `decision.schema.json`), its keys in their fixed order."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "decision": self.decision,
            "message": self.message,
            "verdict": self.verdict,
            "by": self.by or None,
            "smtp": self.smtp or None,
            "row": self.row,
            "reason": self.reason,
            "flags": list(self.flags),
            "profile": self.profile,
            "content": self.content or None,
            "content_row": self.content_row or None,
            "intents": [self._intent(result) for result in self.intents],
            "context": self.context.to_json(),
            "in_reply": self.in_reply,
            "language": {"code": self.language.code, "confidence": round(self.language.confidence, 3)},
            "rules": self.rules,
            "model": self.model,
            "warnings": [self._noted(c) for c in self.aside if c.aside == "warn"],
            "shadow": [self._noted(c) for c in self.aside if c.aside == "shadow"],
        }

    def _intent(self, result: IntentResult) -> dict[str, Any]:
        return {
            "intent": result.intent,
            "kind": result.kind or None,
            "state": result.state,
            "score": round(result.score, 3),
            "by": list(result.by),
            "evidence": [self._span(span) for span in result.evidence],
        }

    def _noted(self, contribution: Contribution) -> dict[str, Any]:
        evidence = [self._span(span) for span in contribution.spans]
        return {"by": contribution.by, "label": contribution.label, "evidence": evidence}

    def _span(self, span: Span) -> dict[str, Any]:
        """Return the words; `source` only where the part stands in several texts and this is not the first of them."""
        found: dict[str, Any] = {"part": span.part, "start": span.start, "end": span.end, "text": span.text}
        if dict(self.sources).get(span.part, span.source) != span.source:
            found["source"] = span.source
        return found


def decision_id(**ground: Any) -> str:
    """Return the short id of a decision: a digest of all it rests on, so that the same ground has the same id."""
    text = json.dumps({"schema": SCHEMA, **ground}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
