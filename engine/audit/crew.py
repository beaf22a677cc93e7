"""Worker processes that take parts, never more at once than they need; one that dies is replaced, its parts done again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

from engine.audit.parts import Part
from engine.audit.work import Job, begin
from engine.errors import TamisError

Result = TypeVar("Result")
_TRIES = 3


class Crew(Generic[Result]):
    """Processes that each do `task` for parts given to them. Use it as a context manager."""

    def __init__(self, job: Job, workers: int, task: Callable[[Part], Result]) -> None:
        self._job, self._workers, self._task = job, workers, task
        self._waiting: dict[Future[Result], Part] = {}
        self._tries: dict[int, int] = {}
        self._pool = self._new()

    def __enter__(self) -> Crew[Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def work(self, parts: Iterable[Part]) -> Iterator[tuple[Part, Result]]:
        """Yield what became of each part, in any order. Raises what the task raises, TamisError where workers keep dying."""
        for part in parts:
            while len(self._waiting) >= self._workers + 1:
                yield from self._some()
            self._give(part)
        while self._waiting:
            yield from self._some()

    def _new(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of what is loaded
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=begin, initargs=(self._job,))

    def _give(self, part: Part) -> None:
        try:
            self._waiting[self._pool.submit(self._task, part)] = part
        except BrokenProcessPool:
            self._replace()
            self._give(part)

    def _some(self) -> Iterator[tuple[Part, Result]]:
        finished, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            if future not in self._waiting:  # given again to other workers meanwhile
                continue
            try:
                result = future.result()
            except BrokenProcessPool:
                self._replace()
                return
            yield self._waiting.pop(future), result

    def _replace(self) -> None:
        """Start new workers for all parts that are not done."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._new()
        left, self._waiting = list(self._waiting.values()), {}
        for part in left:
            self._tries[part.number] = self._tries.get(part.number, 0) + 1
            if self._tries[part.number] >= _TRIES:
                last = part.first + len(part.entries) - 1
                raise TamisError(
                    f"workers were killed {_TRIES} times while messages {part.first} to {last} were judged, most likely "
                    "because memory ran out; run the same command again with fewer --workers, it goes on where it stopped"
                )
            self._give(part)
