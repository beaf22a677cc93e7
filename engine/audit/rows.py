"""A decision as rows of the results: one of the message, one of each finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from engine.audit.direction import Way
from engine.audit.entry import Entry, Record
from engine.audit.schema import MESSAGES
from engine.decide.content import content_of
from engine.decide.intents import Contribution, IntentResult, Intents
from engine.decide.profile import Profile
from engine.decide.record import Decision
from engine.decide.tag import is_claimed
from engine.decide.words import CONTEXT_WORDS, INTENTS
from engine.errors import InputError
from engine.find.finding import Span
from engine.message.parts import Message

_AROUND = 60  # characters kept on each side of the words found
# Who wrote to whom: another word would make it another message, so every verdict rests on these.
_BETWEEN = ("recipient", "sender")
_NOTHING = dict.fromkeys(MESSAGES.names)


def error_row(number: int, entry: Entry, error: str) -> dict[str, Any]:
    """Return the row of a message that could not be judged."""
    return {**_NOTHING, "number": number, "id": _whole(entry.id), "where": entry.where, "error": _whole(error)}


def message_row(
    number: int, entry: Entry, message: Message, way: Way, decision: Decision, profile: Profile
) -> dict[str, Any]:
    """Return the row of a judged message. Raises InputError for labels that no intent has."""
    result = Intents(decision.results, decision.aside, ())
    return {
        "number": number,
        "id": _whole(entry.id),
        "where": entry.where,
        "error": None,
        "message": decision.message,
        "size": _size(entry),
        "date": _date(message, entry.record),
        "seller": _whole(way.seller) if way.seller else None,
        "direction": way.direction,
        "verdict": decision.verdict,
        "by": decision.by or None,
        "smtp": decision.smtp or None,
        "row": decision.row,
        "reason": decision.reason,
        "flags": list(decision.flags),
        "content": decision.content or None,
        "content_row": decision.content_row or None,
        "critical": result.state("critical") if decision.content else None,
        "intents": [r.label for r in decision.results if r.state == "present"],
        "possible": [r.label for r in decision.results if r.state == "possible"],
        "language": decision.language.code,
        "language_confidence": round(decision.language.confidence, 3),
        "in_reply": decision.in_reply,
        **decision.context.words(),
        "assumed": list(decision.context.assumed),
        "rests_on": _rests_on(decision, result, message, profile),
        "decision": decision.decision,
        "labels": labels_of(entry),
    }


def labels_of(entry: Entry) -> list[str] | None:
    """Return the intents that people gave a record (`intents`, or the labels of `segments`), sorted; None: no labels.

    Raises InputError for a label that is no intent.
    """
    extra: Mapping[str, Any] = entry.record.extra if entry.record is not None else {}
    given: list[Any] = list(extra["intents"]) if isinstance(extra.get("intents"), list) else []
    segments = extra.get("segments")
    given += [s["l"] for s in segments if isinstance(s, Mapping) and s.get("l")] if isinstance(segments, list) else []
    if not given:
        return None
    names = {str(label).partition(".")[0] for label in given}
    if unknown := sorted(names - INTENTS.keys()):
        raise InputError(f"{entry.where}: no intent is called {', '.join(unknown)}; intents are {', '.join(INTENTS)}")
    return sorted(names - {"other"} or names)


def _rests_on(decision: Decision, intents: Intents, message: Message, profile: Profile) -> list[str]:
    """Return the assumed words of which another value would give another verdict, all else being as it is."""
    if not decision.content:
        return []
    words = {**decision.context.words(), "content": decision.content}
    del words["order"]
    resting = []
    for name in decision.context.assumed:
        if name in _BETWEEN:
            continue
        if name == "order":
            others = _contents(decision, intents, message, profile)
            found = {profile.policy.verdict({**words, "content": content}).get("verdict") for content in others}
        else:
            found = {profile.policy.verdict({**words, name: value}).get("verdict") for value in CONTEXT_WORDS[name]}
        if found - {decision.verdict}:
            resting.append(name)
    return resting


def _contents(decision: Decision, intents: Intents, message: Message, profile: Profile) -> set[str]:
    """Return the contents that the message would have with another word for the order."""
    claimed = is_claimed(message.subject, profile.tag_words)
    partial = decision.content == "uncertain"
    return {
        content_of(intents, profile, order=order, tag_claimed=claimed, judged_partial=partial)[0]
        for order in CONTEXT_WORDS["order"]
    }


def _size(entry: Entry) -> int:
    if entry.record is not None:
        return len(entry.record.subject) + len(entry.record.body)
    return len(entry.raw or b"")


def _date(message: Message, record: Record | None) -> datetime | None:
    """Return the time a message bears, in UTC; None where it bears none that can be read."""
    given = record.extra.get("date") if record is not None else None
    try:
        if isinstance(given, str) and given:
            found = datetime.fromisoformat(given)
        else:
            found = parsedate_to_datetime(message.header("Date") or "")
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


# -- findings ----------------------------------------------------------------------------------------------------------


def finding_rows(number: int, message: Message, decision: Decision, *, with_text: bool) -> list[dict[str, Any]]:
    """Return a row for each finding: those that count, by label, then those set aside, then those that raise a flag."""
    rows = [_of(contribution, result) for result in decision.results for contribution in result.contributions]
    rows += [_of(contribution, None) for contribution in decision.aside]
    rows += [
        {**_BLANK, "by": f.by, "title": f.explain or f.title, "flag": f.flag, "spans": f.spans}
        for f in decision.flag_findings
    ]
    for place, row in enumerate(rows):
        row["number"], row["finding"] = number, place
        row["spans"] = [_span(span, message, with_text) for span in row["spans"]]
        row["title"] = row["title"] or None
    return rows


_BLANK = dict.fromkeys(("label", "class", "flag", "state", "score", "threshold", "strength", "log_odds", "aside"), None)


def _of(c: Contribution, result: IntentResult | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        **_BLANK,
        "by": c.by,
        "title": c.explain or c.title,
        "label": c.label,
        "strength": c.strength or None,
        "log_odds": None if c.log_odds is None else round(c.log_odds, 4),
        "aside": c.aside or None,
        "spans": c.spans,
    }
    if result is not None:
        row |= {"label": result.label, "class": result.klass, "state": result.state, "score": round(result.score, 4)}
        row["threshold"] = result.threshold
    return row


def _span(span: Span, message: Message, with_text: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"part": span.part, "source": span.source, "start": span.start, "end": span.end}
    if not with_text:
        return {**found, "before": None, "text": None, "after": None}
    whole = next(_holding(span, message), "")
    before = whole[max(span.start - _AROUND, 0) : span.start]
    return {**found, "before": _whole(before), "text": _whole(span.text), "after": _whole(whole[span.end :][:_AROUND])}


def _holding(span: Span, message: Message) -> Iterator[str]:
    """Yield the text that the span's offsets count in: the words must stand where the span says."""
    return (
        text.text
        for text in message.texts
        if text.source == span.source and text.text[span.start : span.end] == span.text
    )


def _whole(text: str) -> str:
    """Return a text that can be stored: halves of surrogate pairs become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
