"""How fast corpora are read: an mbox in MB/s, also as a ratio to the standard library's reader, and .jsonl messages/s."""

from __future__ import annotations

import io
import mailbox
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mails import CORPUS, mails

from engine.audit.corpora import entries

RUNS = 5
MAILS = 20_000
COPIES = 10
FROM = re.compile(rb"^(>*From )", re.M)


def read(path: Path) -> int:
    return sum(1 for entry in entries([str(path)], format=None, stdin=io.BytesIO()) if entry.error is None)


def read_with_the_standard_library(path: Path) -> int:
    box = mailbox.mbox(path)
    return sum(1 for key in box.iterkeys() if box.get_bytes(key))


def seconds(function: Callable[[Path], int], path: Path, expected: int) -> float:
    """Return the median of several runs; every run must have read all."""
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        assert function(path) == expected
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def main() -> None:
    some = mails(400) + mails(100, quoted=True)
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder, "bench.mbox")
        with box.open("wb") as stream:
            for number in range(MAILS):
                raw = FROM.sub(rb">\1", some[number % len(some)].replace(b"\r\n", b"\n"))
                stream.write(b"From shop@seller.example Mon Mar  3 10:12:00 2025\n" + raw + b"\n")
        megabytes = box.stat().st_size / 1e6
        ours = seconds(read, box, MAILS)
        library = seconds(read_with_the_standard_library, box, MAILS)
        print(f"mbox   {MAILS:,} mails, {megabytes:.0f} MB: {megabytes / ours:.0f} MB/s, {MAILS / ours:,.0f} mails/s")
        print(
            f"       the standard library's mailbox: {megabytes / library:.0f} MB/s; we are {library / ours:.2f} times as fast"
        )

        records = Path(folder, "bench.jsonl")
        content = b"".join(path.read_bytes() for path in sorted(CORPUS.glob("*.jsonl"))) * COPIES
        records.write_bytes(content)
        count = content.count(b"\n")
        taken = seconds(read, records, count)
        print(f"jsonl  {count:,} records, {len(content) / 1e6:.0f} MB: {count / taken:,.0f} records/s")


if __name__ == "__main__":
    main()
