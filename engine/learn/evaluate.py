"""Measures the filter on labelled messages: rules, model and policy together, as they would judge them in real mail."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from engine.decide.profile import Profile
from engine.decide.weights import Weights
from engine.filter import Filter
from engine.find.model import digest_of
from engine.find.outputs import KIND_OUTPUTS
from engine.learn import judged as judging
from engine.learn.judged import Judged
from engine.learn.measures import Table, by_intent, calibration, confusion, grouped, macro_f1, scored, share, table
from engine.learn.split import Labelled
from engine.learn.verdicts import tradeoff, verdicts
from engine.learn.worst import worst

SCHEMA = 1
PROFILES = ("strict", "opt-out")
_ID = re.compile(r"[a-z]{2}-(?:([t-z])\d+|[a-z_]+-[pn]\d+)")

Progress: TypeAlias = Callable[[Iterable[Any], str, int], Iterable[Any]]


def evaluate(
    loaded: Filter, messages: Sequence[Labelled], data: dict[str, Any], *, errors: int, progress: Progress
) -> dict[str, Any]:
    """Return everything measured, as plain JSON values (schema 1).

    `data` says what the messages are (`data_of`); `errors` is how many of the worst errors are shown with their words.
    `progress` takes the items of a long run, its name and their number, and gives the items. The same input gives the
    same values, but for `cost`.
    """
    weights = Weights.from_plan(loaded.plan.intents)
    done = list(judging.judge(loaded, progress(messages, "judging", len(messages))))
    truth = table(one.labelled.intents for one in done)
    named = table(judging.named(one.decision) for one in done)
    scores = np.array([judging.scores(one.decision, weights) for one in done])
    return {
        "schema": SCHEMA,
        "data": data,
        "rules": loaded.plan.digest,
        "model": model_of(loaded),
        "macro_f1": macro_f1(truth, named),
        "intents": by_intent(truth, named),
        "by": _by(done, truth, named),
        "kinds": _kinds(done),
        "confusion": confusion(truth, named),
        "calibration": calibration(truth, scores),
        **_policy(loaded, done, weights, progress),
        "robustness": _robustness(loaded, messages, truth, named, progress),
        "worst": worst(done, weights, errors),
        "cost": {**_cost(done), "read_by_encoder": judging.read_by_encoder(loaded, messages)},
    }


def data_of(messages: Sequence[Labelled], source: str, fold: str) -> dict[str, Any]:
    """Return what is measured on: `fold` of the data called `source`; the digest covers ids, texts and labels, in any order."""
    lines = sorted(
        json.dumps([m.id, m.lang, m.subject, m.in_reply, m.segments, sorted(m.intents)], ensure_ascii=False)
        for m in messages
    )
    return {
        "source": source,
        "fold": fold,
        "messages": len(messages),
        "languages": dict(sorted(Counter(m.lang for m in messages).items())),
        "digest": "sha256:" + hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest(),
    }


def model_of(loaded: Filter) -> dict[str, str] | None:
    """Return the version of the filter's classifier and the digest of its `meta.json`, which holds all others."""
    if loaded.model is None:
        return None
    folder = loaded.model.nlp.path
    assert folder is not None  # it was loaded from there
    return {"version": loaded.model.version, "digest": digest_of(folder / "meta.json")}


def _by(done: Sequence[Judged], truth: Table, named: Table) -> dict[str, Any]:
    rounds = [round_of(one.labelled.id) for one in done]
    return {
        "language": grouped([one.labelled.lang for one in done], truth, named),
        "round": grouped(rounds, truth, named),
        "in_reply": grouped(["yes" if one.labelled.in_reply else "no" for one in done], truth, named),
    }


def round_of(id: str) -> str:
    """Return which round of the corpus an id belongs to (`1` ..., `cases`), or an empty text for other data."""
    match = _ID.fullmatch(id)
    if match is None:
        return ""
    return str(ord(match[1]) - ord("t") + 1) if match[1] else "cases"


def _kinds(done: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of every kind, and how often at least its intent was found."""
    true = [judging.labels(one.labelled) for one in done]
    named = [judging.named_kinds(one.decision) for one in done]
    intents = [judging.named(one.decision) for one in done]
    rows = []
    for label in (label for label in KIND_OUTPUTS if "." in label):
        carry = [place for place, labels in enumerate(true) if label in labels]
        right = sum(label in named[place] for place in carry)
        found = sum(label.partition(".")[0] in intents[place] for place in carry)
        scores = scored(right, sum(label in labels for labels in named), len(carry))
        rows.append({"kind": label, **scores, "intent_found": share(found, len(carry))})
    return rows


def _policy(
    loaded: Filter, done: Sequence[Judged], weights: Weights, progress: Progress
) -> dict[str, Any]:  # fmt: skip
    found = list(judging.find(loaded, progress(done, "finding", len(done))))
    profiles = [Profile.from_plan(loaded.plan.policies[name]) for name in PROFILES]
    return {
        "context": dict(judging.CONTEXT),
        "verdicts": [
            verdicts([(one.labelled, one.decide(profile, weights)) for one in found], profile) for profile in profiles
        ],
        "tradeoff": tradeoff(found, profiles[0], weights),
    }


def _robustness(
    loaded: Filter, messages: Sequence[Labelled], truth: Table, named: Table, progress: Progress
) -> list[dict[str, Any]]:
    """Return macro-F1 on the same messages, changed, and by how much it falls."""
    before = macro_f1(truth, named)["value"]
    rows = []
    for name, change in judging.CHANGES.items():
        again = judging.judge_fast(loaded, [change(message) for message in messages])
        after = macro_f1(truth, table(judging.named(decision) for decision in progress(again, name, len(messages))))
        rows.append({"change": name, "macro_f1": after, "fall": round(before - after["value"], 4)})
    return rows


def _cost(done: Sequence[Judged]) -> dict[str, Any]:
    """Return milliseconds a message, as this machine was loaded just then: mean, median, 95th percentile."""
    times = sorted(one.seconds * 1000 for one in done)
    return {
        "mean_ms": round(statistics.fmean(times), 2),
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))], 2),
    }
