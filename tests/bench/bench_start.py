"""How long the command takes to start: `tamis check` on one small mail, rules only, the plan in the cache.

Beside it `import engine` alone and, as the yardstick, a Python that does nothing; all in turns, each a fresh process.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import machine

RUNS = 15
MAIL = Path(__file__).parents[1] / "mail" / "en-critical-delivery.eml"
TAMIS = Path(sys.executable).with_name("tamis")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    taken = time.perf_counter() - begin
    assert done.returncode in (0, 1), f"{command} ended with {done.returncode}"
    return taken


def main() -> None:
    commands = {
        "tamis check": [str(TAMIS), "check", "--no-model", str(MAIL)],
        "import engine": [sys.executable, "-c", "import engine"],
        "a Python that does nothing": [sys.executable, "-c", "pass"],
    }
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "TAMIS_CACHE_DIR": cache}
        cold = seconds(commands["tamis check"], environment)  # makes the plan and keeps it
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                taken[name].append(seconds(command, environment))
    print(machine())
    bare = statistics.median(taken["a Python that does nothing"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(
            f"{name:<28}{median:6.3f} s  ({min(times):.3f} to {max(times):.3f}), {median - bare:+.3f} s to a bare Python"
        )
    print(f"{'tamis check, no plan cached':<28}{cold:6.3f} s  (once)")


if __name__ == "__main__":
    main()
