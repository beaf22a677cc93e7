"""The store at length: a million aliases, a million buyers from a file, a thousand archive writes with kill -9 between."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.context import archive
from engine.context.aliases import draw
from engine.context.database import insert_new
from engine.context.imports import import_file
from engine.context.keys import Keys
from engine.context.schema import alias, buyer, pair
from engine.context.store import Store
from tests.context.world import NOW, SETTINGS, World

SHORT = os.environ.get("TAMIS_SOAK") == "short"
ALIASES = 20_000 if SHORT else 1_000_000
BUYERS = 20_000 if SHORT else 1_000_000
WRITES = 100 if SHORT else 1_000
BATCH = 10_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Store.make(str(tmp_path / "s.db"), SETTINGS, keys=Keys()))


def test_a_million_aliases_are_all_different(world: World) -> None:
    store, anna = world.store, world.sellers["anna"]
    for first in range(0, ALIASES, BATCH):
        ids = range(1000 + first, 1000 + first + BATCH)
        with store.write() as connection:
            made = [{"id": n, "account": f"n{n}", "locale": "", "store": "", "created_at": NOW} for n in ids]
            connection.execute(sa.insert(buyer), made)
            connection.execute(
                sa.insert(pair), [{"id": n, "seller_id": anna, "buyer_id": n, "created_at": NOW} for n in ids]
            )
            rows = [{"address": draw(store.settings), "kind": "buyer", "pair_id": n, "created_at": NOW} for n in ids]
            assert insert_new(connection, alias, rows) == BATCH, "62 bits do not meet within a million"
    with store.read() as connection:
        different = sa.select(sa.func.count(alias.c.address.distinct()), sa.func.min(sa.func.length(alias.c.address)))
        assert tuple(connection.execute(different).one()) == (ALIASES + 2, 35)


def test_a_million_buyers_are_imported_in_minutes(world: World, tmp_path: Path) -> None:
    path = tmp_path / "buyers.csv"
    with path.open("w") as file:
        file.write("account,address,locale,store\n")
        file.writelines(f"b{n},b{n}@home.example,fr_FR,fr\n" for n in range(BUYERS))
    begin = time.process_time()
    assert import_file(world.store, "buyers", path, now=NOW).rows == BUYERS
    assert time.process_time() - begin < 300, "processor time, so that a busy machine does not spoil it"
    with world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(buyer)).scalar_one() == BUYERS + 2


_WRITE = """
import sys
from datetime import UTC, datetime
from engine.context.keys import Keys
from engine.context.messages import message_in
from engine.context.store import Store
store = Store.open(sys.argv[1], keys=Keys())
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    raw = b"Message-ID: <%d@x>\\n\\nQuestion %d\\n" % (number, number)
    print(message_in(store, raw, pair_id=int(sys.argv[2]), at=datetime.now(UTC)).id, flush=True)
"""


def test_kill_9_at_random_points_loses_nothing(world: World) -> None:
    random.seed(5)
    file, acknowledged, written = world.store.engine.url.database or "", set[int](), 0
    while len(acknowledged) < WRITES:
        command = [sys.executable, "-c", _WRITE, file, str(world.pair.id), str(written), str(written + WRITES)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(random.uniform(0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        acknowledged |= {int(line) for line in (first + process.stdout.read()).split("\n")[:-1]}
        process.wait()
        written += WRITES
    assert list(archive.verify(world.store)) == []
    with world.store.read() as connection:
        for message_id in acknowledged:
            assert archive.read(connection, world.store.blobs, message_id) is not None
