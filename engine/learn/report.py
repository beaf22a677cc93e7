"""An evaluation as one HTML page that needs nothing else: tables, plots, worst errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from engine.learn import plots
from engine.learn.tables import tables, title
from engine.screen import printable

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222;
       background: #fff }
h2 { margin-top: 2.5rem }
div { overflow-x: auto }
svg { max-width: 100%; height: auto }
table { border-collapse: collapse }
th, td { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e5e5e5;
         font-variant-numeric: tabular-nums }
small { color: #555 }
"""


def page(evaluation: dict[str, Any]) -> str:
    """Return the page."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Tamis: evaluation</title>",
            f"<style>{_STYLE}</style>",
            f"<h1>Evaluation</h1>\n<p>{escape(title(evaluation))}</p>",
            *_body(evaluation),
            "</html>\n",
        ]
    )


def _body(e: dict[str, Any]) -> Iterator[str]:
    yield _section("Macro-F1", plots.intervals(_groups(e)))
    yield _section("Calibration", plots.reliability(e["calibration"]))
    yield _section("What critical mail costs", plots.tradeoff(e["tradeoff"]), _CURVE)
    for name, columns, rows in tables(e):
        yield _section(name.capitalize(), _table(columns, rows))
    if e["worst"]:
        yield _section("Worst errors", _worst(e["worst"]), "Most sure first, at most one a message.")
    context = ", ".join(f"{name} {word}" for name, word in e["context"].items())
    yield f"<p><small>Context of all verdicts: {escape(context)}. Rules {escape(e['rules'])}. "
    yield f"Messages {escape(e['data']['digest'])}.</small></p>"


_CURVE = (
    "Blue: the same findings decided with other limits; red: the limits as they are. Point at a dot for its figures. "
    "Uncertain messages are delivered and flagged."
)


def _groups(e: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    groups = [(f"{by.replace('_', ' ')} {row['name']}", row) for by, rows in e["by"].items() for row in rows]
    changed = [(row["change"], row["macro_f1"]) for row in e["robustness"]]
    return [("all", e["macro_f1"]), *groups, *changed]


def _section(name: str, content: str, note: str = "") -> str:
    below = f"<p><small>{escape(note)}</small></p>" if note else ""
    return f"<h2>{escape(name)}</h2>\n<div>\n{content}\n</div>{below}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "\n".join(["<table>", f"<tr>{head}</tr>", *body, "</table>"])


def _worst(errors: Sequence[dict[str, Any]]) -> str:
    rows = []
    for error in errors:
        evidence = "; ".join(
            f"{found['label']} ({', '.join(found['by'])}): {' / '.join(found['words'])}" for found in error["evidence"]
        )
        sets = [", ".join(error["true"]), ", ".join(error["named"]) or "-"]
        named = [error["id"], error["error"], error["intent"], f"{error['sure']:.2f}", *sets, error["content"]]
        rows.append([*named, printable(evidence.replace("\n", " "))])
    columns = ("message", "error", "intent", "sure", "true", "named", "judged as", "evidence")
    return _table(columns, rows)
