"""The store at size: the context of one message, keeping one, logging one decision.

    bench_store.py [BUYERS]      (default 1,000,000: with 2 aliases and 5 archived messages each; 10,000 beside it)

Each size is filled anew, in SQLite and, where PostgreSQL is installed, there too. The two sizes are measured in turns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from figures import in_turns, machine, seconds

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.context import schema
from engine.context.judging import Judge
from engine.context.keys import Keys
from engine.context.log import DecisionLog
from engine.context.messages import message_in
from engine.context.quotation import written
from engine.context.situation import Envelope, context_for
from engine.context.store import Store
from engine.context.threads import ref_of
from engine.filter import Filter
from engine.message.parts import Message
from tests.context import postgres

SMALL, MESSAGES_EACH, SELLERS = 10_000, 5, 1_000
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOMAIN = "mail.marche.example"
TEXT = "Bonjour, quelle est la longueur du cordon de la lampe numero {} ? Je voudrais la poser sur une etagere haute."
LOOKED_UP, ROUNDS, KEPT, LOGGED = 200, 5, 300, 5_000


def fill(store: Store, buyers: int) -> None:
    """Fill a store with sellers, buyers who know one seller each, their aliases, one order and five messages."""
    people = {"locale": "fr_FR", "store": "fr", "created_at": NOW}
    put(store, schema.seller, (
        {"id": n, "account": f"s{n}", "business_name": f"Maison {n}", "language": "fr", "buyer_opt_out_notices": True,
         "created_at": NOW} for n in range(1, SELLERS + 1)
    ))  # fmt: skip
    put(store, schema.seller_address, (
        {"seller_id": n, "address": f"contact@s{n}.example", "state": "approved", "changed_at": NOW}
        for n in range(1, SELLERS + 1)
    ))  # fmt: skip
    every = range(1, buyers + 1)
    put(store, schema.buyer, (
        {"id": n, "account": f"b{n}", "address": f"b{n}@home.example", **people} for n in every
    ))  # fmt: skip
    put(store, schema.pair, (
        {"id": n, "seller_id": n % SELLERS + 1, "buyer_id": n, "created_at": NOW} for n in every
    ))  # fmt: skip
    put(store, schema.alias, (
        {"address": alias(kind, n), "kind": kind, "pair_id": n, "created_at": NOW} for n in every for kind in ("buyer", "seller")
    ))  # fmt: skip
    put(store, schema.order, (
        {"id": n, "number": f"o{n}", "pair_id": n, "seller_id": n % SELLERS + 1, "state": "pending", "placed_at": NOW,
         "changed_at": NOW} for n in every
    ))  # fmt: skip
    put(store, schema.thread, (
        {"id": n, "pair_id": n, "token": f"{n:020}", "opened_by": "buyer", "opened_at": NOW, "buyer_wrote_at": NOW}
        for n in every
    ))  # fmt: skip
    words = written(Message.of(body=TEXT)).pack()
    rows = ((n, m, (n - 1) * MESSAGES_EACH + m) for n in every for m in range(1, MESSAGES_EACH + 1))
    put(store, schema.message, (
        {"id": i, "pair_id": n, "seller_id": n % SELLERS + 1, "thread_id": n, "direction": "in", "channel": "mail",
         "key": i.to_bytes(32, "big"), "at": NOW - timedelta(days=m), "auto": False, "response": "answered",
         "fate": "queued", "shingles": words} for n, m, i in rows
    ))  # fmt: skip
    put(store, schema.message_ref, (
        {"pair_id": n, "ref": ref_of(f"m{n}@home.example"), "message_id": (n - 1) * MESSAGES_EACH + 1} for n in every
    ))  # fmt: skip
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        if connection.dialect.name == "postgresql":  # the ids given here are to be counted on from
            for table in ("seller", "buyer", "pair", "order", "thread", "message"):
                quoted = f'"{table}"'
                sequence = f"pg_get_serial_sequence('{quoted}', 'id')"
                connection.exec_driver_sql(f"SELECT setval({sequence}, (SELECT max(id) FROM {quoted}))")


def put(store: Store, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    with store.write() as connection:
        while batch := list(islice(rows, 10_000)):
            connection.execute(sa.insert(table), batch)


def alias(kind: str, n: int) -> str:
    return f"{kind[0]}{n * 7919 % 10**9:014}@{DOMAIN}"


def asking(store: Store) -> Callable[[tuple[Envelope, Message]], object]:
    return lambda given: context_for(store, given[0], given[1], NOW)


def inputs(buyers: int) -> list[tuple[Envelope, Message]]:
    """Mails of sellers to buyers all over the store: a spontaneous one, then an answer with id and quotation."""
    found = []
    for n in Random(1).sample(range(1, buyers + 1), LOOKED_UP):
        sender = f"contact@s{n % SELLERS + 1}.example"
        answer = f"In-Reply-To: <m{n}@home.example>\n" if n % 2 else ""
        body = (
            f"Deux metres.\n\nLe 24 novembre 2026 a 11:02, une cliente a ecrit :\n> {TEXT}\n" if n % 2 else "Bonjour\n"
        )
        raw = f"From: {sender}\nSubject: Re: Lampe\n{answer}\n{body}"
        found.append((Envelope(sender, alias("buyer", n)), Message.parse(raw.encode())))
    return found


def measure(name: str, urls: list[str], sizes: list[int], folder: Path) -> None:
    stores = []
    for url, buyers in zip(urls, sizes, strict=True):
        stores.append(
            Store.make(url, {"alias_domains": DOMAIN, "archive": str(folder / f"{name}{buyers}")}, keys=Keys())
        )
        print(f"{name}, {buyers:,} buyers: filled in {seconds(fill, stores[-1], buyers):.0f} s", flush=True)
    medians = []
    for store, buyers in zip(stores, sizes, strict=True):
        (times,) = in_turns([asking(store)], inputs(buyers), ROUNDS)
        medians.append(statistics.median(times))
        print(f"{name}, {buyers:,} buyers: context of a message {medians[-1] * 1e3:.3f} ms (median)")
    print(f"{name}: {sizes[-1]:,} buyers take {medians[-1] / medians[0]:.2f} times as long as {sizes[0]:,}")
    largest = stores[-1]
    taken = seconds(lambda: [keep(largest, n) for n in range(KEPT)])
    print(f"{name}: {KEPT / taken:.0f} messages/s archived, each durable before the next")
    for store in stores:
        store.close()


def keep(store: Store, n: int) -> None:
    message_in(store, f"Message-ID: <k{n}@x>\n\n{TEXT.format(n)}\n".encode(), pair_id=n + 1, at=NOW)


def measure_log(folder: Path) -> None:
    store = Store.make(str(folder / "log.db"), {"alias_domains": DOMAIN}, keys=Keys(signing=b"b" * 32))
    loaded = Filter.load()
    envelope, message = inputs(SMALL)[0]
    decision = Judge(store, loaded).preview(message, envelope, NOW).decision
    with DecisionLog(store, folder / "log", loaded) as log:
        log.append(decision, envelope, NOW)
        taken = seconds(lambda: [log.append(decision, envelope, NOW) for _ in range(LOGGED)])
    print(f"decision log: {taken / LOGGED * 1e6:.0f} us a decision, without waiting for the disk")


def main() -> None:
    sizes = [SMALL, int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000]
    print(machine())
    with tempfile.TemporaryDirectory() as made, ExitStack() as ending:
        folder = Path(made)
        measure_log(folder)
        measure("SQLite", [str(folder / f"{size}.db") for size in sizes], sizes, folder)
        found = postgres.binaries()
        if found is None:
            print(f"PostgreSQL is not installed ({postgres.INSTALL}): not measured")
            return
        socket = ending.enter_context(postgres.server(found))
        admin = sa.create_engine(
            postgres.url(socket, "postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            for size in sizes:
                connection.exec_driver_sql(f"CREATE DATABASE bench{size}")
        measure("PostgreSQL", [postgres.url(socket, f"bench{size}") for size in sizes], sizes, folder)


if __name__ == "__main__":
    main()
