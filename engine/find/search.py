"""A reading, searched: its blocks and their words, and the hits of patterns, each looked for at most once.

A block is a segment, or a few that no sign parts: no phrase goes on from one block to the next, because none crosses
`. ! ? ;` or a line's end. Sets of blocks are bits of a number, the first block the lowest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise

from engine.find.literals import Patterns
from engine.text.reading import Reading

Hit = tuple[int, int, int, bool]
"""`[start, end)` in the joined original, the segment in which it begins, and whether it ends there too."""
Place = tuple[Patterns, int, int]
"""Where to look for a find: the pattern (a number within its `Patterns`), and the blocks where it may hit."""

_MOST_BLOCKS = 256  # long texts have blocks of several segments
_WORDS = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256))


class Search:
    """One reading with what was found in it so far."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.block_of, self._bounds = _blocks(reading)
        self.blocks = (1 << (len(self._bounds) - 1)) - 1
        """All blocks."""
        self.plain_blocks = len(self._bounds) - 1 == len(self.block_of)
        """Whether each block is one segment."""
        self._hits: dict[tuple[int, int], dict[int, list[Hit]]] = {}
        self._shifts: dict[int, int | None] = {}

    def words(self) -> dict[bytes, int]:
        """Return the words of the folded text, with the blocks that hold them."""
        text = self.reading.plain.translate(_WORDS)
        found: dict[bytes, int] = {}
        bit = 1
        for start, end in pairwise(self._bounds):
            for word in text[start:end].split():
                found[word] = found.get(word, 0) | bit
            bit <<= 1
        return found

    def hits(self, place: Place, blocks: int) -> list[Hit]:
        """Return where a pattern hits in these `blocks` (it begins there), in the order of the text."""
        patterns, index, candidates = place
        key = (id(patterns), index)
        known = self._hits.get(key)
        if known is None:
            known = self._hits[key] = {}
        if not patterns.by_blocks[index]:
            if -1 not in known:
                known[-1] = self._everywhere(patterns, index)
            return [hit for hit in known[-1] if blocks >> self.block_of[hit[2]] & 1]
        found: list[Hit] = []
        left = candidates & blocks
        while left:
            bit = left & -left
            left ^= bit
            block = bit.bit_length() - 1
            if block not in known:
                spans = patterns.search(index, self.reading.plain, self._bounds[block], self._bounds[block + 1])
                known[block] = [self._hit(*span, block) for span in spans]
            found += known[block]
        return found

    def _everywhere(self, patterns: Patterns, index: int) -> list[Hit]:
        reading = self.reading
        if patterns.original:
            spans = patterns.search(index, reading.original, 0, len(reading.original))
        else:
            folded = patterns.search(index, reading.plain, 0, len(reading.plain))
            spans = [reading.folded.span(*span) for span in folded]
        hits = (self._placed(*span, reading.segment_at(span[0])) for span in spans if reading.segments)
        return [hit for hit in hits if hit[0] < reading.segments[hit[2]].end]

    def _hit(self, start: int, end: int, block: int) -> Hit:
        """The hit at a place of the folded text."""
        shift = self._shifts[block] if block in self._shifts else self._shift(block)
        if shift is None or end >= self._bounds[block + 1]:
            start, end = self.reading.folded.span(start, end)
        else:
            start, end = start + shift, end + shift
        return self._placed(start, end, block if self.plain_blocks else self.reading.segment_at(start))

    def _placed(self, start: int, end: int, segment: int) -> Hit:
        return start, end, segment, end <= self.reading.segments[segment].end

    def _shift(self, block: int) -> int | None:
        """How far the original lies from the folded text in all of a block; None where that changes inside it."""
        shift = self.reading.folded.shift(self._bounds[block], self._bounds[block + 1])
        self._shifts[block] = shift
        return shift


def _blocks(reading: Reading) -> tuple[Mapping[int, int] | range | list[int], list[int]]:
    """The block of each segment, and where in the folded text blocks begin (at last where the text ends)."""
    starts = reading.folded_starts
    if len(starts) <= _MOST_BLOCKS and not reading.unparted:
        return range(len(starts)), [*starts, len(reading.plain)]
    step = len(starts) // _MOST_BLOCKS + 1
    begins = [index for index in range(0, len(starts), step) if index not in reading.unparted]
    block_of = [max(bisect_right(begins, index) - 1, 0) for index in range(len(starts))]
    return block_of, [*(starts[index] for index in begins), len(reading.plain)]
