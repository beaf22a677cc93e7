"""The linear tier: word and character n-grams of folded text, each with a weight for every output.

A text's vector holds for each n-gram its rarity (inverse document frequency) times 1 + log(count), in two blocks of
length one: words and pairs of words, and the letters inside words. A word's letters are looked up once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[!?%€$£@+*★⭐☆✩]")
_SHORTEST, _LONGEST = 2, 5  # letters of an n-gram inside a word
_REMEMBERED = 20_000  # words whose n-grams are kept; then they are forgotten at once


def tokens(folded: str) -> list[str]:
    """Return the words of a folded text; a number is told by its count of digits alone, signs that speak are words."""
    return [token if not token[0].isdecimal() else "0" * min(len(token), 6) for token in _TOKEN.findall(folded)]


def character_ngrams(word: str) -> list[str]:
    """Return the character n-grams of a word with its ends, as often as they stand in it."""
    padded = f"_{word}_"
    return [
        padded[at : at + length] for length in range(_SHORTEST, _LONGEST + 1) for at in range(len(padded) - length + 1)
    ]


def word_ngrams(words: Sequence[str], *, in_reply: bool) -> list[str]:
    """Return words and pairs of neighbours; in a reply each word also as said there."""
    found = [f"w:{word}" for word in words]
    found += [f"p:{one} {two}" for one, two in pairwise(words)]
    if in_reply:
        found += ["r:", *(f"r:{word}" for word in words)]
    return found


class Linear:
    """A fitted linear tier.

    `weights` has a row for every n-gram, a column for every output, as int8 with a scale a column; `rarity` a value for
    every n-gram. Scores are log-odds, uncalibrated.
    """

    def __init__(
        self, vocabulary: Sequence[str], rarity: Array, weights: npt.NDArray[np.int8], scales: Array, bias: Array
    ) -> None:
        """Use `load` or the fitting in `engine.learn.linear`."""
        self.vocabulary = {ngram: number for number, ngram in enumerate(vocabulary)}
        self.rarity, self.weights, self.scales, self.bias = rarity, weights, scales, bias
        self._words: dict[str, npt.NDArray[np.int32]] = {}

    def scores(self, texts: Sequence[str], *, in_reply: bool) -> tuple[Array, Array]:
        """Return `(segments, whole)`: the log-odds of every output for each folded text, and for all of them as one."""
        bags = [self._bags(tokens(text), in_reply) for text in texts]
        segments = np.stack([self._score(bag) for bag in bags])
        whole = tuple(np.concatenate(blocks) for blocks in zip(*bags, strict=True))
        return segments, self._score(whole)

    def _bags(self, words: list[str], in_reply: bool) -> tuple[npt.NDArray[np.int32], ...]:
        """Return the numbers of the n-grams of the two blocks, as often as they stand there."""
        if len(self._words) > _REMEMBERED:
            self._words.clear()
        known = [n for name in word_ngrams(words, in_reply=in_reply) if (n := self.vocabulary.get(name)) is not None]
        letters = [self._letters(word) for word in words]
        return (np.array(known, np.int32), np.concatenate(letters) if letters else np.zeros(0, np.int32))

    def _letters(self, word: str) -> npt.NDArray[np.int32]:
        known = self._words.get(word)
        if known is None:
            found = [n for name in character_ngrams(word) if (n := self.vocabulary.get(name)) is not None]
            known = self._words[word] = np.array(found, np.int32)
        return known

    def _score(self, bag: tuple[npt.NDArray[np.int32], ...]) -> Array:
        """Each block has length one: words weigh as much as letters, long texts as much as short ones."""
        total = np.zeros(len(self.bias), np.float32)
        for numbers in bag:
            if numbers.size:
                distinct, counts = np.unique(numbers, return_counts=True)
                values = self.rarity[distinct] * (1 + np.log(counts, dtype=np.float32))
                total += (values @ self.weights[distinct].astype(np.float32)) / np.sqrt(values @ values)
        return total * self.scales + self.bias

    def save(self, folder: Path) -> None:
        """Write the tier into `folder`."""
        names = json.dumps(list(self.vocabulary), ensure_ascii=False, separators=(",", ":"))
        (folder / "ngrams.json").write_text(names, "utf-8")
        np.savez(
            folder / "linear.npz", rarity=self.rarity, weights=self.weights, scales=self.scales, bias=self.bias
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> Linear:
        """Read what `save` wrote; raises OSError, ValueError or KeyError for a damaged file."""
        vocabulary = json.loads((folder / "ngrams.json").read_text("utf-8"))
        with np.load(folder / "linear.npz", allow_pickle=False) as arrays:
            return cls(vocabulary, *(arrays[name] for name in ("rarity", "weights", "scales", "bias")))
