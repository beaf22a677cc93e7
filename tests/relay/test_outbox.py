"""Notices: kept over crashes, sent at most once, tried again."""

from __future__ import annotations

import socket
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.relay.outbox import KEPT, Notice, Outbox, OutboxError, Postman
from tests.relay.sink import Sink

ONE = Notice("k1", "shop@shop.example", b"Subject: one\r\n\r\nText\r\n.\r\n")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox.sqlite")


def test_a_notice_is_sent_once_however_often_it_is_put(outbox: Outbox, tmp_path: Path) -> None:
    with Sink() as sink:
        postman = Postman(outbox, "127.0.0.1", sink.port)
        outbox.put([ONE], 0)
        outbox.put([ONE], 0)
        assert postman.turn()
        outbox.put([ONE], 0)
        assert not postman.turn()
        (got,) = sink.wait(1)
    assert (got.sender, got.recipients) == ("", (ONE.recipient,))
    assert got.raw == ONE.mail
    assert Outbox(tmp_path / "outbox.sqlite").states() == {"sent": 1}
    with sqlite3.connect(tmp_path / "outbox.sqlite") as database:
        assert database.execute("SELECT mail FROM notice").fetchone() == (b"",)


def test_what_was_being_sent_at_a_crash_is_not_sent_again(outbox: Outbox) -> None:
    outbox.put([ONE], 0)
    assert outbox.next(0) == ONE
    assert outbox.recover(0) == 1
    assert outbox.next(1e9) is None
    assert outbox.states() == {"unsure": 1}


def test_nobody_there_is_tried_again_after_growing_pauses(outbox: Outbox) -> None:
    clock = Clock()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        postman = Postman(outbox, "127.0.0.1", unused.getsockname()[1], clock)
        outbox.put([ONE], clock.now)
        pauses = []
        assert postman.turn()
        for _ in range(4):
            began = clock.now
            while not postman.turn():
                clock.now += 10
            pauses.append(clock.now - began)
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1] <= 3600
        assert outbox.states() == {"waiting": 1}


@contextmanager
def server(*answers: bytes) -> Iterator[int]:
    """A mail server that gives these answers to EHLO, MAIL, RCPT, DATA and the mail; `b""` hangs up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 hello\r\n")
            for number, answer in enumerate(answers):
                while (line := self.rfile.readline()) and number == 4 and line != b".\r\n":
                    pass
                if not answer:
                    return
                self.wfile.write(answer + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((b"250 ok", b"250 ok", b"450 4.2.0 later"), "waiting"),
        ((b"250 ok", b"250 ok", b"550 5.1.1 nobody"), "refused"),
        ((b"250 ok", b"250 ok", b"250 ok", b"354 go", b"451 4.3.0 full"), "waiting"),
        ((b"250 ok", b"250 ok", b"250 ok", b"354 go", b"554 5.7.1 no"), "refused"),
        ((b"250 ok", b""), "waiting"),
        ((b"250 ok", b"250 ok", b"250 ok", b"354 go", b""), "unsure"),
        ((b"250 ok", b"250 ok", b"250 ok", b"354 go", b"250 taken"), "sent"),
    ],
)
def test_answers_of_the_mail_server(outbox: Outbox, answers: tuple[bytes, ...], state: str) -> None:
    outbox.put([ONE], 0)
    with server(*answers) as port:
        Postman(outbox, "127.0.0.1", port).turn()
    assert outbox.states() == {state: 1}


def test_old_keys_go_and_waiting_notices_stay(outbox: Outbox) -> None:
    outbox.put([ONE, ONE._replace(key="k2")], 0)
    outbox.end("k1", "sent", 0)
    outbox.recover(KEPT - 1)
    assert outbox.states() == {"sent": 1, "waiting": 1}
    outbox.recover(KEPT + 1)
    assert outbox.states() == {"waiting": 1}


def test_a_damaged_file_promises_nothing(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(OutboxError, match="cannot be used"):
        Outbox(tmp_path / "outbox.sqlite")
