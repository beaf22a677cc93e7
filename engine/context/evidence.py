"""One file of evidence for a claim: all that a seller and a buyer sent each other (R-54).

It is a zip with the exchanged messages as a mailbox, what the store knows of each as JSON, those that were stopped (they
were not exchanged) apart in the same two forms, and the SHA-256 of every file.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context import archive
from engine.context.aliases import look_up
from engine.context.orders import find_order
from engine.context.schema import archive_record, message, thread
from engine.context.store import Store
from engine.errors import UsageError

_EXCHANGED = ("queued", "delivered")
_FROM_LINE = re.compile(rb"^(>*From )", re.M)
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same exchange gives the same file


@dataclass(frozen=True, slots=True)
class Evidence:
    """The file's bytes, and how many messages of either sort are in it."""

    data: bytes
    exchanged: int
    stopped: int


def pair_of_alias(connection: Connection, address: str) -> int:
    """Return the pair of an alias. Raises UsageError for one that stands for no pair."""
    known = look_up(connection, address)
    if known is None or known.pair_id is None:
        raise UsageError("this alias is not known, or stands for no one buyer")
    return known.pair_id


def pair_of_order(connection: Connection, number: str) -> int:
    """Return the pair of an order. Raises UsageError when there is no such order."""
    return find_order(connection, number).pair_id


def export(store: Store, pair_id: int) -> Evidence:
    """Return the evidence of a pair. Raises StoreError when a file of the archive is missing or damaged."""
    with store.read() as connection:
        rows = connection.execute(
            sa.select(message, thread.c.opened_by)
            .join_from(message, thread, message.c.thread_id == thread.c.id)
            .where(message.c.pair_id == pair_id)
            .order_by(message.c.at, message.c.id)
        ).all()
        sorts: dict[str, list[dict[str, Any]]] = {"exchanged": [], "stopped": []}
        boxes = {name: io.BytesIO() for name in sorts}
        for row in rows:
            name = "exchanged" if row.fate in _EXCHANGED else "stopped"
            sorts[name].append(_told(connection, store, row, boxes[name]))
    files = {f"{name}.json": _json(told) for name, told in sorts.items()}
    files |= {f"{name}.mbox": box.getvalue() for name, box in boxes.items()}
    return Evidence(_zipped(files), len(sorts["exchanged"]), len(sorts["stopped"]))


def _told(connection: Connection, store: Store, row: Any, box: io.BytesIO) -> dict[str, Any]:
    """Return what is known of a message, and add its archived forms to the mailbox."""
    records = connection.execute(
        sa.select(archive_record).where(archive_record.c.message_id == row.id).order_by(archive_record.c.seq)
    ).all()
    forms = []
    for record in records:
        raw = None if record.erased_at is not None else store.blobs.get(record.digest)
        if raw is not None:
            _append(box, raw, record.at)
        elif record.erased_at is None:
            archive.read(connection, store.blobs, row.id, record.form)  # says that the file is missing
        forms.append(
            {
                "record": record.seq,
                "form": record.form,
                "at": _iso(record.at),
                "bytes": record.size,
                "sha256": None if raw is None else record.digest.hex(),
                "chain": record.hash.hex(),
                "erased_at": _iso(record.erased_at),
            }
        )
    facts = ("id", "thread_id", "direction", "channel", "fate", "verdict", "reason", "content", "decision", "response")
    times = {name: _iso(row._mapping[name]) for name in ("at", "decided_at", "response_at")}
    return {**{name: row._mapping[name] for name in facts}, **times, "thread_opened_by": row.opened_by, "forms": forms}


def _append(box: io.BytesIO, raw: bytes, at: datetime) -> None:
    """Add a message to a mailbox (mboxrd: lines that begin like a separator get one more `>`)."""
    box.write(f"From MAILER-DAEMON {at:%a %b %d %H:%M:%S %Y}\n".encode())
    body = _FROM_LINE.sub(rb">\1", raw.replace(b"\r\n", b"\n"))
    box.write(body + (b"\n" if body.endswith(b"\n") else b"\n\n"))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _json(told: list[dict[str, Any]]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (*sorted(files.items()), ("SHA256SUMS", sums.encode())):
            made.writestr(zipfile.ZipInfo(name, _STAMP), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
