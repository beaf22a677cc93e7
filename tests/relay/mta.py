"""The MTA's side of the milter protocol, for tests: it sends what Postfix sends and says what came back."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

_LENGTH = struct.Struct("!I")
NO_WAIT = {b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"L": 0x80, b"B": 0x80000}
LEFT_OUT = {b"H": 0x2, b"T": 0x200, b"U": 0x100}
ALL_STEPS = 0x1FFFFF


def packet(command: bytes, data: bytes = b"") -> bytes:
    return _LENGTH.pack(len(data) + 1) + command + data


def macros(stage: bytes, **named: str) -> bytes:
    return packet(b"D", stage + b"".join(f"{{{name}}}\0{value}\0".encode() for name, value in named.items()))


class Client:
    """One connection. `answers` holds each answer as (command, data)."""

    def __init__(self, where: str | tuple[str, int], steps: int = ALL_STEPS, timeout: float = 20) -> None:
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(where)
        else:
            self.socket = socket.create_connection(where, timeout)
        self._buffer = b""
        self.socket.sendall(packet(b"O", struct.pack("!III", 6, 0x1FF, steps)))
        command, data = self.read()
        assert command == b"O"
        self.version, self.actions, self.steps = struct.unpack("!III", data)
        self.send(b"C", b"client.example\0004\x10\x92192.0.2.1\0")

    def read(self) -> tuple[bytes, bytes]:
        """Return the next packet. Raises EOFError at the connection's end."""
        while True:
            if len(self._buffer) >= 4:
                (length,) = _LENGTH.unpack_from(self._buffer)
                if len(self._buffer) >= 4 + length:
                    found, self._buffer = self._buffer[4 : 4 + length], self._buffer[4 + length :]
                    return found[:1], found[1:]
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data

    def send(self, command: bytes, data: bytes = b"") -> tuple[bytes, bytes]:
        """Send a command, and return the answer; `c` without waiting where the steps say that none comes."""
        if self.steps & LEFT_OUT.get(command, 0):
            return b"c", b""
        self.socket.sendall(packet(command, data))
        if self.steps & NO_WAIT.get(command, 0):
            return b"c", b""
        return self.read()

    def begin(self, sender: str, *recipients: str, login: str = "") -> list[tuple[bytes, bytes]]:
        """Send sender and recipients; return the answers to the recipients."""
        named = {"auth_authen": login} if login else {}
        self.socket.sendall(macros(b"M", mail_addr=sender, **named))
        self.send(b"M", f"<{sender}>".encode() + b"\0SIZE=100\0")
        return [self.recipient(recipient) for recipient in recipients]

    def recipient(self, address: str, **named: str) -> tuple[bytes, bytes]:
        self.socket.sendall(macros(b"R", **({"rcpt_addr": address} | named)))
        return self.send(b"R", f"<{address}>".encode() + b"\0")

    def content(self, raw: bytes) -> list[tuple[bytes, bytes]]:
        """Send a mail; return the edits and the answer."""
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        for line in head.replace(b"\n ", b"\0").split(b"\n"):
            name, _, value = line.partition(b":")
            self.send(b"L", name + b"\0" + value.replace(b"\0", b"\n ") + b"\0")
        answer = self.send(b"N")
        if answer[0] != b"c":
            return [answer]
        body = body.replace(b"\n", b"\r\n")
        for at in range(0, len(body), 65535):
            self.send(b"B", body[at : at + 65535])
        return self.end()

    def end(self) -> list[tuple[bytes, bytes]]:
        self.socket.sendall(macros(b"E", i="4XyZ") + packet(b"E"))
        found = [self.read()]
        while found[-1][0] not in b"acdrty":
            found.append(self.read())
        return [each for each in found if each[0] != b"p"]

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_for(path: Path, seconds: float = 60) -> None:
    """Wait until somebody answers at a unix socket."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
                return
            except OSError:
                time.sleep(0.05)
    raise TimeoutError(path)
