"""YAML with positions: a light tree whose every key and value knows its line and column.

Values are read as YAML 1.2 core says. What YAML 1.1 would read otherwise (`no`, `12:30`, `1.10`, `017`, dates) is
reported rather than silently turned into something else, and so is everything that makes a file mean more than a reader
sees: duplicate keys, anchors, aliases, merge keys, tags, several documents, invisible characters. All problems are
collected; nothing is raised. Built from the parser's events: composed nodes no longer tell where an anchor was written.
"""

from __future__ import annotations

import gc
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from engine.rulebook.yamlscalar import plain_value
from engine.rulebook.yamltree import Document, Node, Place, YamlList, YamlMap, YamlScalar, plain

__all__ = ["MAX_DEPTH", "Document", "Node", "Place", "YamlList", "YamlMap", "YamlScalar", "plain", "read"]

# Deeper than any rule or policy needs; keeps the readers of the tree, which recurse, far from Python's limit.
MAX_DEPTH = 40


def read(source: Path | str, name: str | None = None) -> Document:
    """Read a file (a `Path`) or a text (a `str`); `name` is what problems call it. Never raises: see `problems`."""
    if isinstance(source, str):
        document = Document(name or "<text>", source)
        readable = True
    else:
        document, readable = _load(source, name or str(source))
    if readable and _characters_are_safe(document):
        with _no_gc():
            _build(document)
    document.problems.sort(key=lambda p: (p.line, p.col))
    return document


def _load(path: Path, name: str) -> tuple[Document, bool]:
    """Return the document of a file and whether its bytes could be read as UTF-8 (a byte order mark is dropped)."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        document = Document(name, "")
        document.report("T109", f"the file cannot be read: {error.strerror or error}", (1, 1))
        return document, False
    try:
        return Document(name, raw.decode("utf-8-sig")), True
    except UnicodeDecodeError as error:
        document = Document(name, raw.decode("utf-8", "replace"))
        place = document.place(len(raw[: error.start].decode("utf-8")))
        document.report("T109", "the file is not UTF-8", place, "save the file with the encoding UTF-8")
        return document, False


# -- invisible characters ------------------------------------------------------------------------------------------

_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _characters_are_safe(document: Document) -> bool:
    """Report invisible, bidirectional and control characters; return False when YAML cannot hold one of them."""
    safe = True
    text = document.text
    for match in _SUSPECT.finditer(text):
        char, at = match.group(), match.start()
        if char == "\u200d" and at and ord(text[at - 1]) > 0x2190:  # joins emoji: the reader sees its effect
            continue
        name = unicodedata.name(char, "CONTROL CHARACTER")
        escape = f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
        hint = f'delete it, or write it as "{escape}" in double quotes'
        document.report("T108", f"invisible character U+{ord(char):04X} ({name})", document.place(at), hint)
        safe = safe and unicodedata.category(char) not in ("Cc", "Cs")
    return safe


# -- building the tree -----------------------------------------------------------------------------------------------

_Loader: Any = getattr(yaml, "CLoader", yaml.Loader)


@contextmanager
def _no_gc() -> Iterator[None]:
    """Keep the cyclic collector out while a large tree grows: it would walk it again and again, freeing nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _build(document: Document) -> None:
    builder = _Builder(document)
    try:
        for event in yaml.parse(document.text, Loader=_Loader):
            if not builder.take(event):
                return
    except yaml.MarkedYAMLError as error:
        _report_syntax(document, error)
        return
    except yaml.YAMLError as error:
        document.report("T101", f"this is not YAML: {str(error).splitlines()[0]}", (1, 1))
        return
    document.root = builder.root


