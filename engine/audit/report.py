"""A summary of an audit for people: one page that needs nothing else, or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.audit.diffpage import cell, table

_TEMPLATE = Path(__file__).with_name("report.html")
_SHOWN = 20


def page(summary: dict[str, Any]) -> str:
    """Return the HTML page. The summary stands in it as JSON and is shown as text only, so no message can act there."""
    data = json.dumps(summary, ensure_ascii=False, separators=(",", ":"))
    # "<" may not stand in a script element's data: "</script" would end it and "<!--" change how it is read.
    return _TEMPLATE.read_text("utf-8").replace("@DATA@", data.replace("<", "\\u003c"), 1)


def markdown(summary: dict[str, Any]) -> str:
    """Return the summary's tables as Markdown."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    manifest, totals = summary["manifest"], summary["totals"]
    settings = manifest["settings"]
    yield f"## Audit of {manifest['corpus']['messages']:,} messages\n"
    first, last = summary["period"]
    yield f"{first or '?'} to {last or '?'}; profile {cell(settings['profile']['name'])}, rules as of {settings['today']} "
    yield f"(`{settings['rules'][:19]}`), model {settings['model'] or 'none'}, Tamis {settings['program']}.\n"
    yield _assumed(summary["assumed"])
    for name in ("verdict", "reason", "intent", "language", "time"):
        yield f"### By {name}\n"
        yield from _counts(name, totals[name].items())
    yield "### Flags\n"
    yield from _counts("flag", summary["flags"].items())
    yield "### Rules\n"
    rules = [
        (f"`{cell(r['by'])}`", cell(r["label"]), f"{r['messages']:,}", f"{r['stopped']:,}") for r in summary["rules"]
    ]
    yield from table(("rule", "finds", "messages", "stopped"), rules[:_SHOWN])
    yield "### Sellers with the most stopped messages\n"
    sellers = [(cell(s["seller"]), f"{s['messages']:,}", f"{s['stopped']:,}") for s in summary["sellers"]]
    yield from table(("seller", "messages", "stopped"), sellers)
    yield "### Steepest changes of the share that is stopped, first half of the time to second\n"
    changes = [(cell(c["seller"]), f"{c['before']:.1%}", f"{c['after']:.1%}") for c in summary["changes"]]
    yield from table(("seller", "before", "after"), changes)


def _assumed(assumed: dict[str, int]) -> str:
    if not assumed:
        return "No verdict rests on anything that had to be assumed.\n"
    named = ", ".join(f"{name} {count:,}" for name, count in assumed.items() if name != "any")
    return f"{assumed['any']:,} verdicts rest on something that had to be assumed ({named}).\n"


def _counts(name: str, counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    rows: list[Sequence[str]] = [(cell(word) or "(none)", f"{count:,}") for word, count in counts]
    yield from table((name, "messages"), rows)
