"""The process that is started: loads what all need, forks the workers, and takes the signals.

SIGHUP (and a new day, on which exceptions may end): settings, rules and classifier are loaded anew. When they are good
new workers take over and the old ones end with their connections; when not, the old ones stay and the journal says why.
SIGTERM, SIGINT: the workers answer what is in flight, then everything ends.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from engine.errors import TamisError
from engine.relay import worker
from engine.relay.journal import note
from engine.relay.judging import Judging
from engine.relay.listening import Address
from engine.relay.outbox import work as postman
from engine.relay.settings import Settings, load

_TAKEN = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_TURN = 1.0  # seconds between two looks at the workers
_PAUSE = 1.0  # seconds that a worker must have lived to be replaced at once
_FEW_FILES = 65_536


class Master:
    """Serves an address by the settings of a file."""

    def __init__(self, config: Path, address: Address) -> None:
        """Load everything. Raises UsageError, RulesError, ModelError, or InputError for a place that is taken."""
        self._config = config
        self._address = address
        self._settings, self._judging = _loaded(config)
        self._day = date.today()
        self._listener = address.listen()
        self._started: dict[int, float] = {}  # workers that take connections, and since when
        self._retired: set[int] = set()
        self._next_start = 0.0
        self._postman = 0
        self._reading, self._writing = os.pipe()  # closes with this process, however it ends

    def run(self) -> None:
        """Serve until told to stop."""
        _allow_many_files()
        signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
        try:
            self._fill()
            note("listening", workers=len(self._started), rules=self._judging.rules, model=self._judging.model)
            while self._turn():
                pass
        finally:
            self._stop()

    def _turn(self) -> bool:
        taken = signal.sigtimedwait(_TAKEN, _TURN)
        number = taken.si_signo if taken is not None else 0
        if number in (signal.SIGTERM, signal.SIGINT):
            return False
        self._reap()
        if number == signal.SIGHUP or date.today() != self._day:
            self._reload()
        self._fill()
        return True

    # -- workers --

    def _fill(self) -> None:
        """Start the workers that are missing; one that died young is replaced after a pause."""
        while len(self._started) < self._settings.workers and time.monotonic() >= self._next_start:
            pid = self._fork(lambda: worker.work(self._judging, self._listener, self._reading))
            if pid:
                self._started[pid] = time.monotonic()
        outbox = self._judging.outbox
        if outbox is not None and not self._postman and time.monotonic() >= self._next_start:
            host, _, port = self._settings.notice_smtp.rpartition(":")
            self._postman = self._fork(lambda: postman(outbox, host.strip("[]"), int(port), self._reading))

    def _fork(self, task: Callable[[], Any]) -> int:
        """Return the process that does `task` and ends; 0 when there is no room for one now."""
        gc.freeze()  # what is loaded stays shared memory: the collector does not touch it
        try:
            pid = os.fork()
        except OSError as error:
            note("fork_failed", problem=error.strerror)
            self._next_start = time.monotonic() + _PAUSE
            return 0
        if pid == 0:
            os.close(self._writing)
            task()
        return pid

    def _reap(self) -> None:
        for pid in [*self._started, *self._retired, *([self._postman] if self._postman else [])]:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._forget(pid, os.waitstatus_to_exitcode(status))

    def _forget(self, pid: int, status: int) -> None:
        self._retired.discard(pid)
        if pid == self._postman:
            self._postman = 0
            self._next_start = time.monotonic() + _PAUSE
        began = self._started.pop(pid, None)
        if began is not None:
            note("worker_ended", worker=pid, status=status)
            if time.monotonic() - began < _PAUSE:
                self._next_start = time.monotonic() + _PAUSE

    def _reload(self) -> None:
        self._day = date.today()
        try:
            self._settings, self._judging = _loaded(self._config)
        except (TamisError, OSError) as error:
            note("reload_failed", problem=str(error), kept=self._judging.rules)
            return
        gc.unfreeze()
        gc.collect()
        old = list(self._started)
        self._started.clear()
        self._fill()
        for pid in old:
            self._retired.add(pid)
            os.kill(pid, signal.SIGUSR1)
        if self._postman:
            os.kill(self._postman, signal.SIGTERM)  # the next one goes by the new settings
        note("reloaded", workers=len(self._started), rules=self._judging.rules, model=self._judging.model)

    def _stop(self) -> None:
        self._address.remove()
        self._listener.close()
        note("stopping")
        self._retired |= self._started.keys() | ({self._postman} if self._postman else set())
        self._started.clear()
        self._postman = 0
        for pid in self._retired:
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + worker.GRACE + 5
        while self._retired and time.monotonic() < end:
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            self._reap()
        for pid in self._retired:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        note("stopped")


def _loaded(config: Path) -> tuple[Settings, Judging]:
    settings = load(config)
    return settings, Judging.load(settings)


def _allow_many_files() -> None:
    """Raise the limit of open files as far as it may be: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FEW_FILES if hard == resource.RLIM_INFINITY else min(hard, _FEW_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
