"""End to end: mail handed to a real Postfix, judged by a running Tamis, and seen (or not) at the next hop."""

from __future__ import annotations

import email
import itertools
import os
import shutil
import signal
import smtplib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.relay.postfix import Postfix, need_postfix
from tests.relay.sink import Got, Sink
from tests.relay.tamis import QUESTION, REVIEW, THANKS, Tamis

SELLER, OTHER = "shop@shop.example", "colleague@shop.example"
BUYER, OUT = "b1@buyers.example", "out@buyers.example"  # OUT wants no unsolicited messages
_numbers = itertools.count()


class Site(NamedTuple):
    """Everything that runs: the next hop, Postfix, Tamis."""

    sink: Sink
    postfix: Postfix
    tamis: Tamis

    def got(self, id: str, count: int = 1) -> list[Got]:
        """Return the mails with this Message-ID that arrived, once there are `count`."""
        end = time.monotonic() + 120
        while True:
            found = [
                each for each in self.sink.mails if f"<{id}@shop.example>".encode() in each.raw.split(b"\r\n\r\n")[0]
            ]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{len(found)} of {count} came\n{self.postfix.log()}"
            time.sleep(0.05)


def site(**settings: str) -> Iterator[Site]:
    need_postfix()
    base = Path(tempfile.mkdtemp(prefix="tamis-", dir="/tmp"))
    base.chmod(0o755)
    (base / "opt_outs").write_text("# who wants nothing\nOut@Buyers.Example\n")
    with (
        Sink() as sink,
        Tamis(base, opt_outs="opt_outs", help_url="https://help.example/mail", **settings) as tamis,
        Postfix(base, tamis.listen, sink.port) as postfix,
    ):
        tamis.postfix_port(postfix.port)
        yield Site(sink, postfix, tamis)
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def rejecting() -> Iterator[Site]:
    yield from site(bounce="reject")


@pytest.fixture(scope="module")
def noticing() -> Iterator[Site]:
    yield from site(bounce="notice", notice_from="no-reply@market.example", language="fr", profile="opt-out")


def mail(body: str, id: str, *, headers: str = "") -> bytes:
    top = f"From: {SELLER}\r\nTo: {BUYER}\r\nSubject: Your order\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    return f"{top}Message-ID: <{id}@shop.example>\r\n{headers}\r\n{body}\r\n".encode()


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


# -- answers in the session --------------------------------------------------------------------------------------------


def test_allowed_mail_arrives_unchanged(rejecting: Site) -> None:
    raw = mail(QUESTION, "allowed")
    rejecting.postfix.client("shop").sendmail(SELLER, [BUYER], raw)
    (got,) = rejecting.got("allowed")
    assert (got.sender, got.recipients) == (SELLER, (BUYER,))
    assert got.raw.endswith(raw)


def test_a_stopped_mail_is_refused_with_reason_id_and_page(rejecting: Site) -> None:
    code, text = refusal(rejecting.postfix.client("shop"), mail(REVIEW, "refused"), BUYER)
    assert code == 550
    lines = text.split("\n")
    assert all(line.startswith("5.7.1 ") for line in lines)
    decision = rejecting.tamis.notes("judged")[-1]
    assert (decision["verdict"], decision["by"], decision["answer"]) == ("bounce", "notice", "reject")
    assert lines[0].endswith(f"id={decision['decision']}")
    assert lines[-1] == "5.7.1 https://help.example/mail"
    assert "leave us" not in text


def test_a_stranger_learns_nothing_at_the_recipient(rejecting: Site) -> None:
    stranger = rejecting.postfix.client()
    answers = {refusal(stranger, mail(QUESTION, "x"), to) for to in (BUYER, OUT, "no@buyers.example")}
    assert len(answers) == 1
    code, text = answers.pop()
    assert (code, text[:6]) == (550, "5.7.1 ")


def test_no_sender_no_buyer(rejecting: Site) -> None:
    code, text = refusal(rejecting.postfix.client("shop"), mail(QUESTION, "x"), BUYER, sender="")
    assert (code, text[:6]) == (550, "5.7.1 ")


def test_other_mail_passes_unjudged(rejecting: Site) -> None:
    before = len(rejecting.tamis.notes("judged"))
    rejecting.postfix.client().sendmail("", [OTHER], mail(REVIEW, "other"))
    assert rejecting.got("other")[0].recipients == (OTHER,)
    assert len(rejecting.tamis.notes("judged")) == before


