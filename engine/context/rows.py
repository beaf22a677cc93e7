"""The rows of an import file: JSON lines or a table with a header, read one after another, each with its line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import InputError

_LONGEST_LINE = 1024 * 1024
_DELIMITERS = (",", ";", "\t")
_BOM = b"\xef\xbb\xbf"

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands (`file:line`), its fields by column, or what is wrong with it."""

    where: str
    fields: Fields = field(default_factory=dict)
    error: str = ""


def rows_of(
    path: Path, needed: tuple[str, ...], optional: tuple[str, ...], report: Callable[[int], None]
) -> Iterator[Row]:
    """Yield the rows of `path` (`.jsonl`, or a table: comma, semicolon or tab).

    A row holds texts (or lists, where JSON has them), every needed column filled. `report` gets the bytes read so far.
    Raises InputError for a file that cannot be read or has no header that fits.
    """
    try:
        with path.open("rb") as file:
            lines = _lines(file, report)
            if path.suffix.lower() in (".jsonl", ".ndjson"):
                read = _json_rows(lines, path.name)
            else:
                read = _table_rows(lines, path.name, needed, optional)
            for row in read:
                yield row if row.error else _checked(row, needed, optional)
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from error


def _lines(file: BinaryIO, report: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    read = 0
    number = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        read += len(line)
        if number % 1000 == 0:
            report(read)
        yield number, line.removeprefix(_BOM) if number == 1 else line
        while len(line) > _LONGEST_LINE and not line.endswith(b"\n"):  # the rest of a line that is too long
            line = file.readline(_LONGEST_LINE)
            read += len(line)
            if not line:
                break
    report(read)


def _text(line: bytes) -> tuple[str, str]:
    """Return a line as text, or what is wrong with it."""
    if len(line) > _LONGEST_LINE:
        return "", f"a line of more than {_LONGEST_LINE:,} bytes"
    try:
        return line.decode(), ""
    except UnicodeDecodeError as error:
        return "", f"not UTF-8 (byte 0x{line[error.start]:02x} at {error.start + 1}); save the file as UTF-8"


def _json_rows(lines: Iterator[tuple[int, bytes]], name: str) -> Iterator[Row]:
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{name}:{number}"
        text, wrong = _text(line)
        if wrong:
            yield Row(where, error=wrong)
            continue
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield Row(where, error=f"no JSON: {getattr(error, 'msg', 'nested too deep')}")
            continue
        if not isinstance(fields, dict):
            yield Row(where, error=f"one JSON object a line is expected, not a {type(fields).__name__}")
        else:
            yield Row(where, fields)


def _table_rows(
    lines: Iterator[tuple[int, bytes]], name: str, needed: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[Row]:
    number, first = next(lines, (1, b""))
    text, wrong = _text(first)
    header, delimiter = _header(text, needed)
    missing = [column for column in needed if column not in header]
    if wrong or missing:
        raise InputError(
            f"{name}:{number}: {wrong or 'no column ' + ', '.join(missing)}; the first line names the columns: "
            f"{', '.join(needed)}, and where wanted {', '.join(optional) or 'no more'}"
        )
    for number, line in lines:
        if line.strip():
            yield _table_row(line, f"{name}:{number}", header, delimiter)


def _table_row(line: bytes, where: str, header: list[str], delimiter: str) -> Row:
    text, wrong = _text(line)
    if wrong:
        return Row(where, error=wrong)
    try:
        cells = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        return Row(where, error=f"not a row of a table ({error}); quotes must close on the same line")
    if len(cells) != len(header):
        return Row(where, error=f"{len(cells)} cells for {len(header)} columns; is a delimiter or a quote missing?")
    return Row(where, dict(zip(header, cells, strict=True)))


def _header(line: str, needed: tuple[str, ...]) -> tuple[list[str], str]:
    """Return the columns and the delimiter that finds most of the needed ones."""

    def columns(delimiter: str) -> list[str]:
        return [cell.strip().strip('"').lower() for cell in line.rstrip("\r\n").split(delimiter)]

    best = max(_DELIMITERS, key=lambda delimiter: len(set(needed) & set(columns(delimiter))))
    return columns(best), best


def _checked(row: Row, needed: tuple[str, ...], optional: tuple[str, ...]) -> Row:
    """Return the row with texts for values, or what is wrong with it."""
    unknown = [name for name in row.fields if name not in needed and name not in optional]
    if unknown:
        known = ", ".join((*needed, *optional))
        return Row(row.where, error=f"no column is called {str(unknown[0])[:40]!r}; columns: {known}")
    fields: Fields = {}
    for name, value in row.fields.items():
        if isinstance(value, dict):
            return Row(row.where, error=f"{name} cannot be an object")
        if isinstance(value, bool):
            fields[name] = "yes" if value else "no"
        elif value is not None:
            fields[name] = value if isinstance(value, str | list) else str(value)
    for name in needed:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            return Row(row.where, error=f"{name} is missing")
    listed = next((name for name, value in fields.items() if isinstance(value, list) and name not in _LISTS), None)
    return Row(row.where, error=f"{listed} cannot be a list") if listed else Row(row.where, fields)


_LISTS = ("addresses", "lines")
