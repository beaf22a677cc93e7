"""What an unquoted YAML value means: YAML 1.2 core, and a warning where YAML 1.1 would read something else."""

from __future__ import annotations

import re
from typing import TypeAlias

Value: TypeAlias = bool | int | float | str | None
Surprise: TypeAlias = tuple[str, str]  # message, hint

_CORE: dict[str, Value] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), "-.inf": float("-inf"), "+.inf": float("inf"), ".nan": float("nan"),
}  # fmt: skip
_BOOLEANS_OF_1_1 = frozenset(
    form for word in ("yes", "no", "on", "off", "y", "n") for form in (word, word.capitalize(), word.upper())
)
_NUMBER_START = frozenset("0123456789+-.")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL, _HEX = re.compile(r"0o[0-7]+\Z"), re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")

# (pattern, what YAML readers make of it); the first that matches is reported.
_SURPRISES = (
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z"), "a number of sixties (12:30 is 750)"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?\Z"), "a date, not text"),
    (re.compile(r"[-+]?0[0-9_]+\Z|0o[0-7]+\Z"), "an octal number, or a number that loses its zero"),
    (re.compile(r"[-+]?0b[01_]+\Z"), "a binary number"),
    (re.compile(r"[-+]?[0-9][0-9,]*_[0-9_,.]*\Z"), "a number without its underscore"),
    (re.compile(r"[-+]?[0-9]*\.[0-9]+0\Z"), "a number that loses its last zero"),
    (re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"), "a number with an exponent"),
)
_HINT = 'put quotes around it if it is text: "{}"; else write the number plainly'


def plain_value(text: str) -> tuple[Value, Surprise | None]:
    """Return the value of an unquoted scalar, and (message, hint) when YAML readers disagree or it loses digits."""
    if text in _CORE:
        return _CORE[text], None
    if text[0] in _NUMBER_START:
        return _number(text), _surprise(text)
    if text in _BOOLEANS_OF_1_1:
        message = f"`{text}` without quotes is read as true or false by many YAML readers"
        return text, (message, f'write "{text}" in quotes for the word, true or false for the choice')
    return text, None


def _number(text: str) -> Value:
    if _INT.match(text):
        # Python refuses to convert more than 4,300 digits; such a thing is no number that anybody counts with.
        return int(text) if len(text) < 1000 else text
    if _FLOAT.match(text):
        return float(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    return int(text[2:], 16) if _HEX.match(text) else text


def _surprise(text: str) -> Surprise | None:
    for pattern, meaning in _SURPRISES:
        if pattern.match(text):
            return f"`{text}` without quotes can be read as {meaning}", _HINT.format(text)
    return None
