"""The milter protocol as bytes: packets in and out, nothing that waits. Version 6, as Postfix and Sendmail speak it.

A packet is a length (four bytes, big endian, of what follows), a command (one byte) and its data.
"""

from __future__ import annotations

import struct
from enum import IntFlag

VERSION = 6
OLDEST = 2
MAX_PACKET = 1 << 20
"""Longest packet taken. MTAs cut bodies into chunks of 65,535 bytes and headers at about 60,000."""

_LENGTH = struct.Struct("!I")
_OPTIONS = struct.Struct("!III")
_LONGEST_LINE = 400  # characters of a reply line; SMTP allows 512 bytes with code and line end


class ProtocolError(Exception):
    """The other side does not speak the milter protocol, or not in its order. The connection is of no use any more."""


class Actions(IntFlag):
    """What a filter may do to a message (`SMFIF_*`); only what is used here."""

    DELETE_RECIPIENT = 0x08


class Steps(IntFlag):
    """What the MTA leaves out, and where it does not wait for an answer (`SMFIP_*`)."""

    NO_HELO = 0x2
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    NO_REPLY_HEADER = 0x80
    NO_REPLY_CONNECT = 0x1000
    NO_REPLY_HELO = 0x2000
    NO_REPLY_MAIL = 0x4000
    NO_REPLY_RECIPIENT = 0x8000
    NO_REPLY_DATA = 0x10000
    NO_REPLY_UNKNOWN = 0x20000
    NO_REPLY_END_OF_HEADERS = 0x40000
    NO_REPLY_BODY = 0x80000
    LEADING_SPACE = 0x100000


WANTED = (
    Steps.NO_HELO | Steps.NO_UNKNOWN | Steps.NO_DATA | Steps.NO_REPLY_HEADER | Steps.NO_REPLY_CONNECT
    | Steps.NO_REPLY_MAIL | Steps.NO_REPLY_BODY | Steps.LEADING_SPACE
)  # fmt: skip
"""Everything that saves a round trip. With LEADING_SPACE headers come byte for byte."""

_SILENT = {
    b"C": Steps.NO_REPLY_CONNECT, b"H": Steps.NO_REPLY_HELO, b"M": Steps.NO_REPLY_MAIL, b"R": Steps.NO_REPLY_RECIPIENT,
    b"T": Steps.NO_REPLY_DATA, b"L": Steps.NO_REPLY_HEADER, b"N": Steps.NO_REPLY_END_OF_HEADERS,
    b"B": Steps.NO_REPLY_BODY, b"U": Steps.NO_REPLY_UNKNOWN,
}  # fmt: skip


def packet(command: bytes, data: bytes = b"") -> bytes:
    """Return a packet."""
    return _LENGTH.pack(len(data) + 1) + command + data


CONTINUE = packet(b"c")
ACCEPT = packet(b"a")
DISCARD = packet(b"d")
PROGRESS = packet(b"p")


def reply(code: str, *lines: str) -> bytes:
    """Return an SMTP refusal: `code` is the basic and the enhanced code (`550 5.7.1`), each line is ASCII.

    What SMTP cannot carry becomes a blank or `?`, long lines are cut, and `%`, which the MTA would eat, is doubled.
    Raises ValueError where the two codes disagree.
    """
    basic, _, enhanced = code.partition(" ")
    if basic[:1] not in ("4", "5") or enhanced[:2] != f"{basic[:1]}.":
        raise ValueError(f"{code!r} is no refusal whose codes agree")
    clean = [_clean(line) for line in lines] or [""]
    last = len(clean) - 1
    text = "\r\n".join(f"{basic}{'-' if at < last else ' '}{enhanced} {line}" for at, line in enumerate(clean))
    return packet(b"y", text.encode("ascii") + b"\0")


def _clean(line: str) -> str:
    ascii_form = line.encode("ascii", "replace").decode("ascii")
    one_line = "".join(letter if letter.isprintable() else " " for letter in ascii_form)
    return one_line[:_LONGEST_LINE].replace("%", "%%")


def delete_recipient(address: bytes) -> bytes:
    """Return the edit that takes a recipient off the message; `address` is what the MTA gave, brackets and all."""
    return packet(b"-", address + b"\0")


class Inbox:
    """The bytes that came, cut into packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the next command with its data, None when more must come. Raises ProtocolError."""
        at, buffer = self._at, self._buffer
        if len(buffer) - at < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(buffer, at)
        if not 1 <= length <= MAX_PACKET:
            raise ProtocolError(f"a packet of {length} bytes")
        end = at + _LENGTH.size + length
        if len(buffer) < end:
            return None
        self._at = end
        return bytes(buffer[at + 4 : at + 5]), bytes(buffer[at + 5 : end])


def negotiate(data: bytes) -> tuple[bytes, Steps]:
    """Answer the MTA's offer (version, actions, steps); return the packet and the steps agreed on.

    Raises ProtocolError when it is too old or does not let recipients be taken off.
    """
    if len(data) < _OPTIONS.size:
        raise ProtocolError("a negotiation without version, actions and steps")
    version, actions, offered = _OPTIONS.unpack_from(data)
    if version < OLDEST:
        raise ProtocolError(f"milter protocol version {version}; at least {OLDEST} is needed (milter_protocol = 6)")
    if not actions & Actions.DELETE_RECIPIENT:
        raise ProtocolError("the MTA does not let filters take recipients off")
    steps = Steps(offered & WANTED)
    return packet(b"O", _OPTIONS.pack(min(version, VERSION), Actions.DELETE_RECIPIENT, steps)), steps


def awaits_reply(command: bytes, steps: Steps) -> bool:
    """Return whether the MTA waits for an answer to a command."""
    silent = _SILENT.get(command)
    return silent is not None and not steps & silent


def strings(data: bytes) -> list[bytes]:
    """Return the NUL-ended strings that `data` holds."""
    return data.removesuffix(b"\0").split(b"\0")


def macros(data: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the command that a macro packet stands before, and the macros by name, without braces."""
    parts = [part.decode("utf-8", "surrogateescape") for part in strings(data[1:])]
    return data[:1], {name.strip("{}"): value for name, value in zip(parts[::2], parts[1::2], strict=False)}


def header(data: bytes, steps: Steps) -> tuple[bytes, bytes]:
    """Return a header as it stands in the mail: its name, and everything behind the colon (lines end with CRLF)."""
    name, _, value = data.removesuffix(b"\0").partition(b"\0")
    lead = b"" if steps & Steps.LEADING_SPACE else b" "
    return name, lead + value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def is_local(data: bytes) -> bool:
    """Return whether a connect packet tells of a local program (`sendmail`), which the MTA calls localhost."""
    name, _, rest = data.partition(b"\0")
    address = rest[3:].partition(b"\0")[0].removeprefix(b"IPv6:")
    return name == b"localhost" and rest[:1] in (b"4", b"6") and (address == b"::1" or address.startswith(b"127."))
