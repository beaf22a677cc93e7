"""Makes a `Record` of the fields of a JSON object or of a table's row, and says what is wrong where it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.audit.entry import Entry, Record
from engine.errors import InputError

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def parse_json(text: str, where: str) -> Any:
    """Return the value of the JSON `text`. Raises `InputError` that begins with `where` and the column.

    Half a surrogate pair (`\\ud83d` alone) becomes U+FFFD: it could not be written out again and would fail much later.
    """
    try:
        value = json.loads(text)
        if _ESCAPED_SURROGATE.search(text):
            value = json.loads(_LONE_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except json.JSONDecodeError as error:
        raise InputError(f"{where}:{error.colno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists nested thousands deep
        raise InputError(f"{where}:1: JSON that cannot be read: {error}") from None
    return value


def record_entry(fields: Mapping[str, Any], where: str) -> Entry:
    """Return the entry of the record with these `fields`. Raises `InputError` as `record` does."""
    made = record(fields, where)
    return Entry(made.id, where, record=made)


def record(fields: Mapping[str, Any], where: str) -> Record:
    """Make a record of the fields of a JSON object or a row.

    The body may be given as `text`, or as `segments` (`[{"t": ...}]`) joined by blanks (none after a line's end).
    Raises `InputError` that begins with `where` when a field is missing or of the wrong type.
    """
    known = {"id", "subject", "lang", "in_reply", "headers", "context", "text" if "body" not in fields else "body"}
    context = fields.get("context") or {}
    if not isinstance(context, Mapping):
        raise InputError(f'{where}: `context` must be an object such as {{"buyer_opted_out": "yes"}}')
    return Record(
        id=_id(fields, where),
        subject=_text(fields, "subject", where),
        body=_body(fields, where),
        lang=_text(fields, "lang", where) or None,
        in_reply=_truth(fields.get("in_reply"), where),
        headers=_headers(fields.get("headers"), where),
        context=context,
        extra={name: value for name, value in fields.items() if name not in known},
    )


def _id(fields: Mapping[str, Any], where: str) -> str:
    value = fields.get("id")
    return where if value is None or value == "" else str(value)


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{where}: `{name}` must be text, not {type(value).__name__}")
    return value


def _body(fields: Mapping[str, Any], where: str) -> str:
    for name in ("body", "text"):
        if name in fields:
            return _text(fields, name, where)
    if "segments" not in fields:
        found = ", ".join(fields) or "none"
        raise InputError(f"{where}: no `body` (or `text`, or `segments`) in the record; its fields: {found}")
    segments = fields["segments"]
    if not isinstance(segments, list) or not all(isinstance(s, dict) and isinstance(s.get("t"), str) for s in segments):
        raise InputError(f'{where}: `segments` must be a list of objects such as {{"t": "text"}}')
    texts = [segment["t"] for segment in segments]
    return "".join(text if text.endswith("\n") else text + " " for text in texts[:-1]) + "".join(texts[-1:])


def _truth(value: Any, where: str) -> bool:
    if value is None:
        return False
    known = _TRUTH.get(str(value).strip().lower())
    if known is None:
        raise InputError(f"{where}: `in_reply` must be true or false (or yes, no, 1, 0), not {value!r}")
    return known


def _headers(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Read headers given as an object of name to value (or to a list of values), or as a list of pairs."""
    pairs = value.items() if isinstance(value, Mapping) else value or []
    headers: list[tuple[str, str]] = []
    for pair in pairs if isinstance(pairs, Iterable) else [pairs]:
        match pair:
            case (str(name), str(text)):
                headers.append((name, text))
            case (str(name), [*texts]) if all(isinstance(text, str) for text in texts):
                headers.extend((name, text) for text in texts)
            case _:
                raise InputError(f'{where}: `headers` must be an object such as {{"Reply-To": "a@b.example"}}')
    return tuple(headers)
