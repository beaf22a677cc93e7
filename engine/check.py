"""Checking whatever holds messages: files, mailboxes, tables and streams, one outcome a message, in the order given."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.audit.corpora import entries
from engine.audit.entry import Entry
from engine.decide.context import Context
from engine.decide.record import Decision
from engine.errors import InputError, UsageError
from engine.filter import Filter


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: a decision, or the error that kept it from being read (exit status 0, 1 or 4)."""

    id: str
    where: str
    decision: Decision | None = None
    error: str = ""

    @property
    def status(self) -> int:
        """The exit status this message alone would give."""
        if self.decision is None:
            return 4
        return 0 if self.decision.verdict in ("allow", "not_judged") else 1

    def to_json(self) -> dict[str, Any]:
        """Return the decision's record, or one with `error` in place of a verdict."""
        if self.decision is not None:
            return self.decision.to_json()
        return {"schema": 1, "id": self.id, "where": self.where, "error": self.error}


class EntryChecker(ABC):
    """Judges entries one by one; where the context comes from is a subclass's business."""

    model_problem: str

    def run(self, paths: Sequence[str], format: str | None, stdin: BinaryIO) -> Iterator[Outcome]:
        """Yield the outcome of every message under `paths` (`-` is standard input)."""
        for entry in entries(paths, format=format, stdin=stdin):
            yield self._outcome(entry)

    def _outcome(self, entry: Entry) -> Outcome:
        if entry.error is not None:
            return Outcome(entry.id, entry.where, error=entry.error)
        try:
            return Outcome(entry.id, entry.where, self._decide(entry))
        except UsageError as error:
            return Outcome(entry.id, entry.where, error=f"{entry.where}: {error}")

    @abstractmethod
    def _decide(self, entry: Entry) -> Decision:
        """Return the decision about a readable entry. Raises UsageError for one that cannot be judged as it is."""


class Checker(EntryChecker):
    """A filter with the context that holds for all messages."""

    def __init__(self, loaded: Filter, context: Mapping[str, Any]) -> None:
        self._filter = loaded
        self.model_problem = loaded.model_problem
        self._context = context

    @classmethod
    def load(cls, *, rules: str | None, profile: str, context_file: str | None, model: str | Path) -> Checker:
        """Load the filter (`model` as for `Filter.load`) and the context file.

        Raises RulesError, UsageError, InputError or ModelError.
        """
        context = read_context(context_file) if context_file else {}
        return cls(Filter.load(rules=rules, profile=profile, model=model), context)

    def _decide(self, entry: Entry) -> Decision:
        own = entry.record.context if entry.record else {}
        return self._filter.check(entry.message(), {**self._context, **own}, id=entry.id)


def read_context(file: str) -> dict[str, Any]:
    """Return the context of a JSON or YAML file. Raises InputError, or UsageError for an unknown word."""
    try:
        text = Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"{file}: the context file cannot be read: {reason}") from error
    data = _parsed(text, file)
    if not isinstance(data, dict):
        raise UsageError(f"{file}: a context is a mapping such as `buyer_opted_out: yes`")
    try:
        Context.of(data)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from error
    return data


def _parsed(text: str, file: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise UsageError(f"{file}{where}: neither JSON nor YAML ({getattr(error, 'problem', error)})") from error
