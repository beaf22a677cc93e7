"""How good rules are: their hits on labelled messages, as precision and recall with intervals.

A hit is right when the message carries the rule's intent; a message's recall asks whether any `certain` or `strong` rule
of an intent hits it. Hits in quotations do not count. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

from engine.find.finding import Finding
from engine.find.patterns import RuleFinder
from engine.learn.split import Labelled
from engine.message.parts import Message
from engine.text.reading import read

CRITICAL = frozenset(("customization", "delivery_scheduling", "address_issue"))


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `right` in `total` (0 to 1 when nothing was counted)."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, right / total
    middle = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(slots=True)
class Count:
    """Right ones among all."""

    right: int = 0
    total: int = 0

    def add(self, right: bool) -> None:
        """Count one."""
        self.right += right
        self.total += 1

    def to_json(self) -> dict[str, float | int | None]:
        """Return counts, share and interval."""
        low, high = wilson(self.right, self.total)
        share = self.right / self.total if self.total else None
        return {"right": self.right, "total": self.total, "share": share, "low": low, "high": high}


@dataclass(slots=True)
class Stats:
    """What was counted. Keys: rule ids; (strength, intent); languages; intents; (language, intent)."""

    messages: int = 0
    rules: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    precision: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    certain_by_language: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    recall: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    recall_by_language: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    wrong: list[tuple[Labelled, Finding]] = field(default_factory=list)
    missed: list[tuple[Labelled, str]] = field(default_factory=list)
    critical_hit: list[tuple[Labelled, Finding]] = field(default_factory=list)


def message_of(labelled: Labelled) -> Message:
    """Return the message of a labelled record, its language not told."""
    return Message.of(subject=labelled.subject, body=labelled.body, in_reply=labelled.in_reply)


def measure(finder: RuleFinder, messages: Iterable[Labelled]) -> Stats:
    """Run `finder` over labelled messages and count."""
    stats = Stats()
    for labelled in messages:
        stats.messages += 1
        findings = [f for f in finder.find(read(message_of(labelled))) if f.intent and f.strength and _counts(f)]
        _count_hits(stats, labelled, findings)
        _count_recall(stats, labelled, findings)
    return stats


def _counts(finding: Finding) -> bool:
    return not finding.spans or any(span.part != "quoted" for span in finding.spans)


def _count_hits(stats: Stats, labelled: Labelled, findings: list[Finding]) -> None:
    hits: dict[tuple[str, str], bool] = {}
    for finding in findings:
        if finding.strength == "against":
            continue
        right = _right(finding, labelled)
        stats.rules[finding.by.removeprefix("rule:")].add(right)
        hits[str(finding.strength), str(finding.intent)] = right
        if finding.strength in ("certain", "strong") and not right:
            stats.wrong.append((labelled, finding))
        if finding.strength == "certain":
            stats.certain_by_language[labelled.lang].add(right)
            if labelled.intents <= CRITICAL and finding.intent not in CRITICAL | {"other"}:
                stats.critical_hit.append((labelled, finding))
    for key, right in hits.items():
        stats.precision[key].add(right)


def _right(finding: Finding, labelled: Labelled) -> bool:
    """Whether the message carries the intent (`other` stands on single sentences even beside another intent)."""
    if finding.intent == "other":
        return any((label or "").startswith("other") for _, label in labelled.segments) or "other" in labelled.intents
    return finding.intent in labelled.intents


def _count_recall(stats: Stats, labelled: Labelled, findings: list[Finding]) -> None:
    found = {finding.intent for finding in findings if finding.strength in ("certain", "strong")}
    for intent in labelled.intents:
        stats.recall[intent].add(intent in found)
        stats.recall_by_language[labelled.lang, intent].add(intent in found)
        if intent not in found:
            stats.missed.append((labelled, intent))
