"""The decision log: every decision as one JSON line in files that only grow, chained so that tampering shows.

Each process writes files of its own. A line holds a digest of the decision, salted, and a hash that covers this digest and
the line before; the end of each chain is signed into the store every minute. So changed, removed and cut-off lines are
found (`verify`). Addresses are masked and words left out unless told otherwise. Erasing a decision overwrites its words
and its salt where they stand and leaves digest and hash: the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.context.database import StoreError, insert_new
from engine.context.keep import keep_ground
from engine.context.keys import framed
from engine.context.schema import log_head
from engine.context.situation import Envelope
from engine.context.store import Store
from engine.decide.record import Decision
from engine.filter import Filter

SIGN_EVERY = timedelta(minutes=1)
START = b"\0" * 32
_ROTATE = 64 * 1024 * 1024


class DecisionLog:
    """The log of one process. Use it as a context manager, or call `close`; one thread at a time appends."""

    def __init__(
        self, store: Store, folder: Path, loaded: Filter, *, with_text: bool = False, rotate_bytes: int = _ROTATE
    ) -> None:
        """Open a log in `folder` and keep there what the filter judges by. Raises StoreError when it cannot be written.

        `with_text`: keep the words that were found; `rotate_bytes`: how long a file grows before the next begins.
        """
        self.writer = secrets.token_hex(8)
        self._store = store
        self._folder = folder
        self._with_text = with_text
        self._rotate = rotate_bytes
        self._hash = START
        self._records = 0
        self._file = -1
        self._size = rotate_bytes
        self._number = 0
        self._signed_at: datetime | None = None
        self._ground = keep_ground(folder, loaded)

    def __enter__(self) -> DecisionLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, decision: Decision, envelope: Envelope, at: datetime) -> None:
        """Write a decision; the system has it when this returns, the disk at the next signing. Raises StoreError."""
        salt = secrets.token_hex(16)
        said = json.dumps(self._said(decision, envelope, at), ensure_ascii=False, separators=(",", ":"))
        digest = digest_of(salt, said)
        hashed = chained(self._hash, self._records + 1, digest)
        ends = f'"salt":"{salt}","digest":"{digest.hex()}","hash":"{hashed.hex()}"'
        line = f'{{"seq":{self._records + 1},{ends},"said":{said}}}\n'.encode("utf-8", "surrogatepass")
        self._write(line)
        self._hash, self._records = hashed, self._records + 1
        if self._signed_at is None or not timedelta(0) <= at - self._signed_at < SIGN_EVERY:
            self.sign(at)

    def _said(self, decision: Decision, envelope: Envelope, at: datetime) -> dict[str, Any]:
        record = decision.to_json()
        if not self._with_text:
            for found in (*record["intents"], *record["warnings"], *record["shadow"]):
                for span in found["evidence"]:
                    span.pop("text", None)
        return {
            "at": at.isoformat(),
            "sender": masked(envelope.sender),
            "recipient": masked(envelope.recipient),
            "ground": self._ground,
            "decision": record,
        }

    def _write(self, line: bytes) -> None:
        try:
            if self._size + len(line) > self._rotate:
                self._next_file()
            written = os.write(self._file, line)
            if written != len(line):  # the disk is full: no half line may stay
                os.ftruncate(self._file, self._size)
                raise OSError(28, "no space left on the device")
        except OSError as error:
            raise StoreError(f"the decision log {self._folder} cannot be written: {error.strerror}") from error
        self._size += len(line)

    def _next_file(self) -> None:
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self.writer}-{self._number:06}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o640)
        self._number += 1
        self._size = 0

    def sign(self, at: datetime) -> None:
        """Make what was written durable, then sign its end into the store. Raises StoreError."""
        if not self._records:
            return
        os.fsync(self._file)
        row = {"records": self._records, "hash": self._hash, "signed_at": at}
        row["signature"] = signature_of(self._store, self.writer, self._records, self._hash)
        with self._store.write() as connection:
            if not insert_new(connection, log_head, {"writer": self.writer, **row}):
                connection.execute(sa.update(log_head).where(log_head.c.writer == self.writer).values(**row))
        self._signed_at = at

    def close(self) -> None:
        """Sign the end and close the file."""
        if self._file >= 0:
            if self._signed_at is not None:
                self.sign(self._signed_at)
            os.close(self._file)
            self._file = -1


def masked(address: str) -> str:
    """Return an address that tells two apart to the eye and names nobody: its first letter and its domain."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***" if address.strip() else ""


def digest_of(salt: str, said: str) -> bytes:
    """Return the digest of what a line says; without the salt nobody can try out what it may have been."""
    return hashlib.sha256(framed(salt, said.encode("utf-8", "surrogatepass"))).digest()


def chained(before: bytes, seq: int, digest: bytes) -> bytes:
    """Return the hash of a line from the hash of the line before it."""
    return hashlib.sha256(framed(before, seq, digest)).digest()


def signature_of(store: Store, writer: str, records: int, hashed: bytes) -> bytes:
    """Return the signature of an end; empty without a key (then whoever can change both store and log is not found)."""
    return b"" if store.keys.signing is None else store.keys.signature("log head", writer, records, hashed)
