"""`tamis check --store`: the context of each message comes from the store; nothing is kept or counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from engine.audit.entry import Entry
from engine.check import EntryChecker
from engine.context.addresses import addresses_in
from engine.context.judging import Judge
from engine.context.situation import Envelope
from engine.context.store import Store
from engine.decide.record import Decision
from engine.errors import UsageError
from engine.filter import Filter
from engine.message.parts import Message

_SENDERS = ("Return-Path", "From")
_RECIPIENTS = ("X-Original-To", "Delivered-To", "To")


class StoreChecker(EntryChecker):
    """Does what `Checker` does, with a store in place of a context file."""

    def __init__(self, store: Store, loaded: Filter, sender: str | None = None, recipient: str | None = None) -> None:
        """`sender` and `recipient` are the envelope of all messages; None: each message's headers say."""
        self.model_problem = loaded.model_problem
        self._judge = Judge(store, loaded)
        self._sender = sender
        self._recipient = recipient

    @classmethod
    def load(
        cls, *, store: str, rules: str | None, profile: str, model: str, sender: str | None, recipient: str | None
    ) -> StoreChecker:
        """Open the store and load the filter. Raises StoreError, RulesError, UsageError or ModelError."""
        opened = Store.open(store)
        return cls(opened, Filter.load(rules=rules, profile=profile, model=model), sender, recipient)

    def _decide(self, entry: Entry) -> Decision:
        message = _message(entry)
        envelope = envelope_of(message, self._sender, self._recipient)
        return self._judge.preview(message, envelope, datetime.now(UTC), id=entry.id).decision


def _message(entry: Entry) -> Message:
    if entry.record and entry.record.context:
        raise UsageError("the record has a context of its own; leave it out, the store gives it")
    return replace(entry.message(), in_reply=False)  # the store says whether it is a reply


def envelope_of(message: Message, sender: str | None, recipient: str | None) -> Envelope:
    """Return the envelope: as given, else as the headers say. Raises UsageError when neither says it."""
    found_sender = sender or _first(message, _SENDERS)
    found_recipient = recipient or _first(message, _RECIPIENTS)
    if found_sender is None or found_recipient is None:
        missing = "--from" if found_sender is None else "--to"
        raise UsageError(f"nothing says who and whom: no header names an address; give it with {missing}")
    return Envelope(found_sender, found_recipient)


def _first(message: Message, names: tuple[str, ...]) -> str | None:
    found = (address for name in names for address in addresses_in(message.header_all(name)))
    return next((address for address in found if address), None)
