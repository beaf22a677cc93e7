"""From findings and context to a decision: intents, content, verdict, record."""

from __future__ import annotations

from collections.abc import Iterable

from engine.decide.content import content_of
from engine.decide.context import Context
from engine.decide.intents import Intents, judge
from engine.decide.profile import Profile, Row
from engine.decide.record import Decision, Language, decision_id
from engine.decide.weights import Weights
from engine.decide.words import LANGUAGES
from engine.find.finding import Finding
from engine.message.parts import Message


def decide(
    message: Message,
    findings: Iterable[Finding],
    profile: Profile,
    weights: Weights,
    context: Context,
    *,
    language: Language,
    judged_partial: bool = False,
    tag_claimed: bool = False,
    rules_digest: str,
    model: str | None = None,
    model_missing: bool = False,
    in_reply: bool = False,
    id: str = "",
) -> Decision:
    """Return the decision about a message. A pure function of its arguments.

    `judged_partial` is the caller's word that part of the message could not be judged; this function adds what it sees
    itself: a language outside the eight, an unreadable body, no model and no rule that found an intent. `model_missing`
    says that there should have been a model, which raises the flag of that name.
    """
    findings = tuple(findings)
    intents = judge(findings, profile, weights)
    partial = judged_partial or _is_partial(message, intents, language, model)
    content, content_row = content_of(
        intents, profile, order=context.order, tag_claimed=tag_claimed, judged_partial=partial
    )
    row = _verdict(profile, context, content)
    not_judged = row.get("verdict") == "not_judged"  # such mail is nobody's business: its content is not recorded
    flagging = () if not_judged else _flagging(findings)
    return Decision(
        id=id,
        decision=_decision_id(message, profile, context, rules_digest, model, in_reply),
        message=message.digest,
        verdict=row.get("verdict"),
        by=row.get("by"),
        smtp=row.get("smtp"),
        row=row.id,
        reason=row.get("reason"),
        flags=() if not_judged else _flags(content_row, row, message, intents, flagging, model_missing),
        profile=profile.name,
        content="" if not_judged else content,
        content_row="" if not_judged else content_row.id,
        context=context,
        in_reply=in_reply,
        language=language,
        rules=rules_digest,
        model=model,
        results=() if not_judged else intents.results,
        aside=() if not_judged else intents.aside,
        flag_findings=flagging,
        sources=_first_sources(message),
    )


def _is_partial(message: Message, intents: Intents, language: Language, model: str | None) -> bool:
    foreign = language.code not in (*LANGUAGES, "und")
    nothing_found = model is None and not any(r.state == "present" for r in intents.results)
    return foreign or "unreadable" in message.flags or nothing_found


def _verdict(profile: Profile, context: Context, content: str) -> Row:
    state = {name: word for name, word in context.words().items() if name != "order"}
    return profile.policy.verdict({**state, "content": content})


def _flagging(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that raise a flag: those that count and stand somewhere else than in the quotation alone."""
    return tuple(
        f for f in findings if f.flag and f.status == "enforce" and {span.part for span in f.spans} != {"quoted"}
    )


def _flags(
    content_row: Row, row: Row, message: Message, intents: Intents, flagging: tuple[Finding, ...], model_missing: bool
) -> tuple[str, ...]:
    raised = [content_row.get("flag"), row.get("flag"), *message.flags, *intents.flags, *(f.flag for f in flagging)]
    raised += ["model_missing"] if model_missing else []
    return tuple(dict.fromkeys(flag for flag in raised if flag))


def _decision_id(
    message: Message, profile: Profile, context: Context, rules_digest: str, model: str | None, in_reply: bool
) -> str:
    return decision_id(
        message=message.digest,
        hint=message.language_hint,
        rules=rules_digest,
        model=model,
        profile=[profile.name, profile.digest],
        context=context.words(),
        in_reply=in_reply,
    )


def _first_sources(message: Message) -> tuple[tuple[str, str], ...]:
    """Return for each part the source of the first text that holds it."""
    first: dict[str, str] = {}
    for text in message.texts:
        for region in text.regions:
            first.setdefault(region.kind, text.source)
    return tuple(first.items())
