"""Reads .csv: a table with a header line, one row at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from engine.audit.entry import BOM, LIMIT, Entry, empty, head_of, refuse_binary
from engine.audit.records import parse_json, record_entry
from engine.errors import InputError

_NEEDED = ("id", "subject", "body")
_JSON_COLUMNS = ("headers", "context")
_DELIMITERS = (",", ";", "\t")


def read_csv(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Yield one entry for each row of a table whose first line names the columns; a broken row gives an error.

    Columns are separated by a comma, a semicolon or a tab. Raises `InputError` when a needed column is missing, the
    file is binary, or there is no row.
    """
    csv.field_size_limit(LIMIT)  # the csv module has one limit for the whole process; its default is 128 KiB
    lines = _lines(stream, name)
    header, delimiter = _header(next(lines, ""), name)
    found = False
    for where, row in _rows(lines, delimiter, name):
        found = True
        try:
            if isinstance(row, csv.Error):
                raise InputError(f"{where}: not a row of a table: {row}; a quote inside quotes is written twice")
            yield record_entry(_fields(header, row, where), where)
        except InputError as error:
            yield Entry(where, where, error=str(error))
    if not found:
        raise InputError(f"{name}: no row in the table; give one message a row below the header")


def _lines(stream: BinaryIO, name: str) -> Iterator[str]:
    """Yield the lines as text: UTF-8, and a line that is not UTF-8 as Windows-1252, which spreadsheets still save.

    Deciding line by line needs no second look at the file, so it also serves standard input.
    """
    refuse_binary(name, head_of(stream))
    for number, line in enumerate(iter(partial(stream.readline, LIMIT + 1), b""), 1):
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) > LIMIT:
            raise InputError(f"{name}:{number}:1: a line of more than {LIMIT:,} bytes; the file is no table")
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace")


def _header(line: str, name: str) -> tuple[list[str], str]:
    """Return the names of the columns and the delimiter: the one that finds most of the needed columns."""
    if not line.strip():
        raise empty(name) if not line else InputError(f"{name}:1: a blank line; the first line must name the columns")
    found = {delimiter: _columns(line, delimiter) for delimiter in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: (len(set(_NEEDED) & set(found[d])), len(found[d])))
    header = found[delimiter]
    if missing := [column for column in _NEEDED if column not in header]:
        raise InputError(
            f"{name}:1: no column {', '.join(missing)}; needed are id, subject and body (or text), "
            f"separated by comma, semicolon or tab; found: {', '.join(header)}"
        )
    return header, delimiter


def _columns(line: str, delimiter: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=delimiter))
    names = [cell.strip().lower() for cell in cells]
    return names if "body" in names else ["body" if column == "text" else column for column in names]


def _rows(lines: Iterator[str], delimiter: str, name: str) -> Iterator[tuple[str, list[str] | csv.Error]]:
    """Yield the rows that are not empty with the place each begins at; the header was line 1."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        where = f"{name}:{reader.line_num + 2}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield where, error
        else:
            if row:
                yield where, row


def _fields(header: list[str], row: list[str], where: str) -> dict[str, Any]:
    """Pair columns and cells; cells too many are none when empty, and only optional columns may be left off."""
    needed = max(header.index(column) for column in _NEEDED) + 1
    if len(row) < needed or any(row[len(header) :]):
        raise InputError(f"{where}: {len(row)} cells for {len(header)} columns; is a delimiter or a quote missing?")
    fields: dict[str, Any] = dict(zip(header, row, strict=False))
    for column in _JSON_COLUMNS:
        if fields.get(column):
            fields[column] = parse_json(fields[column], f"{where}: column {column}")
    return fields
