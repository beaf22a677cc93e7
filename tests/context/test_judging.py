"""A message's whole way: context, archive, decision, quota, lists, log, replay."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.context import archive, lists, logbook
from engine.context import log as log_module
from engine.context.buyers import set_opt_out
from engine.context.database import StoreError
from engine.context.erasing import erase_buyer
from engine.context.judging import Judge, Judged
from engine.context.keys import Keys
from engine.context.log import DecisionLog, masked
from engine.context.messages import delivered
from engine.context.quota import counted, day_of
from engine.context.replay import replay
from engine.context.schema import archive_head, log_head, message, quota_day
from engine.context.sellers import set_notices
from engine.context.situation import Envelope
from engine.context.store import Store
from engine.errors import UsageError
from engine.filter import Filter
from engine.message.parts import Message
from tests.context.world import NOW, QUESTION, World, mail, quoted

ADDRESS = (
    "Bonjour, votre adresse de livraison est incomplete : il manque le numero de la rue. Pouvez-vous la corriger ?"
)
REVIEW = "Merci de nous laisser un avis cinq etoiles."


@pytest.fixture(scope="module")
def strict() -> Filter:
    return Filter.load(model="off")


@pytest.fixture(scope="module")
def lenient() -> Filter:
    return Filter.load(profile="opt-out", model="off")


def judged(world: World, loaded: Filter, body: str, number: int = 0, **more: object) -> Judged:
    headers = more.pop("headers", None)
    raw = mail(body, id=f"s{number}@anna.example", headers=headers)  # type: ignore[arg-type]
    envelope = world.envelope(**more)  # type: ignore[arg-type]
    return Judge(world.store, loaded).judge(raw, envelope, NOW, id=str(number))


def row_of(world: World, found: Judged) -> sa.Row[tuple[object, ...]]:
    with world.store.read() as connection:
        return connection.execute(sa.select(message).where(message.c.id == found.message_id)).one()


def opt_out(world: World) -> None:
    with world.store.write() as connection:
        set_opt_out(connection, world.buyers["clara"], True, NOW)


def test_a_critical_message_passes_an_opt_out_and_a_plain_one_is_stopped(world: World, lenient: Filter) -> None:
    opt_out(world)
    world.order()
    passed, stopped = judged(world, lenient, ADDRESS, 1), judged(world, lenient, REVIEW, 2)
    assert (passed.decision.verdict, row_of(world, passed).fate) == ("allow", "queued")
    assert (stopped.decision.verdict, stopped.decision.by, row_of(world, stopped).fate) == (
        "bounce",
        "notice",
        "stopped",
    )
    with world.store.write() as connection:
        set_notices(connection, world.sellers["anna"], False, confirmed=True)
    assert judged(world, lenient, REVIEW, 3).decision.verdict == "block"
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], day_of(world.store.settings, NOW)) == (1, 0)
    assert list(archive.verify(world.store)) == []


def test_a_reply_is_judged_as_one(world: World, lenient: Filter) -> None:
    opt_out(world)
    world.question(id="q1@home.example")
    found = judged(world, lenient, "Deux metres.", 1, headers={"In-Reply-To": "<q1@home.example>"})
    assert (found.decision.verdict, found.decision.reason, found.decision.in_reply) == (
        "allow",
        "reply_in_thread",
        True,
    )


def test_words_smuggled_into_a_quotation_are_the_sellers(world: World, strict: Filter) -> None:
    world.question(id="q1@home.example")
    headers = {"In-Reply-To": "<q1@home.example>"}
    honest = judged(world, strict, f"Deux metres.\n\n{quoted(QUESTION)}", 1, headers=headers)
    sly = judged(world, strict, f"Deux metres.\n\n{quoted(QUESTION)}\n> {REVIEW}", 2, headers=headers)
    assert (honest.decision.verdict, sly.decision.verdict) == ("allow", "bounce")
    assert sly.decision.reason == "prohibited_solicitation"
    again = judged(world, strict, f"Deux metres.\n\n{quoted(QUESTION)}\n> {REVIEW}", 2, headers=headers)
    assert again.decision.verdict == "bounce", "its own copy in the archive does not excuse it"


def test_mail_that_is_not_from_a_seller_to_his_buyer_is_neither_judged_nor_kept(world: World, strict: Filter) -> None:
    others = world.pair_of("bert", "clara").buyer_alias
    for recipient, row in (("friend@x.example", "V01"), (others, "V04"), ("nobody9@mail.marche.example", "V03")):
        found = judged(world, strict, REVIEW, 1, recipient=recipient)
        assert (found.decision.row, found.message_id) == (row, None)
    raw = mail("Question", sender="clara@home.example")
    inbound = Judge(world.store, strict).judge(raw, Envelope("clara@home.example", world.pair.seller_alias), NOW)
    assert (inbound.situation.direction, inbound.decision.verdict) == ("in", "not_judged")
    with world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(message)).scalar_one() == 0


def test_the_same_message_sent_again_is_one_message(world: World, strict: Filter) -> None:
    first, second = judged(world, strict, ADDRESS, 1), judged(world, strict, ADDRESS, 1)
    assert first.message_id == second.message_id
    assert first.decision == second.decision
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], day_of(world.store.settings, NOW)) == (1, 0)
        assert connection.execute(sa.select(archive_head.c.records)).scalar_one() == 1


def test_a_stopped_message_is_judged_anew_when_it_comes_again(world: World, lenient: Filter) -> None:
    opt_out(world)
    first = judged(world, lenient, REVIEW, 1)
    with world.store.write() as connection:
        set_opt_out(connection, world.buyers["clara"], False, NOW)
    second = judged(world, lenient, REVIEW, 1)
    assert (first.decision.verdict, second.decision.verdict) == ("bounce", "allow")
    assert row_of(world, second).fate == "queued"


def used_up(world: World, sent: int, uncertain: int = 0) -> None:
    with world.store.write() as connection:
        day = day_of(world.store.settings, NOW)
        row = {"seller_id": world.sellers["anna"], "day": day, "sent": sent, "uncertain": uncertain}
        connection.execute(sa.insert(quota_day).values(**row))


def test_over_quota_plain_mail_waits_and_critical_mail_and_replies_pass(world: World, lenient: Filter) -> None:
    world.question(id="q1@home.example")
    used_up(world, 600)
    waits = judged(world, lenient, REVIEW, 1)
    assert (waits.decision.verdict, waits.decision.smtp, row_of(world, waits).fate) == ("defer", "450 4.7.1", "held")
    assert judged(world, lenient, ADDRESS, 2).decision.verdict == "allow"
    reply = judged(world, lenient, "Deux metres.", 3, headers={"In-Reply-To": "<q1@home.example>"})
    assert (reply.decision.verdict, reply.decision.flags) == ("allow", ("over_quota",))
    with world.store.read() as connection:
        assert counted(connection, world.sellers["anna"], day_of(world.store.settings, NOW)) == (602, 0)


def test_the_last_place_that_goes_meanwhile_holds_the_message(
    world: World, lenient: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    used_up(world, 599)
    real = Judge._decide

    def slow(self: Judge, *args: object) -> object:
        with world.store.write() as connection:
            connection.execute(sa.update(quota_day).values(sent=600))
        return real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "_decide", slow)
    found = judged(world, lenient, REVIEW, 1)
    assert (found.decision.verdict, found.decision.context.quota) == ("defer", "over")


def test_doubt_is_no_open_door(world: World, strict: Filter) -> None:
    unknown = "Xyzzy plugh frobnicate."
    used_up(world, 10, uncertain=49)
    verdicts = [judged(world, strict, unknown, number).decision for number in (1, 2, 1)]
    assert [d.content for d in verdicts] == ["uncertain"] * 3
    assert [d.verdict for d in verdicts] == ["allow", "defer", "defer"]
    world.question(id="q1@home.example")
    reply = judged(world, strict, unknown, 4, headers={"In-Reply-To": "<q1@home.example>"})
    assert reply.decision.verdict == "allow"


def test_a_preview_changes_nothing(world: World, strict: Filter) -> None:
    said: list[str] = []
    sa.event.listen(world.store.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    found = Judge(world.store, strict).preview(Message.parse(mail(ADDRESS)), world.envelope(), NOW)
    assert found.decision.verdict == "allow"
    assert all(sql.startswith(("SELECT", "BEGIN")) for sql in said)
    assert found.decision.context.assumed == ()


# -- lists -------------------------------------------------------------------------------------------------------------


def test_only_a_delivered_answer_by_hand_answers(world: World, strict: Filter) -> None:
    first = world.question("Premiere question sur la lampe", id="q1@home.example", at=NOW - timedelta(hours=3))
    second = world.question(
        "Deuxieme question sur la lampe", at=NOW - timedelta(hours=1), token=first.token, id="q2@home.example"
    )
    other = world.question("Autre fil", at=NOW - timedelta(hours=2))
    anna, headers = world.sellers["anna"], {"In-Reply-To": "<q2@home.example>"}

    def waiting() -> list[int]:
        with world.store.read() as connection:
            return [each.id for each in lists.response_list(connection, anna)]

    assert waiting() == [first.id, other.id, second.id]
    stopped = judged(world, strict, REVIEW, 1, headers=headers)
    assert stopped.decision.verdict == "bounce"
    auto = judged(world, strict, ADDRESS, 2, headers={**headers, "Auto-Submitted": "auto-replied"})
    delivered(world.store, auto.message_id or 0, NOW)
    answer = judged(world, strict, ADDRESS, 3, headers=headers)
    assert waiting() == [first.id, other.id, second.id], "queued is not delivered"
    with world.store.read() as connection:
        assert [each.id for each in lists.sent_list(connection, anna)] == [auto.message_id]
    delivered(world.store, answer.message_id or 0, NOW)
    assert waiting() == [other.id]
    with world.store.write() as connection:
        time = lists.response_time(connection, anna, NOW - timedelta(days=1), NOW)
        assert (time.counted, time.answered, time.excluded, time.mean) == (3, 2, 0, timedelta(hours=2))
        lists.no_response_needed(connection, anna, first.id, NOW)
        lists.no_response_needed(connection, anna, first.id, NOW + timedelta(days=1))
        time = lists.response_time(connection, anna, NOW - timedelta(days=1), NOW)
        assert (time.counted, time.answered, time.excluded, time.mean) == (2, 1, 1, timedelta(hours=1))
        lists.needs_response_again(connection, anna, first.id)
        lists.no_response_needed(connection, anna, other.id, NOW)
        lists.needs_response_again(connection, anna, other.id)
        time = lists.response_time(connection, anna, NOW - timedelta(days=1), NOW)
        assert (time.counted, time.answered, time.mean) == (3, 2, timedelta(hours=2)), "what was undone is as before"
        for each in (first, second, other):
            lists.no_response_needed(connection, anna, each.id, NOW)
        time = lists.response_time(connection, anna, NOW - timedelta(days=1), NOW)
        assert (time.counted, time.excluded, time.mean) == (0, 3, None)
        with pytest.raises(UsageError, match="no buyer's message"):
            lists.no_response_needed(connection, world.sellers["bert"], first.id, NOW)


# -- log and replay ----------------------------------------------------------------------------------------------------


def logged(world: World, loaded: Filter, folder: Path, *bodies: str, **more: object) -> list[Judged]:
    with DecisionLog(world.store, folder, loaded, **more) as log:  # type: ignore[arg-type]
        judge = Judge(world.store, loaded, log)
        return [
            judge.judge(mail(body, id=f"l{number}@anna.example"), world.envelope(), NOW + timedelta(seconds=number))
            for number, body in enumerate(bodies)
        ]


def log_lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_the_log_holds_every_decision_without_words_and_addresses(world: World, strict: Filter, tmp_path: Path) -> None:
    logged(world, strict, tmp_path / "log", ADDRESS, REVIEW)
    text = "".join(path.read_text() for path in (tmp_path / "log").glob("*.jsonl"))
    assert "contact@anna" not in text
    assert world.pair.buyer_alias not in text
    assert "avis" not in text
    assert [line["said"]["decision"]["verdict"] for line in log_lines(tmp_path / "log")] == ["allow", "bounce"]  # type: ignore[index]
    assert list(logbook.verify(world.store, tmp_path / "log")) == []
    logged(world, strict, tmp_path / "log", REVIEW, with_text=True)
    assert "avis" in "".join(path.read_text() for path in (tmp_path / "log").glob("*.jsonl"))
    assert list(logbook.verify(world.store, tmp_path / "log")) == []


@pytest.mark.parametrize(("address", "shown"), [("anna@x.example", "a***@x.example"), ("", ""), ("nonsense", "***")])
def test_a_masked_address_names_nobody(address: str, shown: str) -> None:
    assert masked(address) == shown


def _edit(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"allow"', b'"block"', 1).replace(b'"bounce"', b'"allow"', 1), *lines[2:]]


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_edit, "was changed"),
        (lambda lines: lines[:1] + lines[2:], "are missing"),
        (lambda lines: lines[:-1], "were signed"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "are missing"),
        (lambda lines: [b"nonsense\n", *lines[1:]], "no record"),
        (lambda lines: [], "were signed"),
    ],
)
def test_what_was_changed_removed_or_cut_off_in_the_log_is_found(
    world: World, strict: Filter, tmp_path: Path, tamper: object, found: str
) -> None:
    logged(world, strict, tmp_path, ADDRESS, REVIEW, "Bonjour", ADDRESS)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))  # type: ignore[operator]
    assert any(found in fault.what for fault in logbook.verify(world.store, tmp_path))


def test_a_removed_file_and_a_forged_end_are_found(world: World, strict: Filter, tmp_path: Path) -> None:
    logged(world, strict, tmp_path, ADDRESS, REVIEW)
    (path,) = tmp_path.glob("*.jsonl")
    content = path.read_bytes()
    path.unlink()
    assert [fault.what for fault in logbook.verify(world.store, tmp_path)] == ["all 2 lines of this writer are missing"]
    path.write_bytes(content.splitlines(keepends=True)[0])
    first = json.loads(content.splitlines()[0])
    with world.store.write() as connection:
        connection.execute(sa.update(log_head).values(records=1, hash=bytes.fromhex(first["hash"])))
    assert ["not signed with this key" in fault.what for fault in logbook.verify(world.store, tmp_path)] == [True]


def test_a_line_that_was_broken_off_by_a_crash_is_no_fault(world: World, strict: Filter, tmp_path: Path) -> None:
    logged(world, strict, tmp_path, ADDRESS, REVIEW)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes() + b'{"seq":3,"salt":"ab')
    assert list(logbook.verify(world.store, tmp_path)) == []


def test_rotation_keeps_the_chain(world: World, strict: Filter, tmp_path: Path) -> None:
    logged(world, strict, tmp_path, *[ADDRESS] * 5, rotate_bytes=3000)
    assert len(list(tmp_path.glob("*.jsonl"))) > 1
    assert [line["seq"] for line in log_lines(tmp_path)] == [1, 2, 3, 4, 5]
    assert list(logbook.verify(world.store, tmp_path)) == []


def test_the_end_is_signed_every_minute(world: World, strict: Filter, tmp_path: Path) -> None:
    decision = Judge(world.store, strict).preview(Message.parse(mail(ADDRESS)), world.envelope(), NOW).decision
    log = DecisionLog(world.store, tmp_path, strict)
    ends = []
    for seconds in (0, 30, 59, 60, 90, 20):  # the last: a clock set back
        log.append(decision, world.envelope(), NOW + timedelta(seconds=seconds))
        with world.store.read() as connection:
            ends.append(connection.execute(sa.select(log_head.c.records)).scalar_one())
    assert ends == [1, 1, 1, 4, 4, 6]
    log.close()


def test_a_full_disk_is_told_and_the_log_stays_whole(
    world: World, strict: Filter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = Judge(world.store, strict).preview(Message.parse(mail(ADDRESS)), world.envelope(), NOW).decision
    log = DecisionLog(world.store, tmp_path, strict)
    log.append(decision, world.envelope(), NOW)
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(log_module.os, "write", lambda fd, data: real(fd, data[:50]))
        with pytest.raises(StoreError, match="no space left"):
            log.append(decision, world.envelope(), NOW)
    log.append(decision, world.envelope(), NOW)
    log.close()
    assert len(log_lines(tmp_path)) == 2
    assert list(logbook.verify(world.store, tmp_path)) == []


def test_an_erased_decision_leaves_a_tombstone_that_verifies(world: World, strict: Filter, tmp_path: Path) -> None:
    first, second = logged(world, strict, tmp_path, ADDRESS, REVIEW, with_text=True)
    (path,) = tmp_path.glob("*.jsonl")
    size = path.stat().st_size
    wanted = second.decision.message
    assert logbook.erase(tmp_path, lambda said: said["decision"]["message"] == wanted, NOW) == 1
    assert logbook.erase(tmp_path, lambda said: said["decision"]["message"] == wanted, NOW) == 0
    assert path.stat().st_size == size
    assert "avis" not in path.read_text()
    assert list(logbook.verify(world.store, tmp_path)) == []
    assert [("said" in line, "salt" in line) for line in log_lines(tmp_path)] == [(True, True), (False, False)]
    assert logbook.find_decision(tmp_path, second.decision.decision) == []
    assert len(logbook.find_decision(tmp_path, first.decision.decision)) == 1


def test_erasing_a_buyer_erases_the_decisions_about_his_mail(world: World, strict: Filter, tmp_path: Path) -> None:
    logged(world, strict, tmp_path, ADDRESS, REVIEW, with_text=True)
    other = Judge(world.store, strict, log := DecisionLog(world.store, tmp_path, strict))
    other.judge(mail(REVIEW), world.envelope(world.pair_of("anna", "dirk").buyer_alias), NOW)
    log.close()
    assert erase_buyer(world.store, "clara", NOW, tmp_path) == 2
    assert sorted("said" in line for line in log_lines(tmp_path)) == [False, False, True]
    assert list(logbook.verify(world.store, tmp_path)) == []


def test_replay_says_same_differs_erased_or_not_kept(world: World, strict: Filter, tmp_path: Path) -> None:
    (found,) = logged(world, strict, tmp_path, f"Bonjour.\n\n{quoted(REVIEW)}")
    assert found.decision.verdict == "bounce", "quoted, but never written"
    world.question(REVIEW, at=NOW + timedelta(hours=1))  # later: it does not count for then
    again = replay(world.store, tmp_path, found.decision.decision)
    assert (again.outcome, again.differences) == ("same", {})
    raw = mail(f"Bonjour.\n\n{quoted(REVIEW)}", id="l0@anna.example")
    assert replay(world.store, tmp_path, found.decision.decision, raw).outcome == "same"
    with pytest.raises(UsageError, match="not the message"):
        replay(world.store, tmp_path, found.decision.decision, raw + b"x")
    with pytest.raises(UsageError, match="holds no decision"):
        replay(world.store, tmp_path, "0" * 16)
    with world.store.write() as connection:
        connection.execute(sa.update(message).where(message.c.direction == "in").values(at=NOW - timedelta(hours=1)))
    differs = replay(world.store, tmp_path, found.decision.decision)
    assert (differs.outcome, differs.differences["verdict"]) == ("differs", ("bounce", "allow"))
    archive.erase_pairs(world.store, [world.pair.id], NOW)
    assert replay(world.store, tmp_path, found.decision.decision).outcome == "erased"
    (kept, *_) = sorted((tmp_path / "kept").glob("*.json"), key=lambda path: -path.stat().st_size)
    content = kept.read_bytes()
    kept.write_bytes(content + b" ")
    with pytest.raises(StoreError, match="was changed"):
        replay(world.store, tmp_path, found.decision.decision, raw)
    kept.unlink()
    assert replay(world.store, tmp_path, found.decision.decision, raw).outcome == "rules not kept"


def test_without_a_key_ends_are_kept_unsigned(url: str, strict: Filter, tmp_path: Path) -> None:
    store = Store.open(url, keys=Keys())
    world = World(store)
    logged(world, strict, tmp_path, ADDRESS)
    assert list(logbook.verify(store, tmp_path)) == []
    store.close()
