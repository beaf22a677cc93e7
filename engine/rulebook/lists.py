"""Word lists: `lists/*.txt`, one entry a line, `#` begins a comment line."""

from __future__ import annotations

from pathlib import Path

from engine.rulebook.patterns import phrase_errors
from engine.rulebook.phrases import PhraseError, compile_phrases
from engine.rulebook.problem import Problem


def read_lists(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the lists of a rules folder by name (the file's, without `.txt`)."""
    lists = folder / "lists"
    if not lists.is_dir():
        return {}
    return {path.stem: tuple(_entries(path.read_text("utf-8-sig"))) for path in sorted(lists.glob("*.txt"))}


def _entries(text: str) -> list[str]:
    return [entry for line in text.splitlines() if (entry := line.strip()) and not entry.startswith("#")]


def negations(lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, str]]:
    """Return, for each language with a list `negation.<lang>`, the patterns of its cues and of its idioms (`!`)."""
    found: dict[str, tuple[str, str]] = {}
    for name, entries in lists.items():
        kind, _, code = name.partition(".")
        if kind == "negation":
            cues = [entry for entry in entries if not entry.startswith("!")]
            idioms = [entry[1:].strip() for entry in entries if entry.startswith("!")]
            found[code] = (_pattern(cues), _pattern(idioms))
    return found


def _pattern(phrases: list[str]) -> str:
    readable = [phrase for phrase in phrases if not list(phrase_errors([phrase]))]
    return compile_phrases(readable) if readable else ""


def list_problems(folder: Path, name_of: object = str) -> list[Problem]:
    """Return the entries of lists of phrases that cannot be read as phrases (lists of hosts are not phrases)."""
    problems: list[Problem] = []
    for path in sorted((folder / "lists").glob("*.txt")):
        if path.stem.startswith("hosts"):
            continue
        for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
            entry = line.strip().removeprefix("!").strip()
            if entry and not entry.startswith("#"):
                problems += _entry_problems(path, number, line, entry, name_of)
    return problems


def _entry_problems(path: Path, number: int, line: str, entry: str, name_of: object) -> list[Problem]:
    try:
        compile_phrases([entry])
    except PhraseError as error:
        name = name_of(path) if callable(name_of) else str(path)
        column = line.index(entry) + error.at + 1
        return [Problem("T205", "error", name, number, column, str(error), "", line)]
    return []
