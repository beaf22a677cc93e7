"""The archive: nothing removed or changed goes unseen, nothing acknowledged is lost, nothing erased can be read."""

from __future__ import annotations

import io
import json
import mailbox
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.context import archive, blobs
from engine.context.aliases import look_up
from engine.context.archive import Fault, erase_pairs, expire, place_hold, release_hold, sweep, verify
from engine.context.blobs import Blobs
from engine.context.database import StoreError
from engine.context.erasing import erase_buyer
from engine.context.evidence import export, pair_of_alias, pair_of_order
from engine.context.keys import Keys
from engine.context.messages import delivered, message_in, message_out, sent_on
from engine.context.schema import archive_head, archive_record, message
from engine.context.situation import context_for, look
from engine.context.store import Store
from engine.errors import UsageError
from engine.message.parts import Message
from tests.context.world import NOW, QUESTION, World, mail, quoted

KEY = b"k" * 32


def faults(store: Store) -> list[Fault]:
    return list(verify(store))


def file_of(store: Store, seq: int) -> Path:
    with store.read() as connection:
        row = sa.select(archive_record.c.digest).where(archive_record.c.seq == seq)
        name = connection.execute(row).scalar_one().hex()
    return Path(store.settings.archive) / name[:2] / name[2:4] / name


def three(world: World) -> Store:
    for number in range(3):
        world.question(f"Question {number} sur la lampe", at=NOW + timedelta(minutes=number))
    return world.store


def test_an_archive_as_it_was_written_is_whole(world: World) -> None:
    assert faults(world.store) == []
    assert faults(three(world)) == []


def _cut(connection: sa.Connection) -> None:
    connection.execute(sa.delete(archive_record).where(archive_record.c.seq == 3))


def _cut_with_head(connection: sa.Connection) -> None:
    _cut(connection)
    connection.execute(sa.update(archive_head).values(records=2))


def _values(seq: int, **values: object) -> Callable[[sa.Connection], None]:
    return lambda connection: (
        connection.execute(sa.update(archive_record).where(archive_record.c.seq == seq).values(**values)) and None
    )


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (lambda c: c.execute(sa.delete(archive_record).where(archive_record.c.seq == 2)), "record 2 is missing"),
        (_cut, "the chain has 3 records"),
        (_cut_with_head, "the end of the chain"),
        (_values(2, size=7), "the record was changed"),
        (_values(2, at=NOW), "the record was changed"),
        (_values(2, form="delivered"), "the record was changed"),
        (_values(2, commitment=b"x" * 32), "holds another message"),
        (_values(2, salt=b"x" * 16), "holds another message"),
        (_values(2, digest=b"x" * 32), "its file is missing"),
        (lambda c: c.execute(sa.update(message).where(message.c.id == 2).values(direction="out")), "was changed"),
    ],
)
def test_what_was_changed_or_removed_in_the_store_is_found(
    world: World, tamper: Callable[[sa.Connection], object], found: str
) -> None:
    store = three(world)
    with store.write() as connection:
        tamper(connection)
    assert any(found in fault.what for fault in faults(store))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "damaged"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(b"q" + path.read_bytes()[1:]), "does not begin"),
        (lambda path: path.write_bytes(blobs.Blobs.at("", None)._seal(b"another")), "was changed"),
    ],
)
def test_what_was_changed_or_removed_in_the_folder_is_found(
    world: World, damage: Callable[[Path], object], found: str
) -> None:
    store = three(world)
    damage(file_of(store, 2))
    assert [(fault.seq, found in fault.what) for fault in faults(store)] == [(2, True)]


def test_a_damaged_file_is_written_anew_when_its_message_comes_again(world: World, tmp_path: Path) -> None:
    place = Blobs.at(str(tmp_path / "b"), None)
    digest = place.put(b"hello")
    (path,) = (p for p in (tmp_path / "b").rglob("*") if p.is_file())
    path.write_bytes(b"zz")
    assert place.put(b"hello") == digest
    assert place.get(digest) == b"hello"


