"""The public names of the package, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import engine

HEAVY = ("spacy", "pydantic", "yaml", "re2", "durable", "click", "rich", "langdetect", "selectolax")


def test_the_public_names_are_these() -> None:
    assert engine.__all__ == [
        "Decision",
        "Filter",
        "InputError",
        "Message",
        "RulesError",
        "TamisError",
        "UsageError",
    ]


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_is_there_and_bears_its_name(name: str) -> None:
    assert getattr(engine, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Filtre'"):
        _ = engine.Filtre


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import engine, sys; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "[]"
