"""Tamis: reads what marketplace sellers write to buyers and decides what may be delivered.

The public names are `Filter`, `Message`, `Decision` and the errors; each is imported when it is first used, so that
`import engine` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.decide.record import Decision as Decision
    from engine.errors import InputError as InputError
    from engine.errors import RulesError as RulesError
    from engine.errors import TamisError as TamisError
    from engine.errors import UsageError as UsageError
    from engine.filter import Filter as Filter
    from engine.message.parts import Message as Message

_HOMES = {
    "Filter": "engine.filter",
    "Message": "engine.message.parts",
    "Decision": "engine.decide.record",
    "TamisError": "engine.errors",
    "RulesError": "engine.errors",
    "InputError": "engine.errors",
    "UsageError": "engine.errors",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
