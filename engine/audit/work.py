"""What a worker process does: it loads the filter once, then takes parts of the corpus as long as there are any."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from engine.audit.direction import Sides, Way
from engine.audit.entry import Entry
from engine.audit.evidence import Evidence, Wrote, evidence_of
from engine.audit.parts import Done, Part, write
from engine.audit.rows import error_row, finding_rows, message_row
from engine.decide.context import Context
from engine.decide.record import Decision
from engine.errors import RulesError, TamisError
from engine.filter import Filter
from engine.message.parts import Message

_BATCH = 64  # messages judged at once


@dataclass(frozen=True, slots=True)
class Job:
    """What holds for all parts of an audit. `rules_digest`: what the rules must be; `evidence`: a file, once gathered."""

    folder: Path
    rules: str | None
    rules_digest: str
    profile: str
    model: str
    today: date
    context: Mapping[str, Any] = field(default_factory=dict)
    sides: Sides = field(default_factory=Sides)
    evidence: Path | None = None
    with_text: bool = True


@dataclass(frozen=True, slots=True)
class _Read:
    """A message on its way: what it is, where it goes, and the context it is judged in."""

    number: int
    entry: Entry
    message: Message
    way: Way
    context: Mapping[str, Any]


class Worker:
    """Judges parts. One a process, or one of its own."""

    def __init__(self, job: Job) -> None:
        """Take a job; the filter is loaded with the first part."""
        self._job = job
        self._filter: Filter | None = None
        self._evidence: Evidence | None = None

    def gather(self, part: Part) -> list[Wrote]:
        """Return what the buyers' messages of a part give as evidence."""
        found = []
        for number, entry in enumerate(part.entries, part.first):
            if entry.error is None:
                message = entry.message()
                found.append(evidence_of(number, message, self._job.sides.way_of(message, entry.record)))
        return [wrote for wrote in found if wrote is not None]

    def judge(self, part: Part) -> Done:
        """Judge a part and write its files. Raises RulesError when the rules changed meanwhile, OSError."""
        loaded = self._loaded()
        messages: list[dict[str, Any]] = []
        findings: list[dict[str, Any]] = []
        numbered = enumerate(part.entries, part.first)
        while batch := list(islice(numbered, _BATCH)):
            for row, found in self._batch(loaded, batch):
                messages.append(row)
                findings.extend(found)
        return write(self._job.folder, part, messages, findings)

    def _loaded(self) -> Filter:
        job = self._job
        if self._filter is None:
            self._filter = Filter.load(rules=job.rules, profile=job.profile, model=job.model, today=job.today)
            if self._filter.plan.digest != job.rules_digest:
                raise RulesError(
                    "the rules were changed during the audit; undo the change, or start it in a new folder"
                )
            self._evidence = Evidence(job.evidence) if job.evidence else None
        return self._filter

    def _batch(
        self, loaded: Filter, batch: list[tuple[int, Entry]]
    ) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        prepared = [self._read(number, entry) for number, entry in batch]
        decisions = iter(_decisions(loaded, [read for read in prepared if isinstance(read, _Read)]))
        for (number, entry), read in zip(batch, prepared, strict=True):
            decided = read if isinstance(read, str) else next(decisions)
            if isinstance(read, str) or isinstance(decided, str):
                yield error_row(number, entry, str(decided)), []
                continue
            try:
                row = message_row(number, entry, read.message, read.way, decided, loaded.profile)
            except TamisError as error:
                yield error_row(number, entry, str(error)), []
            else:
                yield row, finding_rows(number, read.message, decided, with_text=self._job.with_text)

    def _read(self, number: int, entry: Entry) -> _Read | str:
        """Return a message ready to be judged, or what is wrong with it."""
        if entry.error is not None:
            return entry.error
        try:
            message = entry.message()
            way = self._job.sides.way_of(message, entry.record)
            message, context = self._situation(message, way, entry)
            Context.of(context)
        except TamisError as error:
            return f"{entry.where}: {error}"
        return _Read(number, entry, message, way, context)

    def _situation(self, message: Message, way: Way, entry: Entry) -> tuple[Message, dict[str, Any]]:
        """Return the message and its context. Of mail that is not judged nothing is looked at."""
        if way.direction != "out":
            return replace(message, texts=()), {"recipient": "not_alias_domain"}
        context = {**self._job.context, **(entry.record.context if entry.record is not None else {})}
        if self._evidence is not None and "reply" not in context:
            reply = self._evidence.reply(message, way)
            if reply != "none":
                return replace(message, in_reply=True), {**context, "reply": reply}
        return message, context


def _decisions(loaded: Filter, reads: list[_Read]) -> Iterable[Decision | str]:
    """Return the decisions; when one message breaks the filter, the others of its batch are judged all the same."""
    try:
        return list(loaded.check_many([read.message for read in reads], [read.context for read in reads]))
    except Exception:
        return [_decision(loaded, read) for read in reads]


def _decision(loaded: Filter, read: _Read) -> Decision | str:
    try:
        return loaded.check(read.message, read.context)
    except Exception as error:
        return f"{read.entry.where}: internal error ({type(error).__name__}); this is a bug, report it with the message"


# -- in a process of its own -------------------------------------------------------------------------------------------

_worker: Worker | None = None


def begin(job: Job) -> None:
    """Make this process a worker. Ctrl-C is for the process that leads."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = Worker(job)


def gather(part: Part) -> list[Wrote]:
    """`Worker.gather` in a process that began."""
    assert _worker is not None
    return _worker.gather(part)


def judge(part: Part) -> Done:
    """`Worker.judge` in a process that began."""
    assert _worker is not None
    return _worker.judge(part)
