"""Negation: a cue in the same clause, up to five words before a hit or three after, that is not an idiom.

Cues and idioms come from `lists/negation.<lang>.txt`: one phrase a line, an idiom ("nicht nur") begins with `!`.
"""

from __future__ import annotations

import re
from typing import Any

import re2

from engine.find.literals import options, spans
from engine.text.fold import fold_plain

_BEFORE, _AFTER = 5, 3  # words
_CLAUSE = re.compile(r"[,;:.!?()\n]")
_WORD = re.compile(r"[^\W_]+")
_FARTHEST = 120  # characters: more than five words take


class Negation:
    """The cues of each language, compiled when first asked."""

    def __init__(self, patterns: dict[str, tuple[str, str]]) -> None:
        self._patterns = patterns
        self._compiled: dict[str, tuple[Any, Any]] = {}

    def negates(self, text: str, start: int, end: int, language: str) -> bool:
        """Return whether a cue of `language` negates `[start, end)` of the original `text`."""
        cues, idioms = self._of(language)
        if cues is None:
            return False
        before = _last_words(_CLAUSE.split(text[max(0, start - _FARTHEST) : start])[-1], _BEFORE)
        after = _first_words(_CLAUSE.split(text[end : end + _FARTHEST], maxsplit=1)[0], _AFTER)
        # The matched words stay in, as one blank, so that an idiom around them is still seen as a whole.
        window = f"{fold_plain(before)} \x1f {fold_plain(after)}".encode("utf-8", "replace")
        return any(not _inside(hit, idioms, window) for hit in spans(cues, window, 0, len(window)))

    def _of(self, language: str) -> tuple[Any, Any]:
        if language not in self._compiled:
            cues, idioms = self._patterns.get(language, ("", ""))
            self._compiled[language] = (_compile(cues), _compile(idioms))
        return self._compiled[language]


def _compile(pattern: str) -> Any:
    return re2.compile(pattern.encode(), options()) if pattern else None


def _inside(span: tuple[int, int], idioms: Any, window: bytes) -> bool:
    if idioms is None:
        return False
    return any(start <= span[0] and span[1] <= end for start, end in spans(idioms, window, 0, len(window)))


def _last_words(text: str, count: int) -> str:
    words = list(_WORD.finditer(text))
    return text[words[-count].start() :] if len(words) > count else text


def _first_words(text: str, count: int) -> str:
    words = list(_WORD.finditer(text))
    return text[: words[count - 1].end()] if len(words) > count else text
