"""End to end: mail handed to a real Postfix, judged by a running Tamis, and seen (or not) at the next hop."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.postfix import Postfix
from tests.relay.sink import Sink
from tests.relay.tamis import QUESTION, REVIEW, THANKS, Tamis

pytestmark = pytest.mark.usefixtures("real_postfix")
SELLER, BUYER, OTHER = "shop@shop.example", "b1@buyers.example", "colleague@shop.example"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as made:
        yield made


def mail(body: str, *, subject: str = "Your order", id: str = "m1", headers: str = "") -> bytes:
    lines = f"From: {SELLER}\r\nTo: {BUYER}\r\nSubject: {subject}\r\nMessage-ID: <{id}@shop.example>\r\n{headers}"
    return f"{lines}\r\n{body}\r\n".encode()


def refusal(client: smtplib.SMTP, raw: bytes, *recipients: str, sender: str = SELLER) -> tuple[int, str]:
    """Send a mail that must be refused as a whole; return the answer."""
    try:
        client.sendmail(sender, list(recipients), raw)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        code, text = error.smtp_code, error.smtp_error
    else:
        raise AssertionError("the mail was taken")
    return code, text.decode("ascii")


def test_delivers_refuses_and_leaves_other_mail_alone(base: Path, sink: Sink) -> None:
    with Tamis(base, help_url="https://help.example/mail") as tamis, Postfix(base, tamis.listen, sink.port) as mx:
        seller = mx.client("shop")
        seller.sendmail(SELLER, [BUYER], mail(QUESTION))
        (got,) = sink.wait(1)
        assert got.recipients == (BUYER,)
        assert got.sender == SELLER
        assert got.raw.endswith(mail(QUESTION))  # nothing is rewritten
        code, text = refusal(seller, mail(REVIEW), BUYER)
        assert code == 550
        assert all(line.startswith("5.7.1 ") for line in text.split("\n"))
        decision = tamis.notes("judged")[-1]
        assert decision["verdict"] == "bounce"
        assert f"id={decision['decision']}" in text
        assert "https://help.example/mail" in text
        assert "leave us" not in text
        stranger = mx.client()
        code, text = refusal(stranger, mail(QUESTION), BUYER)
        assert (code, text[:6]) == (550, "5.7.1 ")
        assert refusal(seller, mail(QUESTION), BUYER, sender="")[0] == 550
        stranger.sendmail("someone@else.example", [OTHER], mail(REVIEW))
        assert sink.wait(2)[1].recipients == (OTHER,)
        assert len(tamis.notes("judged")) == 2
        assert mx.queue() == []


def test_a_stopped_alias_is_taken_off_and_the_others_keep_their_copy(base: Path, sink: Sink) -> None:
    (base / "opt_outs").write_text("# who wants nothing\nB2@Buyers.Example\n")
    with (
        Tamis(
            base, bounce="notice", notice_from="no-reply@market.example", opt_outs="opt_outs", notice_smtp="127.0.0.1:1"
        ) as tamis,
        Postfix(base, tamis.listen, sink.port) as mx,
    ):
        mx.client("shop").sendmail(
            SELLER, ["B2+0f3a@Buyers.Example", "b3@buyers.example", OTHER], mail(THANKS, id="mixed")
        )
        (got,) = sink.wait(1)
        assert sorted(got.recipients) == ["b3@buyers.example", OTHER]
        assert got.raw.endswith(mail(THANKS, id="mixed"))
        notes = {note["reason"]: note for note in tamis.notes("judged")}
        assert notes["uncertain"]["answer"] == "accept"
