"""The milter protocol: packets, order, and that no bytes whatever crash a connection."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.relay import milter, packets
from engine.relay.milter import Connection
from engine.relay.packets import ProtocolError, Steps
from tests.relay.mta import ALL_STEPS, macros, packet

OFFER = packet(b"O", struct.pack("!III", 6, 0x1FF, ALL_STEPS))


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def answers(self) -> list[tuple[bytes, bytes]]:
        inbox = packets.Inbox()
        inbox.feed(self.written)
        return list(iter(inbox.take, None))


class Recorder:
    """A session that keeps what it is told; a recipient that begins with `no` is refused."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.seconds = 0.0
        self.error: Exception | None = None

    def connect(self, is_local: bool) -> None:
        self.told.append(("connect", is_local))

    def mail(self, sender: bytes, macros: dict[str, str]) -> None:
        self.told.append(("mail", sender, macros))

    def recipient(self, address: bytes, macros: dict[str, str]) -> bytes:
        self.told.append(("recipient", address, macros))
        return packets.reply("550 5.1.1", "No.") if address.startswith(b"<no") else packets.CONTINUE

    def header(self, name: bytes, value: bytes) -> None:
        self.told.append(("header", name, value))

    def end_of_headers(self) -> bytes:
        return packets.CONTINUE

    def body(self, chunk: bytes) -> None:
        self.told.append(("body", chunk))

    async def end(self, macros: dict[str, str]) -> Sequence[bytes]:
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        self.told.append(("end", macros))
        return [packets.delete_recipient(b"<a@x>"), packets.CONTINUE]

    def abort(self) -> None:
        self.told.append(("abort",))


class Keeper:
    def __init__(self) -> None:
        self.stopping = False
        self.session = Recorder()

    def new_session(self) -> Recorder:
        return self.session

    def opened(self, connection: Connection) -> None:
        pass

    def closed(self, connection: Connection) -> None:
        pass


def talk(*pieces: bytes, keeper: Keeper | None = None, wait: float = 0.0) -> tuple[Transport, Recorder]:
    """Give a connection the pieces, one read each; wait for what it has begun."""
    keeper = keeper or Keeper()

    async def run() -> Transport:
        transport = Transport()
        connection = Connection(keeper)
        connection.connection_made(transport)
        for piece in pieces:
            if transport.closed:
                break
            connection.data_received(piece)
            while not transport.reading and not transport.closed:
                await asyncio.sleep(wait)
        connection.connection_lost(None)
        return transport

    return asyncio.run(run()), keeper.session


def message(*recipients: bytes) -> list[bytes]:
    head = [macros(b"M", auth_authen="shop"), packet(b"M", b"<s@x>\0SIZE=1\0")]
    content = [
        packet(b"L", b"Subject\0 Hello\n there\0"), packet(b"N"), packet(b"B", b"one"), packet(b"B", b"two"),
        macros(b"E", i="4Q"), packet(b"E"),
    ]  # fmt: skip
    return [*head, *(packet(b"R", recipient + b"\0") for recipient in recipients), *content]


def test_a_message_in_order() -> None:
    transport, session = talk(OFFER, packet(b"C", b"host\0004\0\x50192.0.2.1\0"), *message(b"<a@x>", b"<no@x>"))
    told = [each for each in session.told if each[0] != "abort"]
    assert told == [
        ("connect", False), ("mail", b"<s@x>", {"auth_authen": "shop"}), ("recipient", b"<a@x>", {}),
        ("recipient", b"<no@x>", {}), ("header", b"Subject", b" Hello\r\n there"), ("body", b"one"), ("body", b"two"),
        ("end", {"i": "4Q"}),
    ]  # fmt: skip
    commands = [command for command, _ in transport.answers()]
    assert commands == [b"O", b"c", b"y", b"c", b"-", b"c"]
    assert transport.answers()[2][1] == b"550 5.1.1 No.\0"
    assert not transport.closed


def test_every_step_is_answered_where_the_mta_waits() -> None:
    offer = packet(b"O", struct.pack("!III", 2, 0x1FF, 0))
    steps = [packet(b"C", b"h\0U"), packet(b"H", b"h\0"), packet(b"U", b"x\0"), *message(b"<a@x>"), packet(b"Q")]
    transport, session = talk(offer, *steps)
    answers = transport.answers()
    assert struct.unpack("!III", answers[0][1]) == (2, packets.Actions.DELETE_RECIPIENT, 0)
    # connect, helo, unknown, mail, rcpt, header, eoh, two bodies, then the edit and the answer
    assert [command for command, _ in answers[1:]] == [b"c"] * 9 + [b"-", b"c"]
    assert ("header", b"Subject", b"  Hello\r\n there") in session.told
    assert transport.closed


def test_bytes_in_any_pieces_are_the_same() -> None:
    stream = b"".join([OFFER, *message(b"<a@x>")])
    whole, _ = talk(stream)
    single, _ = talk(*(stream[at : at + 1] for at in range(len(stream))))
    assert whole.written == single.written


