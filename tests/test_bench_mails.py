"""The mails of the benchmarks are what they say: the benchmarks' figures rest on them."""

from __future__ import annotations

from email import message_from_bytes, policy

from tests.bench.mails import mails


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert mails(16, seed=3) == mails(16, seed=3)
    assert mails(16, seed=3) != mails(16, seed=4)


def test_mails_have_two_equal_alternatives_and_2_to_5_kilobytes() -> None:
    made = mails(80)
    assert len(set(made)) == 80
    assert all(2_000 <= len(raw) <= 5_000 for raw in made)
    for raw in made:
        mail = message_from_bytes(raw, policy=policy.default)
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert not mail.defects


def test_a_quotation_is_in_both_alternatives() -> None:
    for raw in mails(16, quoted=True):
        mail = message_from_bytes(raw, policy=policy.default)
        text, html = (part.get_content() for part in mail.iter_parts())
        assert text.count("\n> ") > 20
        assert "<blockquote>" in html
