"""Compares two audits of one corpus: which verdicts changed, by what, in which languages, and whether people agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.audit.results import Results
from engine.errors import UsageError
from engine.rulebook.stats import CRITICAL, wilson

STOPPED = frozenset(("block", "bounce"))
_COMPARED = ("verdict", "reason", "row", "flags", "content", "intents", "possible")
_LISTED = 200  # changed messages that are listed; all are counted


@dataclass(frozen=True, slots=True)
class Change:
    """A message that one audit stops and the other does not, with what did it."""

    number: int
    id: str
    where: str
    language: str
    before: str
    after: str
    causes: tuple[str, ...]
    also: tuple[str, ...]
    critical: bool
    labels: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "number": self.number, "id": self.id, "where": self.where, "language": self.language,
            "before": self.before, "after": self.after, "causes": list(self.causes), "also_caught_by": list(self.also),
            "critical": self.critical, "labels": None if self.labels is None else list(self.labels),
        }  # fmt: skip


@dataclass(slots=True)
class Side:
    """All changes in one direction (newly stopped, or newly passed), counted; the first ones listed."""

    total: int = 0
    bounces: int = 0
    critical: int = 0
    by_cause: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    by_language: Counter[str] = field(default_factory=Counter)
    by_cause_and_language: Counter[tuple[str, str]] = field(default_factory=Counter)
    labelled: int = 0
    right: int = 0
    listed: list[Change] = field(default_factory=list)

    def add(self, change: Change, *, stops: bool) -> None:
        """Count a change. A labelled message is rightly stopped when people found something prohibited in it."""
        self.total += 1
        self.bounces += change.after == "bounce"
        self.critical += change.critical
        self.by_language[change.language] += 1
        for cause in change.causes:
            self.by_cause[cause] += 1
            self.by_cause_and_language[cause, change.language] += 1
            self.alone[cause] += not change.also and len(change.causes) == 1
        if change.labels is not None:
            self.labelled += 1
            self.right += (bool(set(change.labels) - CRITICAL - {"other"})) is stops
        if len(self.listed) < _LISTED:
            self.listed.append(change)

    def to_json(self) -> dict[str, Any]:
        """Return the counts; `right` has Wilson's 95 % interval."""
        low, high = wilson(self.right, self.labelled)
        share = self.right / self.labelled if self.labelled else None
        return {
            "total": self.total, "bounces": self.bounces, "critical": self.critical,
            "by_language": _ranked(self.by_language),
            "by_cause": [
                {
                    "cause": cause, "messages": count, "alone": self.alone[cause],
                    "languages": _ranked(Counter(
                        {name: n for (c, name), n in self.by_cause_and_language.items() if c == cause}
                    )),
                }
                for cause, count in _ranked(self.by_cause).items()
            ],
            "labelled": {"right": self.right, "total": self.labelled, "share": share, "low": low, "high": high},
            "listed": [change.to_json() for change in self.listed],
        }  # fmt: skip


@dataclass(slots=True)
class Diff:
    """What two audits say differently. `matrix` counts verdicts of the first by verdicts of the second."""

    messages: int
    settings: list[tuple[str, Any, Any]]
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: int = 0
    stopped: Side = field(default_factory=Side)
    passed: Side = field(default_factory=Side)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "messages": self.messages,
            "settings": [{"name": name, "before": a, "after": b} for name, a, b in self.settings],
            "matrix": [{"before": a, "after": b, "messages": n} for (a, b), n in sorted(self.matrix.items())],
            "changed": self.changed,
            "newly_stopped": self.stopped.to_json(),
            "newly_passed": self.passed.to_json(),
        }


def diff(before: Results, after: Results) -> Diff:
    """Compare two audits. Raises UsageError when they are not of one corpus, InputError for damaged results."""
    _comparable(before, after)
    found = Diff(before.corpus["messages"], _settings(before, after))
    for part in before.each():
        _compare(part, before, after, found)
    return found


