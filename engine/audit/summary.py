"""What the results of an audit add up to: counts along every dimension, rules, sellers, and a sample of messages.

`cube` counts messages by bucket of time, seller, language, labels, verdict and reason, so that a page can filter; where
it would grow too large, sellers are joined first and buckets made longer then. All text is masked unless asked for.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.audit.diff import STOPPED
from engine.audit.results import Results

OTHERS = "other sellers"
_MOST_BUCKETS = 62
_CUBE = 30_000
_SELLERS = (100, 20, 0)  # how many keep their name in the cube, tried in this order
_RULES, _RULE_SAMPLES = 100, 3
_RANKED = 20
_ENOUGH = 20  # messages of a seller in each half of the time, for a change to be told
_SAMPLES = {"stopped": 300, "uncertain": 200, "borderline": 200, "error": 100, "allowed": 100}
_SPANS, _FINDINGS = 3, 8

Key = tuple[str, str, str, str, str, str]
"""Bucket, seller, language, labels joined by blanks, verdict (or `error`), reason."""


def summary(results: Results, *, with_text: bool = False) -> dict[str, Any]:
    """Return the summary of an audit as JSON values. Raises InputError for damaged results."""
    first, last = _period(results)
    found = _Found(_bucketing(first, last), _middle(first, last))
    for part in results.each():
        _read(results, part, found)
    mask = _Mask(with_text)
    return {
        "manifest": {name: results.manifest[name] for name in ("schema", "settings", "corpus", "counts")},
        "period": [first.date().isoformat() if first else None, last.date().isoformat() if last else None],
        "totals": _totals(found),
        "assumed": dict(sorted(found.rests_on.items())),
        "flags": _ranked(found.flags),
        "rules": _rules(found, mask),
        "sellers": _sellers(found, mask),
        "changes": _changes(found, mask),
        "cube": _cube(found, mask),
        "messages": _messages(results, found, mask),
        "with_text": with_text,
    }


@dataclass(slots=True)
class _Found:
    """What the parts add up to while they are read."""

    bucket: Callable[[datetime | None], str]
    middle: datetime | None
    cube: Counter[Key] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    rests_on: Counter[str] = field(default_factory=Counter)
    sellers: dict[str, Counter[str]] = field(default_factory=dict)
    rules: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    titles: dict[str, tuple[str, str]] = field(default_factory=dict)
    rule_samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    chosen: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: {name: [] for name in _SAMPLES})


# -- time --------------------------------------------------------------------------------------------------------------


def _period(results: Results) -> tuple[datetime | None, datetime | None]:
    low: list[datetime] = []
    high: list[datetime] = []
    for part in results.each():
        span = pc.min_max(results.messages(part, ["date"])["date"])
        low += [span["min"].as_py()] if span["min"].is_valid else []
        high += [span["max"].as_py()] if span["max"].is_valid else []
    return min(low, default=None), max(high, default=None)


def _middle(first: datetime | None, last: datetime | None) -> datetime | None:
    return first + (last - first) / 2 if first and last else None


def _bucketing(first: datetime | None, last: datetime | None) -> Callable[[datetime | None], str]:
    """Return what names the bucket of a time: a day, a week's Monday, a month or a year, `_MOST_BUCKETS` at most."""
    days = (last - first).days + 1 if first and last else 0
    for most, name in ((_MOST_BUCKETS, _day), (_MOST_BUCKETS * 7, _week), (_MOST_BUCKETS * 30, _month)):
        if days <= most:
            return name
    return _year


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""


def _week(at: datetime | None) -> str:
    return (at.date() - timedelta(days=at.weekday())).isoformat() if at else ""


def _month(at: datetime | None) -> str:
    return f"{at.year:04}-{at.month:02}" if at else ""


def _year(at: datetime | None) -> str:
    return f"{at.year:04}" if at else ""


# -- one part ----------------------------------------------------------------------------------------------------------

_COLUMNS = ("number", "date", "seller", "language", "intents", "verdict", "reason", "flags", "rests_on", "error")


def _read(results: Results, part: int, found: _Found) -> None:
    table = results.messages(part, _COLUMNS)
    buckets: dict[date | None, str] = {}
    for row in zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True):
        number, at, seller, language, intents, verdict, reason, flags, rests_on, error = row
        day = at.date() if at else None
        if day not in buckets:
            buckets[day] = found.bucket(datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None)
        named = "error" if error is not None else verdict
        labels = " ".join(sorted(intents or ()))
        found.cube[buckets[day], seller or "", language or "", labels, named, reason or ""] += 1
        found.flags.update(flags or ())
        found.rests_on.update(rests_on or ())
        if rests_on:
            found.rests_on["any"] += 1
        if seller and named != "not_judged":
            _count_seller(found, seller, at, named)
        _choose(found, part, number, named, flags or ())
    _read_findings(results.findings(part), table, found)


