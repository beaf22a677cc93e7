"""Reads mbox files and lists Maildirs, one message at a time, in constant memory.

The standard library's `mailbox` is not used: it needs a file that can seek (so no standard input), goes through the
whole file before it gives the first message, and splits at every line that begins with "From ".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from engine.audit.entry import LIMIT, Entry, empty, too_large
from engine.errors import InputError

MAILDIR_PARTS = ("cur", "new", "tmp")
"""The folders inside a Maildir."""

_PIECE = 1024 * 1024  # a line longer than this is read in pieces
_FROM_LINE_MAX = 512
_TIME = rb"\s+\d{1,2}:\d{2}(?::\d{2})?"
_WEEKDAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+"
_DATES = (
    # Fri Jul  8 12:08:34 2011, also with a zone before the year (Fri Jul 8 12:08:34 +0200 2011)
    _WEEKDAY + _MONTH + rb"\d{1,2}" + _TIME + rb"(?:\s+[A-Z0-9+-]+){0,2}?\s+\d{4}\b",
    # Fri, 8 Jul 2011 12:08:34
    _WEEKDAY + rb"\d{1,2}\s+" + _MONTH + rb"\d{4}" + _TIME,
    # 2011-07-08 12:08:34
    rb"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}|" + _TIME + rb")",
)
_FROM_LINE = re.compile(rb"From (?:.*\s)?(?:" + b"|".join(_DATES) + rb")")
_QUOTED_FROM = re.compile(rb">+From ")
_BLANK = (b"\r\n", b"\n")
_NO_MAIL = "every mail of an mbox begins with a From_ line (From, sender, date)"


def is_from_line(line: bytes) -> bool:
    """Tell whether `line` is what begins a message in an mbox: "From ", a sender, and a date with a time."""
    return line.startswith(b"From ") and len(line) <= _FROM_LINE_MAX and _FROM_LINE.match(line) is not None


def is_maildir(folder: str) -> bool:
    """Tell whether `folder` is a Maildir: it has the folders `cur` and `new`."""
    return all(os.path.isdir(os.path.join(folder, name)) for name in ("cur", "new"))


def split(stream: BinaryIO, name: str) -> Iterator[Entry]:
    """Yield the messages of an mbox in order, with `>From ` unquoted (mboxrd). Their ids are `name#1`, `name#2`, ...

    Raises `InputError` when there is no message in it at all.
    """
    mail = _Mail(number=0, line=1)
    line, begins, after_blank = 0, True, True  # a long line comes in pieces; only the first begins a line
    for piece in iter(partial(stream.readline, _PIECE), b""):
        line += begins
        if after_blank and is_from_line(piece):
            yield from mail.entries(name)
            mail = _Mail(mail.number + 1, line)
        else:
            mail.add(piece)
        after_blank = begins and piece in _BLANK
        begins = piece.endswith(b"\n")
    if not mail.number:
        raise InputError(f"{name}: {_NO_MAIL}") if mail.raw.strip() else empty(name)
    yield from mail.entries(name)


def maildir_files(folder: str) -> Iterator[str]:
    """Yield the paths of the mails of the Maildir `folder`: those of `cur`, then those of `new`, by name.

    `tmp` holds what is still being delivered, names that begin with a dot are not mails. Raises `OSError`.
    """
    for part in ("cur", "new"):
        inside = os.path.join(folder, part)
        yield from (os.path.join(inside, name) for name in sorted(os.listdir(inside)) if not name.startswith("."))


@dataclass(slots=True)
class _Mail:
    """A message being collected: its number, the line it begins at, its bytes up to the limit, and its whole size.

    Number 0 is what stands before the first From_ line; there should be nothing.
    """

    number: int
    line: int
    raw: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= LIMIT:
            self.raw += piece[1:] if piece.startswith(b">") and _QUOTED_FROM.match(piece) else piece

    def entries(self, name: str) -> Iterator[Entry]:
        """Close the message. The blank line before the next From_ line belongs to the mailbox, not to the mail."""
        where = f"{name}:{self.line}"
        if not self.number:
            if self.raw.strip():
                text = f"{where}: {self.size:,} bytes before the first From_ line were left out; {_NO_MAIL}"
                yield Entry(where, where, error=text)
        elif self.size > LIMIT:
            yield Entry(f"{name}#{self.number}", where, error=too_large(where, self.size))
        else:
            end = next((-len(blank) for blank in _BLANK if self.raw.endswith(b"\n" + blank)), None)
            yield Entry(f"{name}#{self.number}", where, raw=bytes(self.raw[:end]))