def test_an_encrypted_archive_shows_nothing_and_opens_with_its_key_only(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    sealed = Blobs.at(str(tmp_path), KEY)
    digest = sealed.put(b"the words of a buyer" * 10)
    (path,) = (p for p in tmp_path.rglob("*") if p.is_file())
    assert b"words" not in path.read_bytes()
    assert sealed.get(digest) == b"the words of a buyer" * 10
    with pytest.raises(StoreError, match="another key"):
        Blobs.at(str(tmp_path), b"other" * 8).get(digest)
    with pytest.raises(StoreError, match="TAMIS_ARCHIVE_KEY_FILE"):
        Blobs.at(str(tmp_path), None).get(digest)


def test_an_archive_behind_a_url_works_the_same(world: World) -> None:
    pytest.importorskip("fsspec")
    world.store.change_settings({"archive": "memory://archive-of-a-test"})
    kept = world.question()
    with world.store.read() as connection:
        assert QUESTION.encode() in (archive.read(connection, world.store.blobs, kept.id) or b"")
    assert faults(world.store) == []


@pytest.mark.parametrize(("content", "said"), [(b"short", "5 bytes"), (None, "cannot be read")])
def test_a_wrong_key_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("TAMIS_ARCHIVE_KEY_FILE", str(path))
    with pytest.raises(UsageError, match=said):
        Keys.from_environment()


def test_keys_are_never_shown() -> None:
    assert "k" * 8 not in repr(Keys(KEY, KEY))


def test_a_full_disk_keeps_nothing_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            world.question()
    with world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(message)).scalar_one() == 0
    assert [path for path in Path(world.store.settings.archive).rglob("*") if path.is_file()] == []
    assert world.question().fresh
    assert faults(world.store) == []


