"""Reads the rows of a profile's tables; a profile that extends another changes and completes the other's rows."""

from __future__ import annotations

import re
from typing import TypeAlias

from engine.decide import words
from engine.decide.checked import items, known_keys, mapping, text, word
from engine.decide.profile import Row
from engine.rulebook.yamlpos import Document, Node, YamlMap

NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
_ROW_KEYS = ("row", "before", "if", "then", "because")
_SMTP = re.compile(r"([245])\d\d \1\.\d{1,3}\.\d{1,3}\Z")
_STATES = {"content": words.CONTENT_STATE, "verdict": words.VERDICT_STATE}
_ANSWERS = {
    "content": {"content": (*words.CONTENTS, *words.PLACEHOLDERS), "flag": words.ROW_FLAGS},
    "verdict": {
        "verdict": words.VERDICTS,
        "by": words.BY,
        "smtp": (),
        "reason": words.REASONS,
        "flag": words.ROW_FLAGS,
    },
}
# A row and where it stands in the file being read; rows of the base stand at `extends`.
Placed: TypeAlias = tuple[Row, tuple[int, int]]


def read_rows(
    document: Document, table: Node | None, step: str, base: tuple[Row, ...] | None, at_base: tuple[int, int]
) -> list[Placed]:
    """Return the rows of a table: those of `base` (None: there is none), changed and completed by those of the file."""
    rows: list[Placed] = [(row, at_base) for row in base or ()]
    seen: dict[str, int] = {}
    for node in items(table):
        entry = mapping(document, node, f"a row of `{step}`", "T401")
        row = _row(document, entry, step) if entry is not None else None
        if entry is None or row is None:
            continue
        if row.id in seen:
            message = f"two rows are named `{row.id}` (first on line {seen[row.id]})"
            document.report("T404", message, entry.entries["row"], "give one of them another name")
            continue
        seen[row.id] = entry.line
        _insert(document, rows, (row, (entry.line, entry.col)), entry, base is not None)
    return rows


def _insert(document: Document, rows: list[Placed], new: Placed, entry: YamlMap, extends: bool) -> None:
    """Replace the row of the same name, put a new one before the row it names, or add it at the end."""
    row = new[0]
    names = [known.id for known, _ in rows]
    before = entry.entries.get("before")
    if not extends:
        if before is not None:
            document.report("T405", "`before` is for profiles that extend another", before, "put the row where it goes")
        rows.append(new)
    elif row.id in names:
        if before is not None:
            hint = "remove `before`, or give the row a new name"
            document.report("T405", f"row `{row.id}` replaces the one it extends, where that stands", before, hint)
        rows[names.index(row.id)] = new
    elif before is None:
        hint = "say `before: ROW`, or use the name of the row to replace"
        document.report("T405", f"row `{row.id}` is new: where does it go?", entry.entries["row"], hint)
    else:
        target = word(document, before, names, "`before`", "T405")
        if target is not None:
            rows.insert(names.index(target), new)


def _row(document: Document, entry: YamlMap, step: str) -> Row | None:
    known_keys(document, entry, _ROW_KEYS, "a row", "T401")
    for key in ("row", "if", "then"):
        if key not in entry.keys:
            document.report("T403", f"the row lacks `{key}`", entry)
            return None
    if "because" in entry.keys:
        text(document, entry.entries["because"], "`because`", "T401")
    name = text(document, entry.entries["row"], "`row`", "T401")
    if name is not None and not NAME.match(name):
        document.report("T401", f"`{name}` is no name: letters, digits and . _ - only", entry.entries["row"])
    conditions = _conditions(document, entry.entries["if"], step)
    result = _result(document, entry.entries["then"], step)
    return Row(name, conditions, result) if name is not None else None


def _conditions(document: Document, node: Node, step: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    schema = _STATES[step]
    table = mapping(document, node, "`if`", "T401")
    if table is None:
        return ()
    known_keys(document, table, schema, "`if`", "T402")
    found = []
    for name, value in table.entries.items():
        if name in schema:
            given = (word(document, item, schema[name], f"`{name}`", "T402") for item in items(value))
            allowed = tuple(dict.fromkeys(w for w in given if w is not None))
            found.append((name, allowed))
            if not items(value):
                document.report("T402", f"`{name}` has no value", value, "allowed: " + ", ".join(schema[name]))
    return tuple(found)


def _result(document: Document, node: Node, step: str) -> tuple[tuple[str, str], ...]:
    schema = _ANSWERS[step]
    table = mapping(document, node, "`then`", "T401")
    if table is None:
        return ()
    known_keys(document, table, schema, "`then`", "T402")
    found = {
        name: _answer(document, name, value, schema[name]) for name, value in table.entries.items() if name in schema
    }
    result = {name: value for name, value in found.items() if value is not None}
    needed = ("content",) if step == "content" else ("verdict", "reason")
    for name in needed:
        if name not in table.keys:
            document.report("T403", f"`then` lacks `{name}`", node)
    if step == "verdict" and len(result) == len(table.entries):
        _consistent(document, result, node)
    return tuple((name, result[name]) for name in schema if name in result)


def _answer(document: Document, name: str, value: Node, allowed: tuple[str, ...]) -> str | None:
    if allowed:
        return word(document, value, allowed, f"`{name}`", "T402")
    code = text(document, value, f"`{name}`", "T401")
    if code is not None and not _SMTP.match(code):
        document.report("T402", f"`{code}` is no SMTP answer", value, "such as 250 2.0.0, 450 4.7.1 or 550 5.7.1")
        return None
    return code


# verdict and `by` -> first digit of the SMTP answer
_ANSWER_CLASS = {
    ("allow", ""): "2",
    ("block", ""): "2",
    ("bounce", "notice"): "2",
    ("bounce", "smtp_reject"): "5",
    ("defer", "smtp_reject"): "4",
    ("not_judged", ""): "",
}


def _consistent(document: Document, result: dict[str, str], node: Node) -> None:
    """Report a verdict whose `by` or SMTP answer means something else (a block with a 5xx is no silent block)."""
    verdict, by, smtp = result.get("verdict", ""), result.get("by", ""), result.get("smtp", "")
    wanted = _ANSWER_CLASS.get((verdict, by))
    if verdict and wanted is None:
        choices = [b for v, b in _ANSWER_CLASS if v == verdict]
        hint = f"{verdict} needs `by: {' or '.join(choices)}`" if choices[0] else f"{verdict} takes no `by`"
        document.report("T406", f"{verdict} with by: {by or 'nothing'}", node, hint)
    elif verdict and smtp[:1] != wanted:
        hint = f"it needs a {wanted}xx answer" if wanted else "it takes no `smtp`"
        document.report("T406", f"{verdict} answers {smtp or 'nothing'}", node, hint)
