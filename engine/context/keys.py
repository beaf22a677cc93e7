"""Secrets: read from files that the environment names, never from arguments, never shown."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import UsageError

ARCHIVE_KEY_FILE = "TAMIS_ARCHIVE_KEY_FILE"
SIGNING_KEY_FILE = "TAMIS_SIGNING_KEY_FILE"
_SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that encrypts the archive and the one that signs heads and tokens; None where there is none."""

    archive: bytes | None = field(default=None, repr=False)
    signing: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> Keys:
        """Read the key files that the environment names. Raises UsageError for one that cannot be used."""
        return cls(*(_key(os.environ.get(name), name) for name in (ARCHIVE_KEY_FILE, SIGNING_KEY_FILE)))

    def signature(self, purpose: str, *values: str | bytes | int) -> bytes:
        """Return the HMAC-SHA256 of `values` for one purpose; one for another purpose never fits.

        Raises UsageError where there is no signing key.
        """
        if self.signing is None:
            raise UsageError(
                f"this needs a signing key: put at least {_SHORTEST} random bytes into a file "
                f"(head -c 48 /dev/urandom > FILE) and name it in {SIGNING_KEY_FILE}"
            )
        return hmac.new(derived(self.signing, purpose), framed(*values), hashlib.sha256).digest()


def derived(key: bytes, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()


def framed(*values: str | bytes | int | None) -> bytes:
    """Return the values as bytes in which each has its length: no two lists give the same."""
    encoded = (b"\0" if v is None else v if isinstance(v, bytes) else str(v).encode() for v in values)
    return b"".join(len(value).to_bytes(8, "big") + value for value in encoded)


def _key(file: str | None, name: str) -> bytes | None:
    if not file:
        return None
    try:
        key = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: the key file {file} cannot be read: {error.strerror}") from error
    if len(key) < _SHORTEST:
        raise UsageError(f"{name}: the key file {file} holds {len(key)} bytes; at least {_SHORTEST} are needed")
    return key
