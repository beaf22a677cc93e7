"""Splits of the corpus by group: a message and its variants, pairs and translations never lie on both sides.

Run as a program (`python -m engine.learn.split models/corpus`) it writes `splits.json`: five folds of ids. Fold 0 is the
test fold: it is never read while rules are written, nor trained or tuned on. Half of fold 1 calibrates the model and
chooses its thresholds; the rest trains.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDS = 5
TEST_FOLD = 0
ROLES = ("train", "calibration", "test")
_CALIBRATION_FOLD = 1
_ALIKE = 0.4  # share of common words (Jaccard) from which two messages of one language are variants
_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled message: its segments with their labels (`intent`, `intent.kind` or None), and its set of intents."""

    id: str
    lang: str
    subject: str
    in_reply: bool
    segments: tuple[tuple[str, str | None], ...]
    intents: frozenset[str]

    @property
    def body(self) -> str:
        """The text, segments joined by a blank or their own line ends."""
        return "".join(text if text.endswith("\n") else text + " " for text, _ in self.segments).rstrip()


def corpus(folder: Path) -> Iterator[Labelled]:
    """Yield every labelled message of the `.jsonl` files of `folder`, files in order."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield labelled(json.loads(line))


def labelled(record: dict[str, Any]) -> Labelled:
    """Return a record of the corpora, with segments or with one text, in one form."""
    if "segments" in record:
        segments = tuple((segment["t"], segment["l"]) for segment in record["segments"])
        intents = {label.partition(".")[0] for _, label in segments if label}
        intents = intents - {"other"} or intents
    else:
        intents = set(record["intents"])
        segments = ((record["text"], record["intents"][0] if len(intents) == 1 else None),)
    return Labelled(
        record["id"], record["lang"], record.get("subject", ""), record["in_reply"], segments, frozenset(intents)
    )


def folds(folder: Path) -> dict[str, int]:
    """Return the fold of every id, read from `splits.json`."""
    data = json.loads((folder / "splits.json").read_text("utf-8"))
    return {id_: int(fold) for fold, ids in data["folds"].items() for id_ in ids}


def roles(folder: Path) -> dict[str, str]:
    """Return what every id is for (one of `ROLES`), read from `splits.json`."""
    data = json.loads((folder / "splits.json").read_text("utf-8"))
    found = {id_: "test" if int(fold) == TEST_FOLD else "train" for fold, ids in data["folds"].items() for id_ in ids}
    return found | dict.fromkeys(data["calibration"], "calibration")


def groups(messages: Iterable[Labelled]) -> list[list[str]]:
    """Return ids in groups of messages that belong together (see the module)."""
    parent: dict[str, str] = {}

    def root(id_: str) -> str:
        while parent.setdefault(id_, id_) != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    for one, other in _bonds(list(messages)):
        parent[root(one)] = root(other)
    found: dict[str, list[str]] = defaultdict(list)
    for id_ in parent:
        found[root(id_)].append(id_)
    return sorted(sorted(ids) for ids in found.values())


def _bonds(messages: list[Labelled]) -> Iterator[tuple[str, str]]:
    for message in messages:
        yield message.id, message.id
    for one, other in pairwise(messages):  # contrast pairs stand one after the other, with one subject
        if one.lang == other.lang and one.subject and one.subject == other.subject:
            yield one.id, other.id
    parallel: dict[str, str] = {}  # the hard cases are parallel in all languages: fr-other-n05, de-other-n05
    for message in messages:
        if "-" in message.id[3:]:
            yield message.id, parallel.setdefault(message.id[3:], message.id)
    by_language: dict[str, list[Labelled]] = defaultdict(list)
    for message in messages:
        by_language[message.lang].append(message)
    for same in by_language.values():
        yield from _variants(same)


def _variants(messages: list[Labelled]) -> Iterator[tuple[str, str]]:
    words = [frozenset(_WORD.findall(message.body.lower())) for message in messages]
    for index, own in enumerate(words):
        for other in range(index + 1, len(words)):
            shared = len(own & words[other])
            if shared >= 4 and shared >= _ALIKE * (len(own) + len(words[other]) - shared):
                yield messages[index].id, messages[other].id


def _calibrates(group: list[str]) -> bool:
    return hashlib.sha256(group[0].encode()).digest()[4] % 2 == 0


def _fold_of(group: list[str]) -> int:
    number = int.from_bytes(hashlib.sha256(group[0].encode()).digest()[:4], "big")
    # Round 4 was read as a whole while rules were mended, so none of it may lie in the test fold.
    if any(id_[3:4] == "w" for id_ in group):
        return 1 + number % (FOLDS - 1)
    return number % FOLDS


def main(folder: Path) -> None:
    """Write `splits.json` for the corpus in `folder` and print how large each fold is."""
    result: dict[int, list[str]] = {fold: [] for fold in range(FOLDS)}
    calibration: list[str] = []
    made = groups(corpus(folder))
    for group in made:
        fold = _fold_of(group)
        result[fold] += group
        if fold == _CALIBRATION_FOLD and _calibrates(group):
            calibration += group
    content = {
        "test": TEST_FOLD,
        "calibration": sorted(calibration),
        "folds": {str(fold): sorted(ids) for fold, ids in result.items()},
    }
    (folder / "splits.json").write_text(json.dumps(content, indent=0) + "\n", "utf-8")
    print(
        f"{len(made)} groups, the largest of {max(map(len, made))} messages; folds: {[len(i) for i in result.values()]}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