def test_macros_hold_for_one_command_only() -> None:
    """A login must not pass on to the next message of the connection."""
    _, session = talk(OFFER, *message(b"<a@x>"), packet(b"M", b"<t@x>\0"))
    assert [each[2] for each in session.told if each[0] == "mail"] == [{"auth_authen": "shop"}, {}]


def test_long_work_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milter, "PROGRESS_EVERY", 0.02)
    keeper = Keeper()
    keeper.session.seconds = 0.2
    transport, _ = talk(OFFER, *message(b"<a@x>"), keeper=keeper, wait=0.01)
    commands = [command for command, _ in transport.answers()]
    assert commands.count(b"p") >= 2
    assert commands[-2:] == [b"-", b"c"]


def test_trouble_is_a_temporary_failure() -> None:
    keeper = Keeper()
    keeper.session.error = RuntimeError("secret words")
    transport, _ = talk(OFFER, *message(b"<a@x>"), keeper=keeper)
    command, text = transport.answers()[-1]
    assert (command, text[:10]) == (b"y", b"451 4.3.0 ")
    assert b"secret" not in text


def test_a_stopping_worker_answers_and_closes() -> None:
    keeper = Keeper()
    keeper.stopping = True
    transport, _ = talk(OFFER, *message(b"<a@x>"), keeper=keeper)
    assert transport.answers()[-1][0] == b"c"
    assert transport.closed


@pytest.mark.parametrize(
    "pieces",
    [
        [packet(b"M", b"<s@x>\0")],
        [OFFER, OFFER],
        [OFFER, packet(b"R", b"<a@x>\0")],
        [OFFER, packet(b"E")],
        [OFFER, packet(b"B", b"x")],
        [OFFER, packet(b"z")],
        [b"\0\0\0\0"],
        [b"\xff\xff\xff\xff"],
        [b"GET / HTTP/1.1\r\n\r\n"],
        [packet(b"O", b"short")],
        [packet(b"O", struct.pack("!III", 1, 0x1FF, 0))],
        [packet(b"O", struct.pack("!III", 6, 0, 0))],
    ],
)
def test_what_is_out_of_order_ends_the_connection(pieces: list[bytes]) -> None:
    transport, _ = talk(*pieces)
    assert transport.closed


_COMMANDS = st.sampled_from([bytes([letter]) for letter in b"OCHMRTLNBEAQKDU"])
_PACKETS = st.builds(packet, _COMMANDS, st.binary(max_size=40))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), _PACKETS), max_size=12), st.booleans())
def test_any_bytes_end_in_an_answer_or_an_end(pieces: list[bytes], begun: bool) -> None:
    transport, _ = talk(*([OFFER, *message(b"<a@x>")] if begun else []), *pieces)
    for command, data in transport.answers():  # whatever came, what goes out is the protocol
        assert command in (b"O", b"c", b"y", b"-", b"p")
        assert command != b"y" or data[:3] in (b"550", b"451")


@given(st.text(max_size=600), st.text(max_size=20))
def test_replies_are_ascii_lines_that_smtp_can_carry(one: str, two: str) -> None:
    made = packets.reply("550 5.7.1", one, two)
    text = made[5:-1].decode("ascii")
    first, second = text.split("\r\n")
    assert first.startswith("550-5.7.1 ")
    assert second.startswith("550 5.7.1 ")
    for line in (first, second):
        shown = line.replace("%%", "")
        assert "%" not in shown
        assert len(line.replace("%%", "%")) <= 500
        assert line.isprintable()


@pytest.mark.parametrize("code", ["250 2.0.0", "550 4.7.1", "450", "451 5.1.1"])
def test_codes_that_disagree_are_no_reply(code: str) -> None:
    with pytest.raises(ValueError, match="no refusal"):
        packets.reply(code, "x")


def test_the_leading_space_is_kept_as_it_came() -> None:
    assert packets.header(b"A\0\tx\0", Steps.LEADING_SPACE) == (b"A", b"\tx")
    assert packets.header(b"A\0x\0", Steps(0)) == (b"A", b" x")


@pytest.mark.parametrize(
    ("data", "local"),
    [
        (b"localhost\x004\x00\x00127.0.0.1\0", True), (b"localhost\0006\0\0IPv6:::1\0", True), (b"localhost\0U", False),
        (b"localhost\0004\0\x19192.0.2.1\0", False), (b"[127.0.0.1]\x004\x00\x00127.0.0.1\0", False), (b"", False),
    ],
)  # fmt: skip
def test_local_programs(data: bytes, local: bool) -> None:
    assert packets.is_local(data) is local


def test_an_offer_of_too_little_says_what_to_change() -> None:
    with pytest.raises(ProtocolError, match="milter_protocol"):
        packets.negotiate(struct.pack("!III", 1, 0x1FF, 0))
