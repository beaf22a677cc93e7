"""Reading the decision log: finding a decision, verifying all chains, erasing words."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.context.database import StoreError
from engine.context.log import START, chained, digest_of, signature_of
from engine.context.schema import log_head
from engine.context.store import Store

_NAME = re.compile(r"([0-9a-f]{16})-(\d{6})\.jsonl\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log and where it stands. `said` is None once erased."""

    path: Path
    offset: int
    length: int
    seq: int
    digest: bytes
    hash: bytes
    salt: str
    said: dict[str, Any] | None
    text: str

    @property
    def holds(self) -> bool:
        """Whether the words are those that were written; an erased line has none to compare."""
        return self.said is None or digest_of(self.salt, self.text) == self.digest


@dataclass(frozen=True, slots=True)
class LogFault:
    """Something that was changed or removed: the file or writer, the line's number (0: the whole), and what is wrong."""

    where: str
    seq: int
    what: str


def writers(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a log by writer, in order."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        named = _NAME.match(path.name)
        if named:
            found.setdefault(named[1], []).append(path)
    return found


def lines(path: Path) -> Iterator[Line | LogFault]:
    """Yield the lines of a file; a fault for each that is none. A last line that was broken off is left out."""
    offset = 0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if raw.endswith(b"\n"):
                    found = _line(path, offset, raw)
                    yield found or LogFault(path.name, 0, f"line {number} is no record of a decision")
                offset += len(raw)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


_SAID = ',"said":'


def _line(path: Path, offset: int, raw: bytes) -> Line | None:
    try:
        text = raw.decode("utf-8", "surrogatepass").rstrip("\n ")
        record = json.loads(text)
        _, found, said = text.partition(_SAID)
        return Line(
            path,
            offset,
            len(raw),
            int(record["seq"]),
            bytes.fromhex(record["digest"]),
            bytes.fromhex(record["hash"]),
            record.get("salt", ""),
            record.get("said"),
            said[:-1] if found else "",
        )
    except (ValueError, KeyError, TypeError):
        return None


def find_decision(folder: Path, decision: str) -> list[Line]:
    """Return the lines of a decision id, in the order of the files. Raises StoreError when the log cannot be read."""
    paths = (path for of_writer in writers(folder).values() for path in of_writer)
    found = (line for path in paths for line in lines(path) if isinstance(line, Line))
    return [line for line in found if line.said is not None and line.said["decision"]["decision"] == decision]


def verify(store: Store, folder: Path) -> Iterator[LogFault]:
    """Yield everything in the log that is not as it was written; nothing when all is whole."""
    with store.read() as connection:
        heads = {row.writer: row for row in connection.execute(sa.select(log_head))}
    files = writers(folder)
    for writer, head in heads.items():
        if head.signature != signature_of(store, writer, head.records, head.hash):
            yield LogFault(writer, 0, "the end kept in the store was not signed with this key")
        if writer not in files:
            yield LogFault(writer, 0, f"all {head.records} lines of this writer are missing")
    for writer, paths in files.items():
        yield from _verify_writer(writer, paths, heads.get(writer))


def _verify_writer(writer: str, paths: list[Path], head: Any) -> Iterator[LogFault]:
    before, expected, at_head = START, 1, None
    for path in paths:
        for line in lines(path):
            if isinstance(line, LogFault):
                yield line
                continue
            if line.seq != expected:
                yield LogFault(path.name, expected, f"lines {expected} to {line.seq - 1} are missing")
            if not line.holds:
                yield LogFault(path.name, line.seq, "the decision was changed")
            if chained(before, line.seq, line.digest) != line.hash:
                yield LogFault(path.name, line.seq, "the chain is broken: this line or the one before it was changed")
            before, expected = line.hash, line.seq + 1
            if head is not None and line.seq == head.records:
                at_head = line.hash
    if head is not None and expected <= head.records:
        yield LogFault(writer, 0, f"the log ends at line {expected - 1}; {head.records} were signed")
    elif head is not None and at_head != head.hash:
        yield LogFault(writer, head.records, "the line that was signed is another one")


# -- erasing -----------------------------------------------------------------------------------------------------------


def erase(folder: Path, which: Callable[[dict[str, Any]], bool], now: datetime) -> int:
    """Overwrite the words and salts of the decisions that `which` picks; return how many. The chains still verify.

    A line keeps its length, so a process that is appending to the same file is not disturbed.
    """
    erased = 0
    for path in (path for paths in writers(folder).values() for path in paths):
        for line in list(lines(path)):
            if isinstance(line, Line) and line.said is not None and which(line.said):
                _overwrite(line, now)
                erased += 1
    return erased


def _overwrite(line: Line, now: datetime) -> None:
    left = {
        "seq": line.seq,
        "digest": line.digest.hex(),
        "hash": line.hash.hex(),
        "erased_at": now.isoformat(timespec="seconds"),
    }
    text = json.dumps(left, separators=(",", ":")).encode()
    try:
        descriptor = os.open(line.path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, text.ljust(line.length - 1) + b"\n", line.offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{line.path} cannot be written: {error.strerror}") from error
