"""winmail.dat (TNEF): the text and the attachment names that Outlook wraps up; compressed RTF is not opened."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.message.charset import decode

SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _SUBJECT, _CODEPAGE, _PROPS = 0x800C, 0x8004, 0x9007, 0x9003
_RENDER, _TITLE, _DATA, _ATTACH_PROPS = 0x9002, 0x8010, 0x800F, 0x9005
_PR_BODY, _PR_RTF, _PR_HTML, _PR_LONG_NAME = 0x1000, 0x1009, 0x1013, 0x3707
# Sizes of the property types of fixed length; values are padded to four bytes.
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _OBJECT, _BINARY, _CLSID_SIZE = 0x1E, 0x1F, 0x0D, 0x102, 16
_MAX_VALUES = 10_000


@dataclass(slots=True)
class Tnef:
    """What was found. `rtf`: there is a compressed RTF body; `damaged`: the file ends early or makes no sense."""

    plain: str = ""
    html: str = ""
    files: list[tuple[str, int]] = field(default_factory=list)
    rtf: bool = False
    damaged: bool = False


def read_tnef(data: bytes) -> Tnef:
    """Read a TNEF file. Never raises; what cannot be read is left out and `damaged` is set."""
    tnef = Tnef()
    charset = "cp1252"
    try:
        for key, value in _attributes(data):
            if key == _CODEPAGE and len(value) >= 4:
                charset = f"cp{struct.unpack_from('<I', value)[0]}"
            _take(tnef, key, value, charset)
    except (struct.error, ValueError):
        tnef.damaged = True
    return tnef


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    if not data.startswith(SIGNATURE):
        raise ValueError("no TNEF")
    at = 6
    while at < len(data):
        _, key, _, length = struct.unpack_from("<BHHI", data, at)
        at += 9
        yield key, data[at : at + length]
        if at + length > len(data):
            raise ValueError("cut")
        at += length + 2


def _take(tnef: Tnef, key: int, value: bytes, charset: str) -> None:
    if key == _BODY:
        tnef.plain = tnef.plain or _string(value, charset)
    elif key == _RENDER:
        tnef.files.append(("", 0))
    elif key == _TITLE:
        _name(tnef, _string(value, charset))
    elif key == _DATA and tnef.files:
        tnef.files[-1] = (tnef.files[-1][0], len(value))
    elif key in (_PROPS, _ATTACH_PROPS):
        for name, kind, content in _properties(value):
            _take_property(tnef, name, _string(content, "utf-16-le" if kind == _UNICODE else charset))


def _take_property(tnef: Tnef, name: int, text: str) -> None:
    if name == _PR_BODY:
        tnef.plain = tnef.plain or text
    elif name == _PR_HTML:
        tnef.html = tnef.html or text
    elif name == _PR_RTF:
        tnef.rtf = True
    elif name == _PR_LONG_NAME and text:
        _name(tnef, text)


def _name(tnef: Tnef, name: str) -> None:
    size = tnef.files.pop()[1] if tnef.files else 0
    tnef.files.append((name, size))


def _string(value: bytes, charset: str) -> str:
    return decode(value, charset)[0].replace("\0", "").replace("\r\n", "\n")


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (property, type, first value) of a MAPI property list."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, _MAX_VALUES)):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _skip_name(data, at)
        many = bool(kind & 0x1000)
        kind &= ~0x1000
        variable = kind in (_STRING8, _UNICODE, _OBJECT, _BINARY)
        values = 1
        if many or variable:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        for index in range(min(values, _MAX_VALUES)):
            content, at = _value(data, at, kind, variable)
            if index == 0:
                yield name, kind, content


def _skip_name(data: bytes, at: int) -> int:
    (kind,) = struct.unpack_from("<I", data, at + _CLSID_SIZE)
    at += _CLSID_SIZE + 4
    (length,) = struct.unpack_from("<I", data, at)
    return at + 4 + ((length + 3) & ~3 if kind else 0)


def _value(data: bytes, at: int, kind: int, variable: bool) -> tuple[bytes, int]:
    if not variable:
        if kind not in _FIXED:
            raise ValueError("unknown property type")
        return data[at : at + _FIXED[kind]], at + _FIXED[kind]
    (length,) = struct.unpack_from("<I", data, at)
    at += 4
    if at + length > len(data):
        raise ValueError("cut")
    return data[at : at + length], at + ((length + 3) & ~3)
