"""The encoder's vocabulary cut to the eight languages: 250,037 word pieces become about 43,000.

Kept are the pieces of the corpus and of each language's most frequent words (package `wordfreq`), with and without
accents, and every Latin, Greek and Cyrillic letter, so that any word can still be spelled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from engine.decide.words import LANGUAGES
from engine.find.wordpieces import PREFIX, clean
from engine.learn.noise import no_accents

_WORDS = 40_000  # of each language
_LAST_LETTER = 0x0500  # up to here every letter is kept


def cut(definition: dict[str, Any], texts: Iterable[str]) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Return the tokenizer's definition with fewer pieces, and the old number of each piece kept (new number = place)."""
    from wordfreq import top_n_list

    tokenizer = Tokenizer.from_str(json.dumps(definition))
    wanted = [clean(text) for text in texts]
    wanted += [word for language in LANGUAGES for word in top_n_list(language, _WORDS)]
    wanted += [no_accents(text) for text in wanted]
    wanted += PREFIX.values()
    pieces = definition["model"]["vocab"]
    kept = {0, 1, 2, 3}  # <s> <pad> </s> <unk>
    for encoding in tokenizer.encode_batch(wanted, add_special_tokens=False):
        kept.update(encoding.ids)
    for number, (piece, _) in enumerate(pieces):
        letter = piece.lstrip("▁")
        if piece == "▁" or (len(letter) == 1 and ord(letter) < _LAST_LETTER):
            kept.add(number)
    order = sorted(kept)
    new = dict(definition)
    new["model"] = {**definition["model"], "vocab": [pieces[number] for number in order]}
    new["added_tokens"] = [token for token in definition["added_tokens"] if token["id"] in (0, 1, 2, 3)]
    return new, np.array(order, np.int64)


def save(definition: dict[str, Any], path: Path) -> None:
    """Write a tokenizer's definition as `tokenizers` reads it."""
    path.write_text(json.dumps(definition, ensure_ascii=False, separators=(",", ":")), "utf-8")
