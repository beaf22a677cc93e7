"""What proves a sender, and what only looks like it."""

from __future__ import annotations

import pytest

from engine.relay import sender


def headers(*results: str, author: str = "shop@shop.example") -> list[tuple[bytes, bytes]]:
    return [(b"Authentication-Results", b" " + result.encode()) for result in results] + [(b"From", author.encode())]


@pytest.mark.parametrize(
    "result",
    [
        "mx.example; dmarc=pass header.from=shop.example",
        "MX.Example 1; spf=fail smtp.mailfrom=x.example; dkim=pass (2048 bit) header.d=shop.example header.s=k1",
        '"mx.example"; dkim=pass header.i=@shop.example',
        "mx.example; spf=pass smtp.mailfrom=bounce@mail.shop.example",
        "mx.example; dkim=pass\n header.d=Shop.Example",
    ],
)
def test_proofs(result: str) -> None:
    assert sender.is_authenticated(headers(result), "mx.example")


@pytest.mark.parametrize(
    "results",
    [
        [],
        ["mx.example; none"],
        ["other.example; dmarc=pass header.from=shop.example"],
        ["mx.example; dmarc=fail header.from=shop.example"],
        ["mx.example; dmarc=pass header.from=else.example"],
        ["mx.example; dkim=pass header.d=else.example"],
        ["mx.example; dkim=pass header.d=xshop.example"],
        ["mx.example; spf=pass smtp.mailfrom=else.example"],
        ["mx.example; spf=pass smtp.helo=shop.example"],
        ["mx.example; dkim=fail (x; dmarc=pass header.from=shop.example) header.d=shop.example"],
        ['mx.example; dkim=fail reason="; dmarc=pass header.from=shop.example"'],
        ["mx.example; dkim=fail dkim=pass header.d=else.example"],
        # Only the topmost counts: what stands below may have come with the mail.
        ["mx.example; dmarc=fail", "mx.example; dmarc=pass header.from=shop.example"],
    ],
)
def test_no_proofs(results: list[str]) -> None:
    assert not sender.is_authenticated(headers(*results), "mx.example")


@pytest.mark.parametrize(
    "author",
    ["", "a@shop.example, b@shop.example", "=?utf-8?q?shop=40shop=2Eexample?= <x@else.example>", "shop.example"],
)
def test_who_is_no_single_author_is_not_proven(author: str) -> None:
    result = "mx.example; dmarc=pass header.from=shop.example"
    assert not sender.is_authenticated(headers(result, author=author), "mx.example")


@pytest.mark.parametrize(
    ("value", "automatic"),
    [(b" no", False), (b" No; x", False), (b" auto-replied", True), (b" auto-generated (vacation)", True), (b"", True)],
)
def test_programs(value: bytes, automatic: bool) -> None:
    assert sender.is_auto_submitted([(b"auto-submitted", value)]) is automatic
    assert not sender.is_auto_submitted([(b"Subject", value)])


def test_message_ids() -> None:
    given = [(b"References", b" <a@x>\r\n <b@x> junk <c d@x> <>"), (b"In-Reply-To", b"<c@x>")]
    assert sender.message_ids(given, "In-Reply-To", "References") == ["<c@x>", "<a@x>", "<b@x>"]
