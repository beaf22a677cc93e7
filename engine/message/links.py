"""Where a link leads: the host of a target, and the addresses written out in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HOST = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:\s]+)", re.I)
_BARE = re.compile(r"(?:https?://|www\.)[^\s<>\"'\u00ab\u00bb\u201c\u201d]{3,2000}", re.I)
_STARTS = ("http://", "https://", "HTTP://", "HTTPS://", "Http://", "Https://", "www.", "WWW.", "Www.")
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
    starts = {at for mark in _STARTS for at in _occurrences(text, mark)} if "://" in text or "www." in text else ()
    found: list[tuple[int, str, str]] = []
    end = 0
    for start in sorted(starts):
        match = _BARE.match(text, start)
        if match is None or start < end:
            continue
        end = match.end()
        address = match[0].rstrip(_TRAILING)
        found.append((start, address, host_of(address if "//" in address[:8] else f"//{address}")))
    return found


def _occurrences(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + len(mark))
