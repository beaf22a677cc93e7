"""What every reader of this folder gives: one `Entry` a message, whether it could be read or not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, BinaryIO

from engine.errors import InputError
from engine.message.parts import Message

LIMIT = 64 * 1024 * 1024
"""The largest single mail, line or cell that is read, in bytes; a larger one is reported and left out."""

HEAD = 4096
"""How many bytes are looked at to tell what a file is."""

BOM = b"\xef\xbb\xbf"
"""What some editors put before UTF-8 text; it is no part of it."""

_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Record:
    """A message given as fields (.jsonl, .csv). Offsets of findings count characters of `subject` and `body`.

    `context` holds what the record says about the transaction, unchecked; `extra` every field that is not named here
    (labels, `segments`, `intents`), untouched.
    """

    id: str
    subject: str
    body: str
    lang: str | None
    in_reply: bool
    headers: tuple[tuple[str, str], ...]
    context: Mapping[str, Any]
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the input: exactly one of `raw` (a mail's bytes), `record` and `error` is set.

    `id` names the message in the output, `where` is the place a person can open (`file` or `file:line`), and `error` is
    a whole sentence that says what is wrong, where, and what to do.
    """

    id: str
    where: str
    raw: bytes | None = None
    record: Record | None = None
    error: str | None = None

    def message(self) -> Message:
        """Return the message of an entry without `error`; a record says itself whether it is a reply."""
        if self.record is None:
            assert self.raw is not None
            return Message.parse(self.raw)
        fields = self.record
        return Message.of(
            subject=fields.subject, body=fields.body, headers=fields.headers, in_reply=fields.in_reply, lang=fields.lang
        )


def shown(path: str) -> str:
    """Return `path` so that it can be printed: bytes of a file name that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def too_large(where: str, size: int) -> str:
    """Return the error text for a mail of `size` bytes or more at `where`."""
    return f"{where}: a mail of {size:,} bytes or more; at most {LIMIT:,} are read, so take out its attachments"


def empty(name: str) -> InputError:
    """Return the error for input called `name` that has nothing in it."""
    return InputError(f"{name}: empty; there is no message in it, so check how it was made")


def head_of(stream: BinaryIO) -> bytes:
    """Return how `stream` begins (up to 4 KiB) without taking it; nothing when the stream cannot look ahead."""
    return stream.peek(HEAD)[:HEAD] if isinstance(stream, BufferedReader) else b""


def is_binary(head: bytes) -> bool:
    """Tell whether a file that begins with `head` is no text: a NUL, or more than 2 % control characters."""
    return b"\0" in head or len(_CONTROL.findall(head)) * 50 > len(head)


def refuse_binary(name: str, head: bytes) -> None:
    """Raise `InputError` when the file `name`, beginning with `head`, cannot be text in UTF-8 or Windows-1252."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name}: the file is UTF-16; save it as UTF-8 and try again")
    if is_binary(head):
        raise InputError(f"{name}: binary data, no text; unpack archives first and give .eml, mbox, .jsonl or .csv")
