"""Data against a pydantic model, with every complaint placed in the YAML it came from."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.decide.words import LABELS as INTENT_LABELS
from engine.rulebook.schema import Find, Pack, Rule, Scope, StopIf, Test, TestText
from engine.rulebook.yamlpos import Document, Node, YamlList, YamlMap, plain

Model = TypeVar("Model", bound=BaseModel)


def validated(document: Document, root: Node, model: type[Model]) -> tuple[Model | None, list[tuple[Any, ...]]]:
    """Return the model made of `root`, or None with the places of the complaints (each is reported)."""
    try:
        return model.model_validate(plain(root)), []
    except ValidationError as error:
        entries = error.errors(include_url=False)
        for entry in entries:
            _report(document, root, entry, model)
        return None, [entry["loc"] for entry in entries]


def _report(document: Document, root: Node, error: Any, model: type[BaseModel]) -> None:
    loc = tuple(
        part for part in error["loc"] if part not in ("str", "TestText", "[key]") and not str(part).startswith("dict[")
    )
    key = next((str(part) for part in reversed(loc) if isinstance(part, str)), "")
    kind = error["type"]
    place: Any = place_of(root, loc)
    if kind == "missing":
        document.report("T201", f"the key `{key}` is missing", place)
    elif kind == "extra_forbidden":
        document.report("T201", f"unknown key `{key}`", key_place(root, loc), did_you_mean(key, _keys_near(loc, model)))
    elif key == "intent" and kind == "literal_error":
        hint = did_you_mean(str(error["input"]), INTENT_LABELS) or f"known: {', '.join(INTENT_LABELS)}"
        document.report("T202", f"unknown intent `{error['input']}`", place, hint)
    elif kind == "literal_error":
        known = str(error["ctx"]["expected"]).replace("'", "`")
        hint = did_you_mean(str(error["input"]), known.replace("`", "").replace(" or ", ", ").split(", "))
        document.report("T201", f"`{key}` must be {known}, not `{error['input']}`", place, hint)
    else:
        message = str(error["msg"]).removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        document.report("T201", f"`{key}`: {message}" if loc and loc[-1] == key else message, place)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word most like `word`, or an empty string."""
    close = get_close_matches(word, list(known), 1)
    return f"did you mean `{close[0]}`?" if close else ""


def _keys_near(loc: tuple[Any, ...], model: type[BaseModel]) -> list[str]:
    """The keys allowed where `loc` ends."""
    if model is not Pack:
        return _keys(model)
    inner: type[BaseModel] = Rule
    if "find" in loc:
        inner = Find
    elif "tests" in loc:
        deeper = any(part in loc for part in ("hit", "miss", "todo-hit", "todo-miss"))
        inner = TestText if deeper and loc[-2] != "tests" and not isinstance(loc[-2], int) else Test
    elif "scope" in loc[:-1]:
        inner = Scope
    elif "stop_if" in loc[:-1]:
        inner = StopIf
    elif len(loc) == 1:
        inner = Pack
    return _keys(inner)


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def place_of(root: Node, loc: Iterable[Any]) -> Node | tuple[int, int]:
    """Return the deepest node of `root` on the way `loc`."""
    node = root
    for part in loc:
        if isinstance(node, YamlMap) and part in node.entries:
            node = node.entries[part]
        elif isinstance(node, YamlList) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
    return node


def key_place(root: Node, loc: tuple[Any, ...]) -> Node | tuple[int, int]:
    """Return where the key that ends `loc` is written."""
    parent = place_of(root, loc[:-1])
    if isinstance(parent, YamlMap) and loc[-1] in parent.keys:
        return parent.keys[loc[-1]]
    return parent


def cut_out(root: Node, loc: tuple[Any, ...]) -> None:
    """Delete what stands at `loc` (a key or an item of a list) from the tree; nothing where there is nothing."""
    node = root
    last: tuple[YamlMap | YamlList, Any] | None = None
    for part in loc:
        if isinstance(node, YamlMap) and part in node.entries:
            last, node = (node, part), node.entries[part]
        elif isinstance(node, YamlList) and isinstance(part, int) and part < len(node.items):
            last, node = (node, part), node.items[part]
    if last is None:
        return
    parent, part = last
    if isinstance(parent, YamlMap):
        parent.entries.pop(part, None)
        parent.keys.pop(part, None)
    elif isinstance(parent, YamlList):
        del parent.items[part]
