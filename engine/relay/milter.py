"""One connection of an MTA: the order of the milter protocol, on asyncio. What a command means is the session's affair.

While a message is judged nothing more is read, and the MTA is told every few seconds that the work goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

from engine.relay import packets
from engine.relay.journal import note, trouble
from engine.relay.packets import ProtocolError, Steps

PROGRESS_EVERY = 5.0  # seconds; MTAs wait 30 for a command, 300 for a message
MAX_RECIPIENTS = 10_000
_STAGES = (b"M", b"R", b"E")  # whose macros are used
_INTERNAL = packets.reply("451 4.3.0", "Temporary failure in the message filter; please send again later.")


class Session(Protocol):
    """What a connection asks: one client of the MTA, one message after the other."""

    def connect(self, is_local: bool) -> None:
        """A client has come; `is_local`: a program beside the MTA that does not speak SMTP."""

    def mail(self, sender: bytes, macros: dict[str, str]) -> None:
        """A message begins; what is known of an earlier one is forgotten."""

    def recipient(self, address: bytes, macros: dict[str, str]) -> bytes:
        """Return the answer (a packet) to one more recipient."""

    def header(self, name: bytes, value: bytes) -> None:
        """Take one header, as in `packets.header`."""

    def end_of_headers(self) -> bytes:
        """Return the answer: `ACCEPT` when the rest of the message does not matter."""

    def body(self, chunk: bytes) -> None:
        """Take a piece of the body."""

    async def end(self, macros: dict[str, str]) -> Sequence[bytes]:
        """Return the edits of the complete message and, last, its answer."""

    def abort(self) -> None:
        """Forget the message; the connection may go on with another."""


class Keeper(Protocol):
    """Who counts the connections of a process."""

    @property
    def stopping(self) -> bool:
        """Whether connections end with their message."""

    def new_session(self) -> Session:
        """Return the session of a new connection."""

    def opened(self, connection: Connection) -> None:
        """A connection has begun."""

    def closed(self, connection: Connection) -> None:
        """A connection is over."""


class Connection(asyncio.Protocol):
    """The MTA's side of one SMTP session."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._session = keeper.new_session()
        self._inbox = packets.Inbox()
        self._steps: Steps | None = None
        self._macros: dict[bytes, dict[str, str]] = {}
        self._recipients = 0
        self._task: asyncio.Task[None] | None = None
        self._progress: asyncio.TimerHandle | None = None
        self._full = False  # the other side does not read our answers
        self._transport: asyncio.Transport
        self._socket: socket.socket | None = None
        self.in_message = False
        self.last_active = 0.0

    # -- what asyncio calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        made = transport.get_extra_info("socket")
        if made is not None and made.family in (socket.AF_INET, socket.AF_INET6):
            self._socket = made
        self.last_active = asyncio.get_running_loop().time()
        self._keeper.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()
        self._session.abort()
        self._keeper.closed(self)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        if self._task is None:
            self._transport.resume_reading()
            self._work()

    def data_received(self, data: bytes) -> None:
        if self._socket is not None:
            self._acknowledge(self._socket)
        self.last_active = asyncio.get_running_loop().time()
        self._inbox.feed(data)
        self._work()

    def _acknowledge(self, made: socket.socket) -> None:
        """Acknowledge at once: MTAs write small packets with Nagle on, and a late acknowledgement costs each mail 44 ms."""
        if hasattr(socket, "TCP_QUICKACK"):  # the kernel forgets it, so it is said again at each read
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    # -- the order of the protocol --

    def close(self) -> None:
        """End the connection. The MTA answers an unfinished message by its own `milter_default_action`."""
        self._transport.close()

    def _work(self) -> None:
        """Answer the packets that have come, up to one that takes time."""
        out: list[bytes] = []
        try:
            while self._task is None and not self._full and (taken := self._inbox.take()) is not None:
                answer = self._on(*taken)
                if answer is not None:
                    out.append(answer)
        except ProtocolError as error:
            note("protocol_error", problem=str(error))
            self._transport.close()
            return
        except Exception as error:
            trouble("internal_error", error)
            self._transport.close()
            return
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def _on(self, command: bytes, data: bytes) -> bytes | None:
        if self._steps is None:
            if command != b"O":
                raise ProtocolError("a command before the negotiation")
            answer, self._steps = packets.negotiate(data)
            return answer
        if command == b"D":
            stage, named = packets.macros(data)
            if stage in _STAGES:
                self._macros[stage] = named
            return None
        if command in (b"Q", b"A", b"K"):
            self._over(command)
            return None
        answer = self._answer(command, data)
        return answer if packets.awaits_reply(command, self._steps) else None

    def _over(self, command: bytes) -> None:
        self._session.abort()
        self.in_message = False
        if command == b"Q" or (command == b"A" and self._keeper.stopping):
            self._transport.close()

    def _answer(self, command: bytes, data: bytes) -> bytes:
        if command == b"C":
            self._session.connect(packets.is_local(data))
        elif command == b"M":
            self._begin(data)
        elif command == b"R":
            return self._recipient(data)
        elif command in (b"L", b"N", b"B", b"E"):
            return self._content(command, data)
        elif command not in (b"H", b"T", b"U"):
            raise ProtocolError(f"an unknown command {command!r}")
        return packets.CONTINUE

    def _begin(self, data: bytes) -> None:
        self.in_message = True
        self._recipients = 0
        self._session.mail(packets.strings(data)[0], self._macros.pop(b"M", {}))

    def _recipient(self, data: bytes) -> bytes:
        self._recipients += 1
        if not self.in_message or self._recipients > MAX_RECIPIENTS:
            raise ProtocolError("a recipient before the sender, or too many of them")
        return self._session.recipient(packets.strings(data)[0], self._macros.pop(b"R", {}))

    def _content(self, command: bytes, data: bytes) -> bytes:
        if not self.in_message:
            raise ProtocolError("content without a message")
        assert self._steps is not None
        if command == b"L":
            self._session.header(*packets.header(data, self._steps))
        elif command == b"N":
            answer = self._session.end_of_headers()
            self.in_message = answer == packets.CONTINUE  # anything else ends the message
            return answer
        elif data:
            self._session.body(data)
        if command == b"E":
            self._transport.pause_reading()
            self._again()
            self._task = asyncio.get_running_loop().create_task(self._end())
        return packets.CONTINUE

    # -- the end of a message --

    def _again(self) -> None:
        """Say that the work goes on, at once and from time to time: each such packet starts the MTA's clock anew."""
        if self._progress is not None:
            self._transport.write(packets.PROGRESS)
        self._progress = asyncio.get_running_loop().call_later(PROGRESS_EVERY, self._again)

    async def _end(self) -> None:
        try:
            answers = await self._session.end(self._macros.pop(b"E", {}))
        except Exception as error:
            trouble("internal_error", error)
            answers = [_INTERNAL]
        finally:
            if self._progress is not None:
                self._progress.cancel()
                self._progress = None
        self._transport.write(b"".join(answers))
        self._task = None
        self.in_message = False
        if self._keeper.stopping:
            self._transport.close()
        elif not self._full:
            self._transport.resume_reading()
            self._work()
