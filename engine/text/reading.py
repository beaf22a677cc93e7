"""A reading: a message as the finders see it, one folded string with segments, each with its part and language.

All texts of a message are joined into one string, a blank line between them, so that every later step runs once over it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from engine.find.finding import Span
from engine.message.parts import Message, PartKind
from engine.text.fold import Folded, fold
from engine.text.language import UNKNOWN, Language, detect, votes, words_of
from engine.text.segment import split, unwrap

_LONG = 9  # words: from here on the language of a single segment is told rightly 98 times of 100
_DISPLAYED: frozenset[PartKind] = frozenset(("subject", "body", "quoted", "signature", "calendar", "hidden"))


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or line at `[start, end)` of the folded text; `base` is where its text begins in the original string."""

    start: int
    end: int
    part: PartKind
    source: str
    base: int
    language: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The joined text of a message (`original`, soft line ends as blanks), folded, cut into segments in order."""

    message: Message
    original: str
    folded: Folded
    segments: tuple[Segment, ...]
    starts: tuple[int, ...]
    language: Language

    def segment_at(self, position: int) -> int:
        """Return the index of the segment that holds folded `position` (the one before, when it is between two)."""
        return max(bisect_right(self.starts, position) - 1, 0)

    def span(self, start: int, end: int) -> Span:
        """Return folded `[start, end)` as words of the text they stand in."""
        segment = self.segments[self.segment_at(start)]
        first, last = self.folded.span(start, end)
        text = self.original[first:last]
        return Span(segment.part, first - segment.base, last - segment.base, text, segment.source)

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the message and of its segments."""
        return frozenset(segment.language for segment in self.segments) | {self.language.code}


def read(message: Message) -> Reading:
    """Fold `message`, cut it into segments and tell their languages."""
    pieces: list[str] = []
    places: list[tuple[int, int, PartKind, str, int]] = []  # start, end, part, source, base: in the joined original
    base = 0
    for text in message.texts:
        shown = unwrap(text.text) if text.source in ("text/plain", "record") else text.text
        for region in text.regions:
            for start, end in split(shown[region.start : region.end]):
                places.append((base + region.start + start, base + region.start + end, region.kind, text.source, base))
        pieces.append(shown)
        base += len(shown) + 2
    original = "\n\n".join(pieces)
    folded = fold(original)
    language = _message_language(message, original, places)
    segments = tuple(
        Segment(folded.folded(start), folded.folded(end), part, source, base, code)
        for (start, end, part, source, base), code in zip(
            places, _languages(original, places, language), strict=True
        )
    )
    return Reading(message, original, folded, segments, tuple(segment.start for segment in segments), language)


def _message_language(message: Message, original: str, places: list[tuple[int, int, PartKind, str, int]]) -> Language:
    if message.language_hint:
        return Language(message.language_hint, 1.0)
    new = " ".join(original[start:end] for start, end, part, _, _ in places if part in ("subject", "body"))
    if new:
        return detect(new)
    return detect(" ".join(original[s:e] for s, e, part, _, _ in places if part in _DISPLAYED)) if places else UNKNOWN


def _languages(original: str, places: list[tuple[int, int, PartKind, str, int]], language: Language) -> list[str]:
    """The language of each segment: the message's, unless it is long and no very common word says it is that one."""
    codes = []
    for start, end, part, _, _ in places:
        code = language.code
        if part in _DISPLAYED and end - start >= 25:
            words = words_of(original[start:end])
            if len(words) >= _LONG and not _speaks_for(words, code):
                found = detect(original[start:end])
                if found.confidence >= 0.9 and not found.outside and found.code != "und":
                    code = found.code
        codes.append(code)
    return codes


def _speaks_for(words: list[str], code: str) -> bool:
    counts = votes(words)
    own = counts.pop(code, 0.0)
    return own >= 1.5 and own > max(counts.values(), default=0.0)
