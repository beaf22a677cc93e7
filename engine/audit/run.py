"""Audits a corpus: every message gets a row, on all cores, in constant memory, and the same again when asked again.

One process reads, cuts the corpus into parts and hands them out; the workers judge and write. Killed and started again
the audit reads on to what is not done yet. The results follow from corpus, rules, model, profile and options alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from engine.audit.corpora import Meter, entries
from engine.audit.crew import Crew
from engine.audit.direction import Sides
from engine.audit.evidence import Evidence
from engine.audit.parts import SIZE, Done, Part, done, files, parts
from engine.audit.schema import VERSION
from engine.audit.settings import BEGUN, MANIFEST, begin, begun_on, claimed, program, write_json
from engine.audit.work import Job, gather, judge
from engine.check import read_context
from engine.errors import InputError, TamisError, UsageError
from engine.filter import Filter


@dataclass(frozen=True, slots=True)
class Options:
    """What an audit is told. `workers` 0: one a core; it changes no result. `size`: messages a part."""

    paths: tuple[str, ...]
    folder: Path
    format: str | None = None
    rules: str | None = None
    profile: str = "strict"
    model: str = "auto"
    context_file: str | None = None
    alias_domains: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    today: date | None = None
    with_text: bool = True
    workers: int = 0
    size: int = SIZE


class Progress(Protocol):
    """Whoever shows how far an audit is."""

    def step(self, name: str, total: int) -> None:
        """A pass over the corpus of `total` bytes begins."""
        ...

    def at(self, read: int, messages: int, judged: int) -> None:
        """So many bytes are read and so many messages done, `judged` of them in this run."""
        ...


@dataclass(slots=True)
class Tally:
    """What the finished parts add up to."""

    parts: list[Done] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    findings: int = 0

    def add(self, part: Done) -> None:
        """Count a part."""
        self.parts.append(part)
        self.verdicts.update(part.verdicts)
        self.messages += part.messages
        self.findings += part.findings


def run(
    options: Options, progress: Progress | None = None, warn: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Audit a corpus and return the manifest.

    Raises UsageError (options, another audit's folder), InputError (the corpus changed, or nothing in it could be read
    as a message), RulesError, ModelError, OSError (the disk is full: make room and start it again).
    """
    sides = Sides.of(options.alias_domains, options.own_addresses)
    if "-" in options.paths and sides:
        raise UsageError("with --alias-domain or --own-address the corpus is read twice; save standard input to a file")
    with claimed(options.folder):
        today = options.today or begun_on(options.folder) or date.today()
        job, settings = _prepared(replace(options, today=today), sides, warn or (lambda _: None))
        begin(options.folder, settings)
        return _run(options, job, settings, progress)


def _prepared(options: Options, sides: Sides, warn: Callable[[str], None]) -> tuple[Job, dict[str, Any]]:
    """Return the job of the workers, and the settings that the results follow from."""
    assert options.today is not None
    context = read_context(options.context_file) if options.context_file else {}
    loaded = Filter.load(rules=options.rules, profile=options.profile, model="off", today=options.today)
    model = _model_version(options.model, warn)
    job = Job(
        folder=options.folder,
        rules=options.rules,
        rules_digest=loaded.plan.digest,
        profile=options.profile,
        model=options.model,
        today=options.today,
        context=context,
        sides=sides,
        with_text=options.with_text,
    )
    settings = {
        "program": program(),
        "paths": list(options.paths),
        "format": options.format,
        "rules": loaded.plan.digest,
        "profile": {"name": loaded.profile.name, "digest": loaded.profile.digest},
        "model": model,
        "context": context,
        "alias_domains": sorted(sides.alias_domains),
        "own_addresses": sorted(sides.own),
        "today": options.today.isoformat(),
        "with_text": options.with_text,
        "part_size": options.size,
    }
    return job, settings


def _model_version(wanted: str, warn: Callable[[str], None]) -> str | None:
    """Return the version of the classifier that the workers will load, None where they judge with the rules alone."""
    if wanted == "off":
        return None
    from engine.data import classifier_dir
    from engine.find.model import check

    if wanted != "auto":
        return str(check(Path(wanted))["version"])
    try:
        return str(check(classifier_dir())["version"])
    except TamisError as error:
        warn(f"{error}; judging with the rules only")
        return None


