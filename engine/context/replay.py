"""Judging a decision of the log again, with the rules, profile and context of then: does it come out the same? (US-18)"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.context import archive
from engine.context.keep import kept_plan, kept_profile
from engine.context.logbook import Line, find_decision
from engine.context.quotation import Written, own_words
from engine.context.schema import archive_record, message
from engine.context.store import Store
from engine.decide.context import Context
from engine.decide.record import Decision
from engine.errors import UsageError
from engine.filter import Filter
from engine.message.parts import Message

COMPARED = (
    "verdict",
    "by",
    "smtp",
    "row",
    "reason",
    "flags",
    "content",
    "content_row",
    "in_reply",
    "decision",
    "model",
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it. `outcome`: `same`, `differs`, `erased` (the words are gone), `rules not kept`, `model not kept`.

    `differences` holds for each field that differs what was logged and what comes out now.
    """

    outcome: str
    differences: dict[str, tuple[Any, Any]]
    logged: dict[str, Any]
    decision: Decision | None = None


def replay(store: Store, folder: Path, decision_id: str, raw: bytes | None = None, model: Any = None) -> Replay:
    """Judge a decision again. `raw`: the message, where it is not to come from the archive; `model`: the classifier.

    Raises UsageError when the log knows no such decision or `raw` is another message, StoreError when a file was
    changed.
    """
    found = find_decision(folder, decision_id)
    if not found:
        raise UsageError(f"the log {folder} holds no decision {decision_id[:40]!r}; erased ones cannot be found by it")
    line = found[-1]
    logged = _said(line)["decision"]
    raw = raw if raw is not None else _archived(store, logged["message"])
    if raw is None:
        return Replay("erased", {}, logged)
    mail = Message.parse(raw)
    if mail.digest != logged["message"]:
        raise UsageError("this is not the message that was decided: its digest is another one")
    loaded, missing = _filter(folder, line, model)
    if loaded is None:
        return Replay(missing, {}, logged)
    again = loaded.check(_as_then(store, mail, line), _context(logged["context"]), id=logged["id"])
    now = again.to_json()
    differences = {name: (logged[name], now[name]) for name in COMPARED if logged[name] != now[name]}
    return Replay("differs" if differences else "same", differences, logged, again)


def _said(line: Line) -> dict[str, Any]:
    assert line.said is not None
    return line.said


def _filter(folder: Path, line: Line, model: Any) -> tuple[Filter | None, str]:
    said = _said(line)
    plan = kept_plan(folder, said["ground"]["plan"])
    profile = kept_profile(folder, said["ground"]["profile"])
    if plan is None or profile is None:
        return None, "rules not kept"
    wanted = said["decision"]["model"]
    if wanted is not None and (model is None or model.version != wanted):
        return None, "model not kept"
    today = datetime.fromisoformat(said["at"]).date().isoformat()
    missing = "as it was" if "model_missing" in said["decision"]["flags"] else ""
    return Filter(plan, profile, today=today, model=model if wanted is not None else None, model_problem=missing), ""


def _context(logged: dict[str, Any]) -> Context:
    words = {name: word for name, word in logged.items() if name != "assumed"}
    return Context(**words, assumed=tuple(logged["assumed"]))


def _archived(store: Store, digest: str) -> bytes | None:
    """Return the message of a digest from the archive, None when it was erased or never was there."""
    wanted = bytes.fromhex(digest.removeprefix("sha256:"))
    live = sa.and_(archive_record.c.digest == wanted, archive_record.c.erased_at.is_(None))
    with store.read() as connection:
        message_id = connection.execute(sa.select(archive_record.c.message_id).where(live).limit(1)).scalar()
        return None if message_id is None else archive.read(connection, store.blobs, message_id)


def _as_then(store: Store, mail: Message, line: Line) -> Message:
    """Return the message with its quotation compared with what the pair had written by then."""
    logged, at = _said(line)["decision"], datetime.fromisoformat(_said(line)["at"])
    with store.read() as connection:
        digest = bytes.fromhex(mail.digest.removeprefix("sha256:"))
        pair_id = connection.execute(
            sa.select(message.c.pair_id)
            .join_from(archive_record, message, archive_record.c.message_id == message.c.id)
            .where(archive_record.c.digest == digest)
            .limit(1)
        ).scalar()
        if pair_id is None:
            return replace(mail, in_reply=logged["in_reply"])
        known = connection.execute(
            sa.select(message.c.shingles).where(
                message.c.pair_id == pair_id, message.c.shingles.is_not(None), message.c.at < at
            )
        ).scalars()
        return replace(own_words(mail, [Written.unpack(data) for data in known]), in_reply=logged["in_reply"])
