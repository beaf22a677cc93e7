"""Reads `intents.yaml` and checks it. Problem codes: T421 shape or unknown key, T422 missing, T423 out of range."""

from __future__ import annotations

from pathlib import Path

from engine.decide.checked import items, known_keys, mapping, number
from engine.decide.weights import IntentWeights, Strengths, Weights
from engine.decide.words import INTENTS
from engine.rulebook.problem import Problem
from engine.rulebook.yamlpos import Document, Node, YamlMap, read

_STRENGTHS = ("strong", "weak", "against")
_BESIDE = ("certain", *_STRENGTHS)
_NUMBERS = ("prior", "threshold", "threshold_beside_critical")
_KEYS = ("weights", "beside_model", *_NUMBERS, "band")


def load_weights(path: Path) -> tuple[Weights | None, list[Problem]]:
    """Return the numbers of all intents, or None with at least one problem."""
    document = read(path)
    found: dict[str, IntentWeights] = {}
    root = mapping(document, document.root, "the file", "T421") if document.root or not document.problems else None
    if root is not None:
        known_keys(document, root, INTENTS, "the file", "T421")
        for intent, node in root.entries.items():
            numbers = _intent(document, node, intent) if intent in INTENTS else None
            if numbers is not None:
                found[intent] = numbers
        missing = [intent for intent in INTENTS if intent not in root.keys]
        if missing:
            document.report("T422", f"numbers are missing for {', '.join(missing)}", root)
    problems = sorted(document.problems, key=lambda p: p.place)
    return (None if problems else Weights(found)), problems


def _intent(document: Document, node: Node, intent: str) -> IntentWeights | None:
    table = mapping(document, node, f"`{intent}`", "T421")
    if table is None:
        return None
    known_keys(document, table, _KEYS, f"`{intent}`", "T421")
    alone = _numbers(document, table.entries.get("weights"), _STRENGTHS, "`weights`")
    beside = _numbers(document, table.entries.get("beside_model"), _BESIDE, "`beside_model`")
    numbers = {name: number(document, table.entries.get(name), f"`{name}`", "T421") for name in _NUMBERS}
    band = [number(document, item, "an end of `band`", "T421") for item in items(table.entries.get("band"))]
    if "threshold_beside_critical" not in table.keys:
        numbers["threshold_beside_critical"] = numbers["threshold"]
    missing = [key for key in ("weights", "beside_model", "prior", "threshold", "band") if key not in table.keys]
    if missing:
        document.report("T422", f"`{intent}` lacks {', '.join(missing)}", table)
    if len(band) != 2 and "band" in table.keys:
        document.report("T421", "`band` must be two scores, [low, high]", table.entries["band"])
    plain = {name: value for name, value in numbers.items() if value is not None}
    ends = [end for end in band if end is not None]
    strengths = [_strengths(alone), _strengths(beside)]
    if missing or len(plain) != len(numbers) or len(ends) != 2 or None in strengths:
        return None
    first, second = (found for found in strengths if found is not None)
    result = IntentWeights(first, second, **plain, band=(ends[0], ends[1]))
    return result if _in_range(document, result, table) else None


def _strengths(numbers: dict[str, float | None]) -> Strengths | None:
    plain = {name: value for name, value in numbers.items() if value is not None}
    return Strengths(**plain) if len(plain) == len(numbers) else None


def _numbers(document: Document, node: Node | None, names: tuple[str, ...], what: str) -> dict[str, float | None]:
    table = mapping(document, node, what, "T421") if node is not None else None
    if table is None:
        return dict.fromkeys(names)
    known_keys(document, table, names, what, "T421")
    missing = [name for name in names if name not in table.keys]
    if missing:
        document.report("T422", f"{what} lacks {', '.join(missing)}", table)
    return {name: number(document, table.entries.get(name), f"`{name}`", "T421") for name in names}


def _in_range(document: Document, numbers: IntentWeights, table: YamlMap) -> bool:
    """Report numbers that cannot mean what they say."""
    low, high = numbers.band
    wrong = [
        ("weights", not _orderly(numbers.weights), "strong and weak add, against takes"),
        ("beside_model", not _orderly(numbers.beside_model), "certain, strong and weak add, against takes"),
        ("threshold", not 0 < numbers.threshold < 1, "a score lies between 0 and 1"),
        ("threshold_beside_critical", not numbers.threshold <= numbers.threshold_beside_critical < 1,
         "beside a critical request an intent must be at least as sure as alone"),
        ("band", not 0 <= low < numbers.threshold, "the band begins below the threshold"),
        ("band", high < numbers.threshold_beside_critical,
         "the band reaches up to the highest threshold, else a score between the two would be no state at all"),
    ]  # fmt: skip
    for key, is_wrong, why in wrong:
        if is_wrong:
            document.report("T423", f"`{key}` does not fit: {why}", table.keys.get(key, (table.line, table.col)))
    return not any(is_wrong for _, is_wrong, _ in wrong)


def _orderly(strengths: Strengths) -> bool:
    most = strengths.strong if strengths.certain is None else strengths.certain
    return most >= strengths.strong >= strengths.weak >= 0 >= strengths.against and strengths.strong > strengths.against
