"""Turns paths and standard input into one stream of `Entry`, in the order given, in any size.

A file is read as its extension says (.eml, .mbox, .jsonl, .csv); a file with another one that is named by the user is
looked into. A folder gives what it holds, by name and at any depth. Nothing that is wrong with the input raises: it
comes as an entry with an `error`, and the rest goes on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from engine.audit.entry import BOM, HEAD, LIMIT, Entry, Record, empty, head_of, refuse_binary, shown, too_large
from engine.audit.jsonl import read_jsonl
from engine.audit.mailbox import MAILDIR_PARTS, is_from_line, is_maildir, maildir_files, split
from engine.audit.table import read_csv
from engine.errors import InputError, UsageError

__all__ = ["FORMATS", "Entry", "Record", "entries"]

FORMATS = ("jsonl", "csv", "mbox")
"""What `format` may be."""

_BUFFER = 256 * 1024
_Reader = Callable[[BinaryIO, str], Iterator[Entry]]
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAIL_HEADERS = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|delivered-to|message-id|mime-version|content-type)[ \t]*:",
    re.I | re.M,
)


class Meter:
    """How many bytes of the files of a corpus have been read."""

    def __init__(self) -> None:
        self._through = self._open = 0

    def at(self, place: int) -> None:
        """Note the place in the open file."""
        self._open = place

    def close(self) -> None:
        """Note that the open file is through."""
        self._through, self._open = self.read, 0

    @property
    def read(self) -> int:
        """Bytes so far: those of the files that are through, and of the open one."""
        return self._through + self._open


def entries(
    paths: Sequence[str], *, format: str | None, stdin: BinaryIO, meter: Meter | None = None
) -> Iterator[Entry]:
    """Return the messages of `paths` in order; `-` is `stdin`.

    `format` (one of `FORMATS`, or None) says how to read standard input, which else is one mail, and named files whose
    extension does not tell. `meter` is kept at how much of the files is read. Raises `UsageError` for another format,
    and nothing else: see `Entry.error`.
    """
    meter = meter or Meter()
    if format is not None and format not in FORMATS:
        raise UsageError(f"unknown format {format!r}; known are {', '.join(FORMATS)}")
    return chain.from_iterable(_told(_source(path, format, stdin, meter), path) for path in paths)


def read_mail(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Yield the one mail that `stream` holds. Raises `InputError` when it is empty, binary or too large."""
    raw = stream.read(LIMIT + 1)
    if len(raw) > LIMIT:
        raise InputError(too_large(name, len(raw)))
    if not raw.strip():
        raise empty(name)
    if not _HEADER.match(raw) and not raw.startswith(b"From "):
        refuse_binary(name, raw[:HEAD])
    yield Entry(name, name, raw=raw)


_READERS: dict[str, _Reader] = {"eml": read_mail, "mbox": split, "jsonl": read_jsonl, "csv": read_csv}


def _source(path: str, format: str | None, stdin: BinaryIO, meter: Meter) -> Iterator[Entry]:
    if path == "-":
        return _READERS[format or "eml"](stdin, "-")
    if os.path.isdir(path):
        return _folder(path, meter)
    return _file(path, _READERS.get(_extension(path)) or _READERS.get(format or "") or _read_unknown, meter)


def _told(source: Iterator[Entry], path: str) -> Iterator[Entry]:
    """Yield from `source`; what stops it becomes its last entry."""
    try:
        yield from source
    except InputError as error:
        yield Entry(shown(path), shown(path), error=str(error))
    except OSError as error:
        yield _unreadable(path, error)


def _unreadable(path: str, error: OSError) -> Entry:
    hint = "check the path" if isinstance(error, FileNotFoundError) else "check that you may read it"
    return Entry(shown(path), shown(path), error=f"{shown(path)}: {error.strerror or error}; {hint}")


def _file(path: str, reader: _Reader, meter: Meter) -> Iterator[Entry]:
    with open(path, "rb", buffering=_BUFFER) as stream:
        for entry in reader(stream, shown(path)):
            if stream.seekable():
                meter.at(stream.tell())
            yield entry
    meter.close()


def _read_unknown(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Read a file whose extension tells nothing by how it begins."""
    return _READERS[_kind(head_of(stream)) or "eml"](stream, name)


def _kind(head: bytes) -> str | None:
    """Return how to read what begins with `head`, or None when it is neither mbox, records nor clearly a mail."""
    if is_from_line(head.lstrip().partition(b"\n")[0]):
        return "mbox"
    if head.removeprefix(BOM).lstrip().startswith(b"{"):
        return "jsonl"
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return "eml" if _HEADER.match(header) and _MAIL_HEADERS.search(header) else None


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower().lstrip(".")


def _folder(folder: str, meter: Meter) -> Iterator[Entry]:
    """Yield what a folder holds. Raises `InputError` when that is no mail at all."""
    others = 0
    found = False
    for source in _walk(folder, meter):
        if source is None:
            others += 1
        else:
            found = True
            yield from source
    if not found:
        seen = f"{others} other files were left out" if others else "it is empty"
        raise InputError(f"{shown(folder)}: no .eml, .mbox, .jsonl, .csv or Maildir in this folder ({seen})")


def _walk(folder: str, meter: Meter) -> Iterator[Iterator[Entry] | None]:
    """Yield the entries of each file below `folder`, by name, and None for each that is no mail.

    Hidden files are passed over, and so are links to folders, which may lead in circles.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        mails = list(maildir_files(folder)) if is_maildir(folder) else []
    except OSError as error:
        yield iter([_unreadable(folder, error)])
        return
    yield from (_told(_file(path, read_mail, meter), path) for path in mails)
    for name in names:
        path = os.path.join(folder, name)
        if not os.path.isdir(path):
            reader = _reader_in_folder(path)
            yield _told(_file(path, reader, meter), path) if reader else None
        elif not os.path.islink(path) and not (name in MAILDIR_PARTS and is_maildir(folder)):
            yield from _walk(path, meter)


def _reader_in_folder(path: str) -> _Reader | None:
    """Return how to read a file that was not named by the user, or None when it is no mail."""
    extension = _extension(path)
    if extension or not os.path.isfile(path):
        return _READERS.get(extension) if os.path.exists(path) else None
    try:
        with open(path, "rb", buffering=_BUFFER) as stream:
            kind = _kind(stream.read(HEAD))
    except OSError:
        return read_mail  # reading it will fail in the same way and be reported
    return _READERS[kind] if kind in ("mbox", "eml") else None
