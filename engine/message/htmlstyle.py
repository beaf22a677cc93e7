"""What inline styles and attributes do to the text below them: hide it, keep its line ends, make it a block."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Bits of the state that elements hand down to what they hold. Any of the first four hides text.
GONE, INVISIBLE, TINY, WHITE, PRE, SHADED = 1, 2, 4, 8, 16, 32
"""SHADED: something lies behind the text, so that white is no hidden colour."""

_NUMBER = re.compile(r"-?\d*\.?\d+")
_WHITES = frozenset({"#fff", "#ffffff", "white", "rgb(255,255,255)", "rgba(255,255,255,1)", "transparent"})
_NO_COLOUR = frozenset({"", "transparent", "none", "inherit", "initial", "unset"})


class Effect(NamedTuple):
    """Bits that a style clears and sets, and whether it makes a block (True), an inline (False) or neither (None)."""

    clears: int = 0
    sets: int = 0
    block: bool | None = None


def effect(style: str) -> Effect:
    """Return what an inline style does. A font size of zero hides nothing: layouts put it on their outer cells."""
    return _cached(style) if len(style) <= 500 else _effect(style)


def colours(color: str | None, background: str | None) -> Effect:
    """Return the effect of the old attributes `color` and `bgcolor` (or `background`)."""
    clears, sets = _colour(color) if color else (0, 0)
    more_clears, more_sets = _background(background) if background else (0, 0)
    return Effect(clears | more_clears, sets | more_sets)


def _declarations(style: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for declaration in style.lower().split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip(), value.strip()
        if colon and "!important" not in found.get(name, ""):
            found[name] = value
    return {name: value.replace("!important", "").strip() for name, value in found.items()}


def _effect(style: str) -> Effect:
    rules = _declarations(style)
    clears = sets = 0
    for bits in (_hidden(rules), _size(rules), _colour(rules.get("color", ""))):
        clears, sets = clears | bits[0], sets | bits[1]
    background = f"{rules.get('background', '')} {rules.get('background-color', '')}".strip()
    if background or "background-image" in rules:
        bits = _background(background or "image")
        clears, sets = clears | bits[0], sets | bits[1]
    space = rules.get("white-space")
    if space:
        clears, sets = clears | PRE, sets | (PRE if space.startswith(("pre", "break-spaces")) else 0)
    display = rules.get("display", "")
    block = None
    if display:
        block = not (display.startswith("inline") or display == "contents")
    return Effect(clears, sets, block)


_cached = lru_cache(maxsize=1024)(_effect)


def _hidden(rules: dict[str, str]) -> tuple[int, int]:
    gone = rules.get("display") == "none" or rules.get("mso-hide") == "all"
    gone = gone or _number(rules.get("opacity")) == 0
    if rules.get("overflow") == "hidden":
        gone = gone or _number(rules.get("max-height")) == 0 or _number(rules.get("height")) == 0
    indent = _number(rules.get("text-indent"))
    gone = gone or (indent is not None and indent <= -100)
    visible = rules.get("visibility")
    clears = INVISIBLE if visible else 0
    return clears, (GONE if gone else 0) | (INVISIBLE if visible in ("hidden", "collapse") else 0)


def _size(rules: dict[str, str]) -> tuple[int, int]:
    size = rules.get("font-size")
    if size is None:
        return (TINY, 0) if "font" in rules else (0, 0)
    number = _number(size)
    tiny = number is not None and 0 < number <= 1 and size.endswith(("px", "pt"))
    return TINY, TINY if tiny else 0


def _colour(value: str) -> tuple[int, int]:
    value = value.lower().replace(" ", "")
    if value in ("", "inherit"):
        return 0, 0
    return WHITE, WHITE if value in _WHITES else 0


def _background(value: str) -> tuple[int, int]:
    value = value.lower().strip()
    if value in _NO_COLOUR:
        return 0, 0
    return SHADED, 0 if value.replace(" ", "") in _WHITES else SHADED


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value) if value else None
    return float(found[0]) if found else None