def test_a_buyer_stands_alone_where_refusals_hold_for_all(rejecting: Site) -> None:
    for number, recipients in enumerate(((BUYER, OTHER, "b2@buyers.example"), (OTHER, BUYER))):
        client = rejecting.postfix.client("shop")
        later = client.sendmail(SELLER, list(recipients), mail(QUESTION, f"alone{number}"))
        assert {code for code, _ in later.values()} == {452}
        assert all(text.startswith(b"4.5.3 ") for _, text in later.values())
        assert rejecting.got(f"alone{number}")[0].recipients == (recipients[0],)


def test_local_programs_are_judged_too(rejecting: Site) -> None:
    rejecting.postfix.sendmail(mail(QUESTION, "local"), OTHER, sender=SELLER)
    assert rejecting.got("local")[0].recipients == (OTHER,)
    rejecting.postfix.sendmail(mail(QUESTION, "local-buyer"), BUYER, sender=SELLER)
    bounce = _wait(lambda: [each for each in rejecting.sink.mails if each.sender == "" and b"local-buyer" in each.raw])[
        0
    ]
    assert bounce.recipients == (SELLER,)


_SPELLINGS = ("B1@BUYERS.example", "b1+tok@buyers.example.", '"b 1"@buyers.example', "@x.example:b1@buyers.example")


@pytest.mark.parametrize("address", _SPELLINGS)
def test_no_spelling_of_an_alias_walks_past(rejecting: Site, address: str) -> None:
    client = rejecting.postfix.client("shop")
    client.mail(SELLER)
    code, _ = client.docmd("RCPT", f"TO:<{address}>")
    if code == 250:
        assert client.data(mail(REVIEW, "spelling"))[0] == 550


def test_eight_bits_and_utf8_pass(rejecting: Site) -> None:
    raw = mail("Name für die Gravur: " + QUESTION, "eight", headers="X-Note: grün\r\n")
    client = rejecting.postfix.client("shop")
    client.sendmail(SELLER, [BUYER], raw, ["BODY=8BITMIME", "SMTPUTF8"])
    (got,) = rejecting.got("eight")
    assert got.raw.endswith(raw)
    assert "SMTPUTF8" in got.words


def test_a_mail_of_25_mb(rejecting: Site) -> None:
    line = b"x" * 76 + b"\r\n"
    raw = mail(QUESTION, "large") + line * (25 * 2**20 // len(line))
    rejecting.postfix.client("shop").sendmail(SELLER, [BUYER], raw)
    assert rejecting.got("large")[0].raw.endswith(raw)


def test_several_mails_on_one_connection(rejecting: Site) -> None:
    client = rejecting.postfix.client("shop")
    client.sendmail(SELLER, [BUYER], mail(QUESTION, "one"))
    assert refusal(client, mail(REVIEW, "two"), BUYER)[0] == 550
    client.rset()
    client.sendmail(SELLER, [BUYER], mail(QUESTION, "three"))
    rejecting.got("one")
    rejecting.got("three")


# -- notices, and recipients taken off ---------------------------------------------------------------------------------


def _notices(where: Site, id: str, count: int = 1) -> list[Got]:
    named = f"In-Reply-To: <{id}@shop.example>".encode()
    return _wait(lambda: [each for each in where.sink.mails if named in each.raw], count)


def _wait(find, count: int = 1):  # type: ignore[no-untyped-def]
    end = time.monotonic() + 120
    while len(found := find()) < count:
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_a_stopped_alias_is_taken_off_and_the_others_keep_their_copy(noticing: Site) -> None:
    raw = mail(REVIEW, "mixed")
    recipients = ["OUT+0f3a@Buyers.Example", "b3@buyers.example", OTHER]
    assert noticing.postfix.client("shop").sendmail(SELLER, recipients, raw) == {}
    (got,) = noticing.got("mixed")
    assert sorted(got.recipients) == ["b3@buyers.example", OTHER]
    assert got.raw.endswith(raw)
    (notice,) = _notices(noticing, "mixed")
    assert (notice.sender, notice.recipients) == ("", (SELLER,))
    parsed = email.message_from_bytes(notice.raw)
    assert parsed["Auto-Submitted"] == "auto-replied"
    assert parsed["From"] == "no-reply@market.example"
    text = (
        next(part for part in parsed.walk() if part.get_content_type() == "text/plain")
        .get_payload(decode=True)
        .decode()
    )
    assert "out@buyers.example" in text
    assert "Votre message n’a pas été remis" in text
    assert "https://help.example/mail" in text


def test_a_mail_for_nobody_else_is_taken_and_told_of_once(noticing: Site) -> None:
    for _ in range(2):  # the sender's server got no answer and sends again
        noticing.postfix.client("shop").sendmail(SELLER, [OUT], mail(REVIEW, "stopped"))
    (notice,) = _notices(noticing, "stopped")
    assert "leave us a review" in notice.raw.decode()
    noticing.postfix.client("shop").sendmail(SELLER, [BUYER], mail(QUESTION, "after"))
    noticing.got("after")
    _wait(lambda: [True] if not noticing.postfix.queue() else [])
    assert len(_notices(noticing, "stopped")) == 1
    assert not any(OUT in each.recipients and REVIEW.encode() in each.raw for each in noticing.sink.mails)


def test_programs_get_no_notice(noticing: Site) -> None:
    raw = mail(REVIEW, "vacation", headers="Auto-Submitted: auto-replied\r\n")
    noticing.postfix.client("shop").sendmail(SELLER, [OUT], raw)
    noticing.postfix.client("shop").sendmail(SELLER, [OUT], mail(REVIEW, "person"))
    _notices(noticing, "person")
    assert not [each for each in noticing.sink.mails if b"vacation@shop.example" in each.raw]


def test_answers_to_a_notice_are_taken_and_dropped(noticing: Site) -> None:
    client = noticing.postfix.client()
    client.sendmail(SELLER, ["no-reply@market.example"], mail(THANKS, "answer"))
    client.sendmail(SELLER, ["No-Reply@market.example", OTHER], mail(THANKS, "answer-and-more"))
    assert noticing.got("answer-and-more")[0].recipients == (OTHER,)
    assert not [each for each in noticing.sink.mails if b"<answer@shop.example>" in each.raw]


# -- trouble -----------------------------------------------------------------------------------------------------------


def test_killed_workers_lose_nothing(rejecting: Site) -> None:
    """Workers are killed while mail comes in: what was not answered is sent again, what was is delivered."""
    sent: list[str] = []
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            id = f"storm{next(_numbers)}"
            for _ in range(50):
                try:
                    rejecting.postfix.client("shop").sendmail(SELLER, [BUYER], mail(QUESTION, id))
                    sent.append(id)
                    break
                except (smtplib.SMTPException, OSError):
                    time.sleep(0.1)
            else:
                raise AssertionError("never taken")

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1)
        for pid in rejecting.tamis.workers()[:1]:
            os.kill(pid, signal.SIGKILL)
    ended.set()
    for thread in threads:
        thread.join()
    assert sent
    for id in sent:
        rejecting.got(id)


