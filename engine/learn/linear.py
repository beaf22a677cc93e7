"""Fits the linear tier: logistic regressions on segments and whole messages (scikit-learn, extra `train`)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.find.linear import Array, Linear, character_ngrams, tokens, word_ngrams
from engine.find.outputs import INTENT_OUTPUTS, KINDS, OUTPUTS

_RAREST = {True: 2, False: 3}  # texts a word or pair (True), or an n-gram of letters must stand in


@dataclass(frozen=True, slots=True)
class Sample:
    """A folded text with its targets: a 0/1 (or NaN: unknown) for each intent, and the kind's output or -1."""

    text: str
    in_reply: bool
    targets: Array
    kind: int
    weight: float


def fit(samples: Sequence[Sample], *, strength: float, progress: Callable[[str], None]) -> Linear:
    """Return the tier fitted on `samples`; `strength` is the inverse of the regularisation (scikit-learn's C)."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    bags = [_features(sample) for sample in samples]
    seen = Counter(name for bag in bags for name in bag)
    vocabulary = sorted(name for name, count in seen.items() if count >= _RAREST[":" in name])
    number = {name: place for place, name in enumerate(vocabulary)}
    rarity = np.array([1 + math.log(len(bags) / seen[name]) for name in vocabulary], np.float32)
    starts, columns, values = [0], [], []
    for bag in bags:
        for block in (True, False):
            row = [(number[name], count) for name, count in bag.items() if (":" in name) is block and name in number]
            numbers = [column for column, _ in row]
            row_values = rarity[numbers] * np.array([1 + math.log(count) for _, count in row], np.float32)
            columns += numbers
            values += (row_values / max(float(np.linalg.norm(row_values)), 1e-6)).tolist()
        starts.append(len(columns))
    matrix = csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(bags), len(vocabulary)))
    targets = np.stack([sample.targets for sample in samples])
    kinds = np.array([sample.kind for sample in samples])
    weights = np.array([sample.weight for sample in samples])
    coefficients = np.zeros((len(OUTPUTS), len(vocabulary)), np.float32)
    bias = np.zeros(len(OUTPUTS), np.float32)

    def one(rows: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_], output: int) -> None:
        progress(OUTPUTS[output])
        if wanted.all() or not wanted.any():  # nothing to tell apart: say what is always so
            bias[output] = 3.0 if wanted.any() else -3.0
            return
        model = LogisticRegression(C=strength, solver="liblinear", max_iter=60, tol=1e-3, random_state=0)
        model.fit(matrix[rows], wanted, sample_weight=weights[rows])
        coefficients[output] = model.coef_[0]
        bias[output] = model.intercept_[0]

    for output in range(len(INTENT_OUTPUTS)):
        rows = ~np.isnan(targets[:, output])
        one(rows, targets[rows, output] > 0.5, output)
    for columns_of in KINDS.values():
        rows = np.isin(kinds, columns_of)
        for output in columns_of:
            one(rows, kinds[rows] == output, output)
    used = np.abs(coefficients).max(0) > np.abs(coefficients).max() / 127 / 4
    scales = np.abs(coefficients).max(1) / 127
    scales[scales == 0] = 1
    rounded = np.round(coefficients[:, used] / scales[:, None]).astype(np.int8).T.copy()
    names = [name for name, keep in zip(vocabulary, used, strict=True) if keep]
    return Linear(names, rarity[used], rounded, scales.astype(np.float32), bias)


def _features(sample: Sample) -> Counter[str]:
    """Names of word n-grams hold a colon, those of letters never do."""
    words = tokens(sample.text)
    bag = Counter(name for word in words for name in character_ngrams(word))
    bag.update(word_ngrams(words, in_reply=sample.in_reply))
    return bag
