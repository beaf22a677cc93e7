"""A store on each of the two databases, and people in it. Every test that takes `store` runs on both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.context.keys import Keys
from engine.context.store import Store
from tests.context import postgres
from tests.context.world import SETTINGS, World

SIGNING = b"a key that only the tests of this folder know ..."


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """The socket's folder of a running PostgreSQL; without one the tests fail in CI and are skipped elsewhere."""
    found = postgres.binaries()
    if found is None:
        text = f"PostgreSQL is not installed ({postgres.INSTALL}): half of these tests cannot run"
        if os.environ.get("CI") or os.environ.get("TAMIS_CI"):
            pytest.fail(text)
        pytest.skip(text)
    with postgres.server(found) as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_template(postgres_folder: Path) -> Iterator[Callable[[str], None]]:
    """What makes databases with the newest tables in them, quicker than the migrations do."""
    admin = sa.create_engine(
        postgres.url(postgres_folder, "postgres").replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )

    def run(sql: str) -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(sql)

    run("CREATE DATABASE tables")
    Store.make(postgres.url(postgres_folder, "tables")).close()
    yield run
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    folder = request.getfixturevalue("postgres_folder")
    run = request.getfixturevalue("postgres_template")
    name = f"t{os.urandom(6).hex()}"
    run(f"CREATE DATABASE {name}")
    yield postgres.url(folder, name)
    run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in a file, to be copied."""
    made = tmp_path_factory.mktemp("template") / "store.db"
    Store.make(str(made)).close()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store with the settings of the tests."""
    settings = SETTINGS | {"archive": str(tmp_path / "archive")}
    if request.param == "sqlite":
        made = str(tmp_path / "store.db")
        shutil.copy(request.getfixturevalue("sqlite_template"), made)
        set_up(made, settings)
        yield made
        return
    folder = request.getfixturevalue("postgres_folder")
    run = request.getfixturevalue("postgres_template")
    name = f"t{os.urandom(6).hex()}"
    run(f"CREATE DATABASE {name} TEMPLATE tables")
    made = postgres.url(folder, name)
    set_up(made, settings)
    yield made
    run(f"DROP DATABASE {name} WITH (FORCE)")


def set_up(url: str, settings: dict[str, Any]) -> None:
    """Give a store its settings."""
    opened = Store.open(url, keys=Keys())
    opened.change_settings(settings)
    opened.close()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store."""
    opened = Store.open(url, keys=Keys(signing=SIGNING))
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store) -> World:
    """Two sellers and two buyers who know each other."""
    return World(store)
