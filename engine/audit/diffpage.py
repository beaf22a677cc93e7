"""A comparison of two audits as Markdown, ready for a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from engine.audit.diff import Change, Diff, Side

_LISTED = 30
_ORDER = ("allow", "bounce", "block", "defer", "not_judged", "error")


def markdown(diff: Diff) -> str:
    """Return the comparison; messages are named by their place in the corpus, their words are not shown."""
    return "\n".join(_lines(diff)) + "\n"


def _lines(diff: Diff) -> Iterator[str]:
    turned = diff.stopped.total + diff.passed.total
    yield f"## Audit: {turned:,} of {diff.messages:,} messages turn\n"
    yield f"{diff.stopped.total:,} newly stopped ({diff.stopped.critical:,} of them critical), "
    yield f"{diff.passed.total:,} newly passed; {diff.changed:,} decisions differ in anything.\n"
    if diff.settings:
        yield from table(("differs", "before", "after"), [(n, _short(a), _short(b)) for n, a, b in diff.settings])
    yield "### Verdicts (rows: before, columns: after)\n"
    yield from _matrix(diff)
    yield from _side("Newly stopped", diff.stopped, "rightly: people found something prohibited in it")
    yield from _side("Newly passed", diff.passed, "rightly: people found nothing prohibited in it")


def _matrix(diff: Diff) -> Iterator[str]:
    names = [name for name in _ORDER if any(name in pair for pair in diff.matrix)]
    rows = [(name, *(f"{diff.matrix[name, other]:,}" for other in names)) for name in names]
    yield from table(("", *names), rows)


def _side(name: str, side: Side, rightly: str) -> Iterator[str]:
    yield f"### {name}: {side.total:,}\n"
    if not side.total:
        return
    found = side.to_json()
    yield from table(
        ("by", "messages", "by it alone", "languages"),
        [(f"`{cell(row['cause'])}`", f"{row['messages']:,}", f"{row['alone']:,}", _counts(row["languages"]))
         for row in found["by_cause"][:_LISTED]],
    )  # fmt: skip
    yield f"By language: {_counts(found['by_language'])}.\n"
    known = found["labelled"]
    if known["total"]:
        interval = f"95 % interval {known['low']:.1%} to {known['high']:.1%}"
        yield f"Labelled: {known['right']:,} of {known['total']:,} {rightly} ({known['share']:.1%}, {interval}).\n"
    yield from table(
        ("message", "language", "verdict", "by", "also caught by", "labels"), map(_message, side.listed[:_LISTED])
    )
    if side.total > _LISTED:
        yield f"... and {side.total - _LISTED:,} more.\n"


def _message(change: Change) -> tuple[str, ...]:
    note = " **critical**" if change.critical else ""
    return (
        f"`{cell(change.id)}`",
        change.language,
        f"{change.before} → {change.after}{note}",
        cell(", ".join(change.causes)),
        cell(", ".join(change.also)) or "-",
        "-" if change.labels is None else ", ".join(change.labels),
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one after it."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + " --- |" * len(columns)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cell(text if len(text) <= 60 else text[:57] + "...")


def cell(text: str) -> str:
    """Return a text that stays in its cell: no bars, backquotes or line ends, and no tags."""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return plain.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
