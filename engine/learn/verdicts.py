"""What becomes of messages: which are stopped, delivered, flagged, in one fixed transaction (`judged.CONTEXT`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.decide.profile import Profile
from engine.decide.record import Decision
from engine.decide.weights import IntentWeights, Weights
from engine.learn.judged import Found, labels
from engine.learn.measures import share
from engine.learn.split import Labelled

PROHIBITED = ("solicit", "info")
# The flags by which somebody may see that a delivered message should not have been; those about its form tell nothing.
_LOOKED_AT = frozenset(
    (
        "uncertain",
        "borderline",
        "warned",
        "solicitation_in_quotation",
        "solicitation_in_signature",
        "found_in_hidden_text",
    )
)
# Where the band of the critical intents may begin, and how sure a solicitation beside them must be.
_LOWS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_BESIDE = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)


def group_of(labelled: Labelled, profile: Profile) -> str:
    """Return what the message is by its labels: critical, mixed_solicit, mixed_info, prohibited, legal_notice or neutral."""
    classes = {profile.class_of(label) for label in labels(labelled)}
    if "critical" in classes:
        return "mixed_solicit" if "solicit" in classes else "mixed_info" if "info" in classes else "critical"
    if classes & set(PROHIBITED):
        return "prohibited"
    return "legal_notice" if "legal_notice" in classes else "neutral"


def verdicts(decided: Sequence[tuple[Labelled, Decision]], profile: Profile) -> dict[str, Any]:
    """Return the shares that the policy's promises are about, each with counts and interval, and all counts behind them.

    `critical_stopped`: of messages with critical labels alone; mixed ones apart (a solicitation beside a critical
    request is stopped on purpose, information beside one is delivered on purpose). `prohibited_delivered`: of messages
    with prohibited and without critical labels; `..._unflagged`: those nobody is told of. `uncertain`: of all.
    """
    groups: dict[str, list[Decision]] = defaultdict(list)
    for labelled, decision in decided:
        groups[group_of(labelled, profile)].append(decision)
    prohibited = groups["prohibited"]
    delivered = [d for d in prohibited if d.verdict == "allow"]
    uncertain = sum(d.content == "uncertain" for _, d in decided)
    return {
        "profile": profile.name,
        "critical_stopped": _stopped(groups["critical"]),
        "mixed_info_stopped": _stopped(groups["mixed_info"]),
        "mixed_solicit_stopped": _stopped(groups["mixed_solicit"]),
        "legal_notice_stopped": _stopped(groups["legal_notice"]),
        "prohibited_delivered": share(len(delivered), len(prohibited)),
        "prohibited_delivered_unflagged": share(sum(not looked_at(d) for d in delivered), len(prohibited)),
        "uncertain": share(uncertain, len(decided)),
        "contents": {group: _counts(d.content for d in found) for group, found in sorted(groups.items())},
        "verdicts": {group: _counts(d.verdict for d in found) for group, found in sorted(groups.items())},
    }


def looked_at(decision: Decision) -> bool:
    """Return whether a flag asks somebody to look at the message."""
    return not _LOOKED_AT.isdisjoint(decision.flags)


def _stopped(decisions: Sequence[Decision]) -> dict[str, Any]:
    return share(sum(d.verdict in ("bounce", "block") for d in decisions), len(decisions))


def _counts(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    return dict(sorted(counts.items()))


# -- the curve ---------------------------------------------------------------------------------------------------------


def tradeoff(found: Sequence[Found], profile: Profile, weights: Weights) -> dict[str, Any]:
    """Return what other limits would do, decided anew from the same findings.

    `band`: the score from which a critical intent is `possible` (a message in which it is may not be stopped unseen).
    `beside_critical`: how sure a solicitation beside a critical request must be. The rest stays as the rules say.
    """
    return {
        "profile": profile.name,
        "now": _point(found, profile, weights),
        "band": [{"at": low, **_point(found, profile, with_band(weights, profile, low))} for low in _LOWS],
        "beside_critical": [{"at": at, **_point(found, profile, with_beside(weights, profile, at))} for at in _BESIDE],
    }


def with_band(weights: Weights, profile: Profile, low: float) -> Weights:
    """Return the numbers with the band of every critical intent beginning at `low` (at most its threshold)."""
    return _changed(weights, profile, "critical", lambda own: replace(own, band=(min(low, own.threshold), own.band[1])))


def with_beside(weights: Weights, profile: Profile, at: float) -> Weights:
    """Return the numbers with solicitations beside a critical request counting from `at` (at least their threshold)."""

    def moved(own: IntentWeights) -> IntentWeights:
        limit = max(at, own.threshold)
        return replace(own, threshold_beside_critical=limit, band=(own.band[0], limit))

    return _changed(weights, profile, "solicit", moved)


def _changed(weights: Weights, profile: Profile, klass: str, change: Any) -> Weights:
    intents: Mapping[str, IntentWeights] = {
        intent: change(own) if profile.class_of(intent) == klass else own for intent, own in weights.intents.items()
    }
    return Weights(intents)


def _point(found: Sequence[Found], profile: Profile, weights: Weights) -> dict[str, Any]:
    measured = verdicts([(one.labelled, one.decide(profile, weights)) for one in found], profile)
    names = ("critical_stopped", "prohibited_delivered", "uncertain")
    return {name: measured[name]["share"] for name in names}
