"""From findings to intents: what each finding adds to which label, and what is set aside and why."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.decide.profile import Profile
from engine.decide.weights import Weights
from engine.decide.words import LABELS
from engine.find.finding import Finding, Span

# A certain rule leaves this much room for error at least in the score that a record shows.
CERTAIN_SCORE = 0.99
_ORDER = {"present": 0, "possible": 1, "absent": 2}
# What signatures and legal footers say by habit ("if you received this by mistake ..."); a review request is no habit.
_SIGNATURE_NEVER_COUNTS = (
    "marketing", "off_platform_contact", "redundant_confirmation", "proactive_service", "stock_out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one rule (or the model) said about a label. `log_odds` is None for a certain rule that decides alone.

    `aside` says why it did not count: `quotation`, `signature`, `shadow`, `warn`, or empty when it did.
    """

    by: str
    label: str
    strength: str
    log_odds: float | None
    spans: tuple[Span, ...]
    title: str = ""
    explain: str = ""
    excused: tuple[str, ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class IntentResult:
    """A label with its score and everything that spoke for or against it."""

    intent: str
    kind: str
    klass: str
    state: str
    score: float
    threshold: float
    prior: float
    contributions: tuple[Contribution, ...]

    @property
    def label(self) -> str:
        """`intent.kind`, or the intent alone."""
        return f"{self.intent}.{self.kind}" if self.kind else self.intent

    @property
    def by(self) -> tuple[str, ...]:
        """Who spoke for it."""
        return tuple(c.by for c in self.contributions if speaks_for(c))

    @property
    def evidence(self) -> tuple[Span, ...]:
        """The words that spoke for it, in the order of the text."""
        spans = {span for c in self.contributions if speaks_for(c) for span in c.spans}
        return tuple(sorted(spans, key=lambda s: (s.part != "subject", s.source, s.part, s.start, s.end)))


@dataclass(frozen=True, slots=True)
class Intents:
    """All labels with evidence (best first), what was set aside, and the flags that follow from where things stand."""

    results: tuple[IntentResult, ...]
    aside: tuple[Contribution, ...]
    flags: tuple[str, ...]

    def best(self, klass: str) -> IntentResult | None:
        """Return the surest label of a class: present before possible, then the highest score."""
        return next((r for r in self.results if r.klass == klass), None)

    def state(self, klass: str) -> str:
        """Return the state of a class: that of its surest label."""
        best = self.best(klass)
        return best.state if best else "absent"


def speaks_for(contribution: Contribution) -> bool:
    """Return whether the contribution makes its label likelier."""
    return contribution.log_odds is None or contribution.log_odds > 0


def judge(findings: Iterable[Finding], profile: Profile, weights: Weights) -> Intents:
    """Return what the findings say together. Findings that only raise a flag are left out (see `record`)."""
    relevant = [f for f in findings if f.intent and f.status in ("enforce", "warn", "shadow")]
    with_model = any(f.strength is None for f in relevant)
    placed = [_contribution(f, weights, with_model) for f in relevant]
    counted = [c for c in placed if not c.aside]
    results = _results(counted, profile, weights)
    flags = _flags(placed, profile, weights)
    return Intents(tuple(results), tuple(c for c in placed if c.aside), tuple(flags))


# -- one finding -------------------------------------------------------------------------------------------------------


def _contribution(finding: Finding, weights: Weights, with_model: bool) -> Contribution:
    aside = finding.status if finding.status != "enforce" else _place(finding)
    spans = finding.spans if aside else tuple(s for s in finding.spans if s.part != "quoted")
    return Contribution(
        finding.by,
        finding.label,
        finding.strength or "",
        _log_odds(finding, weights, with_model),
        spans,
        finding.title,
        finding.explain,
        finding.excused,
        aside,
    )


def _log_odds(finding: Finding, weights: Weights, with_model: bool) -> float | None:
    if finding.strength is None:
        return finding.log_odds or 0.0
    own = weights.intents[finding.intent or ""]
    numbers = own.beside_model if with_model else own.weights
    added: float | None = getattr(numbers, finding.strength)
    return added


def _place(finding: Finding) -> str:
    """Return the place that keeps a finding from counting, or an empty string.

    Quotation never counts: it is what was said before. In a signature, marketing and contact are what most sellers have
    there, so they never make a message mixed; a request for a review counts wherever it stands.
    """
    parts = {span.part for span in finding.spans}
    if parts == {"quoted"}:
        return "quotation"
    if parts and parts <= {"quoted", "signature"} and finding.intent in _SIGNATURE_NEVER_COUNTS:
        return "signature"
    return ""


# -- adding up ---------------------------------------------------------------------------------------------------------


def _results(counted: list[Contribution], profile: Profile, weights: Weights) -> list[IntentResult]:
    """Return the labels with their states, surest first; solicitations are judged once the critical ones are known."""
    by_label = _by_label(counted)
    first = [_result(label, found, profile, weights, False) for label, found in by_label.items()]
    beside = any(r.klass == "critical" and r.state != "absent" for r in first)
    results = [
        _result(r.label, by_label[r.label], profile, weights, True) if beside and r.klass == "solicit" else r
        for r in first
    ]
    return sorted(results, key=lambda r: (_ORDER[r.state], -r.score, LABELS.index(r.label)))


def _by_label(counted: list[Contribution]) -> dict[str, list[Contribution]]:
    """Return what counts for each label: its own, and what speaks against the whole intent."""
    labels = dict.fromkeys(c.label for c in counted)
    return {
        label: [c for c in counted if c.label == label or (c.strength == "against" and _covers(c.label, label))]
        for label in labels
    }


def _covers(intent: str, label: str) -> bool:
    return label.startswith(f"{intent}.")


def _result(
    label: str, found: list[Contribution], profile: Profile, weights: Weights, beside_critical: bool
) -> IntentResult:
    intent, _, kind = label.partition(".")
    numbers = weights.intents[intent]
    once = _once(found)
    total = _total(once, numbers.prior)
    certain = any(c.log_odds is None for c in once)
    score = max(_sigmoid(total), CERTAIN_SCORE) if certain else _sigmoid(total)
    state = "present" if certain else numbers.state(score, beside_critical)
    threshold = numbers.threshold_beside_critical if beside_critical else numbers.threshold
    return IntentResult(intent, kind, profile.class_of(label), state, score, threshold, numbers.prior, tuple(once))


def _once(found: list[Contribution]) -> list[Contribution]:
    """Join the hits of one rule: it counts once, with all its words. Of a model's hits the strongest counts."""
    joined: dict[tuple[str, str], Contribution] = {}
    for c in found:
        key = (c.by, c.strength)
        known = joined.get(key)
        if known is None or (not c.strength and (c.log_odds or 0) > (known.log_odds or 0)):
            joined[key] = c
        elif c.strength:
            joined[key] = replace(known, spans=tuple(dict.fromkeys(known.spans + c.spans)))
    return list(joined.values())


def _total(once: list[Contribution], prior: float) -> float:
    """Return the sum. A model's log-odds are calibrated and hold the prior already, so they stand in its place."""
    model = [c.log_odds for c in once if not c.strength and c.log_odds is not None]
    rules = sum(c.log_odds for c in once if c.strength and c.log_odds is not None)
    return (max(model) if model else prior) + rules


def _sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(log_odds, -700), 700)))


# -- flags -------------------------------------------------------------------------------------------------------------


def _flags(placed: list[Contribution], profile: Profile, weights: Weights) -> list[str]:
    quoted = _results([c for c in placed if c.aside == "quotation"], profile, weights)
    hidden = (c for c in placed if not c.aside and speaks_for(c) and {s.part for s in c.spans} == {"hidden"})
    flags = {
        "solicitation_in_quotation": any(r.klass in ("solicit", "info") and r.state == "present" for r in quoted),
        "solicitation_in_signature": any(c.aside == "signature" and speaks_for(c) for c in placed),
        "found_in_hidden_text": any(True for _ in hidden),
        "warned": any(c.aside == "warn" for c in placed),
    }
    return [flag for flag, raised in flags.items() if raised]
