"""Reads labelled messages: the corpora's records, one JSON object a line, and what Label Studio exports as JSON.

A record: `{"id", "lang", "subject", "in_reply", "segments": [{"t": text, "l": label or null}]}`, or `text` (or `body`)
with `intents` in place of the segments; only the text and the labels are needed. A label is `intent` or `intent.kind`;
a message of which nothing else is true is `other`. Of an exported task the choices label the whole message and the
labelled spans label segments; its `data` holds `text` (or `body`), and `id`, `subject`, `lang`, `in_reply` where known.
Every problem of every file is reported in one error, each with file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.decide.checked import did_you_mean
from engine.decide.words import LABELS
from engine.errors import InputError, UsageError
from engine.learn.split import ROLES, Labelled, roles

FOLDS = (*ROLES, "all")
_SHOWN = 20  # problems in one error

Segments = tuple[tuple[str, str | None], ...]


class _Problem(Exception):
    """What is wrong with one record, without its place."""


def labelled_messages(paths: Sequence[Path], fold: str = "all") -> list[Labelled]:
    """Return the messages of files and of folders (their `.jsonl`), in order; of folders those of one `fold`.

    Raises InputError with all problems found, UsageError for a fold where there is no `splits.json`, or no message.
    """
    found: dict[str, Labelled] = {}
    first: dict[str, str] = {}
    problems: list[str] = []
    for path in paths:
        chosen = _chosen(path, fold)
        for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            for where, record in _records(file, problems):
                try:
                    message = labelled_of(record, where)
                except _Problem as problem:
                    problems.append(f"{where}: {problem}")
                    continue
                if message.id in found:
                    problems.append(
                        f"{where}: the id `{message.id}` stands also at {first[message.id]}; ids name one message"
                    )
                elif chosen is None or chosen.get(message.id) == fold:
                    found[message.id], first[message.id] = message, where
    if problems:
        more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InputError("\n".join(problems[:_SHOWN] + more))
    if not found:
        raise UsageError(f"no labelled message (fold: {fold}) in {', '.join(map(str, paths))}")
    return list(found.values())


def corpus_dir() -> Path:
    """Return the project's own corpus. Raises UsageError where only the package is installed: it holds none."""
    folder = Path(__file__).parents[2] / "models" / "corpus"
    if not folder.is_dir():
        raise UsageError("the corpus is not installed with Tamis; name labelled files, or the corpus of a checkout")
    return folder


def labelled_of(record: Mapping[str, Any], where: str) -> Labelled:
    """Return the message of a record or of an exported task; `where` names one without an id. Raises `_Problem`."""
    if "annotations" in record:
        data = record.get("data")
        if not isinstance(data, Mapping):
            raise _Problem("a task of Label Studio without `data`; export it as JSON")
        segments, intents = _task(record, _text(data, "body" if "body" in data else "text"))
        record = {"id": record.get("id"), **data}
    elif "segments" in record:
        segments = tuple(_segment(segment) for segment in _list(record, "segments"))
        intents = {label.partition(".")[0] for _, label in segments if label}
    else:
        labels = [_label(label) for label in _list(record, "intents")]
        intents = {str(label).partition(".")[0] for label in labels if label}
        text = _text(record, "body" if "body" in record else "text")
        segments = ((text, labels[0] if len(labels) == 1 else None),)
    if not intents:
        raise _Problem("no label; a message of which no other intent is true is `other`")
    in_reply = record.get("in_reply", False)
    if not isinstance(in_reply, bool):
        raise _Problem("`in_reply` must be true or false (the buyer wrote first)")
    id_ = record.get("id")
    name = where if id_ is None or id_ == "" else str(id_)
    return Labelled(
        name, _text(record, "lang", "und"), _text(record, "subject", ""), in_reply, segments,
        frozenset(intents - {"other"} or intents),
    )  # fmt: skip


def _chosen(path: Path, fold: str) -> dict[str, str] | None:
    """Return what each id of a corpus is for, or None where every message is wanted."""
    if fold == "all":
        return None
    if not (path / "splits.json").is_file():
        raise UsageError(f"--fold {fold} needs a corpus folder with splits.json; {path} has none")
    return roles(path)


# -- files -------------------------------------------------------------------------------------------------------------


