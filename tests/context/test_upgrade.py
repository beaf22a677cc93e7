"""Versions of the store: made, brought forward, refused; and what an unusable database says."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from engine.context import archive, database, upgrade
from engine.context.database import StoreError, connect, insert_new, transaction
from engine.context.keys import Keys
from engine.context.schema import metadata, seller
from engine.context.settings import Settings
from engine.context.situation import context_for
from engine.context.store import Store
from engine.context.upgrade import VERSIONS, bring_forward, version_of
from engine.errors import UsageError
from engine.message.parts import Message
from tests.context.world import NOW, World, mail

VERSIONS_FOLDER = Path(database.__file__).parent / "migrations" / "versions"


def test_the_versions_are_the_files(empty_url: str) -> None:
    assert tuple(sorted(path.name[:4] for path in VERSIONS_FOLDER.glob("*.py"))) == VERSIONS


def test_the_migrations_make_just_the_tables_of_the_schema(empty_url: str) -> None:
    engine = connect(empty_url)
    assert bring_forward(engine) == (None, VERSIONS[-1])
    with transaction(engine, writes=False) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_making_a_store_twice_changes_nothing_in_it(world: World, url: str) -> None:
    again = Store.make(url, keys=Keys())
    assert again.settings == world.store.settings
    with again.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(seller)).scalar_one() == 2
    again.close()


def test_a_store_of_a_newer_version_is_refused(store: Store, url: str) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for use in (lambda: Store.open(url, keys=Keys()), lambda: Store.make(url, keys=Keys())):
        with pytest.raises(StoreError, match=r"version 9999, newer than this program.* install the newer Tamis"):
            use()


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.add_column("seller", sa.Column("motto", sa.Text(), nullable=True))
    op.execute("UPDATE seller SET motto = business_name")
    with op.batch_alter_table("seller") as change:
        change.alter_column("motto", nullable=False)
    {after}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make this program one version newer than the store: its migrations end with one more, which runs `after`."""

    def make(after: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(VERSIONS_FOLDER.parent, folder, dirs_exist_ok=True)
        (folder / "versions" / "0002_next.py").write_text(NEXT.format(after=after))
        monkeypatch.setattr(upgrade, "_MIGRATIONS", folder)
        monkeypatch.setattr(upgrade, "VERSIONS", ("0001", "0002"))

    return make


def mottos(world: World) -> list[str]:
    with world.store.read() as connection:
        return list(connection.exec_driver_sql("SELECT motto FROM seller ORDER BY motto").scalars())


def test_a_filled_store_of_the_version_before_is_brought_forward(
    world: World, url: str, next_version: Callable[[str], None]
) -> None:
    world.order("1")
    world.question(id="q1@home.example")
    next_version("")
    with pytest.raises(StoreError, match=r"of version 0001, this program needs 0002; .*tamis store init"):
        Store.open(url, keys=Keys())
    assert bring_forward(world.store.engine, to="0002") == ("0001", "0002")
    Store.open(url, keys=Keys()).close()
    assert mottos(world) == ["Maison anna", "Maison bert"]
    raw = mail("Deux metres", headers={"In-Reply-To": "<q1@home.example>"})
    context = context_for(world.store, world.envelope(), Message.parse(raw), NOW)
    assert (context.reply, context.order) == ("thread", "open")
    assert list(archive.verify(world.store)) == []


def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was(
    world: World, url: str, next_version: Callable[[str], None]
) -> None:
    next_version('raise RuntimeError("killed")')
    with pytest.raises(RuntimeError, match="killed"):
        bring_forward(world.store.engine, to="0002")
    with world.store.read() as connection:
        assert version_of(connection) == "0001"
        assert "motto" not in [column["name"] for column in sa.inspect(connection).get_columns("seller")]
    next_version("")
    assert bring_forward(world.store.engine, to="0002") == ("0001", "0002")
    assert mottos(world) == ["Maison anna", "Maison bert"]


def test_where_there_is_no_store_it_says_how_to_make_one(empty_url: str) -> None:
    with pytest.raises((StoreError, UsageError), match="tamis store init"):
        Store.open(empty_url, keys=Keys())


def test_a_migration_that_is_broken_off_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect(empty_url)
    real = sa.Connection.execute
    count = 0

    def dying(self: sa.Connection, *args: object, **more: object) -> object:
        nonlocal count
        count += "CREATE TABLE" in str(args[0])
        if count == 8:
            raise KeyboardInterrupt
        return real(self, *args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(sa.Connection, "execute", dying)
        with pytest.raises(KeyboardInterrupt):
            bring_forward(engine)
    with transaction(engine, writes=False) as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert bring_forward(engine) == (None, VERSIONS[-1])
    engine.dispose()


_MAKE = "import sys; from engine.context.store import Store; Store.make(sys.argv[1]).close()"


def test_two_processes_may_make_one_store_at_once(empty_url: str) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", _MAKE, empty_url], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    errors = [process.communicate()[1] for process in running]
    assert errors == ["", ""]
    Store.open(empty_url, keys=Keys()).close()


def test_insert_new_counts_what_was_new_only(world: World) -> None:
    row = {"account": "new", "business_name": "N", "language": "fr", "buyer_opt_out_notices": True, "created_at": NOW}
    with world.store.write() as connection:
        assert insert_new(connection, seller, row) == 1
        assert insert_new(connection, seller, row) == 0
        assert insert_new(connection, seller, [row, {**row, "account": "newer"}]) == 1


def test_a_database_locked_by_another_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SQLITE_WAIT_S", 0.1)
    store = Store.make(str(tmp_path / "s.db"), keys=Keys())
    other = sqlite3.connect(tmp_path / "s.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"), store.write() as connection:
        connection.execute(sa.select(1))
    with store.read() as connection:
        assert connection.execute(sa.select(1)).scalar() == 1, "reading goes on"
    other.close()
    store.close()


def test_a_full_disk_in_the_database_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    store = Store.make(str(tmp_path / "s.db"), keys=Keys())
    row = {"business_name": "N" * 100, "language": "fr", "buyer_opt_out_notices": True, "created_at": NOW}
    with pytest.raises(StoreError, match="full"), store.write() as connection:  # noqa: PT012
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(sa.insert(seller), [{"account": f"a{n}", **row} for n in range(5000)])
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(seller)).scalar_one() == 0
    store.close()


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(StoreError, match="cannot be used") as caught:
        Store.open("postgresql://someone:secret@127.0.0.1:1/x", keys=Keys())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense://", "sqlite://", "://", ":memory:"])
def test_urls_that_name_no_store_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Store.open(url, keys=Keys())


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"this is no database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(str(path), keys=Keys())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"alias_domain": "x"}, "Did you mean alias_domains"),
        ({"alias_length": "many"}, "whole number"),
        ({"time_zone": "Mars/Base"}, "no time zone"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"alias_domains": "not a domain"}, "no mail domain"),
        ({"uncertain_max_per_day": "-1"}, "negative"),
    ],
)
def test_settings_that_cannot_work_are_refused_and_nothing_changes(
    store: Store, values: dict[str, str], said: str
) -> None:
    before = store.settings
    with pytest.raises(UsageError, match=said):
        store.change_settings(values)
    assert Store.open(store.engine.url.render_as_string(False), keys=Keys()).settings == before


def test_settings_hold_for_every_process_that_opens_the_store(store: Store, url: str) -> None:
    store.change_settings({"platform_names": "Marché, Marché Pro", "order_open_days": 30})
    opened = Store.open(url, keys=Keys())
    assert (opened.settings.platform_names, opened.settings.order_open_days) == (("Marché", "Marché Pro"), 30)
    assert isinstance(opened.settings, Settings)
    opened.close()


def test_a_server_that_goes_away_and_comes_back_loses_nothing(world: World, url: str) -> None:
    if "postgresql" not in url:
        pytest.skip("a file does not go away")
    kept = world.question()
    with pytest.raises(StoreError, match="cannot be used"), world.store.write() as connection:  # noqa: PT012
        connection.execute(sa.update(seller).values(business_name="lost"))
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        killer = connect(url)
        with transaction(killer, writes=True) as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
        killer.dispose()
        connection.execute(sa.select(seller))
    with world.store.read() as connection:
        assert connection.execute(sa.select(seller.c.business_name).order_by(seller.c.id)).scalars().all() == [
            "Maison anna", "Maison bert",
        ]  # fmt: skip
        assert archive.read(connection, world.store.blobs, kept.id) is not None
