"""A problem found in a file that analysts write: what is wrong, exactly where, and what to do about it."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]

# A line longer than this is shown as a window around the column, so that one 10 MB line does not fill a terminal.
_SHOWN_BEFORE, _SHOWN_AFTER = 100, 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `line` and `col` count from 1 (characters); `hint` and `source_line` may be empty."""

    code: str
    severity: Severity
    file: str
    line: int
    col: int
    message: str
    hint: str = ""
    source_line: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column: the key to sort problems by."""
        return self.file, self.line, self.col

    def to_json(self) -> dict[str, str | int]:
        """Return the problem as JSON values."""
        return asdict(self)

    def render(self) -> str:
        """Return `file:line:col: error T101: message`, then the line with a caret, then the hint (each if known)."""
        parts = [f"{self.file}:{self.line}:{self.col}: {self.severity} {self.code}: {self.message}"]
        if self.source_line.strip():
            parts += _with_caret(self.source_line, self.col)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


def _with_caret(line: str, col: int) -> list[str]:
    """Return the source line (a window of it when long, unprintable characters escaped) and the caret below it."""
    start = max(0, col - 1 - _SHOWN_BEFORE)
    before, after = line[start : col - 1], line[col - 1 : col - 1 + _SHOWN_AFTER]
    head = ("... " if start else "") + _shown(before)
    tail = _shown(after) + (" ..." if len(line) > col - 1 + _SHOWN_AFTER else "")
    return [f"    {head}{tail}", f"    {' ' * _width(head)}^"]


def _shown(text: str) -> str:
    return "".join(c if c == " " or c.isprintable() else " " if c == "\t" else f"\\u{ord(c):04x}" for c in text)


def _width(text: str) -> int:
    """Return how many terminal cells `text` takes: wide letters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