def _records(file: Path, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a file with their places; what is no object goes to `problems`."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(f"{file}:{line}: not UTF-8; save the file as UTF-8")
        return
    except OSError as error:
        problems.append(f"{file}: {error.strerror}; check the path")
        return
    for line, value in _array(text) if text.lstrip().startswith("[") else _lines(text):
        if isinstance(value, Mapping):
            yield f"{file}:{line}", value
        elif isinstance(value, _Problem):
            problems.append(f"{file}:{line}: {value}")
        else:
            problems.append(f"{file}:{line}: a record must be a JSON object, not a {type(value).__name__}")


def _lines(text: str) -> Iterator[tuple[int, Any]]:
    """Yield line numbers and values, of a broken line its problem."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, _not_json(error)


def _array(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the items of one JSON array, each with the line it begins on; after a broken one nothing more is read."""
    decoder = json.JSONDecoder()
    place = text.index("[") + 1
    while True:
        place = _behind_space(text, place)
        if text[place : place + 1] == "]":
            return
        line = text.count("\n", 0, place) + 1
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            yield getattr(error, "lineno", line), _not_json(error)
            return
        yield line, value
        place = _behind_space(text, place)
        if text[place : place + 1] == ",":
            place += 1
        elif text[place : place + 1] != "]":
            yield text.count("\n", 0, place) + 1, _Problem("not JSON: `,` or `]` is expected after an item")
            return


def _behind_space(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _not_json(error: Exception) -> _Problem:
    return _Problem(f"not JSON: {getattr(error, 'msg', error)}")


# -- fields ------------------------------------------------------------------------------------------------------------


def _text(fields: Mapping[str, Any], name: str, absent: str | None = None) -> str:
    value = fields.get(name)
    if value is None and absent is not None:
        return absent
    if not isinstance(value, str):
        raise _Problem(
            f"`{name}` must be text" if name in fields else f"no `{name}`; fields: {', '.join(fields) or 'none'}"
        )
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        found = ", ".join(fields) or "none"
        raise _Problem(f"no list `{name}`; a labelled record has `segments`, or a text and `intents`; fields: {found}")
    return value


def _label(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if value not in LABELS:
        raise _Problem(f"unknown label `{value}`; {did_you_mean(str(value), LABELS)}")
    return str(value)


def _segment(value: Any) -> tuple[str, str | None]:
    if not isinstance(value, Mapping) or not isinstance(value.get("t"), str):
        raise _Problem('a segment must be an object such as {"t": "text", "l": "other"}')
    return value["t"], _label(value.get("l"))


# -- Label Studio ------------------------------------------------------------------------------------------------------


def _task(task: Mapping[str, Any], text: str) -> tuple[Segments, set[str]]:
    """Return the segments and intents of an annotated task: of its ground truth, or else its latest annotation."""
    done = [a for a in task["annotations"] or [] if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if not done:
        raise _Problem("a task without a finished annotation; label it, or export labelled tasks only")
    annotation = next((a for a in done if a.get("ground_truth")), done[-1])
    spans: list[tuple[int, int, str]] = []
    whole: list[str] = []
    for result in annotation.get("result") or []:
        value = result.get("value", {}) if isinstance(result, Mapping) else {}
        labels = [label for label in map(_label, value.get("choices", [])) if label]
        marked = [label for label in map(_label, value.get("labels", [])) if label]
        whole += labels + marked
        if marked:
            start, end = value.get("start"), value.get("end")
            if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
                raise _Problem(f"a labelled span must lie in the text, from `start` to `end`; it is {start} to {end}")
            spans.append((start, end, marked[0]))
    segments = tuple(_cut(text, sorted(spans))) if spans else ((text, whole[0] if len(whole) == 1 else None),)
    return segments, {label.partition(".")[0] for label in whole}


def _cut(text: str, spans: list[tuple[int, int, str]]) -> Iterator[tuple[str, str | None]]:
    """Yield the text in pieces, the labelled spans among them; of overlapping spans the later begins where the first ends."""
    place = 0
    for start, end, label in [*spans, (len(text), len(text), "")]:
        start = max(start, place)
        for piece, name in ((text[place:start], None), (text[start:end], label or None)):
            if piece.strip():
                yield piece.strip(" "), name
        place = max(place, end)
