"""Connections to the two databases: what each needs so that both behave alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from engine.errors import TamisError, UsageError

SQLITE_WAIT_S = 30
"""How long a writer waits for another process before it gives up."""


class StoreError(TamisError):
    """The store cannot be used now: not there, locked, full, or of another version. Mail must wait, not be lost."""


def connect(url: str) -> Engine:
    """Return an engine for `url` (`sqlite:///file`, `postgresql://...`, or the name of a SQLite file).

    Nothing is opened yet. Raises UsageError for any other database or a missing driver.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": SQLITE_WAIT_S},
            # Threads of one process take turns: SQLite lets writers wait by trying again and again, in no order.
            execution_options={"turn": Lock()},
            hide_parameters=True,
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise UsageError("PostgreSQL needs a driver; install it with: pip install 'tamis[postgres]'") from error


def _parsed(url: str) -> URL:
    if "://" not in url and not url.startswith("sqlite:"):
        return URL.create("sqlite", database=url)
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(f"the store's URL cannot be read; {_ALLOWED}") from error
    if backend not in ("sqlite", "postgresql"):
        raise UsageError(f"a store cannot be kept in {backend}; {_ALLOWED}")
    return parsed


_ALLOWED = "it is a file name, sqlite:///file or postgresql://user@host/database"


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and writes later may find the lock taken, and never get it.
    options = connection.get_execution_options()
    writes = options.get("writes", False)
    # Said to the driver itself: it is said before every look-up.
    driver = connection.connection.driver_connection
    assert driver is not None
    if options.get("rebuilds", False):
        driver.execute("PRAGMA foreign_keys = OFF").close()  # heard outside a transaction only
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN").close()


@contextmanager
def transaction(engine: Engine, *, writes: bool, rebuilds: bool = False) -> Iterator[Connection]:
    """Give a connection inside a transaction: committed at the end, rolled back on any error.

    `rebuilds`: tables are dropped and made again (SQLite changes a table so), so foreign keys are not looked at until the
    engine is disposed of; the caller looks at them before the end.

    Raises StoreError where the database is away, locked or full, and never says what was being written.
    """
    turn = engine.get_execution_options().get("turn") if writes else None
    try:
        with (
            turn or nullcontext(),
            engine.connect().execution_options(writes=writes, rebuilds=rebuilds) as connection,
            connection.begin(),
        ):
            yield connection
    except DBAPIError as error:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError | sa.exc.DataError):
            raise
        raise _unusable(engine, error.orig or error) from error
    except sqlite3.Error as error:
        raise _unusable(engine, error) from error


def shown(url: URL) -> str:
    """Return the URL without its password."""
    return url.render_as_string(hide_password=True)


def _unusable(engine: Engine, cause: BaseException) -> StoreError:
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return StoreError(f"the store {shown(engine.url)} cannot be used: {lines[0]}")


def insert_new(connection: Connection, table: sa.Table, rows: Any) -> int:
    """Insert those of `rows` (one mapping or several) that break no unique key; return how many that were."""
    new = _insert(connection, table).on_conflict_do_nothing()
    return connection.execute(new, rows, execution_options={"preserve_rowcount": True}).rowcount


def put(
    connection: Connection, table: sa.Table, rows: list[dict[str, Any]], *, key: str, change: Sequence[str]
) -> None:
    """Insert `rows`, or change the columns `change` of those whose unique column `key` is there already."""
    new = _insert(connection, table)
    values = {name: new.excluded[name] for name in change}
    connection.execute(new.on_conflict_do_update(index_elements=[key], set_=values), rows)


def _insert(connection: Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
