"""Where a link leads: the host of a target, and the addresses written out in plain text."""

from __future__ import annotations

import re

_HOST = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:\s]+)", re.I)
_BARE = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'\u00ab\u00bb\u201c\u201d]{3,2000}", re.I)
_TRAILING = ".,;:!?)]}*_'\u2019\u2026"
_STRIPPED = {ord(c): None for c in "\t\r\n"} | {ord("\\"): "/"}


def host_of(target: str) -> str:
    """Return the host a browser would go to, in lower case, `""` for what is no web address (`mailto:`, `#top`)."""
    if len(target) > 2000:
        target = target[:2000]
    found = _HOST.match(target.strip().translate(_STRIPPED))
    if found:
        return found[1].lower().rstrip(".")
    return ""


def written_addresses(text: str) -> list[tuple[int, str, str]]:
    """Return (offset, address as written, host) of each web address written out in `text`."""
    if "://" not in text and "www." not in text and "WWW." not in text:
        return []
    found = []
    for match in _BARE.finditer(text):
        address = match[0].rstrip(_TRAILING)
        found.append((match.start(), address, host_of(address if "//" in address[:8] else f"//{address}")))
    return found
