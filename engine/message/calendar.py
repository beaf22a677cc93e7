"""An invitation's words: what a calendar part (RFC 5545) shows to a person."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\n[ \t]")
_SHOWN = re.compile(r"^(?:SUMMARY|LOCATION|DESCRIPTION|COMMENT)(?:;(?:\"[^\"\n]*\"|[^:\"\n])*)?:(.*)$", re.M | re.I)
_ESCAPE = re.compile(r"\\([nN,;\\])")


def calendar_text(source: str) -> str:
    """Return titles, places and descriptions of a calendar part, one after the other, unfolded and unescaped."""
    lines = (_ESCAPE.sub(_unescape, value).strip() for value in _SHOWN.findall(_FOLD.sub("", source)))
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _unescape(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]
