"""Reads `texts/<lang>.yaml` and checks it: T431 wrong shape or unknown key, T432 missing key, T433 wrong {values}."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from engine.decide.checked import known_keys, mapping, text
from engine.decide.texts import KEYS, PLACEHOLDERS, SECTIONS, Texts
from engine.rulebook.problem import Problem
from engine.rulebook.yamlpos import Document, Node, YamlMap, read


def load_texts(path: Path) -> tuple[Texts | None, list[Problem]]:
    """Return the texts of the language that the file is named after, or None with at least one problem."""
    document = read(path)
    entries: dict[str, str] = {}
    root = mapping(document, document.root, "the file", "T431") if document.root or not document.problems else None
    if root is not None:
        known_keys(document, root, SECTIONS, "the file", "T431")
        for section, node in root.entries.items():
            if section in SECTIONS:
                entries |= _section(document, node, section)
        _missing(document, entries, root)
    problems = sorted(document.problems, key=lambda p: p.place)
    return (None if problems else Texts(path.stem, entries)), problems


def _section(document: Document, node: Node, section: str) -> dict[str, str]:
    table = mapping(document, node, f"`{section}`", "T431")
    if table is None:
        return {}
    if section != "flag":  # rules raise flags of their own, which may be explained here too
        known_keys(document, table, SECTIONS[section], f"`{section}`", "T431")
    found = {}
    for name, value in table.entries.items():
        words = text(document, value, f"`{name}`", "T431")
        if words is not None:
            found[f"{section}.{name}"] = words
            _placeholders(document, value, f"{section}.{name}", words)
    return found


def _placeholders(document: Document, node: Node, key: str, words: str) -> None:
    wanted = PLACEHOLDERS.get(key, frozenset())
    try:
        given = {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError as error:
        document.report("T433", f"`{key}`: {error}", node, "braces hold the name of a value")
        return
    if given != wanted:
        expected = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "no {values}"
        document.report("T433", f"`{key}` needs {expected}", node)


def _missing(document: Document, entries: dict[str, str], root: YamlMap) -> None:
    for section in SECTIONS:
        names = [key for key in KEYS if key.startswith(f"{section}.") and key not in entries]
        if names:
            node = root.entries.get(section, root)
            document.report("T432", f"missing texts: {', '.join(names)}", node, "every language has every text")
