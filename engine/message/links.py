"""Where a link leads: the host of a target, and the addresses written out in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HOST = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:\s]+)", re.I)
_BARE = re.compile(r"(?:https?://|www\.)[^\s<>\"'\u00ab\u00bb\u201c\u201d]{3,2000}", re.I)
_TRAILING = ".,;:!?)]}*_'\u2019\u2026"
_STRIPPED = {ord(c): None for c in "\t\r\n"} | {ord("\\"): "/"}


def host_of(target: str) -> str:
    """Return the host a browser would go to, in lower case, `""` for what is no web address (`mailto:`, `#top`)."""
    if len(target) > 2000:
        target = target[:2000]
    target = target.strip()
    if "\\" in target or "\t" in target or "\n" in target or "\r" in target:
        target = target.translate(_STRIPPED)
    found = _HOST.match(target)
    if found:
        return found[1].lower().rstrip(".")
    return ""


def written_addresses(text: str) -> list[tuple[int, str, str]]:
    """Return (offset, address as written, host) of each web address written out in `text`."""
    starts = [at - 5 if text[at - 1] in "sS" else at - 4 for at in _occurrences(text, "://")]
    starts += [*_occurrences(text, "www."), *_occurrences(text, "WWW.")]
    found: list[tuple[int, str, str]] = []
    end = 0
    for start in sorted(starts):
        match = _BARE.match(text, start) if start >= end else None
        if match is None:
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
