"""An evaluation as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console

from engine.screen import printable
from engine.screen import table as print_table

_VERDICTS = {
    "critical_stopped": "critical stopped",
    "mixed_info_stopped": "critical + information stopped",
    "mixed_solicit_stopped": "critical + solicitation stopped",
    "legal_notice_stopped": "legal notice stopped",
    "prohibited_delivered": "prohibited delivered",
    "prohibited_delivered_unflagged": "... without a flag",
    "uncertain": "uncertain",
}


def show(out: Console, evaluation: dict[str, Any]) -> None:
    """Print everything of an evaluation but the bins and the curve's points that only a plot makes readable."""
    e = evaluation
    out.print(title(e), markup=False)
    for name, columns, rows in tables(e):
        out.print(f"\n{name}", style="bold", markup=False)
        print_table(out, columns, rows)
    if e["worst"]:
        out.print("\nworst errors (most sure first)", style="bold", markup=False)
        print_table(out, ("message", "error", "intent", "sure", "true", "named", "evidence"), map(_worst, e["worst"]))


def title(evaluation: dict[str, Any]) -> str:
    """Return one line that says what was measured, on what."""
    data, model = evaluation["data"], evaluation["model"]
    name = f"model {model['version']}" if model else "without a model"
    return f"{data['messages']} messages of {data['source']} (fold: {data['fold']}), {name}; {cost(evaluation)}"


def cost(evaluation: dict[str, Any]) -> str:
    """Return what judging a message cost, and how many the encoder had to read."""
    times, read = evaluation["cost"], evaluation["cost"]["read_by_encoder"]
    text = f"{times['mean_ms']} ms a message (median {times['median_ms']}, 95th percentile {times['p95_ms']})"
    return f"{text}, {read['share']:.1%} read by the encoder" if read else text


def tables(evaluation: dict[str, Any]) -> Iterable[tuple[str, Sequence[str], list[list[str]]]]:
    """Yield title, column names and cells of every table; the screen, the page and the card show the same."""
    e = evaluation
    yield "macro-F1 [95 % interval]", ("messages", "of", "macro-F1"), list(_macro(e))
    yield "intents", ("intent", "precision", "recall", "F1", "true", "calibration error"), list(_intents(e))
    yield (
        "kinds",
        ("kind", "precision", "recall", "F1", "its intent found"),
        [
            [row["kind"], shown(row["precision"]), shown(row["recall"]), number(row["f1"]), shown(row["intent_found"])]
            for row in e["kinds"]
        ],
    )
    yield (
        "what becomes of messages (nobody asked, buyer opted out, order open)",
        ("share", *(row["profile"] for row in e["verdicts"])),
        [[text, *(counted(row[name]) for row in e["verdicts"])] for name, text in _VERDICTS.items()],
    )
    yield (
        "the same messages, changed",
        ("change", "macro-F1", "fall"),
        [[row["change"], interval(row["macro_f1"]), f"{row['fall']:+.3f}"] for row in e["robustness"]],
    )
    yield (
        "named besides (rows: true; on the diagonal: found)",
        ("", *(column.partition("_")[0] for column in e["confusion"]["columns"])),
        [[row["intent"], *map(str, row["counts"])] for row in e["confusion"]["rows"]],
    )


def _macro(e: dict[str, Any]) -> Iterable[list[str]]:
    yield [str(e["macro_f1"]["messages"]), "all", interval(e["macro_f1"])]
    for by, rows in e["by"].items():
        for row in rows:
            yield [str(row["messages"]), f"{by.replace('_', ' ')} {row['name']}", interval(row)]


def _intents(e: dict[str, Any]) -> Iterable[list[str]]:
    errors = {row["intent"]: row["ece"] for row in e["calibration"]["intents"]}
    for row in e["intents"]:
        counts = str(row["recall"]["total"])
        ece = number(errors[row["intent"]])
        yield [row["intent"], shown(row["precision"]), shown(row["recall"]), number(row["f1"]), counts, ece]
    yield ["all", "", "", "", "", number(e["calibration"]["ece"])]


def _worst(error: dict[str, Any]) -> list[str]:
    evidence = [f"{found['label']}: {' / '.join(found['words'])}" for found in error["evidence"]]
    words = printable("; ".join(evidence).replace("\n", " "))
    sets = [", ".join(error["true"]), ", ".join(error["named"]) or "-"]
    return [error["id"], error["error"], error["intent"], f"{error['sure']:.2f}", *sets, words]


# -- cells -------------------------------------------------------------------------------------------------------------


def number(value: float | None) -> str:
    """Return a figure with three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def interval(row: dict[str, Any]) -> str:
    """Return a figure with its interval."""
    return f"{number(row['value'])} [{number(row['low'])}, {number(row['high'])}]"


def shown(share: dict[str, Any]) -> str:
    """Return a share with its interval."""
    return f"{number(share['share'])} [{number(share['low'])}, {number(share['high'])}]"


def counted(share: dict[str, Any]) -> str:
    """Return a share in percent with its interval and counts."""
    if share["share"] is None:
        return "-"
    limits = f"[{share['low']:.1%}, {share['high']:.1%}]"
    return f"{share['share']:.1%} {limits} {share['right']} of {share['total']}"
