"""Short texts that come from outside (account and order numbers, categories, places): checked before they are kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from engine.errors import UsageError

_REFUSED = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_LONGEST = 200


def plain(value: str, what: str, *, empty: bool = False) -> str:
    """Return `value` in NFC without blanks around it.

    Raises UsageError, naming the field `what`, for an empty or too long text and for characters that no such text
    holds: NUL (PostgreSQL keeps none), other control characters, line ends, halves of a character.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if not text and not empty:
        raise UsageError(f"{what} is empty")
    if len(text) > _LONGEST:
        raise UsageError(f"{what} has {len(text)} characters; {_LONGEST} are allowed")
    for letter in text:
        if unicodedata.category(letter) in _REFUSED:
            raise UsageError(f"{what} cannot hold the character U+{ord(letter):04X}")
    return text


def one_of(value: str, words: Iterable[str], what: str) -> str:
    """Return `value` when it is one of `words`. Raises UsageError that names them."""
    if value not in words:
        raise UsageError(f"{what} cannot be {value[:40]!r}; it is one of {', '.join(words)}")
    return value


def moment(value: str, what: str) -> datetime:
    """Return an ISO 8601 time or day in UTC; one without a zone is taken for UTC. Raises UsageError."""
    try:
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{what} is no time; write one such as 2026-11-24T09:30:00+01:00") from None


def yes_or_no(value: str | bool, what: str) -> bool:
    """Return the truth that `yes`, `no`, `true`, `false`, `1` or `0` says. Raises UsageError."""
    if isinstance(value, bool):
        return value
    found = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(value.strip().lower())
    if found is None:
        raise UsageError(f"{what} is yes or no, not {value[:40]!r}")
    return found
