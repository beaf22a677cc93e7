"""Findings, messages and decisions in few words, for the tests of `engine/decide`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from engine.decide.context import Context
from engine.decide.decide import decide
from engine.decide.profile import Profile
from engine.decide.profile_file import load_profile
from engine.decide.record import Decision, Language
from engine.decide.weights import Weights
from engine.decide.weights_file import load_weights
from engine.find.finding import Finding, Span
from engine.message.parts import Message, PartKind, Region, Text

RULES = Path(__file__).parent.parent / "rules"


@cache
def profile(name: str = "strict") -> Profile:
    found, problems = load_profile(RULES / "policy" / f"{name}.yaml", RULES / "policy")
    assert found is not None, "\n".join(p.render() for p in problems)
    return found


@cache
def weights() -> Weights:
    found, problems = load_weights(RULES / "intents.yaml")
    assert found is not None, "\n".join(p.render() for p in problems)
    return found


def finding(label: str, strength: str | None = "certain", part: PartKind | None = "body", **more: Any) -> Finding:
    """A rule's hit in one part (None: without words)."""
    intent, _, kind = label.partition(".")
    by = more.pop("by", f"rule:{label}.{strength}")
    spans = more.pop("spans", (Span(part, 0, 5, "words", "record"),) if part else ())
    status = more.pop("status", "enforce")
    return Finding(by, intent, kind, None, strength, status, spans, **more)  # type: ignore[arg-type]


def flag(word: str, part: PartKind = "body", status: str = "enforce") -> Finding:
    return Finding(f"rule:{word}", None, "", word, None, status, (Span(part, 0, 5, "words", "record"),))


def message(*texts: Text, **more: Any) -> Message:
    return Message("sha256:" + "0" * 64, texts=texts or (Text.of("body", "words in a body", "record"),), **more)


def decided(*findings: Finding, **more: Any) -> Decision:
    """A decision about the findings; every argument of `decide` may be given."""
    context = more.pop("context", {})
    return decide(
        more.pop("message", message()),
        findings,
        more.pop("profile", profile()),
        more.pop("weights", weights()),
        context if isinstance(context, Context) else Context.of(context, more.get("in_reply", False)),
        language=more.pop("language", Language("fr", 0.99)),
        rules_digest=more.pop("rules_digest", "sha256:" + "1" * 64),
        **more,
    )


__all__ = ["Region", "decided", "finding", "flag", "message", "profile", "weights"]
