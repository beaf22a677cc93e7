"""From a find to its RE2 pattern, and what RE2 refuses, said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import re2

from engine.find.literals import options
from engine.rulebook.phrases import Literals, PhraseError, compile_phrases, needs

if TYPE_CHECKING:
    from engine.rulebook.schema import Find

_REFUSED = (
    (re.compile(r"\(\?<?[=!]"), "look-around (`{}`)"),
    (re.compile(r"\(\?>"), "an atomic group (`{}`)"),
    (re.compile(r"\\[1-9]|\(\?P="), "a back-reference (`{}`)"),
    (re.compile(r"[*+?}]\+"), "a possessive quantifier (`{}`)"),
    (re.compile(r"\(\?\("), "a condition (`{}`)"),
    (re.compile(r"\(\?#"), "a comment (`{}`)"),
    (re.compile(r"\\[GKRXZ]"), "the escape `{}`"),
)


def pattern_of(find: Find, lists: dict[str, tuple[str, ...]]) -> str | None:
    """Return the pattern of a find that is no fact, or None when it cannot be compiled."""
    try:
        if find.phrases is not None:
            return compile_phrases(find.phrases)
        if find.list_ is not None:
            return compile_phrases(list(lists[find.list_])) if lists.get(find.list_) else None
    except PhraseError:
        return None
    return f"(?m){find.regex}" if find.regex is not None and refusal(find.regex) is None else None


def phrase_errors(phrases: list[str]) -> Iterator[tuple[int, PhraseError]]:
    """Yield the index and the error of each phrase that cannot be read."""
    for index, phrase in enumerate(phrases):
        try:
            compile_phrases([phrase])
        except PhraseError as error:
            yield index, error


def refusal(regex: str) -> tuple[str, int] | None:
    """Return why RE2 refuses `regex` and at which character (from 0), or None when it takes it."""
    chosen = re2.Options()
    chosen.log_errors = False
    try:
        re2.compile(regex, chosen)
    except re2.error as error:
        for pattern, words in _REFUSED:
            match = pattern.search(regex)
            if match:
                return f"RE2 has no {words.format(match.group()).removeprefix('the ')}", match.start()
        reason = error.args[0] if error.args else error
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        return f"RE2 refuses the regex: {text}", 0
    return None


def matches_nothing(pattern: str) -> bool:
    """Return whether `pattern` matches the empty string."""
    return bool(re2.compile(f"(?:{pattern})").fullmatch(""))


def has_literal(find: Find, lists: dict[str, tuple[str, ...]]) -> bool:
    """Return whether a filter can tell from the letters of a text that this find cannot match."""
    if find.regex is None:
        return all(phrase for phrase in needs_of(find, lists))
    literals = re2.Filter()
    literals.Add(find.regex.encode(), options())
    literals.Compile()
    return literals.Match(b"\x01", True) is None


def needs_of(find: Find, lists: dict[str, tuple[str, ...]]) -> tuple[tuple[Literals, ...], ...]:
    """Return, for each phrase of a find, what a text must hold (see `phrases.needs`); nothing for a regex."""
    phrases = find.phrases if find.phrases is not None else list(lists.get(find.list_ or "", ()))
    return tuple(needs(phrase) for phrase in phrases)
