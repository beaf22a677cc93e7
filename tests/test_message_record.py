"""Records, the limits of lists, sniffed types, flowed text, and mails that chance makes."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.message.assemble import clip, fair, listing
from engine.message.flowed import unflow
from engine.message.html import read_html
from engine.message.limits import APART_TOTAL, TEXT_TOTAL
from engine.message.parts import PART_KINDS, Message, Region, Text
from engine.message.quotation import cut
from engine.message.sniff import sniff
from tests.test_message_mime import TNEF_START, mail, multi, part


def covered(text: Text) -> bool:
    """Whether the regions cover the text, in order, none empty, all of known kinds."""
    at = 0
    for region in text.regions:
        if region.start != at or region.end <= at or region.kind not in PART_KINDS:
            return False
        at = region.end
    return at == len(text.text)


def test_a_record_is_not_rewritten() -> None:
    body = "\ufeffHi,\r\n which   size?\0\r\n\r\n> old\r\n"
    message = Message.of(subject=" Re: x ", body=body, headers=(("X-A", "1"),), in_reply=True, lang="en")
    assert [text.text for text in message.texts] == [" Re: x ", body]
    assert all(text.source == "record" for text in message.texts)
    assert [region.kind for region in message.texts[1].regions] == ["body", "quoted"]
    assert (message.in_reply, message.language_hint, message.header("x-a")) == (True, "en", "1")
    assert message.subject == " Re: x "


def test_record_with_html_is_like_a_mail_with_alternatives() -> None:
    message = Message.of(body="Which size?", html="<p>Which <b>size</b>?</p><p hidden>pre header words</p>")
    assert [(text.source, text.regions[0].kind) for text in message.texts] == [
        ("record", "body"),
        ("text/html", "hidden"),
    ]
    assert [t.text for t in Message.of(body="a", html="<p>b").texts] == ["a", "b"]
    assert Message.of().texts == ()


def test_digests_tell_records_apart() -> None:
    digests = {
        Message.of(subject="a", body="b").digest,
        Message.of(subject="ab").digest,
        Message.of(body="ab").digest,
        Message.of(html="ab").digest,
        Message.of(body="ab", headers=(("a", "b"),)).digest,
    }
    assert len(digests) == 5
    assert Message.of(body="ab").digest == Message.of(body="ab", in_reply=True, lang="fr").digest
    assert Message.of(body="\ud800").digest.startswith("sha256:")


def test_a_long_record_keeps_its_beginning() -> None:
    message = Message.of(body="abc " * 100_000)
    assert (len(message.texts[0].text), message.flags) == (TEXT_TOTAL, ("truncated",))


def test_listing_joins_neighbours_and_keeps_to_its_limit() -> None:
    text = listing([("link_text", "a\nb"), ("link_text", "c"), ("link_text", " "), ("signature", "d")], "x")
    assert (text.text, text.regions) == ("a b\nc\nd", (Region("link_text", 0, 6), Region("signature", 6, 7)))
    assert len(listing([("hidden", "x" * 1000)] * 1000, "x").text) <= APART_TOTAL


@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=6))
def test_fair_shares_keep_to_the_limit(sizes: list[int]) -> None:
    texts = [
        Text("x", "a" * size, (Region("body", 0, size // 2), Region("quoted", size // 2, size)))
        for size in sizes
        if size > 1
    ]
    shares, was_cut = fair(texts)
    assert len(shares) == len(texts)
    assert all(covered(text) for text in shares)
    assert sum(len(text.text) for text in shares) <= TEXT_TOTAL + len(texts)
    assert was_cut == (sum(len(text.text) for text in texts) > TEXT_TOTAL + len(texts))


def test_clip_keeps_both_ends() -> None:
    text = Text("x", "a" * 50 + "b" * 50, (Region("body", 0, 50), Region("signature", 50, 100)))
    assert clip(text, 100) is text
    clipped = clip(text, 21)
    assert clipped.text == "a" * 14 + "\n" + "b" * 6
    assert clipped.regions == (Region("body", 0, 15), Region("signature", 15, 21))


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04" + b"\0" * 40, "application/zip"),
        (
            b"PK\x03\x04" + b"\0" * 26 + b"word/document.xml",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text",
        ),
        (b"MZ\x90\0", "application/x-msdownload"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (b"  <!DOCTYPE html><p>", "text/html"),
        (b"<?xml version='1.0'?><svg>", "image/svg+xml"),
        ("Grüße".encode(), "text/plain"),
        (b"Subject: x\n", "message/rfc822"),
        (b"\0\1\2\3", "application/octet-stream"),
        (b"\1\2\3\4\5\6\7", "application/octet-stream"),
        (b"", "application/x-empty"),
        (b"{\\rtf1", "application/rtf"),
        (b"\xef\xbb\xbfname;size", "text/plain"),
    ],
)
def test_sniffing(head: bytes, media: str) -> None:
    assert sniff(head) == media


@pytest.mark.parametrize(
    ("source", "delete", "wanted"),
    [
        ("a \nb", False, "a b"),
        ("a \nb", True, "ab"),
        ("a\nb", False, "a\nb"),
        (" >stuffed", False, ">stuffed"),
        ("> a \n> b", False, "> a b"),
        ("> a \nb", False, "> a \nb"),
        (">> a \n>> b\n> c", False, ">> a b\n> c"),
        ("text\n-- \nname", False, "text\n-- \nname"),
        ("", False, ""),
        ("a \n\nb", False, "a \nb"),
    ],
)
def test_unflow(source: str, delete: bool, wanted: str) -> None:
    assert unflow(source, delete) == wanted


# --- Chance ---

SEEDS = (
    multi(
        "alternative",
        part(b"Which size?\n\nRegards\nAnna\n\nOn Mon, Mar 3, 2025 A <a@b.example> wrote:\n> x"),
        part(
            b"<p>Which size?</p><div class=gmail_quote>old <a href='https://a.example'>x</a></div>",
            "text/html; charset=utf-8",
        ),
    ),
    multi(
        "mixed",
        part(b"UHJpeCA1IIA=", "text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: base64"),
        part(b"BEGIN:VCALENDAR\nSUMMARY:x\\, y\nEND:VCALENDAR", "text/calendar"),
        part(b"%PDF", "application/pdf; name*=utf-8''%C3%A9.pdf"),
    ),
    multi(
        "mixed",
        part(mail(b"inner"), "message/rfc822"),
        part(b"eJ8+Ig==", "application/ms-tnef", "Content-Transfer-Encoding: base64"),
    ),
    mail(
        b"> a \n> b\nc \nd\n-- \nsig", "text/plain; format=flowed; delsp=yes", subject=b"=?utf-8?q?=C3=A9?= =?x?b?!?="
    ),
    mail(TNEF_START + b"\1\x0c\x80\2\0\5\0\0\0hello\0\0", "application/ms-tnef"),
)


def sound(message: Message) -> None:
    assert all(covered(text) for text in message.texts)
    assert all(text.text for text in message.texts)
    for text in message.texts:
        text.text.encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
def test_random_bytes_never_raise(raw: bytes) -> None:
    sound(Message.parse(raw))
    sound(Message.parse(b"Content-Type: text/html\n\n" + raw))
    sound(Message.parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + raw + b"\n--b--"))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_mutated_mails_never_raise(seed: bytes, chance: random.Random) -> None:
    raw = bytearray(seed)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at : at + chance.randint(1, 40)]
            case 2:
                raw[at:at] = chance.choice([b"\n", b"\r\n", b"--=_b\n", b"\0", b"<", b'"', b"=?", b"\xff", b">", b";"])
            case _:
                other = chance.choice(SEEDS)
                raw[at:at] = other[chance.randrange(len(other)) :][:200]
        raw = raw or bytearray(b"x")
    sound(Message.parse(bytes(raw)))


WORDS = st.sampled_from(
    [
        "On Mon, Mar 3, 2025 A <a@b.example> wrote:",
        "> quoted",
        "-- ",
        "Cordialement,",
        "From: a@b.example",
        "Sent: 3 March 2025",
        "To: b",
        "Subject: x",
        "PS: more",
        "Anna",
        "Which size?",
        "",
        " ",
        "www.a.example",
        "Tel. 089 123456",
        "-----Original Message-----",
        "Sent from my iPhone",
        "\r",
        "ein Satz ohne Ende",
        "Merci",
        "/Anna",
        ">",
        "_" * 20,
        "\xa0",
        "é" * 3,
        "\u2028",
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(WORDS, max_size=30),
    st.lists(st.tuples(st.sampled_from(["quoted", "signature", "rest"]), st.integers(0, 300))),
)
def test_regions_cover_every_text(lines: list[str], places: list[tuple[str, int]]) -> None:
    text = "\n".join(lines)
    marks = [(kind, min(at, len(text)), min(at + 40, len(text))) for kind, at in places]
    assert covered(Text("x", text, cut(text, marks)))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/abpdivtr =\"'&;#!-\n\0é", max_size=300))
def test_random_html_never_raises(source: str) -> None:
    found = read_html(source)
    assert all(0 <= mark.start <= mark.end <= len(found.text) for mark in found.marks)
    assert all(0 <= link.at <= len(found.text) for link in found.links)


def test_a_mail_of_25_megabytes() -> None:
    line = b"Which size do you need? Please answer soon.\n"
    raw = multi(
        "mixed", part(line * 200_000), part(b"A" * 76 + b"\n", "application/pdf; name=a.pdf"), part(line * 350_000)
    )
    start = time.process_time()
    message = Message.parse(raw)
    assert time.process_time() - start < 2
    assert message.flags == ("truncated",)
    sound(message)
