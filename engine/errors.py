"""Every error that Tamis raises on purpose.

    TamisError                 (text says what, where and what to do)
    ├── RulesError             rules that cannot be used            exit status 3
    ├── InputError             a file or stream that cannot be read exit status 4
    └── UsageError             options or a context that make no sense   exit status 2
"""

from __future__ import annotations


class TamisError(Exception):
    """Root of all errors that are explained to the user; `str(error)` is ready to print."""


class RulesError(TamisError):
    """The rules cannot be used. `problems` holds every `Problem` found, the text shows them all."""

    def __init__(self, message: str, problems: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class InputError(TamisError):
    """A file, record or stream cannot be read."""


class UsageError(TamisError):
    """The options or the context given do not fit together."""
