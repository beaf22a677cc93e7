"""What the filter must know of a recipient, beside any MTA: who opted out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from engine.context.addresses import known_form, split_token
from engine.errors import UsageError
from engine.relay.journal import note


def alias_of(address: str) -> str:
    """Return the form in which an alias is compared: canonical, without a thread token; odd ones in lower case."""
    known = known_form(address)
    return split_token(known)[0] if known is not None else address.strip().lower()


class Contexts(Protocol):
    """Where the words of a recipient come from."""

    def words(self, alias: str, message_ids: Sequence[str]) -> dict[str, str]:
        """Return the words of the verdict table that are known of an alias (`alias_of`).

        `message_ids` are those that the message says it answers. Raises what kept them from being looked up.
        """


class OptOuts:
    """A file of aliases, one a line (`#` begins a comment). Read again whenever it changes; a bad file changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._look()
        self._aliases = self._read()

    def holds(self, alias: str) -> bool:
        """Return whether the buyer of an alias has opted out."""
        self._refresh()
        return alias in self._aliases

    def _refresh(self) -> None:
        stamp: object = None
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return
            self._aliases = self._read()
        except UsageError as error:
            if stamp != self._stamp:
                note("opt_outs_kept", problem=str(error), aliases=len(self._aliases))
        self._stamp = stamp

    def _look(self) -> object:
        try:
            found = self._path.stat()
        except OSError as error:
            raise UsageError(f"{self._path}: the list of opt-outs cannot be read: {error.strerror}") from error
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> frozenset[str]:
        try:
            lines = self._path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise UsageError(f"{self._path}: the list of opt-outs cannot be read: {reason}") from error
        found = set()
        for number, line in enumerate(lines, 1):
            entry = line.partition("#")[0].strip()
            if entry and known_form(entry) is None:
                raise UsageError(f"{self._path}:{number}:1: this is no mail address; write one alias a line")
            if entry:
                found.add(alias_of(entry))
        return frozenset(found)


class FilterContexts:
    """The contexts of `mode: filter`: a list of opt-outs, if there is one. Who has written first is not known yet."""

    def __init__(self, opt_outs: OptOuts | None) -> None:
        self._opt_outs = opt_outs

    def words(self, alias: str, message_ids: Sequence[str]) -> dict[str, str]:
        words = {"recipient": "own_alias"}
        if self._opt_outs is not None:
            words["buyer_opted_out"] = "yes" if self._opt_outs.holds(alias) else "no"
        return words