def _comparable(before: Results, after: Results) -> None:
    if before.corpus["digest"] == after.corpus["digest"]:
        return
    if before.settings["part_size"] != after.settings["part_size"]:
        raise UsageError(
            f"{before.folder} and {after.folder} were cut into parts of different sizes and cannot be compared; "
            "make both with the same version of Tamis"
        )
    raise UsageError(
        f"{before.folder} and {after.folder} are audits of two different corpora "
        f"({before.corpus['messages']:,} and {after.corpus['messages']:,} messages, digests {before.corpus['digest'][:15]} "
        f"and {after.corpus['digest'][:15]}); audit the same messages in both"
    )


def _settings(before: Results, after: Results) -> list[tuple[str, Any, Any]]:
    """Return what the two audits were told differently, the place of the corpus left out."""
    a, b = before.settings, after.settings
    return [
        (name, a.get(name), b.get(name))
        for name in sorted(a.keys() | b.keys() - {"paths"})
        if a.get(name) != b.get(name)
    ]


def _compare(part: int, before: Results, after: Results, found: Diff) -> None:
    columns = ("number", *_COMPARED)
    one, two = before.messages(part, columns), after.messages(part, columns)
    a, b = _verdicts(one), _verdicts(two)
    found.matrix.update(zip(a, b, strict=True))
    same = zip(*(zip(one[name].to_pylist(), two[name].to_pylist(), strict=True) for name in _COMPARED), strict=True)
    found.changed += sum(any(x != y for x, y in row) for row in same)
    turned = [
        place
        for place, (x, y) in enumerate(zip(a, b, strict=True))
        if _stopped(x) != _stopped(y) and "error" not in (x, y)
    ]
    if not turned:
        return
    rows_a, rows_b = before.messages(part).take(turned).to_pylist(), after.messages(part).take(turned).to_pylist()
    numbers = [row["number"] for row in rows_a]
    found_a, found_b = before.findings_of(part, numbers), after.findings_of(part, numbers)
    for row_a, row_b in zip(rows_a, rows_b, strict=True):
        number = row_a["number"]
        stops = _stopped(row_b["verdict"])
        change = _change(row_a, row_b, found_a[number], found_b[number], stops=stops)
        (found.stopped if stops else found.passed).add(change, stops=stops)


def _verdicts(table: Any) -> list[str]:
    return [verdict or "error" for verdict in table["verdict"].to_pylist()]


def _stopped(verdict: str) -> bool:
    return verdict in STOPPED


def _change(
    before: dict[str, Any], after: dict[str, Any], found_a: list[dict[str, Any]], found_b: list[dict[str, Any]],
    *, stops: bool,
) -> Change:  # fmt: skip
    """Say what turned a message: the findings that only the side that stops it has, else those only the other has.

    Where both found the same, weights or rows did it. `also` are the rules that spoke for a stop on both sides.
    """
    blaming, excusing = (found_b, found_a) if stops else (found_a, found_b)
    for_stop, known = _speaking(blaming, prohibited=True), _speaking(excusing, prohibited=True)
    causes = for_stop - known or {f"no {name}" for name in _speaking(excusing, False) - _speaking(blaming, False)}
    if not causes:
        causes = {f"row {before['row']} -> {after['row']}"}
    labels = after["labels"]
    critical = "present" in (before["critical"], after["critical"])
    return Change(
        number=before["number"],
        id=before["id"],
        where=before["where"],
        language=after["language"],
        before=before["verdict"],
        after=after["verdict"],
        causes=tuple(sorted(causes)),
        also=tuple(sorted(for_stop & known)),
        critical=critical if labels is None else bool(CRITICAL & set(labels)),
        labels=None if labels is None else tuple(labels),
    )


def _speaking(findings: Iterable[dict[str, Any]], prohibited: bool) -> set[str]:
    """Return who counted for a prohibited label that is present, or for any other label or against a prohibited one.

    All versions of the classifier are one name: that the version changed is no finding.
    """
    names: set[str] = set()
    for f in findings:
        if f["label"] is None or f["aside"] is not None:
            continue
        bad = f["class"] in ("solicit", "info")
        speaks_for = f["log_odds"] is None or f["log_odds"] > 0
        if (bad and speaks_for and f["state"] == "present") if prohibited else (bad is not speaks_for):
            name, _, rest = f["by"].partition(":")
            names.add(rest if name == "rule" else f"model, {f['label']}")
    return names


def _ranked(counts: Counter[Any]) -> dict[Any, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
