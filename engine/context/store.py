"""The store: one object that holds the database, the settings and the archive, and gives transactions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection, Engine

from engine.context.blobs import Blobs
from engine.context.database import connect, transaction
from engine.context.keys import Keys
from engine.context.settings import Settings, change_settings, read_settings
from engine.context.upgrade import bring_forward, require_current
from engine.errors import UsageError


class Store:
    """An open store. Threads may share it; a process that forks opens its own."""

    def __init__(self, engine: Engine, settings: Settings, keys: Keys) -> None:
        """Use `Store.open`."""
        self.engine = engine
        self.settings = settings
        self.keys = keys
        self._blobs: Blobs | None = None

    @classmethod
    def make(cls, url: str, settings: Mapping[str, Any] | None = None, *, keys: Keys | None = None) -> Store:
        """Make a store, or bring an older one forward; `settings` are changed. Raises StoreError or UsageError."""
        engine = connect(url)
        bring_forward(engine)
        with transaction(engine, writes=True) as connection:
            changed = change_settings(connection, settings or {})
        return cls(engine, changed, keys if keys is not None else Keys.from_environment())

    @classmethod
    def open(cls, url: str, *, keys: Keys | None = None) -> Store:
        """Open a store (`keys`: by default those that the environment names).

        Raises StoreError where there is none or it is of another version, UsageError for a URL or a key file that is
        wrong.
        """
        engine = connect(url)
        if engine.dialect.name == "sqlite":
            _require_file(engine)
        require_current(engine)
        with transaction(engine, writes=False) as connection:
            settings = read_settings(connection)
        return cls(engine, settings, keys if keys is not None else Keys.from_environment())

    def read(self) -> AbstractContextManager[Connection]:
        """Give a transaction that only reads."""
        return transaction(self.engine, writes=False)

    def write(self) -> AbstractContextManager[Connection]:
        """Give a transaction that writes: all of it is kept, or on an error nothing."""
        return transaction(self.engine, writes=True)

    def change_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings, for every process that opens the store after this. Raises UsageError."""
        with self.write() as connection:
            self.settings = change_settings(connection, values)
        self._blobs = None

    @property
    def blobs(self) -> Blobs:
        """The archive's files. Raises UsageError when no place is set for them."""
        if self._blobs is None:
            self._blobs = Blobs.at(self._archive_place(), self.keys.archive)
        return self._blobs

    def _archive_place(self) -> str:
        if self.settings.archive:
            return self.settings.archive
        file = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and file and file != ":memory:":
            return f"{file}.archive"
        raise UsageError("no place is set for the archive; set one with `tamis store set archive=FOLDER`")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _require_file(engine: Engine) -> None:
    file = engine.url.database
    if not file or file == ":memory:":
        raise UsageError("a store in memory is gone at once; name a file")
    if not Path(file).is_file():
        raise UsageError(f"there is no store at {file}; make one with `tamis store init`")
