"""Reads .jsonl: one JSON object a line, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from engine.audit.entry import BOM, LIMIT, Entry, empty, head_of, refuse_binary
from engine.audit.records import parse_json, record_entry
from engine.errors import InputError


def read_jsonl(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Yield one entry for each line of `stream` that is not blank; a broken line gives an entry with an error.

    Raises `InputError` when the file is binary or holds no record.
    """
    found = False
    refuse_binary(name, head_of(stream))
    for number, line in enumerate(iter(partial(stream.readline, LIMIT + 1), b""), 1):
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) > LIMIT:
            _skip_line(stream, line)
        if line.strip():
            found = True
            yield _entry(line, f"{name}:{number}")
    if not found:
        raise empty(name)


def _skip_line(stream: BinaryIO, piece: bytes) -> None:
    while piece and not piece.endswith(b"\n"):
        piece = stream.readline(1024 * 1024)


def _entry(line: bytes, where: str) -> Entry:
    try:
        if len(line) > LIMIT:
            raise InputError(f"{where}:1: a line of more than {LIMIT:,} bytes; give one record a line")
        fields = parse_json(line.decode(), where)
        if not isinstance(fields, dict):
            raise InputError(f"{where}:1: one JSON object a line is expected, not a {type(fields).__name__}")
        return record_entry(fields, where)
    except UnicodeDecodeError as error:
        text = f"{where}:{error.start + 1}: not UTF-8 (byte 0x{line[error.start]:02x}); save the file as UTF-8"
        return Entry(where, where, error=text)
    except InputError as error:
        return Entry(where, where, error=str(error))