def _run(options: Options, job: Job, settings: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    folder = options.folder
    work = folder / "work"
    for name in ("messages", "findings"):
        (folder / name).mkdir(exist_ok=True)
        for left in (folder / name).glob("*.tmp"):
            left.unlink()
    shown = _Shown(progress, _size(options.paths))
    if job.sides and not (folder / MANIFEST).is_file():
        work.mkdir(exist_ok=True)
        job = replace(job, evidence=_gathered(options, job, work / "evidence.sqlite", shown))
    tally = _judged(options, job, shown)
    manifest = _manifest(folder, settings, tally)
    write_json(folder / MANIFEST, manifest)
    (folder / BEGUN).unlink(missing_ok=True)
    shutil.rmtree(work, ignore_errors=True)
    return manifest


def _parts(options: Options) -> Iterator[Part]:
    meter = Meter()
    found = entries(options.paths, format=options.format, stdin=sys.stdin.buffer, meter=meter)
    return parts(found, meter, options.size)


@dataclass(slots=True)
class _Shown:
    """Tells a `Progress`, when there is one, how far each pass is."""

    progress: Progress | None
    total: int
    read: int = 0
    messages: int = 0
    judged: int = 0

    def step(self, name: str) -> None:
        self.read = self.messages = self.judged = 0
        if self.progress is not None:
            self.progress.step(name, self.total)

    def add(self, part: Part, *, fresh: bool) -> None:
        self.read = max(self.read, part.read)
        self.messages += len(part.entries)
        self.judged += len(part.entries) if fresh else 0
        if self.progress is not None:
            self.progress.at(self.read, self.messages, self.judged)


# -- evidence ----------------------------------------------------------------------------------------------------------


def _gathered(options: Options, job: Job, path: Path, shown: _Shown) -> Path:
    """Gather what the buyers wrote into the file at `path`, going on where an earlier run stopped."""
    shown.step("reading threads")
    try:
        evidence = Evidence(path, write=True)
        try:
            with Crew(job, _workers(options), gather) as crew:
                for part, found in crew.work(_missing_evidence(options, evidence, shown)):
                    evidence.add(part.number, part.digest, found)
                    shown.add(part, fresh=True)
        finally:
            evidence.close()
    except sqlite3.Error as error:
        raise InputError(f"{path}: the work file cannot be used ({error}); remove it and start again") from error
    return path


def _missing_evidence(options: Options, evidence: Evidence, shown: _Shown) -> Iterator[Part]:
    for part in _parts(options):
        known = evidence.digest_of(part.number)
        if known is None:
            yield part
        else:
            _same(part, known, options.folder)
            shown.add(part, fresh=False)


# -- judging -----------------------------------------------------------------------------------------------------------


def _judged(options: Options, job: Job, shown: _Shown) -> Tally:
    """Judge all parts that are not done, and return what all of them add up to."""
    shown.step("judging")
    known: dict[int, Done] = {}
    finished = (options.folder / MANIFEST).is_file()
    with Crew(job, _workers(options), judge) as crew:
        for part, result in crew.work(_undone(options, known, shown, finished)):
            known[part.number] = result
            shown.add(part, fresh=True)
    _no_more(options.folder, len(known))
    tally = Tally()
    for number in sorted(known):
        tally.add(known[number])
    return tally


def _undone(options: Options, known: dict[int, Done], shown: _Shown, finished: bool) -> Iterator[Part]:
    for part in _parts(options):
        found = done(options.folder, part.number)
        if found is not None:
            _same(part, found.digest, options.folder)
            known[part.number] = found
            shown.add(part, fresh=False)
        elif finished:
            raise InputError(
                f"{options.folder}: part {part.number} of these finished results is missing or damaged; "
                f"remove {MANIFEST}, messages and findings, and start again"
            )
        else:
            yield part


def _same(part: Part, digest: str, folder: Path) -> None:
    if part.digest != digest:
        last = part.first + len(part.entries) - 1
        raise InputError(
            f"{folder}: the corpus is no longer the one this audit was begun with (messages {part.first} to {last} differ); "
            "start it in another folder"
        )


def _no_more(folder: Path, count: int) -> None:
    """Refuse results that go on after the corpus' end."""
    if any(path.exists() for path in files(folder, count)):
        raise InputError(f"{folder}: the corpus is shorter than when this audit was begun; start it in another folder")


def _workers(options: Options) -> int:
    return options.workers or len(os.sched_getaffinity(0))


def _size(paths: Sequence[str]) -> int:
    """Return how many bytes the files of the paths hold."""
    total = 0
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                total += sum(_bytes(os.path.join(folder, name)) for name in names)
        else:
            total += _bytes(path)
    return total


def _bytes(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


# -- the manifest ------------------------------------------------------------------------------------------------------


def _manifest(folder: Path, settings: Mapping[str, Any], tally: Tally) -> dict[str, Any]:
    corpus = hashlib.sha256("".join(part.digest for part in tally.parts).encode()).hexdigest()
    return {
        "schema": VERSION,
        "settings": dict(settings),
        "corpus": {"digest": f"sha256:{corpus}", "messages": tally.messages},
        "counts": {"verdicts": dict(sorted(tally.verdicts.items())), "findings": tally.findings},
        "files": [_file(path, folder) for part in tally.parts for path in files(folder, part.number)],
    }


def _file(path: Path, folder: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "digest": f"sha256:{digest}"}
