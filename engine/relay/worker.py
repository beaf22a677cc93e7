"""One process that answers the MTA: an event loop for the connections, and one thread that judges."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from engine.relay.journal import note, trouble
from engine.relay.judging import Ending, Judging, Mail
from engine.relay.milter import Connection, Session
from engine.relay.session import MailSession

IDLE = 900.0  # seconds without a byte; an MTA's own clients may be silent for 300
GRACE = 30.0  # seconds that messages have to end when the worker stops
RETIRED = 900.0  # seconds that connections have to end when newer workers have taken over
_SWEEP = 5.0


class Worker:
    """Serves connections from a shared listener until it is told to stop (SIGTERM), to retire (SIGUSR1), or alone.

    Stopping: messages that have begun are answered, connections between messages end. Retiring: no new connections, the
    others go on. It is alone when the master's end of a pipe is closed: then it stops.
    """

    def __init__(self, judging: Judging, listener: socket.socket, master: int) -> None:
        self._judging = judging
        self._listener: socket.socket | None = listener
        self._master = master
        self._connections: set[Connection] = set()
        # One thread: judging is all CPU, and a second would only take turns with the first.
        self._judge = ThreadPoolExecutor(1, "judge")
        self._since: float | None = None  # when the judgement that runs now began
        self._ends = float("inf")
        self._done: asyncio.Event
        self.stopping = False

    def run(self) -> None:
        """Serve until the end. Signals are taken from here on."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        for number, act in ((signal.SIGTERM, self.stop), (signal.SIGINT, lambda: None), (signal.SIGUSR1, self.retire)):
            loop.add_signal_handler(number, act)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        loop.add_reader(self._master, self.stop)
        assert self._listener is not None
        loop.add_reader(self._listener, self._accept)
        sweeper = loop.create_task(self._sweep())
        await self._done.wait()
        sweeper.cancel()

    # -- connections (milter.Keeper) --

    def new_session(self) -> Session:
        return MailSession(self._judging, self._run)

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._end_if_done()

    def _accept(self) -> None:
        """Take one connection a turn, so that a busy worker leaves the next to another."""
        if self._listener is None:
            return
        try:
            made, _ = self._listener.accept()
        except BlockingIOError:  # another worker was faster
            return
        except OSError as error:
            trouble("accept_failed", error)
            self._pause_accepting()
            return
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        task = loop.create_task(_connect(made, self))
        task.add_done_callback(_report)

    def _pause_accepting(self) -> None:
        """Wait a second: there are no file descriptors left, and asking again at once would only burn the CPU."""
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(1.0, self._accept_again)

    def _accept_again(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    # -- judging --

    async def _run(self, mail: Mail) -> Ending:
        deadline = self._judging.settings.deadline
        waiting = asyncio.get_running_loop().run_in_executor(self._judge, self._outcome, mail)
        try:
            return await asyncio.wait_for(waiting, deadline)
        except TimeoutError:
            if self._since is not None and time.monotonic() - self._since >= deadline:
                note("judging_stuck", queue_id=mail.queue_id)
                self.stop()  # a thread cannot be ended; the master starts another worker
            raise

    def _outcome(self, mail: Mail) -> Ending:
        self._since = time.monotonic()
        try:
            return self._judging.outcome(mail)
        finally:
            self._since = None

    # -- the end --

    def retire(self) -> None:
        """Take no more connections; go on with those there are."""
        self._close_listener()
        self._ends = min(self._ends, time.monotonic() + RETIRED)
        self._end_if_done()

    def stop(self) -> None:
        """Take no more connections, end those between messages, and the others with their message."""
        asyncio.get_running_loop().remove_reader(self._master)
        self._close_listener()
        self.stopping = True
        self._ends = min(self._ends, time.monotonic() + GRACE)
        for connection in list(self._connections):
            if not connection.in_message:
                connection.close()
        self._end_if_done()

    def _close_listener(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _end_if_done(self) -> None:
        if self._listener is None and not self._connections:
            self._done.set()

    async def _sweep(self) -> None:
        """Close connections that have long been silent; end when the time is up."""
        while True:
            await asyncio.sleep(min(_SWEEP, max(0.05, self._ends - time.monotonic())))
            now = asyncio.get_running_loop().time()
            for connection in list(self._connections):
                if now - connection.last_active > IDLE + self._judging.settings.deadline:
                    connection.close()
            if time.monotonic() >= self._ends:
                self._done.set()


async def _connect(made: socket.socket, worker: Worker) -> None:
    await asyncio.get_running_loop().connect_accepted_socket(lambda: Connection(worker), made)


def _report(task: asyncio.Task[None]) -> None:
    error = task.exception() if not task.cancelled() else None
    if error is not None:
        trouble("connection_failed", error)


def work(judging: Judging, listener: socket.socket, master: int) -> None:
    """Be a worker and never return: `os._exit` leaves nothing of the master's to be cleaned up twice."""
    status = 1
    try:
        Worker(judging, listener, master).run()
        status = 0
    except BaseException as error:
        trouble("worker_failed", error)
    finally:
        threading.excepthook = lambda _: None
        os._exit(status)