class _Builder:
    """Turns events into nodes. One entry of the stack is an open collection and, for mappings, the key that waits."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.root: Node | None = None
        self.documents = 0
        self.stack: list[list[Any]] = []  # [node, pending key or None]

    def take(self, event: Any) -> bool:
        """Take one event; False stops the reading (a second document, or nesting past the limit)."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            return self._open(event, YamlMap(event.start_mark.line + 1, event.start_mark.column + 1, {}, {}))
        elif kind is yaml.SequenceStartEvent:
            return self._open(event, YamlList(event.start_mark.line + 1, event.start_mark.column + 1, []))
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self.stack.pop()
        elif kind is yaml.AliasEvent:
            self._forbid(event, f"alias *{event.anchor}", "write the value out where it is needed")
            self._place(YamlScalar(event.start_mark.line + 1, event.start_mark.column + 1, None, False))
        elif kind is yaml.DocumentStartEvent:
            return self._document(event)
        return True

    def _document(self, event: Any) -> bool:
        self.documents += 1
        if self.documents == 2:
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            self.document.report("T105", "a second document starts here", place, "one file holds one document")
            return False
        return True

    def _forbid(self, event: Any, what: str, hint: str, code: str = "T103") -> None:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        self.document.report(code, f"{what} is not allowed here", place, hint)

    def _check_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._forbid(event, f"anchor &{event.anchor}", "write the value out where it is needed")
        if event.tag is not None:
            self._forbid(event, f"tag {event.tag}", "remove it; put quotes around a value that is text", "T104")

    def _open(self, event: Any, node: YamlMap | YamlList) -> bool:
        self._check_properties(event)
        self._place(node)
        self.stack.append([node, None])
        if len(self.stack) > MAX_DEPTH:
            self.document.report("T110", f"nested deeper than {MAX_DEPTH} levels", node)
            return False
        return True

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        if event.anchor is not None or event.tag is not None:
            self._check_properties(event)
        if event.style is not None and event.style != "":
            self._place(YamlScalar(mark.line + 1, mark.column + 1, event.value, True))
            return
        value, surprise = plain_value(event.value)
        if surprise is not None:
            self.document.report("T106", surprise[0], (mark.line + 1, mark.column + 1), surprise[1])
        self._place(YamlScalar(mark.line + 1, mark.column + 1, value, False))

    def _place(self, node: Node) -> None:
        """Put a node where it belongs: the root, the next item, the next key or the value of the waiting key."""
        if not self.stack:
            self.root = node
            return
        entry = self.stack[-1]
        parent = entry[0]
        if type(parent) is YamlList:
            parent.items.append(node)
        elif entry[1] is None:
            entry[1] = (self._key(parent, node), node[0], node[1])
        else:
            name, line, col = entry[1]
            entry[1] = None
            if name is not None:
                parent.entries[name] = node
                parent.keys[name] = (line, col)

    def _key(self, parent: YamlMap, node: Node) -> str | None:
        """Return the key's text, or None (reported) when it must not be used."""
        if not isinstance(node, YamlScalar) or not isinstance(node.value, str):
            self.document.report("T107", "a key must be text", node, "put quotes around the key")
            return None
        if node.value == "<<" and not node.quoted:
            self.document.report("T103", "merge key << is not allowed here", node, "write the keys out")
            return None
        if node.value in parent.keys:
            first = parent.keys[node.value][0]
            self.document.report("T102", f"duplicate key `{node.value}` (first on line {first})", node, "keep one")
            return None
        return node.value


_SYNTAX_HINTS = (
    ("cannot start any token", "indent with spaces, not tabs; quote a text that starts with @ ` or %"),
    ("mapping values are not allowed", "a text that holds `: ` needs quotes; else check the indentation"),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("expected <block end>", "this line is indented differently from those it belongs with"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("unknown escape character", "use single quotes for texts with backslashes, such as regexes"),
    ("unexpected end of stream", "a quote that opens here is never closed"),
)


def _report_syntax(document: Document, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "syntax error"
    message = f"this is not YAML: {problem}" + (f" ({error.context})" if error.context else "")
    hint = next((text for words, text in _SYNTAX_HINTS if words in problem), "")
    document.report("T101", message, place, hint)
