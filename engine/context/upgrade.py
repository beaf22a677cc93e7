"""Making a store, and bringing one of an earlier version forward, in one transaction: all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.context.database import StoreError, shown, transaction

VERSIONS = ("0001",)
"""The versions of the schema in order; the last is what this program needs (a test compares them with the files)."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x7A315  # any number, the same in every process


def bring_forward(engine: Engine, *, to: str = VERSIONS[-1]) -> tuple[str | None, str]:
    """Make the tables, or change those of an earlier version; return the version before (None: no store) and after.

    Several processes may try at once: one does it, the rest wait. Raises StoreError for a store of a newer version.
    """
    try:
        return _bring_forward(engine, to)
    finally:
        engine.dispose()  # the connection does not look at foreign keys


def _bring_forward(engine: Engine, to: str) -> tuple[str | None, str]:
    from alembic import command
    from alembic.config import Config

    with transaction(engine, writes=True, rebuilds=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = version_of(connection)
        if before is not None:
            _refuse_newer(before, engine)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise StoreError(
                    f"the store {shown(engine.url)} was left as it was: table {broken[0]} names rows that are gone"
                )
    return before, to


def require_current(engine: Engine) -> None:
    """Raises StoreError unless the store is there and of just this program's version."""
    with transaction(engine, writes=False) as connection:
        found = version_of(connection)
    if found == VERSIONS[-1]:
        return
    if found is None:
        raise StoreError(f"there is no store at {shown(engine.url)}; make one with `tamis store init`")
    _refuse_newer(found, engine)
    raise StoreError(
        f"the store {shown(engine.url)} is of version {found}, this program needs {VERSIONS[-1]}; "
        "keep a copy of it and bring it forward with `tamis store init`"
    )


def version_of(connection: Connection) -> str | None:
    """Return the schema's version, None where there is none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _refuse_newer(found: str, engine: Engine) -> None:
    if found not in VERSIONS:
        raise StoreError(
            f"the store {shown(engine.url)} is of version {found}, newer than this program, which knows versions up to "
            f"{VERSIONS[-1]}; install the newer Tamis that made it"
        )
