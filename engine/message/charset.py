"""Bytes and the charset somebody claims for them -> text, whatever the claim is worth.

The order follows what mail clients show: the declared charset when it fits, UTF-8 when the bytes can be nothing else,
and Windows-1252 last (it is what mail that says Latin-1, US-ASCII or nothing at all usually holds).
"""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache

# Names that Python lacks, or takes for a narrower charset than the one that is meant.
_RENAMED = {
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949",
    "shift_jis": "cp932", "iso-8859-8-i": "iso8859-8", "iso-8859-6-i": "iso8859-6", "utf-8mb4": "utf-8",
    "iso-8859-9": "cp1254", "tis-620": "cp874", "windows-874": "cp874", "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac_roman", "x-mac-ce": "mac_latin2", "cp1252": "cp1252", "koi8-u": "koi8_u",
}  # fmt: skip
_LATIN = frozenset({"latin_1", "ascii", "cp1252"})
# Known names only: looking an unknown one up imports modules and remembers the failure for ever. The last five are
# no charsets of mail; decoding with them can take quadratic time or read escapes.
_KNOWN = (set(aliases) | set(aliases.values()) | {"koi8_u", "cp874", "cp1006", "cp720", "cp737"}) - {
    "punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined",
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs", "oem",
}  # fmt: skip
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_HOLES = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_TABLE_1252 = "".join(chr(byte) if byte in _HOLES else bytes((byte,)).decode("cp1252") for byte in range(256))
_ASCII = bytes(range(128))


@lru_cache(maxsize=256)
def codec(charset: str) -> str | None:
    """Return Python's codec for a charset as mails write it, None when nobody knows it."""
    name = charset.strip().strip("\"'").lower()
    name = _RENAMED.get(name, name)
    key = _NOT_NAME.sub("_", name.removeprefix("x-").replace("windows-", "cp").replace("cp-", "cp")).strip("_")
    if key in _KNOWN:
        found = aliases.get(key, key)
        return found if found in _KNOWN else None
    return None


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Return the text of `data` and a defect word (None when the claim was right).

    Defects: `unknown-charset`, `missing-charset` (8-bit bytes without a claim), `wrong-charset`. Never raises.
    """
    name = codec(charset) if charset else "ascii"
    if name in (None, "ascii", "utf_8", "latin_1", "cp1252") and data.isascii():
        return data.decode("ascii"), None if name else "unknown-charset"
    if name is None:
        return _guess(data), "unknown-charset"
    if not charset:
        return _guess(data), "missing-charset"
    if name in _LATIN:
        text, wrong = _latin(data, name)
        return text, "wrong-charset" if wrong else None
    try:
        return data.decode(name).removeprefix("\ufeff"), None
    except (UnicodeError, LookupError, ValueError):
        return _repair(data, name), "wrong-charset"


def _latin(data: bytes, name: str) -> tuple[str, bool]:
    """Latin-1 and its like: UTF-8 if it is valid UTF-8 (chance is negligible), else Windows-1252."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), True
    except UnicodeError:
        return windows_1252(data), name == "ascii"


def _guess(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return _latin(data, "latin_1")[0]


def _repair(data: bytes, name: str) -> str:
    """A charset that does not fit: keep what it can read, unless most of the special characters are lost."""
    text = data.decode(name, "replace")
    lost = text.count("\ufffd")
    special = len(data.translate(None, _ASCII))
    return windows_1252(data) if name == "utf_8" and lost * 2 > special else text.removeprefix("\ufeff")


def windows_1252(data: bytes) -> str:
    """Decode as Windows-1252 the way browsers do: its five holes are the C1 controls, so nothing is lost."""
    return codecs.charmap_decode(data, "strict", _TABLE_1252)[0]
