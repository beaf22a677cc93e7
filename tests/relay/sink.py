"""An SMTP server that keeps what it gets: the next hop of the tests' Postfix."""

from __future__ import annotations

import socketserver
import threading
from typing import NamedTuple


class Got(NamedTuple):
    """A mail that arrived: envelope (with the ESMTP words behind the sender) and bytes."""

    sender: str
    words: str
    recipients: tuple[str, ...]
    raw: bytes


class Sink:
    """Listens on a free port while it is entered."""

    def __init__(self) -> None:
        self.mails: list[Got] = []
        self.arrived = threading.Condition()
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                sink._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def _talk(self, to: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            to.wfile.write(line.encode() + b"\r\n")

        say("220 sink ESMTP")
        sender, words, recipients = "", "", []
        while line := to.rfile.readline():
            text = line.decode("utf-8", "surrogateescape").strip()
            verb = text.upper()
            if verb.startswith("EHLO"):
                say("250-sink\r\n250-8BITMIME\r\n250-SIZE 60000000\r\n250 SMTPUTF8")
            elif verb.startswith("MAIL FROM:"):
                address, _, words = text[10:].strip().partition(" ")
                sender, recipients = address.strip("<>"), []
                say("250 ok")
            elif verb.startswith("RCPT TO:"):
                recipients.append(text[8:].strip().partition(" ")[0].strip("<>"))
                say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                self._keep(Got(sender, words, tuple(recipients), _data(to)))
                say("250 ok")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def _keep(self, got: Got) -> None:
        with self.arrived:
            self.mails.append(got)
            self.arrived.notify_all()

    def wait(self, count: int, seconds: float = 60) -> list[Got]:
        """Wait for so many mails in all, and return them."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= count, seconds), f"{len(self.mails)} mails came"
            return list(self.mails)

    def __enter__(self) -> Sink:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _data(to: socketserver.StreamRequestHandler) -> bytes:
    lines = []
    while (line := to.rfile.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
