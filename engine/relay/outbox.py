"""The notices on their way: a file that outlives every crash, and the process that hands them to the MTA.

A notice is sent at most once. Before it is handed over it is marked, so that after a crash in that moment nobody knows
whether it went; it is then not sent again, and the journal says so.
"""

from __future__ import annotations

import os
import signal
import smtplib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.errors import TamisError
from engine.relay.journal import note

_TABLE = """CREATE TABLE IF NOT EXISTS notice (
    key TEXT PRIMARY KEY, recipient TEXT NOT NULL, mail BLOB NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
    due REAL NOT NULL) WITHOUT ROWID"""
_BUSY = 10.0  # seconds to wait for another process
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0
KEPT = 14 * 86400.0  # seconds: how long a message sent again is known; MTAs give up after five days
_TURN = 1.0
_PATIENCE = 60.0  # seconds for an answer of the MTA


class OutboxError(TamisError):
    """The file of the outbox cannot be used; no notice can be promised."""


class Notice(NamedTuple):
    """A notice: `key` names the message and recipient it tells of, `mail` is what is sent to `recipient`."""

    key: str
    recipient: str
    mail: bytes


class Outbox:
    """The file. Every call opens it anew: it is used from several processes, and seldom."""

    def __init__(self, path: Path) -> None:
        """Make the file if need be. Raises OutboxError."""
        self._path = path
        with self._open() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_TABLE)
            database.execute("CREATE INDEX IF NOT EXISTS notice_due ON notice (state, due)")

    def put(self, notices: list[Notice], now: float) -> None:
        """Keep notices, all or none; one whose key is known is kept no second time. On disk when this returns."""
        rows = [(each.key, each.recipient, each.mail, now) for each in notices]
        with self._open() as database:
            database.executemany("INSERT OR IGNORE INTO notice VALUES (?, ?, ?, 'waiting', 0, ?)", rows)

    def next(self, now: float) -> Notice | None:
        """Return a notice that is due, marked as being sent."""
        with self._open() as database:
            row = database.execute(
                "UPDATE notice SET state = 'sending' WHERE key = (SELECT key FROM notice "
                "WHERE state = 'waiting' AND due <= ? ORDER BY due LIMIT 1) RETURNING key, recipient, mail",
                (now,),
            ).fetchone()
        return Notice(*row) if row else None

    def end(self, key: str, state: str, now: float) -> None:
        """Say how a notice ended (`sent`, `refused`, `unsure`); its text is forgotten, its key kept."""
        with self._open() as database:
            database.execute("UPDATE notice SET state = ?, due = ?, mail = x'' WHERE key = ?", (state, now, key))

    def later(self, key: str, now: float) -> None:
        """Put a notice back: it has not been taken, and will be tried again after a pause that grows."""
        with self._open() as database:
            (tries,) = database.execute("SELECT tries FROM notice WHERE key = ?", (key,)).fetchone()
            pause = min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE)
            database.execute(
                "UPDATE notice SET state = 'waiting', tries = tries + 1, due = ? WHERE key = ?", (now + pause, key)
            )

    def recover(self, now: float) -> int:
        """Give up what was being sent when the process ended, forget what is old; return how many were given up."""
        with self._open() as database:
            given_up = database.execute(
                "UPDATE notice SET state = 'unsure', mail = x'' WHERE state = 'sending'"
            ).rowcount
            database.execute("DELETE FROM notice WHERE state <> 'waiting' AND due < ?", (now - KEPT,))
        return given_up

    def states(self) -> dict[str, int]:
        """Return how many notices there are in each state."""
        with self._open() as database:
            return dict(database.execute("SELECT state, count(*) FROM notice GROUP BY state").fetchall())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY)) as database, database:
                database.execute("PRAGMA synchronous = FULL")
                yield database
        except sqlite3.Error as error:
            raise OutboxError(f"{self._path}: the outbox of notices cannot be used: {error}") from error


class Postman:
    """Hands the notices of an outbox to an MTA, one after the other."""

    def __init__(self, outbox: Outbox, host: str, port: int, clock: Callable[[], float] = time.time) -> None:
        self._outbox = outbox
        self._host, self._port = host, port
        self._clock = clock

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Work until `goes_on` says no."""
        given_up = self._outbox.recover(self._clock())
        if given_up:
            note("notices_unsure", notices=given_up)
        while goes_on():
            if not self.turn():
                time.sleep(_TURN)

    def turn(self) -> bool:
        """Send one notice; return whether there was one."""
        notice = self._outbox.next(self._clock())
        if notice is None:
            return False
        try:
            how, code = self._send(notice)
        except (OSError, smtplib.SMTPException) as error:
            how, code = "later", _code(error)
        if how == "later" and 500 <= code < 600:
            how = "refused"
        if how == "later":
            self._outbox.later(notice.key, self._clock())
        else:
            self._outbox.end(notice.key, how, self._clock())
        note(f"notice_{how}", notice=notice.key, code=code or None)
        return True

    def _send(self, notice: Notice) -> tuple[str, int]:
        """Hand a notice over; return `sent`, or `unsure` where the answer was lost, and the code. Raises before that."""
        smtp = smtplib.SMTP(self._host, self._port, timeout=_PATIENCE)
        try:
            smtp.ehlo_or_helo_if_needed()
            smtp.command_encoding = "utf-8"
            _want(smtp.mail("", [] if notice.recipient.isascii() else ["SMTPUTF8"]))
            _want(smtp.rcpt(notice.recipient))
            try:
                code, text = smtp.data(notice.mail)
            except smtplib.SMTPDataError:  # the answer to DATA, before any of the mail
                raise
            except (OSError, smtplib.SMTPServerDisconnected):
                return "unsure", 0
            _want((code, text))
            return "sent", code
        finally:
            smtp.close()


def _want(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)


def _code(error: Exception) -> int:
    """Return the SMTP answer that an error stands for, 0 where there was none."""
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else 0


def work(outbox: Outbox, host: str, port: int, master: int) -> None:
    """Be the postman's process and never return. It ends by SIGTERM, between two notices, or when the master is gone."""
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    status = 1
    try:
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.set_blocking(master, False)
        Postman(outbox, host, port).run(lambda: not ended and not _is_closed(master))
        status = 0
    except BaseException as error:
        note("postman_failed", error=type(error).__name__)
    finally:
        os._exit(status)


def _is_closed(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False
