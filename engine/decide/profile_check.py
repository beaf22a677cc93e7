"""Walks every state through the rows of a table, and says which row is never reached and which state nobody answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

from engine.decide import words
from engine.decide.profile import Row, first_match
from engine.rulebook.yamlpos import Document

# durable_rules hangs while it builds a ruleset with more tests than this on one property.
MAX_TESTS = 512
_SCHEMAS = {"content": words.CONTENT_STATE, "verdict": words.VERDICT_STATE}


def all_states(schema: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    """Yield every combination of the words of a schema."""
    return (dict(zip(schema, values, strict=True)) for values in product(*schema.values()))


def check_rows(document: Document, step: str, rows: list[tuple[Row, tuple[int, int]]], at: tuple[int, int]) -> None:
    """Report what is wrong with the rows of a table as a whole; `at` is the table's place."""
    if _too_many_tests(document, rows):
        return
    hits: Counter[str] = Counter()
    unanswered = None
    unfilled: set[str] = set()
    plain = [row for row, _ in rows]
    for state in all_states(_SCHEMAS[step]):
        row = first_match(plain, state)
        if row is None:
            unanswered = unanswered or state
            continue
        hits[row.id] += 1
        placeholder = words.PLACEHOLDERS.get(row.get("content"))
        if placeholder and state[placeholder] == "absent":
            unfilled.add(row.id)
    for row, place in rows:
        if row.id not in hits:
            hint = "rows above it already answer every state that it matches"
            document.report("T407", f"row `{row.id}` is never reached", place, hint)
        if row.id in unfilled:
            message = f"row `{row.id}` names {row.get('content')}, but matches messages without any"
            document.report("T406", message, place, "ask for `present` or `possible` in its `if`")
    if unanswered is not None:
        example = ", ".join(f"{name}: {value}" for name, value in unanswered.items())
        document.report("T408", f"no row answers {{{example}}}", at, "end the table with a row `if: {}`")


def _too_many_tests(document: Document, rows: list[tuple[Row, tuple[int, int]]]) -> bool:
    tests: Counter[str] = Counter()
    for row, place in rows:
        for name, values in row.conditions:
            tests[name] += len(values)
            if tests[name] > MAX_TESTS:
                hint = "say less in each row: rows above have already answered their states"
                document.report("T409", f"more than {MAX_TESTS} tests on `{name}` in one table", place, hint)
                return True
    return False
