"""Which quoted words were really written before: a quotation compared with the archived messages of its pair.

A message is kept as the digests of every run of four words in it (shingles). A client that re-wraps, re-encodes or
re-indents a quotation changes no words, so the runs stay. A quoted line counts as quotation when each of its words
stands in an archived run; a word put in breaks the runs around it, and its line is the seller's own (R-23).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from engine.message.parts import Message, Region, Text

RUN = 4
_SIZE = 8
_COUNT = 4
_MOST_WORDS = 20_000
_WORD = re.compile(r"[^\W_]+")
_HALF, _MANY = 0.5, 10
_HEAD_WORDS = 16


@dataclass(frozen=True, slots=True)
class Written:
    """The shingles of a message: of its new text, and of what it quoted itself."""

    new: frozenset[bytes]
    quoted: frozenset[bytes]

    def pack(self) -> bytes:
        """Return them as bytes: the number of new ones, the new ones, the others."""
        return len(self.new).to_bytes(_COUNT, "big") + b"".join((*sorted(self.new), *sorted(self.quoted - self.new)))

    @classmethod
    def unpack(cls, data: bytes) -> Written:
        """Return what `pack` packed."""
        runs = [data[at : at + _SIZE] for at in range(_COUNT, len(data), _SIZE)]
        count = int.from_bytes(data[:_COUNT], "big")
        return cls(frozenset(runs[:count]), frozenset(runs[count:]))


def written(message: Message) -> Written:
    """Return the shingles of a message as a person sees it."""
    new = _runs(_words(text) for text in _pieces(message, quoted=False))
    return Written(frozenset(new), frozenset(_runs(_words(text) for text in _pieces(message, quoted=True))))


def quoted_runs(message: Message) -> frozenset[bytes]:
    """Return the full runs of the text that a message quotes (empty: it quotes nothing worth comparing)."""
    return frozenset(run for text in _pieces(message, quoted=True) for run in _full_runs(_words(text)))


def quotes(runs: frozenset[bytes], original: Written) -> bool:
    """Return whether quoted `runs` hold the new text of an archived message, or enough of it to prove it was read.

    A message of fewer than four words proves nothing: anybody can guess « Merci ».
    """
    found = len(runs & original.new)
    return found > 0 and (found >= _HALF * len(original.new) or found >= _MANY)


def own_words(message: Message, archived: Iterable[Written]) -> Message:
    """Return the message with every quoted line that no archived message holds turned into the seller's own text."""
    known = frozenset().union(*(original.new | original.quoted for original in archived))
    return replace(message, texts=tuple(_checked(text, known) for text in message.texts))


# -- words and runs ----------------------------------------------------------------------------------------------------


def _pieces(message: Message, *, quoted: bool) -> Iterator[str]:
    """Yield the stretches of displayed text that are quoted, or that are not."""
    wanted = ("quoted",) if quoted else ("body", "signature")
    for text in message.texts:
        for region in text.regions:
            if region.kind in wanted:
                yield text.text[region.start : region.end]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())[:_MOST_WORDS]


def _digest(words: Iterable[str]) -> bytes:
    text = " ".join(words).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_SIZE).digest()


def _full_runs(words: list[str]) -> list[bytes]:
    return [_digest(words[at : at + RUN]) for at in range(len(words) - RUN + 1)]


def _runs(pieces: Iterable[list[str]]) -> set[bytes]:
    """Return the runs of all pieces; a piece too short for one is a run by itself."""
    return {run for words in pieces if words for run in (_full_runs(words) or [_digest(words)])}


# -- what of a quotation holds -----------------------------------------------------------------------------------------


def _checked(text: Text, known: frozenset[bytes]) -> Text:
    if all(region.kind != "quoted" for region in text.regions):
        return text
    regions: list[Region] = []
    for region in text.regions:
        regions.extend(_split(text.text, region, known) if region.kind == "quoted" else [region])
    return replace(text, regions=tuple(_joined(regions)))


def _split(text: str, region: Region, known: frozenset[bytes]) -> Iterator[Region]:
    """Cut a quoted region into lines that hold and lines that do not."""
    lines = list(_lines(text, region))
    heads = [_is_head(text[start:end]) for start, end in lines]
    own: set[int] = set()
    for is_head, group in groupby(range(len(lines)), key=heads.__getitem__):
        if not is_head:  # what stands above a head and what stands below it are two quotations
            words = [(word, number) for number in group for word in _words(text[slice(*lines[number])])]
            covered = _covered([word for word, _ in words], known)
            own |= {number for (_, number), holds in zip(words, covered, strict=True) if not holds}
    for number, (start, end) in enumerate(lines):
        yield Region("body" if number in own else "quoted", start, end)


def _lines(text: str, region: Region) -> Iterator[tuple[int, int]]:
    start = region.start
    while start < region.end:
        end = text.find("\n", start, region.end) + 1 or region.end
        yield start, end
        start = end


def _covered(words: list[str], known: frozenset[bytes]) -> list[bool]:
    """Say for each word whether a known run holds it; what is left between two runs may be a known short message."""
    covered = [False] * len(words)
    for at, run in enumerate(_full_runs(words)):
        if run in known:
            covered[at : at + RUN] = [True] * RUN
    for holds, group in groupby(range(len(words)), key=covered.__getitem__):
        places = list(group)
        if not holds and len(places) < RUN and _digest(words[place] for place in places) in known:
            for place in places:
                covered[place] = True
    return covered


_HEAD = re.compile(r"[\s>|]*(?:[\w .*-]{2,20}\s?:\s|.*(?:\d{4}|\d[:.h]\d\d|@).*:\s*$|.{0,9}[-_=—–]{3})", re.S)


def _is_head(line: str) -> bool:
    """Whether a line is what a mail client writes above a quotation: it stands in no message, and says nothing."""
    return len(_words(line)) <= _HEAD_WORDS and _HEAD.match(line) is not None


def _joined(regions: list[Region]) -> list[Region]:
    joined: list[Region] = []
    for region in regions:
        if joined and joined[-1].kind == region.kind and joined[-1].end == region.start:
            joined[-1] = Region(region.kind, joined[-1].start, region.end)
        else:
            joined.append(region)
    return joined
