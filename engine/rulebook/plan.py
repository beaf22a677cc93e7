"""The plan: checked rules in the form that runs, plain enough to be kept as JSON.

A `Plan` holds what the finders need and nothing of the YAML: no tests, no positions. Making one checks nothing; the
loader and the lint did.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.find.finding import Strength

When = str | dict[str, list[Any]]
# A rule that names `body` looks at all that stands there; what is quoted, signed or hidden is weighed apart later.
_BODY_PARTS = ("body", "quoted", "signature", "hidden", "calendar")


@dataclass(frozen=True, slots=True)
class PatternFind:
    """A find that is a pattern: RE2 on folded or original text.

    `needs` spares compiling and running it: for each phrase, of each tuple at least one literal must stand in the text, a
    blank in it standing for all that parts words. Without it (a regex) RE2's own filter decides.
    """

    name: str
    pattern: str
    original: bool = False
    negation: Literal["", "unless", "only"] = ""
    needs: tuple[tuple[tuple[str, ...], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FactFind:
    """A find that is a fact of the message with a condition on it (all None: true, or not empty)."""

    name: str
    fact: str
    above: float | None = None
    below: float | None = None
    matches: str | None = None
    host_not_in: tuple[str, ...] | None = None
    longer_than: int | None = None


@dataclass(frozen=True, slots=True)
class PlanRule:
    """A rule, ready to run."""

    id: str
    revision: int
    title: str
    intent: str | None
    kind: str
    flag: str | None
    strength: Strength | None
    status: str
    languages: tuple[str, ...]
    parts: tuple[str, ...]
    within: Literal["segment", "message"]
    patterns: tuple[PatternFind, ...]
    facts: tuple[FactFind, ...]
    when: When
    excepts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    explain: str = ""
    disabled_until: str = ""  # ISO date; the rule sleeps before it
    stop_if: tuple[float, int] | None = None

    @property
    def always(self) -> bool:
        """Whether the rule may hit although none of its patterns does."""
        names = {find.name for find in self.patterns}
        return possible(self.when, names)


@dataclass(frozen=True, slots=True)
class Plan:
    """All rules with what they lean on. `negation`: for each language the cues and what looks like one."""

    digest: str
    rules: tuple[PlanRule, ...]
    negation: dict[str, tuple[str, str]] = field(default_factory=dict)
    exceptions: tuple[dict[str, str], ...] = ()
    policies: dict[str, Any] = field(default_factory=dict)
    intents: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "digest": self.digest,
            "rules": [_sparse(asdict(rule)) for rule in self.rules],
            "negation": self.negation,
            "exceptions": self.exceptions,
            "policies": self.policies,
            "intents": self.intents,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Return the plan that `to_json` gave. Raises KeyError, TypeError or ValueError on anything else."""
        return cls(
            digest=data["digest"],
            rules=tuple(_rule(entry) for entry in data["rules"]),
            negation={code: (cues, spared) for code, (cues, spared) in data["negation"].items()},
            exceptions=tuple(data["exceptions"]),
            policies=data["policies"],
            intents=data["intents"],
        )


def possible(when: When, never: set[str]) -> bool:
    """Return whether `when` may hold although the finds named in `never` have no hit."""
    if isinstance(when, str):
        return when not in never
    alls = all(possible(item, never) for item in when.get("all", []))
    anys = "any" not in when or any(possible(item, never) for item in when["any"])
    return alls and anys  # what stands under `none` may always be missing


def body_parts(parts: list[Any]) -> tuple[str, ...]:
    """Return the parts a rule looks at when its scope names `parts`."""
    return tuple(dict.fromkeys([*parts, *(_BODY_PARTS if "body" in parts else ())]))


def _sparse(rule: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty: a plan of 10,000 rules is read at every start."""
    rule["patterns"] = [_filled(find) for find in rule["patterns"]]
    rule["facts"] = [_filled(find) for find in rule["facts"]]
    return _filled(rule)


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value not in (None, "", (), [], {}, False)}


def _rule(entry: dict[str, Any]) -> PlanRule:
    get = entry.get
    stop_if = get("stop_if")
    return PlanRule(
        id=entry["id"],
        revision=entry["revision"],
        title=get("title", ""),
        intent=get("intent"),
        kind=get("kind", ""),
        flag=get("flag"),
        strength=get("strength"),
        status=entry["status"],
        languages=tuple(entry["languages"]),
        parts=tuple(entry["parts"]),
        within=entry["within"],
        patterns=tuple(_pattern(find) for find in get("patterns", ())),
        facts=tuple(_fact(find) for find in get("facts", ())),
        when=entry["when"],
        excepts={name: tuple(others) for name, others in get("excepts", {}).items()},
        explain=get("explain", ""),
        disabled_until=get("disabled_until", ""),
        stop_if=(stop_if[0], stop_if[1]) if stop_if else None,
    )


def _pattern(entry: dict[str, Any]) -> PatternFind:
    needs = tuple(tuple(tuple(each) for each in phrase) for phrase in entry.get("needs", ()))
    return PatternFind(**{**entry, "needs": needs})


def _fact(entry: dict[str, Any]) -> FactFind:
    hosts = entry.get("host_not_in")
    return FactFind(**{**entry, "host_not_in": tuple(hosts) if hosts is not None else None})
