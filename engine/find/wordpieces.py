"""A message as the encoder reads it: word pieces of its segments, one after the other, and where each segment lies.

    <s> query : piece piece | piece piece piece | ... </s>

The first piece says whether the buyer wrote first (`query` or `reply`). Texts are case-folded and cleaned of invisible
characters; accents stay, as the encoder knows words with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from engine.text.fold import fold_plain

Array = npt.NDArray[np.float32]

LIMIT = 256  # pieces of the longest sequence that the encoder is trained on and reads
PREFIX = {False: "query:", True: "reply:"}
_PAD = 1  # the number of `<pad>`, before and after the cut of the vocabulary
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_DISGUISED = re.compile(r"[^\W\d_][\u0370-\u058f]|[\u0370-\u058f][a-zA-Z]|(?:[ .*~|/\\,'\"+-][^\W\d_]){4}(?![^\W_])")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Pieces:
    """Ids of one sequence, at most `limit` long, and each segment's `(start, end)` in it; cut segments are missing."""

    ids: list[int]
    segments: list[tuple[int, int]]


def padded(sequences: Sequence[Pieces]) -> tuple[npt.NDArray[np.int64], Array, Array]:
    """Return what the encoder takes for several sequences: `ids (B, T)`, `mask (B, T)` and `pool (B, S, T)`.

    The first rows of `pool` take the mean over each segment, the one behind them the mean over the whole.
    """
    length = max(len(pieces.ids) for pieces in sequences)
    rows = max(len(pieces.segments) for pieces in sequences) + 1
    ids = np.full((len(sequences), length), _PAD, np.int64)
    mask = np.zeros((len(sequences), length), np.float32)
    pool = np.zeros((len(sequences), rows, length), np.float32)
    for at, pieces in enumerate(sequences):
        own = len(pieces.ids)
        ids[at, :own] = pieces.ids
        mask[at, :own] = 1
        for row, (begin, end) in enumerate(pieces.segments):
            pool[at, row, begin:end] = 1 / max(end - begin, 1)  # a text of invisible characters has no pieces
        pool[at, len(pieces.segments), :own] = 1 / own
    return ids, mask, pool


class WordPieces:
    """The tokenizer of the encoder."""

    def __init__(self, path: Path) -> None:
        """Read `tokenizer.json` at `path`; raises whatever `tokenizers` raises for a damaged file."""
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        first, last = (int(self._tokenizer.token_to_id(token) or 0) for token in ("<s>", "</s>"))
        self._last = last
        self._prefix = {
            reply: [first, *self._tokenizer.encode(words, add_special_tokens=False).ids]
            for reply, words in PREFIX.items()
        }

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of every text."""
        return [e.ids for e in self._tokenizer.encode_batch([clean(t) for t in texts], add_special_tokens=False)]

    def join(self, segments: Sequence[list[int]], *, in_reply: bool) -> Pieces:
        """Return one sequence of the segments' ids (see `ids`), as many as fit; a first one too long is cut."""
        ids = list(self._prefix[in_reply])
        places: list[tuple[int, int]] = []
        for segment in segments:
            room = LIMIT - len(ids) - 1
            if len(segment) > room and places:
                break
            begin = len(ids)
            ids += segment[:room]
            places.append((begin, len(ids)))
        ids.append(self._last)
        return Pieces(ids, places)


def clean(text: str) -> str:
    """Return `text` as the encoder reads it: compatibility forms, no invisible characters, lower case, single blanks.

    Text with look-alike letters or letters set apart is read as the rules read it, folded.
    """
    if _DISGUISED.search(text):
        return _BLANKS.sub(" ", fold_plain(text)).strip()
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).casefold().strip()
