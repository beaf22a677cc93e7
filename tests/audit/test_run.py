"""An audit: a row for every message, the same bytes every time, and nothing lost when it is killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.audit import parts as parts_module
from engine.audit.corpora import Meter, entries
from engine.audit.parts import Part, parts
from engine.audit.run import Options, run
from engine.audit.schema import FINDINGS, MESSAGES, VERSION
from engine.audit.work import Job, Worker
from engine.decide.words import CONTEXT_WORDS
from engine.errors import InputError, RulesError, TamisError, UsageError
from engine.filter import Filter
from engine.message.parts import Message

from .helpers import ASKS, BEGS, PLAIN, TODAY, audited, jsonl, mail, mbox, rows, tree

MIXED = [mail(BEGS), mail(ASKS), mail(PLAIN), b"\x00\x01 not a mail\n", mail(BEGS, sender="other@shop.example")] * 5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mbox(tmp_path_factory.mktemp("corpus") / "in.mbox", MIXED)


@pytest.fixture(scope="module")
def results(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(tmp_path_factory.mktemp("results") / "a", corpus, size=7)


def told(folder: Path, corpus: Path, **options: Any) -> Options:
    known = Options(paths=(str(corpus),), folder=folder, model="off", today=TODAY, workers=1, size=7)
    return replace(known, **options)


# -- what the rows say -------------------------------------------------------------------------------------------------


def test_every_message_has_a_row_with_the_verdict_of_the_filter(results: Path) -> None:
    found = rows(results)
    assert [row["number"] for row in found] == list(range(len(MIXED)))
    loaded = Filter.load(today=TODAY, model="off")
    for row, raw in zip(found, MIXED, strict=True):
        decision = loaded.check(Message.parse(raw))
        seen = (row["verdict"], row["reason"], row["row"], row["decision"], row["message"], row["flags"])
        assert seen == (
            decision.verdict, decision.reason, decision.row, decision.decision, decision.message, list(decision.flags)
        )  # fmt: skip
    assert {found[0]["verdict"], found[1]["verdict"]} == {"bounce", "allow"}


def test_a_row_says_who_when_and_what_had_to_be_assumed(results: Path) -> None:
    row = rows(results)[0]
    assert row["seller"] == "shop@seller.example"
    assert row["date"] == datetime(2026, 2, 2, 10, tzinfo=UTC)
    assert set(row["assumed"]) == set(CONTEXT_WORDS)
    assert rows(results)[1]["rests_on"] == [], "what an order needs is delivered whatever the rest"
    assert "quota" in rows(results)[2]["rests_on"]
    assert row["size"] == len(MIXED[0])


def test_a_finding_stands_where_its_span_says(results: Path) -> None:
    found = [row for row in rows(results, "findings") if row["number"] == 0]
    assert {row["label"] for row in found} >= {"review_request.product"} or any(
        row["label"].startswith("review_request") for row in found
    )
    for row in found:
        for span in row["spans"]:
            assert BEGS[span["start"] : span["end"]] == span["text"]
            assert BEGS[: span["start"]].endswith(span["before"])
            assert BEGS[span["end"] :].startswith(span["after"])


def test_without_text_no_word_of_a_message_is_kept(corpus: Path, tmp_path: Path) -> None:
    folder = audited(tmp_path / "a", corpus, with_text=False)
    spans = [span for row in rows(folder, "findings") for span in row["spans"]]
    assert spans
    assert {(span["before"], span["text"], span["after"]) for span in spans} == {(None, None, None)}
    assert all(b"star review" not in data for data in tree(folder).values())


def test_the_columns_are_those_of_the_schema_and_described(results: Path) -> None:
    for table, schema in (("messages", MESSAGES), ("findings", FINDINGS)):
        for path in (results / table).iterdir():
            found = pq.read_schema(path)
            assert found.equals(schema)
            assert found.metadata[b"tamis.schema"] == str(VERSION).encode()
            assert all(field.metadata[b"description"] for field in found)


def test_labels_are_kept_and_unknown_ones_are_an_error(tmp_path: Path) -> None:
    corpus = jsonl(
        tmp_path / "in.jsonl",
        [
            {"id": "1", "body": BEGS, "intents": ["review_request"]},
            {"id": "2", "segments": [{"t": "Hi,", "l": None}, {"t": ASKS, "l": "customization"}]},
            {"id": "3", "body": PLAIN, "intents": ["nonsense"]},
            {"id": "3", "body": PLAIN, "context": {"order": "perhaps"}},
            {"id": "5", "body": PLAIN, "date": "2026-02-03T04:05:06+02:00", "seller": "Shop 7"},
        ],
    )
    found = rows(audited(tmp_path / "a", corpus))
    assert [row["labels"] for row in found] == [["review_request"], ["customization"], None, None, None]
    assert "no intent is called nonsense" in found[2]["error"]
    assert "perhaps" in found[3]["error"]
    assert (found[4]["seller"], found[4]["date"]) == ("Shop 7", datetime(2026, 2, 3, 2, 5, 6, tzinfo=UTC))
    assert [row["verdict"] for row in found][2:4] == [None, None]


def test_the_manifest_proves_the_results(results: Path) -> None:
    manifest = json.loads((results / "manifest.json").read_text())
    assert manifest["corpus"]["messages"] == len(MIXED)
    assert sum(manifest["counts"]["verdicts"].values()) == len(MIXED)
    assert manifest["counts"]["findings"] == len(rows(results, "findings"))
    assert manifest["settings"]["rules"] == Filter.load(today=TODAY, model="off").plan.digest
    named = {file["path"] for file in manifest["files"]}
    assert named == {name for name in tree(results) if name != "manifest.json"}


def test_an_empty_corpus_gives_its_error_a_row(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (row,) = rows(audited(tmp_path / "a", tmp_path / "in"))
    assert "it is empty" in row["error"]


# -- the same again ----------------------------------------------------------------------------------------------------


def test_two_audits_give_the_same_bytes_whatever_the_workers(corpus: Path, results: Path, tmp_path: Path) -> None:
    assert tree(audited(tmp_path / "b", corpus, size=7, workers=2)) == tree(results)


def test_started_again_when_finished_nothing_changes(corpus: Path, tmp_path: Path) -> None:
    folder = audited(tmp_path / "a", corpus, size=7)
    before = tree(folder)
    run(told(folder, corpus, today=None))
    assert tree(folder) == before


def test_stopped_anywhere_it_goes_on_to_the_same_bytes(corpus: Path, results: Path, tmp_path: Path) -> None:
    folder = audited(tmp_path / "a", corpus, size=7)
    (folder / "manifest.json").unlink()
    settings = json.loads((results / "manifest.json").read_text())["settings"]
    (folder / "begun.json").write_text(json.dumps({"schema": 1, "settings": settings}))
    (folder / "messages" / "0000001.parquet").unlink()
    damaged = folder / "findings" / "0000002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    (folder / "messages" / "0000003.tmp").write_bytes(b"half")
    kept = (folder / "messages" / "0000000.parquet").stat().st_mtime_ns
    run(told(folder, corpus, today=None))
    assert tree(folder) == tree(results)
    assert (folder / "messages" / "0000000.parquet").stat().st_mtime_ns == kept, "what was done is not done again"


def test_killed_and_started_again_it_goes_on(corpus: Path, results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    code = (
        "import sys; from pathlib import Path; from datetime import date; from engine.audit.run import Options, run\n"
        "if __name__ == '__main__':\n"
        f"    run(Options(paths=({str(corpus)!r},), folder=Path({str(folder)!r}), model='off', "
        f"today=date(2026, 3, 1), workers=1, size=7))"
    )
    script = tmp_path / "audit.py"
    script.write_text(code)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, str(script)], env=env, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(folder.glob("messages/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    run(told(folder, corpus, today=None))
    assert tree(folder) == tree(results)


def test_a_killed_worker_is_replaced(corpus: Path, results: Path, tmp_path: Path) -> None:
    import multiprocessing

    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not killed and time.monotonic() < deadline:
            for child in multiprocessing.active_children():
                if child.pid is not None and (tmp_path / "a" / "messages").is_dir():
                    killed.append(child.pid)
                    os.kill(child.pid, signal.SIGKILL)
                    return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    folder = audited(tmp_path / "a", corpus, size=7)
    thread.join()
    assert killed, "a worker was killed while there was work"
    assert tree(folder) == tree(results)


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_corpus_that_changed_is_refused(tmp_path: Path) -> None:
    corpus = mbox(tmp_path / "in.mbox", MIXED)
    folder = audited(tmp_path / "a", corpus, size=7)
    mbox(corpus, [*MIXED[:10], mail(PLAIN), *MIXED[11:]])
    with pytest.raises(InputError, match="messages 7 to 13 differ"):
        run(told(folder, corpus))
    mbox(corpus, MIXED[:14])
    with pytest.raises(InputError, match="shorter"):
        run(told(folder, corpus))


def test_the_folder_of_another_audit_is_refused_with_what_differs(corpus: Path, results: Path) -> None:
    with pytest.raises(UsageError, match=r"differing: profile\)"):
        run(told(results, corpus, profile="opt-out"))


def test_a_folder_with_other_things_is_refused(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds other things \(letters.txt\)"):
        run(told(tmp_path, corpus))


def test_results_of_a_newer_version_are_refused(corpus: Path, tmp_path: Path) -> None:
    folder = audited(tmp_path / "a", corpus)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema": VERSION + 1}))
    with pytest.raises(InputError, match="newer Tamis"):
        run(told(folder, corpus))


def test_finished_results_with_a_damaged_part_are_refused(corpus: Path, tmp_path: Path) -> None:
    folder = audited(tmp_path / "a", corpus, size=7)
    (folder / "findings" / "0000001.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"part 1 .* is missing or damaged"):
        run(told(folder, corpus))


def test_a_folder_in_use_is_refused(corpus: Path, tmp_path: Path) -> None:
    from engine.audit.settings import claimed

    with claimed(tmp_path / "a"), pytest.raises(UsageError, match="another audit is writing"):
        run(told(tmp_path / "a", corpus))


def job(folder: Path, digest: str | None = None) -> Job:
    for name in ("messages", "findings"):
        (folder / name).mkdir(parents=True)
    rules = digest or Filter.load(today=TODAY, model="off").plan.digest
    return Job(folder=folder, rules=None, rules_digest=rules, profile="strict", model="off", today=TODAY)


def first_part(corpus: Path) -> Part:
    meter = Meter()
    return next(parts(entries([str(corpus)], format=None, stdin=sys.stdin.buffer, meter=meter), meter, 7))


def test_rules_changed_meanwhile_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="changed during the audit"):
        Worker(job(tmp_path / "a", "sha256:0")).judge(first_part(corpus))


def test_a_full_disk_leaves_no_half_part(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(table: Any, path: Path, **_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    worker = Worker(job(tmp_path / "a"))
    monkeypatch.setattr(parts_module.pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        worker.judge(first_part(corpus))
    assert tree(tmp_path / "a") == {}


def test_one_message_that_breaks_the_filter_is_an_error_of_its_own(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(job(tmp_path / "a"))
    part = first_part(corpus)
    broken = Message.parse(MIXED[2]).digest
    check = Filter._check

    def breaking(self: Filter, batch: Any) -> Any:
        if any(message.digest == broken for message, _, _ in batch):
            raise ZeroDivisionError
        return check(self, batch)

    monkeypatch.setattr(Filter, "_check", breaking)
    assert worker.judge(part).verdicts["error"] == 1
    found = rows(tmp_path / "a")
    assert "internal error (ZeroDivisionError)" in found[2]["error"]
    assert all(row["verdict"] for row in found if row["number"] != 2)


def test_workers_that_keep_dying_stop_the_audit_with_the_messages(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.audit import crew as crew_module
    from engine.audit.crew import Crew

    monkeypatch.setattr(crew_module, "_TRIES", 2)
    with (
        Crew(job(tmp_path / "a"), 1, _die) as crew,
        pytest.raises(TamisError, match="killed 2 times while messages 0 to 6"),
    ):
        list(crew.work([first_part(corpus)]))


def _die(_: Part) -> None:
    os._exit(9)
