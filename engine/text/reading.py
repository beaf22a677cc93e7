"""A reading: a message as the finders see it, one folded string with segments, each with its part and language.

All texts of a message are joined into one string, a blank line between them, so that every later step runs once over it.
Places count in the joined original; the folded form has its own, and `Folded` leads back.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from engine.message.parts import Message, PartKind, Span
from engine.text.fold import Folded, fold
from engine.text.language import UNKNOWN, Language, detect, votes, words_of
from engine.text.segment import split, unwrap

_AS_DELETE = "tamis-as-delete"
codecs.register_error(_AS_DELETE, lambda error: ("\x7f" * (error.end - error.start), error.end))  # type: ignore[attr-defined]
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no encoder takes it, and nobody can see it
_LONG = 9  # words: from here on the language of a single segment is told rightly 98 times of 100
_PROSE: frozenset[PartKind] = frozenset(("subject", "body", "quoted", "signature", "calendar", "hidden"))


class Segment(NamedTuple):
    """A sentence or line at `[start, end)` of the joined original; its text of `source` begins at `base` there."""

    start: int
    end: int
    part: PartKind
    source: str
    base: int
    language: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The joined text of a message (`original`), folded with soft line ends as blanks, cut into segments in order.

    `plain` is the folded text as ASCII, one byte a character, what is not ASCII as DEL: the matcher's fast path.
    `folded_starts` says where in it each segment begins. Between two segments stands one of `. ! ? ;` or a line's end,
    except before those of `unparted` (a soft line end that parts two kinds of text).
    """

    message: Message
    original: str
    folded: Folded
    plain: bytes
    segments: tuple[Segment, ...]
    starts: tuple[int, ...]
    folded_starts: tuple[int, ...]
    unparted: frozenset[int]
    language: Language

    def segment_at(self, position: int) -> int:
        """Return the index of the segment that holds `position` (the one before, when it is between two)."""
        return max(bisect_right(self.starts, position) - 1, 0)

    def span(self, start: int, end: int) -> Span:
        """Return `[start, end)` as words of the text they stand in."""
        segment = self.segments[self.segment_at(start)]
        return Span(segment.part, start - segment.base, end - segment.base, self.original[start:end], segment.source)

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the message and of its segments."""
        return frozenset(segment.language for segment in self.segments) | {self.language.code}


_Place = tuple[int, int, PartKind, str, int]
"""A segment without its language."""


def read(message: Message) -> Reading:
    """Fold `message`, cut it into segments and tell their languages."""
    pieces: list[str] = []  # as written
    flat: list[str] = []  # the same with soft line ends as blanks: same length, so places count in both
    places: list[_Place] = []
    unparted: set[int] = set()
    base = 0
    for text in message.texts:
        written = _whole(text.text)
        shown = unwrap(written) if text.source in ("text/plain", "record") else written
        for region in text.regions:
            begin = base + region.start
            if places and region.start and shown[region.start - 1] != "\n":
                unparted.add(len(places))
            places += [
                (begin + start, begin + end, region.kind, text.source, base)
                for start, end in split(shown[region.start : region.end])
            ]
        pieces.append(written)
        flat.append(shown)
        base += len(shown) + 2
    original = "\n\n".join(pieces)
    language = _message_language(message, original, places)
    segments = tuple([Segment(*place, _segment_language(original, place, language)) for place in places])
    folded = fold("\n\n".join(flat))
    plain = folded.text.encode("ascii", _AS_DELETE)
    starts = tuple([segment.start for segment in segments])
    return Reading(
        message, original, folded, plain, segments, starts, tuple(folded.forward(starts)), frozenset(unparted), language
    )


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def _message_language(message: Message, original: str, places: list[_Place]) -> Language:
    """The language of the new text, or of all text where there is none that is new."""
    if message.language_hint:
        return Language(message.language_hint, 1.0)
    new = " ".join([original[start:end] for start, end, part, _, _ in places if part in ("subject", "body")])
    everything = new or " ".join([original[start:end] for start, end, part, _, _ in places if part in _PROSE])
    return detect(everything) if everything else UNKNOWN


def _segment_language(original: str, place: _Place, message: Language) -> str:
    """The message's language, unless the segment is long and no very common word says that it is in that one."""
    start, end, part, _, _ = place
    if end - start < 25 or part not in _PROSE:
        return message.code
    text = original[start:end]
    words = words_of(text)
    if len(words) < _LONG or _speaks_for(words, message.code):
        return message.code
    found = detect(text)
    return message.code if found.outside or found.code == "und" else found.code


def _speaks_for(words: list[str], code: str) -> bool:
    counts = votes(words[:20])
    own = counts.pop(code, 0.0)
    return own >= 1.5 and own > max(counts.values(), default=0.0)
