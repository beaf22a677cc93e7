"""A corpus cut into parts, and the files of a part's results.

Where a part ends depends on the messages alone, so the same corpus always gives the same parts. A part's digest covers
what its messages hold, not where they lie. Its files are written beside their place and moved there when whole; the
digest stands in them, so a later run knows what is done and whether the corpus is still the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.audit.corpora import Meter
from engine.audit.entry import Entry
from engine.audit.schema import FINDINGS, MESSAGES

SIZE = 2000
"""The most messages in a part."""

_BYTES = 16 * 1024 * 1024  # a part ends after the message that reaches this
_KEY = b"tamis.part"


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive messages of a corpus: the part's number, that of its first message, and how far the corpus is read."""

    number: int
    first: int
    entries: tuple[Entry, ...]
    digest: str
    read: int


@dataclass(frozen=True, slots=True)
class Done:
    """What is known of a part whose files are there: its digest and how many messages got each verdict (or `error`)."""

    number: int
    digest: str
    messages: int
    findings: int
    verdicts: dict[str, int]


def parts(entries: Iterable[Entry], meter: Meter, size: int = SIZE) -> Iterator[Part]:
    """Yield the parts of a corpus, each of at most `size` messages."""
    number = first = total = 0
    waiting: list[Entry] = []
    digest = hashlib.sha256()
    for entry in entries:
        content = _content(entry)
        digest.update(len(content).to_bytes(8, "big") + content)
        waiting.append(entry)
        total += len(content)
        if len(waiting) >= size or total >= _BYTES:
            yield Part(number, first, tuple(waiting), digest.hexdigest(), meter.read)
            number, first, total = number + 1, first + len(waiting), 0
            waiting, digest = [], hashlib.sha256()
    if waiting:
        yield Part(number, first, tuple(waiting), digest.hexdigest(), meter.read)


def _content(entry: Entry) -> bytes:
    """Return what a message is, whatever its place; all that cannot be read is alike."""
    if entry.raw is not None:
        return b"mail\0" + entry.raw
    if entry.record is None:
        return b"error"
    r = entry.record
    fields = [r.id, r.subject, r.body, r.lang, r.in_reply, r.headers, dict(r.context), dict(r.extra)]
    return b"record\0" + json.dumps(fields, ensure_ascii=True, sort_keys=True, default=str).encode()


# -- files -------------------------------------------------------------------------------------------------------------


def files(folder: Path, number: int) -> tuple[Path, Path]:
    """Return the paths of a part's messages and findings."""
    name = f"{number:07}.parquet"
    return folder / "messages" / name, folder / "findings" / name


def write(folder: Path, part: Part, messages: list[dict[str, Any]], findings: list[dict[str, Any]]) -> Done:
    """Write the files of a part, that of the messages last: where it is, the part is done. Raises OSError."""
    verdicts: dict[str, int] = {}
    for row in messages:
        name = row["verdict"] or "error"
        verdicts[name] = verdicts.get(name, 0) + 1
    done = Done(part.number, part.digest, len(messages), len(findings), dict(sorted(verdicts.items())))
    about = {"digest": part.digest, "messages": done.messages, "findings": done.findings, "verdicts": done.verdicts}
    to_messages, to_findings = files(folder, part.number)
    _write(to_findings, findings, FINDINGS, about)
    _write(to_messages, messages, MESSAGES, about)
    return done


def _write(path: Path, rows: list[dict[str, Any]], schema: Any, about: dict[str, Any]) -> None:
    noted = {**schema.metadata, _KEY: json.dumps(about, sort_keys=True).encode()}
    table = pa.Table.from_pylist(rows, schema=schema.with_metadata(noted))
    beside = path.with_suffix(".tmp")
    try:
        pq.write_table(table, beside, compression="zstd")
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def done(folder: Path, number: int) -> Done | None:
    """Return what is known of a part, or None where one of its files is missing or not whole."""
    found = [_about(path) for path in files(folder, number)]
    if found[0] is None or found[0] != found[1]:
        return None
    return Done(number, found[0]["digest"], found[0]["messages"], found[0]["findings"], found[0]["verdicts"])


def _about(path: Path) -> dict[str, Any] | None:
    try:
        noted: dict[str, Any] = json.loads(pq.read_metadata(path).metadata[_KEY])
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None
    return noted
