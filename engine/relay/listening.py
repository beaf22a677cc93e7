"""The socket that the MTA connects to."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InputError, UsageError

_BACKLOG = 1024
_INET = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: the path of a unix socket, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def of(cls, text: str) -> Address:
        """Read `unix:/path` or `inet:host:port` (`inet:[::1]:8891`). Raises UsageError."""
        kind, _, rest = text.partition(":")
        if kind == "unix" and rest.startswith("/"):
            if len(os.fsencode(rest)) > 107:
                raise UsageError(f"{text}: a unix socket's path has at most 107 bytes; choose a shorter one")
            return cls(path=rest)
        found = _INET.match(rest) if kind == "inet" else None
        if found is None or not 0 < int(found["port"]) < 65536:
            raise UsageError(f"{text}: write unix:/run/tamis/milter.sock or inet:127.0.0.1:8891")
        return cls(host=found["host"].strip("[]"), port=int(found["port"]))

    def listen(self) -> socket.socket:
        """Return a listening socket. Raises InputError when the place is taken or forbidden."""
        try:
            return self._unix() if self.path else self._inet()
        except OSError as error:
            where = self.path or f"{self.host}:{self.port}"
            raise InputError(f"{where}: cannot listen there: {error.strerror or error}") from error

    def _inet(self) -> socket.socket:
        family, kind, protocol, _, place = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _listening(made, place)

    def _unix(self) -> socket.socket:
        self._clear()
        made = _listening(socket.socket(socket.AF_UNIX), self.path)
        os.chmod(self.path, 0o666)  # the MTA runs as another user; who may come near is the folder's affair
        return made

    def _clear(self) -> None:
        """Remove the socket that an earlier run has left; one that somebody answers at stays."""
        path = Path(self.path)
        if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
            return  # `bind` says what is wrong with anything else
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self.path)
            except ConnectionRefusedError:
                path.unlink()
                return
        raise InputError(f"{self.path}: another program listens there; stop it first")

    def remove(self) -> None:
        """Remove a unix socket's file."""
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)


def _listening(made: socket.socket, place: tuple[Any, ...] | str) -> socket.socket:
    try:
        made.bind(place)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made
