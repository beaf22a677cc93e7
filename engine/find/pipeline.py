"""The spaCy components of the classifier; `spacy.load("models/classifier")` finds them by entry point.

    tokenizer -> tamis_sentences -> tamis_intents

The second sets sentence boundaries that suit mail. The third scores every sentence and the whole for all intents and
kinds: probabilities in `doc.cats`, everything else in `doc._.intents` (`Scores`). Whether the buyer wrote first is
`doc._.in_reply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from spacy.language import Language
from spacy.tokens import Doc

from engine.find.calibration import Calibration
from engine.find.encoder import Encoder, Window
from engine.find.linear import Linear
from engine.find.outputs import INTENT_OUTPUTS, KIND_OUTPUTS, KINDS, OUTPUTS
from engine.text.fold import fold_plain
from engine.text.segment import split

Array = npt.NDArray[np.float32]
_INTENTS = len(INTENT_OUTPUTS)
_NOTHING = -9.0  # log-odds of everything in a text without a word


@dataclass(frozen=True, slots=True)
class Scores:
    """What the classifier says of a text.

    `log_odds`: calibrated, by label (every intent, and every kind: at most its intent's). `sentences`: for each intent
    the characters `(start, end)` of the sentence that speaks most for it. `tier`: who spoke last, `linear`, `joined`,
    or `none` for a text without words.
    """

    log_odds: dict[str, float]
    sentences: dict[str, tuple[int, int]]
    tier: str


@dataclass(frozen=True, slots=True)
class Raw:
    """Uncalibrated scores of a text: `(sentences, outputs)` and `(outputs)` of each tier; no encoder's when unread."""

    linear: Array
    linear_whole: Array
    encoder: Array | None = None
    encoder_whole: Array | None = None

    def linear_features(self) -> Array:
        """Return `(intents, 2)` in the order of `LINEAR_FEATURES`."""
        return np.stack([self.linear_whole[:_INTENTS], self.linear[:, :_INTENTS].max(0)], 1)

    def joined_features(self) -> Array:
        """Return `(intents, 4)` in the order of `JOINED_FEATURES`; the encoder must have read the text."""
        assert self.encoder is not None
        assert self.encoder_whole is not None
        own = np.stack([self.encoder_whole[:_INTENTS], self.encoder[:, :_INTENTS].max(0)], 1)
        return np.concatenate([own, self.linear_features()], 1)


for _name, _default in (("in_reply", False), ("intents", None)):
    if not Doc.has_extension(_name):
        Doc.set_extension(_name, default=_default)


@Language.component("tamis_sentences", assigns=["token.is_sent_start"])
def sentences(doc: Doc) -> Doc:
    """Set sentence boundaries: line ends and full stops that end a sentence, as for the rules."""
    starts = [start for start, _ in split(doc.text)]
    at = 0
    for token in doc:
        begins = at < len(starts) and token.idx + len(token.text) > starts[at]
        token.is_sent_start = begins or token.i == 0
        while at < len(starts) and starts[at] < token.idx + len(token.text):
            at += 1
    return doc


@Language.factory("tamis_intents", assigns=["doc.cats", "doc._.intents"])
class IntentClassifier:
    """Scores documents. Its parts are read from disk; without them it cannot be called."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Made by spaCy."""
        self.name = name
        self.linear: Linear
        self.encoder: Encoder
        self.calibration: Calibration

    def __call__(self, doc: Doc) -> Doc:
        """Score one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Score documents, those that the encoder must read in common batches."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            parts = [_sentences_of(doc) for doc in batch]
            raws = self.raw(
                [([text for text, _ in own], bool(doc._.in_reply)) for doc, own in zip(batch, parts, strict=True)]
            )
            for doc, own, raw in zip(batch, parts, raws, strict=True):
                doc._.intents = self._scores(raw, [place for _, place in own])
                doc.cats = {label: 1 / (1 + float(np.exp(-value))) for label, value in doc._.intents.log_odds.items()}
            yield from batch

    def raw(self, texts: list[tuple[list[str], bool]], *, settle: bool = True) -> list[Raw | None]:
        """Return the raw scores of messages, each its sentences and whether it is a reply; None for one without any.

        Without `settle` the encoder reads every message (to calibrate, every score is needed).
        """
        found: list[Raw | None] = []
        windows: list[Window] = []
        owners: list[int] = []
        for number, (own, in_reply) in enumerate(texts):
            if not own:
                found.append(None)
                continue
            raw = Raw(*self.linear.scores([fold_plain(text) for text in own], in_reply=in_reply))
            found.append(raw)
            if settle and self.calibration.settles(self.calibration.of_linear(raw.linear_features())):
                continue
            telling = raw.linear[:, :_INTENTS].max(1)
            for window in self.encoder.windows(own, in_reply=in_reply, telling=telling):
                windows.append(window)
                owners.append(number)
        read: dict[int, list[tuple[Window, Array]]] = {}
        for owner, window, logits in zip(owners, windows, self.encoder.scores(windows), strict=True):
            read.setdefault(owner, []).append((window, logits))
        for owner, parts in read.items():
            linear = found[owner]
            assert linear is not None
            found[owner] = Raw(linear.linear, linear.linear_whole, *_joined(parts, len(linear.linear)))
        return found

    def _scores(self, raw: Raw | None, places: list[tuple[int, int]]) -> Scores:
        if raw is None:
            return Scores(dict.fromkeys((*INTENT_OUTPUTS, *KIND_OUTPUTS), _NOTHING), {}, "none")
        if raw.encoder is None or raw.encoder_whole is None:
            log_odds = self.calibration.of_linear(raw.linear_features())
            by_sentence, whole, tier = raw.linear, raw.linear_whole, "linear"
        else:
            log_odds = self.calibration.of_joined(raw.joined_features())
            by_sentence, whole, tier = raw.encoder + raw.linear, raw.encoder_whole + raw.linear_whole, "joined"
        labels = {intent: float(value) for intent, value in zip(INTENT_OUTPUTS, log_odds, strict=True)}
        best = by_sentence[:, :_INTENTS].argmax(0)
        for intent, columns in KINDS.items():
            kinds = by_sentence[best[INTENT_OUTPUTS.index(intent)], columns[0] : columns[-1] + 1]
            kinds = kinds + whole[columns[0] : columns[-1] + 1]
            # The likeliest kind is as sure as its intent, each other one less by how much less likely it is.
            behind = kinds - kinds.max()
            labels |= {
                OUTPUTS[column]: labels[intent] + float(less) for column, less in zip(columns, behind, strict=True)
            }
        evidence = {intent: places[row] for intent, row in zip(INTENT_OUTPUTS, best, strict=True)}
        return Scores(labels, evidence, tier)

    def to_disk(self, path: Path | str, *, exclude: Iterable[str] = ()) -> None:
        """Write what is not a file of its own making already (the encoder's files are put there by the training)."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        self.linear.save(folder)
        self.calibration.save(folder)

    def from_disk(self, path: Path | str, *, exclude: Iterable[str] = ()) -> IntentClassifier:
        """Read all parts; a damaged one raises what its reader raises."""
        folder = Path(path)
        self.linear = Linear.load(folder)
        self.calibration = Calibration.load(folder)
        self.encoder = Encoder(folder)
        return self


def _sentences_of(doc: Doc) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for sentence in doc.sents:
        text = sentence.text.strip()
        if text:
            start = sentence.start_char + sentence.text.index(text)
            found.append((text, (start, start + len(text))))
    return found


def _joined(parts: list[tuple[Window, Array]], rows: int) -> tuple[Array, Array]:
    """Return the encoder's scores of all sentences (unread ones very low) and of the whole (the best window's)."""
    scores = np.full((rows, len(OUTPUTS)), -20.0, np.float32)
    for window, logits in parts:
        scores[window.rows.start : window.rows.stop] = logits[:-1]
    return scores, np.max([logits[-1] for _, logits in parts], axis=0)
