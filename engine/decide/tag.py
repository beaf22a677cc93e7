"""The tag: a subject that claims by `[Important]` that its message is critical. It never decides alone (R-26)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# What mail clients put before the subject of an answer or a forwarded mail, in the eight languages and some
# neighbours. A tag behind such a prefix was inherited from the thread: it claims nothing.
_REPLY = re.compile(
    r"\s*(re|aw|antw|antwort|wg|fwd?|tr|rv|rif|i|sv|vs|vb|ref|odp|pd|doorst|enc|r)\s*(\[\d+\]|\(\d+\))?\s*:",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[\[［【〔「]([^\[\]［］【】〔〕「」]{1,60})[\]］】〕」]")


def is_claimed(subject: str, tag_words: Iterable[str]) -> bool:
    """Return whether `subject` is no reply and holds one of the words in (any kind of square) brackets, in any case."""
    tags = _BRACKETED.findall(subject)
    if not tags or _REPLY.match(unicodedata.normalize("NFKC", subject)):
        return False
    wanted = _all_folded(tuple(tag_words))
    return any(_folded(tag) in wanted for tag in tags)


@lru_cache(maxsize=64)
def _all_folded(words: tuple[str, ...]) -> frozenset[str]:
    """A profile's words are the same for every message."""
    return frozenset(map(_folded, words))


def _folded(word: str) -> str:
    """Return the word without case, width, accents, invisible characters and punctuation (`Wazne !` = `Ważne`)."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if c.isalnum())
