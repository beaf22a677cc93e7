"""Header lines -> decoded names, values and parameters (RFC 5322, 2047, 2231), forgiving as mail clients are."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from engine.message.charset import decode
from engine.message.limits import HEADER_BLOCK, MAX_HEADERS

_LINE = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_FOLD = re.compile(r"\n[ \t]+")
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_GAP = re.compile(r"\s*\Z")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+?)(?:\*(\d{1,3}))?(\*)?\s*=\s*(?:\"((?:\\.|[^\"\\])*)\"|([^;]*))", re.S)
_QUOTED_PAIR = re.compile(r"\\(.)", re.S)
_MAX_VALUE = 16 * 1024

Headers = tuple[tuple[str, str], ...]


def read_block(raw: bytes, start: int, end: int) -> tuple[Headers, int, str | None]:
    """Read the header block at `start`: the headers with their values as written, where the body begins, a defect word.

    A line that is no header ends the block (`header-body-separator`), as the mail servers on the way do it.
    """
    if raw.startswith((b"\n", b"\r\n"), start, end):
        return (), start + (1 if raw.startswith(b"\n", start) else 2), None
    stop, after = _blank_line(raw, start, end)
    block = raw[start : min(stop, start + HEADER_BLOCK)].decode("latin-1")
    if "\r" in block:
        block = block.replace("\r", "")
    headers, used = _lines(block)
    if used >= len(block):
        return headers, after, None
    at = start
    for _ in range(block.count("\n", 0, used)):
        at = raw.find(b"\n", at, end) + 1
    return headers, at, "header-body-separator"


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the line before the first empty line ends, and where the line after it begins."""
    bare = raw.find(b"\n\n", start, end)
    crlf = raw.find(b"\n\r\n", start, end if bare < 0 else bare)
    if crlf >= 0:
        return crlf, crlf + 3
    return (bare, bare + 2) if bare >= 0 else (end, end)


def _lines(block: str) -> tuple[Headers, int]:
    """Return the headers of a normalised block, and how many characters of it were headers."""
    headers: list[tuple[str, str]] = []
    at = 0
    if block.startswith(("From ", ">From ")):
        at = block.find("\n") + 1 or len(block)
    while at < len(block) and len(headers) < MAX_HEADERS:
        found = _LINE.match(block, at)
        if found is None:
            return tuple(headers), at
        name, value = found.groups()
        headers.append((name, _FOLD.sub(" ", value) if "\n" in value else value))
        at = found.end()
    return tuple(headers), len(block)


def decode_value(value: str) -> str:
    """Decode a value read as Latin-1: raw 8-bit bytes, then encoded words (adjacent ones belong together)."""
    if not value.isascii():
        value = decode(value.encode("latin-1", "replace"), None)[0]
    if "\0" in value:
        value = value.replace("\0", "")
    return _decode_words(value).strip() if "=?" in value else value.strip()


def _decode_words(value: str) -> str:
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    at = 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        name = word[1].partition("*")[0].lower()
        if pending and (name != charset or not _GAP.match(between)):
            out.append(decode(b"".join(pending), charset)[0])
            pending = []
        if not (_GAP.match(between) and at):
            out.append(between)
        pending.append(_word_bytes(word[2], word[3]))
        charset, at = name, word.end()
    if pending:
        out.append(decode(b"".join(pending), charset)[0])
    out.append(value[at:])
    return "".join(out).replace("\r", "").replace("\n", " ")


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "bB":
        return forgiving_base64(data)
    return binascii.a2b_qp(data.replace(b"\n", b" "), header=True)


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def forgiving_base64(data: bytes) -> bytes:
    """Decode base64 with any junk, missing padding or a cut end; padding in the middle joins two encodings."""
    data = data.rstrip()
    if b"=" not in data[:-2]:
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            pass
    return b"".join(_padded(_NOT_BASE64.sub(b"", piece)) for piece in data.split(b"=") if piece)


def _padded(data: bytes) -> bytes:
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header value (names in lower case), continuations joined and charsets decoded."""
    if ";" not in value:
        return {}
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in _PARAMETER.finditer(value[:_MAX_VALUE]):
        name, number, star, quoted, bare = found.groups()
        text = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else bare.strip()
        if number is None and star is None:
            plain.setdefault(name.lower(), text)
        else:
            pieces.setdefault(name.lower(), []).append((int(number or 0), star is not None, text))
    for name, values in pieces.items():
        plain[name] = _joined(sorted(values, key=lambda piece: piece[0]))
    return plain


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """RFC 2231: the first piece may name the charset, each starred piece is percent-encoded."""
    charset = "utf-8"
    data = b""
    for index, (_, starred, text) in enumerate(pieces):
        if starred and index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if starred else text.encode("latin-1", "replace")
    return decode(data, charset or "utf-8")[0]
