"""A profile: what each kind of request is for a marketplace, and the rows that lead from there to a verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from engine.decide.policy import Policy

State: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: it matches a state in which each named word has one of the values given."""

    id: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    result: tuple[tuple[str, str], ...]

    def matches(self, state: State) -> bool:
        """Return whether all conditions hold in `state`."""
        return all(state[name] in values for name, values in self.conditions)

    def get(self, name: str) -> str:
        """Return what the row answers for `name`, or an empty string."""
        return dict(self.result).get(name, "")

    def to_plan(self) -> list[Any]:
        """Return the row as plain lists."""
        return [self.id, [[name, list(values)] for name, values in self.conditions], [list(r) for r in self.result]]

    @classmethod
    def from_plan(cls, plan: list[Any]) -> Row:
        """Return the row that `to_plan` wrote."""
        row_id, conditions, result = plan
        return cls(
            row_id,
            tuple((name, tuple(values)) for name, values in conditions),
            tuple((name, value) for name, value in result),
        )


def first_match(rows: Iterable[Row], state: State) -> Row | None:
    """Return the first row that matches. The check of a profile uses it; messages are judged by the rule engine."""
    return next((row for row in rows if row.matches(state)), None)


@dataclass(frozen=True, eq=False)
class Profile:
    """A checked profile. `classes` maps labels (`intent` or `intent.kind`) to classes."""

    name: str
    tag_words: tuple[str, ...]
    classes: Mapping[str, str]
    content: tuple[Row, ...]
    verdict: tuple[Row, ...]

    def class_of(self, label: str) -> str:
        """Return the class of a label; a kind without a line of its own has that of its intent."""
        return self.classes.get(label) or self.classes.get(label.partition(".")[0], "neutral")

    @cached_property
    def policy(self) -> Policy:
        """The rows, ready to be asked (compiled when first asked)."""
        from engine.decide.policy import Policy

        return Policy(self)

    @cached_property
    def digest(self) -> str:
        """A digest of everything the profile says."""
        plan = json.dumps(self.to_plan(), sort_keys=True, ensure_ascii=False)
        return "sha256:" + hashlib.sha256(plan.encode()).hexdigest()

    def to_plan(self) -> dict[str, Any]:
        """Return the profile as plain dicts and lists, for the plan cache."""
        return {
            "name": self.name,
            "tag_words": list(self.tag_words),
            "classes": dict(self.classes),
            "content": [row.to_plan() for row in self.content],
            "verdict": [row.to_plan() for row in self.verdict],
        }

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Profile:
        """Return the profile that `to_plan` wrote."""
        return cls(
            plan["name"],
            tuple(plan["tag_words"]),
            dict(plan["classes"]),
            tuple(Row.from_plan(row) for row in plan["content"]),
            tuple(Row.from_plan(row) for row in plan["verdict"]),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The compiled rows hold a lock and C handles: another process compiles its own.
        return Profile.from_plan, (self.to_plan(),)
