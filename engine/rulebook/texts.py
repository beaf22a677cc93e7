"""The lint of the texts for people: every language has every key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.rulebook.problem import Problem
from engine.text.language import LANGUAGES


def text_problems(folder: Path, name_of: Callable[[Path], str] = str) -> list[Problem]:
    """Return what is wrong with `texts/<lang>.yaml` of a rules folder, languages without a file included."""
    from engine.decide.texts_file import load_texts

    texts = folder / "texts"
    if not texts.is_dir():
        return []
    problems: list[Problem] = []
    for code in LANGUAGES:
        path = texts / f"{code}.yaml"
        if path.is_file():
            problems += load_texts(path)[1]
        else:
            problems.append(Problem("T223", "error", name_of(path), 1, 1, f"the texts in {code} are missing"))
    return problems
