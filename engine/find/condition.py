"""Conditions of rules (`when`): whether one holds, what made it hold, and what it needs before it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from engine.rulebook.plan import When


def holds(when: When, present: Callable[[str], bool]) -> bool:
    """Return whether `when` holds, given which finds are present (several keys at one level mean "and")."""
    if isinstance(when, str):
        return present(when)
    return (
        all(holds(item, present) for item in when.get("all", ()))
        and ("any" not in when or any(holds(item, present) for item in when["any"]))
        and not any(holds(item, present) for item in when.get("none", ()))
    )


def contributing(when: When, present: Callable[[str], bool]) -> Iterator[str]:
    """Yield the finds that made `when` hold."""
    if isinstance(when, str):
        if present(when):
            yield when
        return
    for key in ("all", "any"):
        for item in when.get(key, ()):
            if holds(item, present):
                yield from contributing(item, present)


class Needs(NamedTuple):
    """What must be so before a `when` can hold: facts that hold, facts that do not, and sets of finds of each of which
    one must be there (not all that follows from the condition, only the plain things)."""

    facts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    finds: tuple[tuple[str, ...], ...] = ()


def needs_of(when: When, facts: Iterable[str]) -> Needs:
    """Return what `when` plainly needs; `facts` are the names of the finds that are facts."""
    if isinstance(when, str):
        return Needs((when,)) if when in facts else Needs(finds=((when,),))
    parts = [needs_of(item, facts) for item in when.get("all", ())]
    choices = [needs_of(item, facts).finds for item in when.get("any", ())]
    if choices and all(choices):
        parts.append(Needs(finds=(tuple(dict.fromkeys(name for sets in choices for name in sets[0])),)))
    refused = tuple(item for item in when.get("none", ()) if isinstance(item, str) and item in facts)
    return Needs(
        tuple(name for part in parts for name in part.facts),
        (*refused, *(name for part in parts for name in part.refused)),
        tuple(names for part in parts for names in part.finds),
    )


def asked(when: When) -> Iterator[str]:
    """The finds that `when` cannot do without, in the order of the text."""
    if isinstance(when, str):
        yield when
    else:
        for item in when.get("all", ()):
            yield from asked(item)