def test_new_rules_take_over_and_broken_ones_do_not(rejecting: Site) -> None:
    tamis = rejecting.tamis
    rule = tamis.folder / "rules" / "packs" / "review_request" / "any.yaml"
    good = rule.read_text()
    rule.write_text(good.replace("find:", "fnid:"))
    failed = len(tamis.notes("reload_failed"))
    os.kill(tamis.process.pid, signal.SIGHUP)
    note = tamis.wait_note("reload_failed", failed + 1)[-1]
    assert "any.yaml" in note["problem"]
    assert refusal(rejecting.postfix.client("shop"), mail(REVIEW, "x"), BUYER)[0] == 550
    old = rejecting.postfix.client("shop")
    old.mail(SELLER)
    old.rcpt(BUYER)
    rule.write_text(good.replace("leave us a review", "rate us now").replace(REVIEW, "Please rate us now."))
    os.kill(tamis.process.pid, signal.SIGHUP)
    tamis.wait_note("reloaded")
    assert old.data(mail(REVIEW, "in-flight"))[0] == 550  # it had begun under the old rules
    assert refusal(rejecting.postfix.client("shop"), mail("Please rate us now.", "x"), BUYER)[0] == 550
    rejecting.postfix.client("shop").sendmail(SELLER, [BUYER], mail(REVIEW, "old-words"))
    rejecting.got("old-words")


def test_without_tamis_mail_waits_and_nothing_is_lost(noticing: Site) -> None:
    """SIGTERM answers what is in flight; afterwards Postfix tells clients to come again."""
    tamis = noticing.tamis
    begun, idle = noticing.postfix.client("shop"), noticing.postfix.client("shop")
    begun.mail(SELLER)
    begun.rcpt(BUYER)
    idle.noop()
    tamis.process.terminate()
    tamis.wait_note("stopping")
    assert begun.data(mail(QUESTION, "last"))[0] == 250
    noticing.got("last")
    assert tamis.process.wait(60) == 0
    assert not tamis.socket.exists()
    idle.mail(SELLER)  # Postfix does not ask about it
    assert idle.rcpt(BUYER)[0] == 451
    assert noticing.postfix.client().mail(SELLER)[0] == 451
    noticing.postfix.sendmail(mail(THANKS, "patient"), OTHER, sender=SELLER)
    tamis.start()
    tamis.wait_note("listening", 2)
    noticing.postfix.client("shop").sendmail(SELLER, [BUYER], mail(QUESTION, "again"))
    noticing.got("again")
