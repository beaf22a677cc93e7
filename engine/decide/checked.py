"""Small readers for the YAML files of this room: each returns what it can and reports what is wrong where it stands."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from engine.rulebook.yamlpos import Document, Node, YamlList, YamlMap, YamlScalar


def did_you_mean(word: str, allowed: Collection[str]) -> str:
    """Return "did you mean `x`? allowed: ..." for a word that is not among `allowed`."""
    close = get_close_matches(word, list(allowed), n=1)
    return (f"did you mean `{close[0]}`? " if close else "") + "allowed: " + ", ".join(allowed)


def mapping(document: Document, node: Node | None, what: str, code: str) -> YamlMap | None:
    """Return the node as a mapping, or None (reported)."""
    if isinstance(node, YamlMap):
        return node
    document.report(code, f"{what} must be a mapping (`key: value`)", node or (1, 1))
    return None


def known_keys(document: Document, node: YamlMap, allowed: Collection[str], where: str, code: str) -> None:
    """Report every key of the mapping that is not allowed."""
    for key in node.keys.keys() - set(allowed):
        document.report(code, f"unknown key `{key}` in {where}", node.keys[key], did_you_mean(key, allowed))


def text(document: Document, node: Node | None, what: str, code: str) -> str | None:
    """Return the node's text, or None (reported)."""
    if isinstance(node, YamlScalar) and isinstance(node.value, str) and node.value.strip():
        return node.value
    if node is not None:
        document.report(code, f"{what} must be a text", node, "put quotes around a value that is text")
    return None


def word(document: Document, node: Node | None, allowed: Collection[str], what: str, code: str) -> str | None:
    """Return the node's text when it is an allowed word, or None (reported)."""
    value = text(document, node, what, code)
    if value is not None and value not in allowed and node is not None:
        document.report(code, f"`{value}` is no word for {what}", node, did_you_mean(value, allowed))
        return None
    return value


def items(node: Node | None) -> list[Node]:
    """Return the items of a list, or the single node as a list of one."""
    if node is None:
        return []
    return node.items if isinstance(node, YamlList) else [node]


def number(document: Document, node: Node | None, what: str, code: str) -> float | None:
    """Return the node's number, or None (reported)."""
    if isinstance(node, YamlScalar) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if node is not None:
        document.report(code, f"{what} must be a number", node)
    return None