def _count_seller(found: _Found, seller: str, at: datetime | None, verdict: str) -> None:
    counts = found.sellers.setdefault(seller, Counter())
    half = "" if at is None or found.middle is None else "later" if at >= found.middle else "earlier"
    for name in ("all", half):
        if name:
            counts[name] += 1
            counts[f"{name} stopped"] += verdict in STOPPED


def _choose(found: _Found, part: int, number: int, verdict: str, flags: Iterable[str]) -> None:
    """Keep a message in the sample of its kind: of each kind those whose scattered numbers are smallest, always the same."""
    kinds = {"error": "error", "allow": "allowed", "block": "stopped", "bounce": "stopped"}
    kind = next((flag for flag in ("uncertain", "borderline") if flag in flags), kinds.get(verdict))
    if kind is None:
        return
    heap, scattered = found.chosen[kind], -((number * 2654435761) % 2**32)
    if len(heap) < _SAMPLES[kind]:
        heapq.heappush(heap, (scattered, part, number))
    elif scattered > heap[0][0]:
        heapq.heapreplace(heap, (scattered, part, number))


def _read_findings(findings: Any, messages: Any, found: _Found) -> None:
    """Count the messages that each rule spoke in, and keep its first samples."""
    counted = findings.filter(pc.is_null(findings["aside"]))
    by = counted["by"].to_pylist()
    wanted = [at for at, name in enumerate(by) if len(found.rule_samples.get(name, ())) < _RULE_SAMPLES]
    for row in counted.take(pa.array(wanted, pa.int64())).to_pylist():
        samples = found.rule_samples.setdefault(row["by"], [])
        if len(samples) < _RULE_SAMPLES:
            samples.append(row)
            found.titles[row["by"]] = (row["title"] or "", row["label"] or row["flag"] or "")
    each = counted.select(["number", "by"]).group_by(["number", "by"]).aggregate([])
    joined = each.join(messages.select(["number", "verdict", "language"]), "number", join_type="inner")
    totals = joined.group_by(["by", "verdict", "language"]).aggregate([([], "count_all")])
    for row in totals.to_pylist():
        counts = found.rules.setdefault(row["by"], Counter())
        counts[row["verdict"] or "error", row["language"] or ""] += row["count_all"]


# -- masking -----------------------------------------------------------------------------------------------------------