_WRITE = """
import sys
from datetime import UTC, datetime
from engine.context.keys import Keys
from engine.context.messages import message_in
from engine.context.store import Store
store = Store.open(sys.argv[1], keys=Keys())
for number in range(int(sys.argv[3]), 100000):
    raw = b"Message-ID: <%d@x>\\n\\nQuestion %d\\n" % (number, number)
    print(message_in(store, raw, pair_id=int(sys.argv[2]), at=datetime.now(UTC)).id, flush=True)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(world: World, url: str) -> None:
    acknowledged = []
    for round_ in range(4):
        command = [sys.executable, "-c", _WRITE, url, str(world.pair.id), str(round_ * 1000)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        acknowledged += [int(process.stdout.readline()) for _ in range(3 + 5 * round_)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split("\n")[:-1]
        acknowledged += [int(line) for line in rest]
        process.wait()
    assert faults(world.store) == []
    with world.store.read() as connection:
        for message_id in acknowledged:
            assert archive.read(connection, world.store.blobs, message_id) is not None


# -- erasing -----------------------------------------------------------------------------------------------------------


def test_what_is_erased_is_gone_and_the_chain_still_verifies(world: World) -> None:
    store = three(world)
    other = world.question("Question 1 sur la lampe", pair=world.pair_of("bert", "dirk"))  # the same bytes
    paths = [file_of(store, seq) for seq in (1, 2, 3)]
    assert erase_pairs(store, [world.pair.id], NOW) == 3
    assert [path.exists() for path in paths] == [False, True, False], "what another message needs stays"
    assert faults(store) == []
    with store.read() as connection:
        assert archive.read(connection, store.blobs, 1) is None
        assert archive.read(connection, store.blobs, other.id) is not None
        row = connection.execute(sa.select(archive_record).where(archive_record.c.seq == 1)).one()
        assert (row.salt, row.digest) == (None, None)
    assert erase_pairs(store, [world.pair_of("bert", "dirk").id], NOW) == 1
    assert not paths[1].exists()
    assert faults(store) == []


def test_an_erasure_that_was_broken_off_is_finished(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store = three(world)
    path = file_of(store, 1)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "sweep", lambda store: 0)
        erase_pairs(store, [world.pair.id], NOW)
    assert path.exists()
    assert sweep(store) == 3
    assert not path.exists()
    assert faults(store) == []


def test_only_old_messages_expire_and_none_under_a_hold(world: World) -> None:
    other = world.pair_of("bert", "dirk")
    old, new = NOW - timedelta(days=500), NOW
    for pair in (world.pair, other):
        for at in (old, new):
            world.question(f"Question du {at:%d %m %Y} pour {pair.id}", pair=pair, at=at)
    with world.store.write() as connection:
        hold_id = place_hold(connection, other.id, "claim 17", NOW)
    assert expire(world.store, NOW - timedelta(days=400), NOW) == 1
    with world.store.write() as connection:
        release_hold(connection, hold_id, NOW)
        with pytest.raises(UsageError, match="no open hold"):
            release_hold(connection, hold_id, NOW)
    assert expire(world.store, NOW - timedelta(days=400), NOW) == 1
    assert expire(world.store, NOW - timedelta(days=400), NOW) == 0
    assert faults(world.store) == []


def test_an_erased_buyer_is_unknown_and_his_alias_is_nobody_elses(world: World) -> None:
    world.question(id="q1@home.example")
    with world.store.write() as connection:
        hold_id = place_hold(connection, world.pair.id, "claim 17", NOW)
    with pytest.raises(UsageError, match="claim 17"):
        erase_buyer(world.store, "clara", NOW)
    with world.store.write() as connection:
        release_hold(connection, hold_id, NOW)
    assert erase_buyer(world.store, "clara", NOW) == 1
    context = context_for(world.store, world.envelope(), Message.parse(mail("Bonjour")), NOW)
    assert context.recipient == "unknown_alias"
    with world.store.read() as connection:
        known = look_up(connection, world.pair.buyer_alias)
    assert known is not None
    assert known.erased
    with pytest.raises(UsageError, match="no buyer"):
        erase_buyer(world.store, "clara", NOW)
    assert faults(world.store) == []


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_the_evidence_of_an_order_holds_the_whole_exchange_and_stopped_mail_apart(world: World) -> None:
    world.order("302-1")
    store = world.store
    asked = world.question("From here\nI ask: quelle longueur ?", id="q1@home.example", order_number="302-1")
    answer = mail(
        f"Deux metres.\n\n{quoted(QUESTION)}", id="a1@anna.example", headers={"In-Reply-To": "<q1@home.example>"}
    )
    stopped = mail("Laissez un avis", id="a2@anna.example")
    for raw, fate in ((answer, "queued"), (stopped, "stopped")):
        with store.read() as connection:
            situation = look(connection, store.settings, world.envelope(), Message.parse(raw), NOW)
        kept = message_out(store, raw, Message.parse(raw), world.envelope(), situation, NOW + timedelta(minutes=1))
        with store.write() as connection:
            connection.execute(sa.update(message).where(message.c.id == kept.id).values(fate=fate))
        if fate == "queued":
            sent_on(store, kept.id, answer.replace(b"contact@anna.example", b"alias@mail.marche.example"), NOW)
            delivered(store, kept.id, NOW + timedelta(minutes=2))
    with store.read() as connection:
        pair_id = pair_of_order(connection, "302-1")
        assert pair_id == pair_of_alias(connection, world.pair.seller_alias)
    found = export(store, pair_id)
    assert (found.exchanged, found.stopped) == (2, 1)
    assert export(store, pair_id).data == found.data
    with zipfile.ZipFile(io.BytesIO(found.data)) as made:
        files = {name: made.read(name) for name in made.namelist()}
    assert set(files) == {"exchanged.json", "exchanged.mbox", "stopped.json", "stopped.mbox", "SHA256SUMS"}
    told = json.loads(files["exchanged.json"])
    assert [(m["direction"], m["fate"], m["response"], len(m["forms"])) for m in told] == [
        ("in", "queued", "answered", 1), ("out", "delivered", "none", 2),
    ]  # fmt: skip
    assert told[0]["id"] == asked.id
    assert b"Laissez un avis" not in files["exchanged.mbox"]
    path = Path(store.settings.archive).parent / "x.mbox"
    path.write_bytes(files["exchanged.mbox"])
    assert len(mailbox.mbox(path)) == 3


def test_evidence_with_a_missing_file_is_refused(world: World) -> None:
    store = three(world)
    file_of(store, 2).unlink()
    with pytest.raises(StoreError, match="missing"):
        export(store, world.pair.id)


def test_a_message_given_twice_is_archived_once(world: World) -> None:
    raw = mail(QUESTION, id="q1@home.example")
    again = b"Received: from here\n by there\nReturn-Path: <x@y>\n" + raw
    first = message_in(world.store, raw, pair_id=world.pair.id, at=NOW)
    second = message_in(world.store, again, pair_id=world.pair.id, at=NOW)
    assert (first.id, first.fresh, second.fresh) == (second.id, True, False)
    with world.store.read() as connection:
        assert connection.execute(sa.select(archive_head.c.records)).scalar_one() == 1
