"""The tree that YAML is read into: every key and value knows its line and column, and a document collects problems."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, NamedTuple, TypeAlias

from engine.rulebook.problem import Problem, Severity
from engine.rulebook.yamlscalar import Value

_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class YamlScalar(NamedTuple):
    """A single value; `quoted` is true for any style but plain."""

    line: int
    col: int
    value: Value
    quoted: bool


class YamlList(NamedTuple):
    """A sequence of nodes."""

    line: int
    col: int
    items: list[Node]


class YamlMap(NamedTuple):
    """A mapping: values by key, and where each key stands (line, column)."""

    line: int
    col: int
    entries: dict[str, Node]
    keys: dict[str, tuple[int, int]]


Node: TypeAlias = YamlScalar | YamlList | YamlMap
Place: TypeAlias = YamlScalar | YamlList | YamlMap | tuple[int, int]


def plain(node: Node | None) -> Any:
    """Return the node as ordinary dicts, lists and values, without positions."""
    if isinstance(node, YamlMap):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, YamlList):
        return [plain(item) for item in node.items]
    return node.value if node is not None else None


class Document:
    """A file that was read: its `name`, its `root` (None when empty or broken) and the `problems` found so far."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.text = text
        self._starts: list[int] | None = None

    def report(self, code: str, message: str, at: Place, hint: str = "", severity: Severity = "error") -> None:
        """Add a problem at a node or a (line, column), with its source line."""
        line, col = at[0], at[1]
        self.problems.append(Problem(code, severity, self.name, line, col, message, hint, self.line(line)))

    def line(self, number: int) -> str:
        """Return source line `number` (from 1) without its end, or an empty string."""
        starts = self._line_starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return _BREAKS.sub("", self.text[starts[number - 1] : end])

    def place(self, offset: int) -> tuple[int, int]:
        """Return the (line, column) of a character offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = [0, *(m.end() for m in _BREAKS.finditer(self.text))]
        return self._starts