class _Mask:
    """Hides words, and the names of sellers, unless they are asked for."""

    def __init__(self, with_text: bool) -> None:
        self._open = with_text

    def text(self, text: str | None) -> str | None:
        """Return a text with every letter and digit hidden; None where the results hold none."""
        if text is None or self._open:
            return text
        return "".join("•" if char.isalnum() else " " if char.isspace() else char for char in text)

    def seller(self, seller: str) -> str:
        """Return a name that tells two sellers apart and names nobody: the domain and a short digest."""
        if self._open or seller in ("", OTHERS):
            return seller
        digest = hashlib.sha256(seller.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        _, at, domain = seller.rpartition("@")
        return f"***@{domain} {digest}" if at else f"seller {digest}"


# -- what the parts add up to ------------------------------------------------------------------------------------------


def _totals(found: _Found) -> dict[str, dict[str, int]]:
    totals: dict[str, Counter[str]] = {name: Counter() for name in ("verdict", "reason", "language", "intent", "time")}
    for (bucket, _, language, labels, verdict, reason), count in found.cube.items():
        totals["verdict"][verdict] += count
        totals["reason"][reason or verdict] += count
        totals["language"][language] += count
        totals["time"][bucket] += count
        for label in labels.split():
            totals["intent"][label] += count
    return {
        name: dict(sorted(counts.items())) if name == "time" else _ranked(counts) for name, counts in totals.items()
    }


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _rules(found: _Found, mask: _Mask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for by, counts in found.rules.items():
        languages: Counter[str] = Counter()
        for (_, language), count in counts.items():
            languages[language] += count
        title, label = found.titles[by]
        rows.append(
            {
                "by": by,
                "title": title,
                "label": label,
                "messages": sum(counts.values()),
                "stopped": sum(count for (verdict, _), count in counts.items() if verdict in STOPPED),
                "languages": _ranked(languages),
                "samples": [_finding(row, mask) | {"number": row["number"]} for row in found.rule_samples[by]],
            }
        )
    return sorted(rows, key=lambda row: (-row["stopped"], -row["messages"], row["by"]))[:_RULES]


def _sellers(found: _Found, mask: _Mask) -> list[dict[str, Any]]:
    """Return the sellers with the most stopped messages."""
    ranked = sorted(found.sellers.items(), key=lambda item: (-item[1]["all stopped"], -item[1]["all"], item[0]))
    return [
        {"seller": mask.seller(seller), "messages": counts["all"], "stopped": counts["all stopped"]}
        for seller, counts in ranked[:_RANKED]
    ]


def _changes(found: _Found, mask: _Mask) -> list[dict[str, Any]]:
    """Return the sellers whose share of stopped messages changed most from the first half of the time to the second."""
    rows = []
    for seller, counts in found.sellers.items():
        if min(counts["earlier"], counts["later"]) >= _ENOUGH:
            shares = [counts[f"{half} stopped"] / counts[half] for half in ("earlier", "later")]
            row = {"seller": mask.seller(seller), "before": round(shares[0], 4), "after": round(shares[1], 4)}
            rows.append((-abs(shares[1] - shares[0]), seller, row))
    return [row for _, _, row in sorted(rows, key=lambda item: item[:2])[:_RANKED] if row["before"] != row["after"]]


def _cube(found: _Found, mask: _Mask) -> dict[str, Any]:
    """Return the cube as columns of codes with their words, at most about `_CUBE` rows."""
    cube = found.cube
    for most in _SELLERS:
        kept = set(heapq.nlargest(most, found.sellers, key=lambda name: (*_weight(found.sellers[name]), name)))
        cube = _folded(found.cube, lambda key, kept=kept: _seller_joined(key, kept))  # type: ignore[misc]
        if len(cube) <= _CUBE:
            break
    for length in (7, 4, 0):
        if len(cube) > _CUBE:
            cube = _folded(cube, lambda key, length=length: (key[0][:length], *key[1:]))  # type: ignore[misc]
    keys = sorted(cube)
    words = [sorted({key[place] for key in keys}) for place in range(6)]
    codes = [{word: code for code, word in enumerate(column)} for column in words]
    names = ("time", "seller", "language", "labels", "verdict", "reason")
    shown = [
        [mask.seller(word) for word in column] if n == "seller" else column
        for n, column in zip(names, words, strict=True)
    ]
    return {
        "words": dict(zip(names, shown, strict=True)),
        "rows": [[*(codes[place][key[place]] for place in range(6)), cube[key]] for key in keys],
    }


def _weight(counts: Counter[str]) -> tuple[int, int]:
    return counts["all stopped"], counts["all"]


def _seller_joined(key: Key, kept: set[str]) -> Key:
    return key if not key[1] or key[1] in kept else (key[0], OTHERS, *key[2:])


def _folded(cube: Counter[Key], changed: Callable[[Key], Key]) -> Counter[Key]:
    folded: Counter[Key] = Counter()
    for key, count in cube.items():
        folded[changed(key)] += count
    return folded


# -- messages ----------------------------------------------------------------------------------------------------------


def _messages(results: Results, found: _Found, mask: _Mask) -> list[dict[str, Any]]:
    """Return the sampled messages in their order in the corpus, each with its findings."""
    by_part: dict[int, dict[int, str]] = {}
    for kind, heap in found.chosen.items():
        for _, part, number in heap:
            by_part.setdefault(part, {})[number] = kind
    rows = []
    for part in sorted(by_part):
        kinds = by_part[part]
        table = results.messages(part)
        chosen = table.filter(pc.is_in(table["number"], value_set=pa.array(sorted(kinds), pa.int64())))
        findings = results.findings_of(part, sorted(kinds))
        rows += [
            _message(row, kinds[row["number"]], findings[row["number"]], mask, found.bucket)
            for row in chosen.to_pylist()
        ]
    return rows


def _message(
    row: dict[str, Any],
    kind: str,
    findings: list[dict[str, Any]],
    mask: _Mask,
    bucket: Callable[[datetime | None], str],
) -> dict[str, Any]:
    kept = ("number", "id", "where", "error", "language", "reason", "row", "content", "flags", "intents", "possible",
            "rests_on", "decision", "labels")  # fmt: skip
    return {
        **{name: row[name] for name in kept},
        "kind": kind,
        "date": row["date"].isoformat() if row["date"] else "",
        "time": bucket(row["date"]),
        "seller": mask.seller(row["seller"] or ""),
        "verdict": row["verdict"] or "error",
        "findings": [_finding(finding, mask) for finding in findings[:_FINDINGS]],
    }


def _finding(row: dict[str, Any], mask: _Mask) -> dict[str, Any]:
    spans = row["spans"][:_SPANS]
    return {
        "by": row["by"], "title": row["title"], "label": row["label"] or row["flag"], "state": row["state"],
        "score": row["score"], "aside": row["aside"],
        "spans": [[s["part"], mask.text(s["before"]), mask.text(s["text"]), mask.text(s["after"])] for s in spans],
    }  # fmt: skip
