"""What the commands print on a terminal. Colours go off when the output is piped."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.decide.record import Decision

_PAGE = 200  # rows of one table: output of any size streams
_COLOURS = {"allow": "green", "bounce": "red", "block": "red", "defer": "yellow", "not_judged": "dim"}
_WIDTH_PIPED = 120
_LONGEST_QUOTE = 60  # characters


def console() -> Console:
    """Return the console for standard output."""
    out = Console(highlight=False, soft_wrap=False)
    return out if out.is_terminal else Console(highlight=False, width=_WIDTH_PIPED, no_color=True)


@dataclass(slots=True)
class DecisionTable:
    """Prints decisions as tables of `_PAGE` rows, then a line of counts."""

    out: Console
    rows: list[tuple[str | Text, ...]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, decision: Decision) -> None:
        """Take one decision."""
        self.counts[decision.verdict] += 1
        flags = f" [{', '.join(decision.flags)}]" if decision.flags else ""
        self._row(
            Text(decision.verdict, style=_COLOURS.get(decision.verdict, "")),
            Text(printable(name)),
            decision.language.code,
            Text(f"{decision.reason} ({decision.row}){flags}"),
            _evidence(decision),
        )

    def add_error(self, name: str, error: str) -> None:
        """Take a message that could not be judged."""
        self.counts["unreadable"] += 1
        self._row(Text("error", style="bold red"), Text(printable(name)), "", Text("not read"), Text(printable(error)))

    def finish(self) -> None:
        """Print what is left and the counts."""
        self._print()
        if self.counts:
            self.out.print(", ".join(f"{count} {word}" for word, count in sorted(self.counts.items())), markup=False)

    def _row(self, *cells: str | Text) -> None:
        self.rows.append(cells)
        if len(self.rows) >= _PAGE:
            self._print()

    def _print(self) -> None:
        if not self.rows:
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("verdict", no_wrap=True)
        table.add_column("message", overflow="fold", ratio=3)
        table.add_column("lang", no_wrap=True)
        table.add_column("reason (row) [flags]", overflow="fold", ratio=3)
        table.add_column("what was found, by which rule, in which words", overflow="fold", ratio=6)
        for row in self.rows:
            table.add_row(*row)
        self.out.print(table)
        self.rows.clear()


def _evidence(decision: Decision) -> Text:
    lines = []
    for result in decision.to_json()["intents"]:
        label = result["intent"] + (f".{result['kind']}" if result["kind"] else "")
        words = dict.fromkeys(_short(span["text"]) for span in result["evidence"][:3])
        doubt = " (possible)" if result["state"] == "possible" else ""
        by = ", ".join(name.removeprefix("rule:") for name in result["by"][:2]) + (
            " ..." if len(result["by"]) > 2 else ""
        )
        lines.append(f"{label}{doubt}: {' '.join(words)} {by}".strip())
    return Text("\n".join(lines))


def _short(text: str) -> str:
    plain = printable(" ".join(text.split()))
    return f"«{plain if len(plain) <= _LONGEST_QUOTE else plain[: _LONGEST_QUOTE - 1] + '…'}»"


def printable(text: str) -> str:
    """Return `text` without what could paint the terminal: control, direction and invisible characters become U+FFFD."""
    return "".join(char if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co") else "\ufffd" for char in text)


def table(out: Console, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print rows under column names."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    out.print(grid)
