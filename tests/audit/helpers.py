"""Small corpora, and audits of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from engine.audit.run import Options, run

TODAY = date(2026, 3, 1)

ASKS = "Hello,\nwhich name shall we engrave on the bracelet? We cannot make it without.\n"
BEGS = "Hello,\nplease leave us a five star review, it helps our small shop a lot.\n"
PLAIN = "Hello,\nthank you very much. Have a nice day.\n"


def mail(body: str, *, sender: str = "shop@seller.example", to: str = "anna@buyers.example", **headers: str) -> bytes:
    """Return a mail; an underscore in a header's name is a hyphen."""
    named = {"From": sender, "To": to, "Subject": "Your order", "Date": "Mon, 02 Feb 2026 10:00:00 +0000"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in named.items())
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}".encode()


def mbox(path: Path, mails: Iterable[bytes]) -> Path:
    """Write an mbox file."""
    path.write_bytes(b"".join(b"From a@b.example Fri Jul  8 12:08:34 2011\n" + raw + b"\n" for raw in mails))
    return path


def jsonl(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Write a file of records."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def audited(folder: Path, *paths: Path, **options: Any) -> Path:
    """Audit a corpus with the rules only, in one worker, and return the results' folder."""
    told: dict[str, Any] = {"model": "off", "today": TODAY, "workers": 1, **options}
    run(Options(paths=tuple(map(str, paths)), folder=folder, **told))
    return folder


def rows(folder: Path, table: str = "messages") -> list[dict[str, Any]]:
    """Return all rows of a table of the results, in order."""
    found: list[dict[str, Any]] = []
    for path in sorted((folder / table).glob("*.parquet")):
        found += pq.read_table(path).to_pylist()
    return found


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
