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

from tokenizers import Tokenizer

from engine.text.fold import fold_plain

PREFIX = {False: "query:", True: "reply:"}
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


class WordPieces:
    """The tokenizer of the encoder. `limit` is the longest sequence, in pieces."""

    def __init__(self, path: Path, *, limit: int) -> None:
        """Read `tokenizer.json` at `path`; raises whatever `tokenizers` raises for a damaged file."""
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.limit = limit
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
            room = self.limit - len(ids) - 1
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
