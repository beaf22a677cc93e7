"""The classifier as a finder: readings in, findings out. Loading it imports spaCy and onnxruntime, nothing else does.

The artefact is a spaCy pipeline on disk; its `meta.json` holds, under `tamis`, the format, the outputs, the version and
the digest of every file. A damaged or unknown artefact is refused before anything of it is used.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError
from engine.find.finding import Finding, Span
from engine.find.outputs import INTENT_OUTPUTS, KIND_OUTPUTS, OUTPUTS
from engine.text.reading import Reading

if TYPE_CHECKING:
    from spacy.language import Language

    from engine.find.pipeline import IntentClassifier, Scores

FORMAT = 1
_READ = ("subject", "body", "calendar")  # parts with the sender's own new words
_UNLIKELY = -5.0  # log-odds below which a label is of no interest unless a rule found it
_BATCH = 64  # messages


class ModelError(InputError):
    """The classifier cannot be used; the text says why and what to do."""


class Model:
    """A loaded classifier. `version` names it in decisions."""

    def __init__(self, nlp: Language, version: str) -> None:
        """Use `Model.load`."""
        self.nlp = nlp
        self.version = version

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Load the artefact in `folder`; raises ModelError when it is missing, damaged, or made for another version."""
        meta = check(folder)
        import spacy

        import engine.find.pipeline  # noqa: F401  (registers the components, also where no entry point is installed)

        try:
            return cls(spacy.load(folder), meta["version"])
        except Exception as error:  # spaCy, numpy, tokenizers and onnxruntime each have errors of their own
            raise ModelError(f"the classifier in {folder} cannot be loaded ({error}); {_HELP}") from error

    @property
    def classifier(self) -> IntentClassifier:
        """The component that scores."""
        found: Any = self.nlp.get_pipe("tamis_intents")
        return found  # type: ignore[no-any-return]

    def find(self, readings: Sequence[Reading], wanted: Sequence[frozenset[str]]) -> list[list[Finding]]:
        """Return the findings in each reading: likely labels, and those of `wanted` (what rules found there)."""
        texts = [_text_of(reading) for reading in readings]
        scored = self._scores([text for text, _ in texts], [reading.message.in_reply for reading in readings])
        return [
            self._findings(scores, reading, starts, labels)
            for scores, reading, (_, starts), labels in zip(scored, readings, texts, wanted, strict=True)
        ]

    def scores(self, readings: Sequence[Reading]) -> Iterator[Scores]:
        """Yield what the classifier says of each reading; places count in its new words, a segment a line."""
        return self._scores(texts_of(readings), [reading.message.in_reply for reading in readings])

    def _scores(self, texts: Sequence[str], replies: Sequence[bool]) -> Iterator[Scores]:
        for at in range(0, len(texts), _BATCH):
            with self.nlp.memory_zone():
                docs = [self.nlp.make_doc(text) for text in texts[at : at + _BATCH]]
                for doc, in_reply in zip(docs, replies[at : at + _BATCH], strict=True):
                    doc._.in_reply = in_reply
                yield from [doc._.intents for doc in self.nlp.pipe(docs)]

    def _findings(
        self, scores: Scores, reading: Reading, starts: list[tuple[int, int]], wanted: frozenset[str]
    ) -> list[Finding]:
        labels = {label for label in KIND_OUTPUTS if scores.log_odds[label] > _UNLIKELY}
        labels |= {i for i in INTENT_OUTPUTS if scores.log_odds[i] > _UNLIKELY and f"{i}." not in _WITH_KINDS}
        made = []
        for label in sorted(labels | (wanted & scores.log_odds.keys()), key=OUTPUTS.index):
            intent, _, kind = label.partition(".")
            spans: tuple[Span, ...] = ()
            if intent in scores.sentences:
                start, end = (_original(place, starts) for place in scores.sentences[intent])
                spans = (reading.span(start, end),)
            made.append(
                Finding(
                    by=f"model:{self.version}",
                    intent=intent,
                    kind=kind,
                    flag=None,
                    strength=None,
                    status="enforce",
                    spans=spans,
                    log_odds=scores.log_odds[label],
                )
            )
        return made


def check(folder: Path) -> dict[str, Any]:
    """Return the artefact's own table of `meta.json` after comparing every file with its digest."""
    path = folder / "meta.json"
    if not path.is_file():
        raise ModelError(f"there is no classifier in {folder}; {_HELP}")
    try:
        meta: dict[str, Any] = json.loads(path.read_text("utf-8"))["tamis"]
        made, outputs, files = int(meta["format"]), tuple(meta["outputs"]), dict(meta["files"])
        meta["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged ({error!r}); {_HELP}") from error
    if made != FORMAT or outputs != OUTPUTS:
        raise ModelError(
            f"the classifier in {folder} was made for another version of Tamis (format {made}, this one reads {FORMAT}); {_HELP}"
        )
    for name, digest in files.items():
        try:
            if digest_of(folder / name) != digest:
                raise ModelError(f"{folder / name} is damaged (its digest is not the one noted in meta.json); {_HELP}")
        except OSError as error:
            raise ModelError(f"{folder / name} cannot be read ({error.strerror}); {_HELP}") from error
    return meta


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_HELP = "install Tamis again, make one with `tamis model train`, or go on without it: --no-model"
_WITH_KINDS = frozenset(f"{label.partition('.')[0]}." for label in KIND_OUTPUTS)


def _text_of(reading: Reading) -> tuple[str, list[tuple[int, int]]]:
    """Return the new words of a message, a segment a line, and where each line begins here and in the original."""
    lines: list[str] = []
    starts: list[tuple[int, int]] = []
    at = 0
    for segment in reading.segments:
        if segment.part in _READ:
            text = reading.original[segment.start : segment.end].replace("\n", " ")
            lines.append(text)
            starts.append((at, segment.start))
            at += len(text) + 1
    return "\n".join(lines), starts


def _original(place: int, starts: list[tuple[int, int]]) -> int:
    here, there = starts[bisect_right(starts, (place, 1 << 60)) - 1]
    return there + place - here


def texts_of(readings: Iterable[Reading]) -> list[str]:
    """Return the words of each reading that the classifier reads."""
    return [_text_of(reading)[0] for reading in readings]
