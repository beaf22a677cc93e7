"""What every benchmark prints alike: the facts of the machine, and figures that can be set beside each other.

A machine that does other things at the same time spoils times far more than ratios. So what is compared is measured in
turns (A B A B ...), each input several times, and the median of each input is what counts.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any


def machine() -> str:
    """Return one line: what the figures below it were measured on, and when."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.machine()}, {cores} cores, {platform.system()}, Python {platform.python_version()}, {date.today()}"
    )


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def in_turns(functions: Sequence[Callable[[Any], Any]], inputs: Sequence[Any], rounds: int) -> list[list[float]]:
    """Return for each function, for each input, the median seconds of `rounds` calls; the functions take turns."""
    taken: list[list[list[float]]] = [[[] for _ in inputs] for _ in functions]
    for _ in range(rounds):
        for place, given in enumerate(inputs):
            for which, function in enumerate(functions):
                taken[which][place].append(seconds(function, given))
    return [[statistics.median(times) for times in of_function] for of_function in taken]


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) * 95 // 100, len(values) - 1)]
