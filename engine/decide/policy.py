"""Asks the rows: one durable_rules ruleset per table. The only file that knows durable_rules.

Measured of durable_rules 2.0.28, and respected here: only small, computed facts go in, never text; an action
takes exactly one parameter; one fixed sid, whose state is deleted after each post (the 1,025th distinct sid raises
MemoryError); a state no row matches raises, so the rows end with a catch-all of our own; exceptions inside actions are
swallowed into the state, so they are read there and raised again; a misspelt property is None and never an error, so
every state is checked against the words; its calls are not thread-safe, so a lock lets one thread in at a time, and the
host's own background threads (they serve timers and queues, which rows do not have) are not started.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from engine.decide import words

if TYPE_CHECKING:
    from engine.decide.profile import Profile, Row

_SID = "tamis"
# One for the process: durable_rules keeps state of its own that all rulesets share.
_lock = threading.Lock()


class Policy:
    """The two tables of a profile. Answers are pure functions of few states, so each is asked of the engine once."""

    def __init__(self, profile: Profile) -> None:
        self._content = _Table("content", profile.content, words.CONTENT_STATE)
        self._verdict = _Table("verdict", profile.verdict, words.VERDICT_STATE)

    def content(self, state: Mapping[str, str]) -> Row:
        """Return the content row of a state (the words of `CONTENT_STATE`); ValueError names a wrong word."""
        return self._content.ask(state)

    def verdict(self, state: Mapping[str, str]) -> Row:
        """Return the verdict row of a state (the words of `VERDICT_STATE`); ValueError names a wrong word."""
        return self._verdict.ask(state)


class _Table:
    def __init__(self, step: str, rows: tuple[Row, ...], schema: Mapping[str, tuple[str, ...]]) -> None:
        self._step, self._rows, self._schema = step, rows, schema
        self._known: dict[tuple[str, ...], Row] = {}
        self._engine: _Engine | None = None

    def ask(self, state: Mapping[str, str]) -> Row:
        key = tuple(state.get(name, "") for name in self._schema)
        row = self._known.get(key)
        if row is None or len(state) != len(key):
            self._check(state)
            with _lock:
                if self._engine is None:
                    self._engine = _Engine(self._step, self._rows, self._schema)
                row = self._known[key] = self._engine.first_match(dict(zip(self._schema, key, strict=True)))
        return row

    def _check(self, state: Mapping[str, str]) -> None:
        for name in state.keys() - self._schema.keys():
            raise ValueError(f"the {self._step} table knows no word `{name}`")
        for name, allowed in self._schema.items():
            if state.get(name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {state.get(name)!r}")


class _Engine:
    """One ruleset. Not thread-safe: the caller holds the lock."""

    def __init__(self, step: str, rows: tuple[Row, ...], schema: Mapping[str, tuple[str, ...]]) -> None:
        import durable.engine

        # Host starts two timer threads in `_run`; they would post and delete beside us, which crashes the process.
        quiet_host = type("QuietHost", (durable.engine.Host,), {"_run": lambda self: None})
        self._step = step
        self._hits: list[Row | None] = []
        self._host: Any = quiet_host({step: self._definition(rows, next(iter(schema)))})

    def _definition(self, rows: tuple[Row, ...], any_name: str) -> dict[str, Any]:
        always = {"$ex": {any_name: 1}}
        rules = {
            f"r{number}": {"all": [{"m": _expression(row) or always}], "run": self._noting(row), "pri": number}
            for number, row in enumerate(rows, 1)
        }
        rules["none"] = {"all": [{"m": always}], "run": self._noting(None), "pri": len(rows) + 1}
        return rules

    def _noting(self, row: Row | None) -> Callable[[Any], None]:
        def note(_closure: Any) -> None:
            self._hits.append(row)

        return note

    def first_match(self, state: dict[str, str]) -> Row:
        self._hits.clear()
        try:
            after = self._host.post(self._step, {**state, "sid": _SID})
        finally:
            self._host.delete_state(self._step, _SID)
        if after and after.get("exception"):
            raise RuntimeError(f"the {self._step} table failed: {after['exception']}")
        row = self._hits[0] if len(self._hits) == 1 else None
        if row is None:
            raise RuntimeError(f"{len(self._hits)} rows of the {self._step} table answered {state}")
        return row


def _expression(row: Row) -> dict[str, Any]:
    """Return the row's conditions in the engine's own notation; empty when the row always matches."""
    tests = [_one_of(name, values) for name, values in row.conditions]
    if len(tests) < 2:
        return tests[0] if tests else {}
    return {"$and": tests}


def _one_of(name: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[0]} if len(values) == 1 else {"$or": [{name: value} for value in values]}
