"""The context of a message: what the policy must know beside the message itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.decide.words import CONTEXT_DEFAULTS, CONTEXT_WORDS
from engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Context:
    """The words of the verdict table (`words.CONTEXT_WORDS`), and which of them nobody gave (`assumed`)."""

    recipient: str = CONTEXT_DEFAULTS["recipient"]
    sender: str = CONTEXT_DEFAULTS["sender"]
    buyer_opted_out: str = CONTEXT_DEFAULTS["buyer_opted_out"]
    reply: str = CONTEXT_DEFAULTS["reply"]
    quota: str = CONTEXT_DEFAULTS["quota"]
    bounce_notices: str = CONTEXT_DEFAULTS["bounce_notices"]
    order: str = CONTEXT_DEFAULTS["order"]
    assumed: tuple[str, ...] = tuple(CONTEXT_DEFAULTS)

    @classmethod
    def of(cls, mapping: Mapping[str, Any] | None = None, in_reply: bool = False) -> Context:
        """Return the context that `mapping` (words of JSON or YAML, any part of them) gives; the rest is assumed.

        True and false are accepted where a YAML reader makes them of yes, no, on or off; null is the same as not given.
        `in_reply` (the buyer wrote first) gives reply `thread` unless the mapping says otherwise.
        Raises UsageError for a name or word that does not exist; its text names those that do.
        """
        if mapping is not None and not isinstance(mapping, Mapping):
            raise UsageError(f"the context must be a mapping such as {{buyer_opted_out: yes}}, not {mapping!r}")
        given = {} if mapping is None else {name: _word(name, value) for name, value in mapping.items()}
        found = {name: word for name, word in given.items() if word is not None}
        if in_reply:
            found.setdefault("reply", "thread")
        return cls(**found, assumed=tuple(name for name in CONTEXT_DEFAULTS if name not in found))

    def words(self) -> dict[str, str]:
        """Return the words by name, without `assumed`."""
        return {name: getattr(self, name) for name in CONTEXT_DEFAULTS}

    def to_json(self) -> dict[str, Any]:
        """Return the words and the list of those that were assumed."""
        return {**self.words(), "assumed": list(self.assumed)}


def _word(name: Any, value: Any) -> str | None:
    """Return the word that `value` stands for, None for null. Raises UsageError."""
    allowed = CONTEXT_WORDS.get(name) if isinstance(name, str) else None
    if allowed is None:
        raise UsageError(_unknown("the context", name, tuple(CONTEXT_WORDS)))
    if value is None:
        return None
    if isinstance(value, bool):
        value = next((word for word in (("yes", "on") if value else ("no", "off")) if word in allowed), value)
    if not isinstance(value, str) or value not in allowed:
        raise UsageError(_unknown(f"the context's {name}", value, allowed))
    return value


def _unknown(where: str, value: Any, allowed: tuple[str, ...]) -> str:
    close = get_close_matches(value.lower(), allowed, n=1) if isinstance(value, str) else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{where} knows no {value!r}.{hint} Allowed: {', '.join(allowed)}."
