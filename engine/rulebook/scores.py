"""The figures of `tamis rules stats`, as JSON values and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.find.patterns import RuleFinder
from engine.learn.split import TEST_FOLD, Labelled, corpus, folds
from engine.rulebook.lists import negations
from engine.rulebook.load import plan_rule
from engine.rulebook.plan import Plan
from engine.rulebook.stats import Count
from engine.rulebook.stats import measure as count
from engine.rulebook.workshop import read_paths


def measure(paths: Sequence[str], folder: str, fold: str, *, progress: bool = False) -> dict[str, Any]:
    """Return the figures of the rules of `paths` on the labelled messages of `folder` (fold `test`, `read` or `all`)."""
    book, _ = read_paths(paths)
    rules = tuple(plan_rule(loaded, book.lists) for loaded in book.rules)
    messages = list(_of_fold(Path(folder), fold))
    stats = count(RuleFinder(Plan("", rules, negations(book.lists))), _with_bar(messages, progress))
    return {
        "corpus": folder,
        "fold": fold,
        "messages": stats.messages,
        "precision": _table(("strength", "intent"), stats.precision),
        "certain": _sum(stats.certain_by_language.values()).to_json(),
        "certain_by_language": _table(("language",), {(k,): v for k, v in stats.certain_by_language.items()}),
        "recall": _table(("intent",), {(k,): v for k, v in stats.recall.items()}),
        "recall_by_language": _table(("language", "intent"), stats.recall_by_language),
        "certain_on_critical_only": [
            {"rule": finding.by, "id": labelled.id, "words": [span.text for span in finding.spans]}
            for labelled, finding in stats.critical_hit
        ],
        "rules": _table(("rule",), {(k,): v for k, v in stats.rules.items()}),
        "without_hits": sorted(rule.id for rule in rules if rule.intent and rule.id not in stats.rules),
    }


def _of_fold(folder: Path, fold: str) -> Iterator[Labelled]:
    if fold == "all":
        yield from corpus(folder)
        return
    of = folds(folder)
    for message in corpus(folder):
        if (of[message.id] == TEST_FOLD) is (fold == "test"):
            yield message


def _with_bar(messages: list[Labelled], progress: bool) -> Iterable[Labelled]:
    if not progress:
        return messages
    from rich.console import Console
    from rich.progress import track

    return track(messages, "judging", console=Console(stderr=True), transient=True)


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for one in counts:
        total.right += one.right
        total.total += one.total
    return total


def _table(names: tuple[str, ...], counts: Any) -> list[dict[str, Any]]:
    return [{**dict(zip(names, key, strict=True)), **counts[key].to_json()} for key in sorted(counts)]


def render(scores: dict[str, Any], by_rule: bool) -> str:
    """Return the figures as text."""
    lines = [f"{scores['messages']} messages of {scores['corpus']} (fold: {scores['fold']})", ""]
    lines += ["precision: share of messages hit that carry the rule's intent  [95 % interval]"]
    lines += [_line(f"{row['strength']} {row['intent']}", row) for row in scores["precision"]]
    lines += ["", "precision of `certain` rules, by language"]
    lines += [_line(row["language"], row) for row in scores["certain_by_language"]]
    lines += [_line("all", scores["certain"])]
    lines += ["", "recall: share of messages of an intent that a certain or strong rule of it hits"]
    lines += [_line(row["intent"], row) for row in scores["recall"]]
    lines += ["", "recall by language"]
    lines += [_line(f"{row['language']} {row['intent']}", row) for row in scores["recall_by_language"]]
    wrong = scores["certain_on_critical_only"]
    lines += ["", f"certain rules of prohibited intents on messages that are critical only: {len(wrong)}"]
    lines += [f"  {entry['rule']} {entry['id']} {entry['words']}" for entry in wrong]
    if by_rule:
        lines += ["", "rules", *(_line(row["rule"], row) for row in scores["rules"])]
        lines += [
            "",
            f"rules without a hit: {len(scores['without_hits'])}",
            *(f"  {id_}" for id_ in scores["without_hits"]),
        ]
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any]) -> str:
    share = "    -" if row["share"] is None else f"{row['share']:.3f}"
    return f"  {name:40} {row['right']:5} / {row['total']:5}  {share}  [{row['low']:.3f}, {row['high']:.3f}]"
