"""Reading a large mailbox takes the memory of one mail, however large the mailbox is."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path

from engine.audit.corpora import entries

SIZE = (50 if os.environ.get("TAMIS_SOAK") == "short" else 200) * 1024 * 1024
MEMORY = 8 * 1024 * 1024
FROM = b"From a@shop.example Fri Jul  8 12:08:34 2011\n"
MAIL = (
    b"From: a@shop.example\nSubject: Order %d\n\n"
    + b"a line of about seventy characters, as a mail's body has them, more\n" * 60
)


def test_a_mailbox_of_200_mb_is_read_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.mbox"
    count = 0
    with path.open("wb") as stream:
        while stream.tell() < SIZE:
            count += 1
            stream.write(FROM + MAIL % count + b"\n")
    tracemalloc.start()
    try:
        for number, entry in enumerate(entries([str(path)], format=None, stdin=io.BytesIO()), 1):
            assert entry.raw == MAIL % number
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == count
    assert peak < MEMORY, f"{peak:,} bytes at the peak"
