"""The way of a message through the store: context, archive, decision, quota, log. Each step can stop it, none loses it.

`preview` changes nothing; `judge` archives before it decides and counts what passes. A message sent again is counted and
archived once, and judged anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy.engine import Connection

from engine.context.messages import decided, message_out
from engine.context.quota import take
from engine.context.quotation import own_words
from engine.context.situation import Envelope, Situation, look
from engine.context.store import Store
from engine.decide.record import Decision
from engine.filter import Filter
from engine.message.parts import Message


class Log(Protocol):
    """Whatever keeps decisions (log.py)."""

    def append(self, decision: Decision, envelope: Envelope, at: datetime) -> None:
        """Keep a decision; it is on its way to the disk when this returns. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision, what it rests on, and the message's number in the store (None: it is not kept)."""

    decision: Decision
    situation: Situation
    message_id: int | None = None


class Judge:
    """A filter with a store. Raises StoreError from every method where the store is away: the message must wait."""

    def __init__(self, store: Store, loaded: Filter, log: Log | None = None) -> None:
        self._store = store
        self._filter = loaded
        self._log = log

    def preview(self, message: Message, envelope: Envelope, now: datetime, *, id: str = "") -> Judged:
        """Return what would be decided now. Nothing is kept or counted."""
        with self._store.read() as connection:
            situation = look(connection, self._store.settings, envelope, message, now)
        return Judged(self._decide(_as_known(message, situation), situation, id), situation)

    def judge(self, raw: bytes, envelope: Envelope, now: datetime, *, id: str = "") -> Judged:
        """Archive, decide, count and log a message. Only mail from a seller to one of his buyers is kept."""
        message = Message.parse(raw)
        with self._store.read() as connection:
            situation = look(connection, self._store.settings, envelope, message, now)
        if situation.pair_id is None or situation.direction != "out":
            decision, kept = self._decide(_as_known(message, situation), situation, id), None
        else:
            kept = message_out(self._store, raw, message, envelope, situation, now)
            decision = self._counted(_as_known(message, situation), situation, kept.id, now, id)
        if self._log is not None:
            self._log.append(decision, envelope, now)
        return Judged(decision, situation, kept.id if kept else None)

    def _decide(self, message: Message, situation: Situation, id: str) -> Decision:
        decision = self._filter.check(message, situation.context, id=id)
        if situation.uncertain_over and _is_doubt(decision) and decision.verdict == "allow":
            return self._over(message, decision, id)
        return decision

    def _counted(self, message: Message, situation: Situation, message_id: int, now: datetime, id: str) -> Decision:
        """Decide, and count what passes. Where the day's last place went meanwhile, the verdict is that of over quota."""
        decision = self._decide(message, situation, id)
        with self._store.write() as connection:
            if decision.verdict == "allow" and not self._take(connection, situation, message_id, decision, now, True):
                decision = self._over(message, decision, id)
                if decision.verdict == "allow":  # what the quota never holds
                    self._take(connection, situation, message_id, decision, now, False)
            decided(connection, message_id, decision, message, now)
        return decision

    def _take(
        self,
        connection: Connection,
        situation: Situation,
        message_id: int,
        decision: Decision,
        now: datetime,
        held: bool,
    ) -> bool:
        assert situation.seller_id is not None
        return take(
            connection,
            self._store.settings,
            seller_id=situation.seller_id,
            message_id=message_id,
            now=now,
            held=held,
            uncertain=_is_doubt(decision),
        )

    def _over(self, message: Message, decision: Decision, id: str) -> Decision:
        return self._filter.check(message, replace(decision.context, quota="over"), id=id)


def _is_doubt(decision: Decision) -> bool:
    """Whether a message is delivered only because nobody knows what it is. A reply needs no such doubt."""
    return decision.content == "uncertain" and decision.context.reply == "none"


def _as_known(message: Message, situation: Situation) -> Message:
    """Return the message with what the store knows of it: whether it is a reply, and which quoted words are the buyer's.

    Quoted words that no archived message of the pair holds are the seller's own.
    """
    if situation.pair_id is None:
        return message
    checked = own_words(message, situation.proof.archived)
    return replace(checked, in_reply=situation.context.reply != "none")
