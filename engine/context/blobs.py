"""The archive's files: messages by the SHA-256 of their bytes, compressed, encrypted where there is a key.

A file is written beside its place, made durable, then moved there: it is whole or it is not there. The same message is
one file, whoever sends it. A file says in its first byte whether it is encrypted.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from engine.context.database import StoreError
from engine.context.keys import derived
from engine.errors import UsageError

_PLAIN, _SEALED = b"z", b"e"
_NONCE = 12


class Place(Protocol):
    """Where files lie: a folder or something behind a URL. Names are relative, with `/`."""

    def read(self, name: str) -> bytes | None:
        """Return the file, None when it is not there."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write the file so that it is whole and durable, or not there."""
        ...

    def remove(self, name: str) -> None:
        """Remove the file if it is there."""
        ...


class Blobs:
    """Messages by digest. Errors of the place come as StoreError."""

    def __init__(self, place: Place, key: bytes | None, shown: str) -> None:
        """Use `Blobs.at`."""
        self._place = place
        self._key = derived(key, "archive") if key else None
        self._shown = shown

    @classmethod
    def at(cls, where: str, key: bytes | None) -> Blobs:
        """Open the archive at a folder or a URL of fsspec's (`s3://bucket/folder`). Raises UsageError."""
        place: Place = _Remote(where) if "://" in where else _Folder(Path(where))
        return cls(place, key, where.rpartition("@")[2])

    def put(self, raw: bytes) -> bytes:
        """Keep a message and return its digest (32 bytes). It is durable when this returns."""
        digest = hashlib.sha256(raw).digest()
        name = _name(digest)
        try:
            if not self._is_whole(digest):
                self._place.write(name, self._seal(raw))
        except OSError as error:
            raise StoreError(f"the archive {self._shown} cannot be written: {error.strerror or error}") from error
        return digest

    def _is_whole(self, digest: bytes) -> bool:
        # A damaged file is written anew: what is acknowledged must be readable.
        try:
            return self.get(digest) is not None
        except StoreError:
            return False

    def get(self, digest: bytes) -> bytes | None:
        """Return the message, None when it is not there.

        Raises StoreError when its file is damaged or the key is not the one it was written with.
        """
        name = _name(digest)
        try:
            data = self._place.read(name)
        except OSError as error:
            raise StoreError(f"the archive {self._shown} cannot be read: {error.strerror or error}") from error
        if data is None:
            return None
        raw = self._open(data, name)
        if hashlib.sha256(raw).digest() != digest:
            raise StoreError(f"the archive's file {name} was changed: it does not hold the message it is named after")
        return raw

    def remove(self, digest: bytes) -> None:
        """Remove a message if it is there."""
        try:
            self._place.remove(_name(digest))
        except OSError as error:
            raise StoreError(f"the archive {self._shown} cannot be written: {error.strerror or error}") from error

    def _seal(self, raw: bytes) -> bytes:
        packed = zlib.compress(raw, 6)
        if self._key is None:
            return _PLAIN + packed
        nonce = secrets.token_bytes(_NONCE)
        sealed: bytes = _cipher(self._key).encrypt(nonce, packed, None)
        return _SEALED + nonce + sealed

    def _open(self, data: bytes, name: str) -> bytes:
        kind, body = data[:1], data[1:]
        if kind == _SEALED:
            if self._key is None:
                raise StoreError(
                    f"the archive's file {name} is encrypted, and no key is given (TAMIS_ARCHIVE_KEY_FILE)"
                )
            from cryptography.exceptions import InvalidTag

            try:
                body = _cipher(self._key).decrypt(body[:_NONCE], body[_NONCE:], None)
            except (InvalidTag, ValueError) as error:
                raise StoreError(f"the archive's file {name} is damaged, or was written with another key") from error
        elif kind != _PLAIN:
            raise StoreError(f"the archive's file {name} is damaged: it does not begin as such a file does")
        try:
            return zlib.decompress(body)
        except zlib.error as error:
            raise StoreError(f"the archive's file {name} is damaged: {error}") from error


def _name(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:2]}/{text[2:4]}/{text}"


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ModuleNotFoundError as error:
        raise UsageError(
            "an encrypted archive needs a package; install it with: pip install 'tamis[encryption]'"
        ) from error
    return AESGCM(key)


class _Folder:
    """Files of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        path = self._root / name
        made = _missing(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{secrets.token_hex(8)}"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        for folder in (path.parent, *made):
            _sync(folder)

    def remove(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)


def _missing(folder: Path) -> list[Path]:
    """Return the folders that hold the ones about to be made: their entries must be durable too."""
    found = []
    while not folder.exists():
        folder = folder.parent
        found.append(folder)
    return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Remote:
    """Files behind a URL, through fsspec; such stores put a whole object or none."""

    def __init__(self, url: str) -> None:
        try:
            fsspec = import_module("fsspec")
        except ModuleNotFoundError as error:
            raise UsageError("an archive behind a URL needs a package; install it with: pip install fsspec") from error
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(f"the archive's URL cannot be used: {error}") from error

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(path, data)

    def remove(self, name: str) -> None:
        path = self._path(name)
        if self._files.exists(path):
            self._files.rm_file(path)
