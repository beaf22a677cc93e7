"""Mails of every shape, ordinary and broken: what a person would see comes out, nothing raises."""

from __future__ import annotations

import base64
import quopri
import struct
import time

import pytest

from engine.message.limits import MAX_PARTS, TEXT_TOTAL
from engine.message.parts import Message

HEAD = b"From: Shop <shop@example.org>\nTo: buyer@example.net\nSubject: Hello\nMIME-Version: 1.0\n"


def mail(body: bytes, content_type: str = "text/plain", encoding: str = "", subject: bytes = b"Hello") -> bytes:
    head = HEAD.replace(b"Hello", subject) + f"Content-Type: {content_type}\n".encode()
    return head + (f"Content-Transfer-Encoding: {encoding}\n".encode() if encoding else b"") + b"\n" + body


def part(body: bytes, content_type: str = "text/plain", *more: str) -> bytes:
    return "\n".join([f"Content-Type: {content_type}", *more]).encode() + b"\n\n" + body


def multi(kind: str, *parts: bytes, boundary: str = "=_b", end: bool = True) -> bytes:
    line = f"\n--{boundary}".encode()
    body = line.join([b"preamble", *(b"\n" + piece for piece in parts)]) + (line + b"--\n" if end else b"")
    return mail(body, f'multipart/{kind}; boundary="{boundary}"')


def texts(message: Message, kind: str = "body") -> list[str]:
    return [t.text[r.start : r.end] for t in message.texts for r in t.regions if r.kind == kind]


def body(raw: bytes) -> str:
    return "|".join(text.strip() for text in texts(Message.parse(raw)))


@pytest.mark.parametrize(
    ("data", "charset", "wanted", "defect"),
    [
        ("prix 5 €, c’est l’œuvre".encode("cp1252"), "iso-8859-1", "prix 5 €, c’est l’œuvre", None),
        ("prix 5 €".encode("cp1252"), "us-ascii", "prix 5 €", "wrong-charset"),
        ("prix 5 €".encode("cp1252"), None, "prix 5 €", "missing-charset"),
        ("prix 5 €".encode(), None, "prix 5 €", "missing-charset"),
        ("prix 5 €".encode(), "iso-8859-1", "prix 5 €", "wrong-charset"),
        ("prix 5 €".encode(), "x-unknown", "prix 5 €", "unknown-charset"),
        (b"plain", "x-unknown", "plain", "unknown-charset"),
        ("prix 5 €".encode("cp1252"), "utf-8", "prix 5 €", "wrong-charset"),
        ("prix 5 €".encode("iso-8859-15"), "iso-8859-15", "prix 5 €", None),
        ("zażółć gęślą".encode("iso-8859-2"), "iso-8859-2", "zażółć gęślą", None),
        ("zażółć gęślą".encode("cp1250"), "windows-1250", "zażółć gęślą", None),
        ("zażółć".encode("cp1250"), '"CP-1250"', "zażółć", None),
        (b"Gr+APwA3w-e", "utf-7", "Grüße", None),
        ("Grüße".encode("utf-8-sig"), "utf-8", "Grüße", None),
        ("Grüße".encode("utf-16"), "utf-16", "Grüße", None),
        ("Grüße".encode("utf-16"), None, "Grüße", "missing-charset"),
        ("注文".encode("iso-2022-jp"), "iso-2022-jp", "注文", None),
        ("订单".encode("gb18030"), "gb2312", "订单", None),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", None),
        (b"a\x81b", "windows-1252", "a\x81b", None),
        (b"\\u0041", "unicode_escape", "\\u0041", "unknown-charset"),
        (b"aGk=", "base64", "aGk=", "unknown-charset"),
    ],
)  # fmt: skip
def test_charsets(data: bytes, charset: str | None, wanted: str, defect: str | None) -> None:
    kind = "text/plain" + (f"; charset={charset}" if charset else "")
    message = Message.parse(mail(base64.encodebytes(data), kind, "base64"))
    assert texts(message) == [wanted]
    assert message.defects == ((defect,) if defect else ())


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"=?utf-8?q?Votre_commande_=C3=A9t=C3=A9?=", "Votre commande été"),
        (b"=?utf-8?B?w6k=?= =?utf-8?B?w6A=?=", "éà"),
        (b"=?utf-8?B?w6k=?=\n =?utf-8?B?w6A=?= plain", "éà plain"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        (b"a =?iso-8859-1?q?=80?= b", "a € b"),
        (b"=?utf-8?q?5 euros =E2=82=AC?=", "5 euros €"),
        (b"=?utf-8?B?w6kg?=", "é"),
        (b"=?utf-8?B?w6k?=", "é"),
        (b"=?x-none?q?=E9?=", "é"),
        (b"=?utf-8*fr?q?=C3=A9?=", "é"),
        (b"x=?utf-8?q?=C3=A9?=y", "xéy"),
        (b"=?utf-8?q?unclosed", "=?utf-8?q?unclosed"),
        ("Prüfung".encode(), "Prüfung"),
        ("Prüfung".encode("cp1252"), "Prüfung"),
        (b"folded\n\tline", "folded line"),
        (b"nul\0byte", "nulbyte"),
        (b"", ""),
    ],
)
def test_subjects(raw: bytes, wanted: str) -> None:
    assert Message.parse(mail(b"x", subject=raw)).subject == wanted


def test_two_subjects_are_both_judged() -> None:
    assert Message.parse(b"Subject: one\nSubject: two\n\nx").subject == "one\ntwo"


def test_headers_by_name() -> None:
    message = Message.parse(b"Received: a\nreceived: b\nX-Note: =?utf-8?q?=C3=A9?=\n\nx")
    assert message.header("RECEIVED") == "a"
    assert message.header_all("Received") == ("a", "b")
    assert message.header("x-note") == "é"
    assert message.header("none") is None


@pytest.mark.parametrize(
    ("parameter", "wanted"),
    [
        ('filename="plan.pdf"', "plan.pdf"),
        ("filename=plan.pdf", "plan.pdf"),
        ("filename*=UTF-8''Grav%C3%BCre.pdf", "Gravüre.pdf"),
        ("filename*=iso-8859-1'de'Grav%FCre.pdf", "Gravüre.pdf"),
        ("filename*0=\"a very long \"; filename*1=name.pdf", "a very long name.pdf"),
        ("filename*0*=utf-8''%C3; filename*1*=%A9.pdf", "é.pdf"),
        ("filename*1=b.pdf; filename*0=a", "ab.pdf"),
        ('filename="=?utf-8?q?=C3=A9.pdf?="', "é.pdf"),
        ('filename="quote\\".pdf"', 'quote".pdf'),
        ('filename="semi;colon.pdf"', "semi;colon.pdf"),
        ("filename=\"é.pdf\"", "é.pdf"),
    ],
)  # fmt: skip
def test_file_names(parameter: str, wanted: str) -> None:
    raw = multi(
        "mixed", part(b"hi"), part(b"%PDF-1.4", "application/pdf", f"Content-Disposition: attachment; {parameter}")
    )
    message = Message.parse(raw)
    assert [file.name for file in message.attachments] == [wanted]
    assert texts(message, "attachment_name") == [wanted]


def test_both_alternatives_are_judged_and_equal_ones_once() -> None:
    plain, html = part(b"Which size?\nS or M?"), part(b"<p>Which <b>size</b>?</p><div>S or M?</div>", "text/html")
    same = Message.parse(multi("alternative", plain, html))
    assert [t.source for t in same.texts] == ["header", "text/plain"]
    other = Message.parse(multi("alternative", plain, part(b"<p>Rate us!</p>", "text/html")))
    assert texts(other) == ["Which size?\nS or M?", "Rate us!"]


def test_link_decoration_makes_no_difference() -> None:
    plain = part(b"See *our shop* <https://shop.example/a> now [image: Logo]")
    html = part(b'See <b>our <a href="https://shop.example/a">shop</a></b> now <img src=cid:1 alt=Logo>', "text/html")
    message = Message.parse(multi("alternative", plain, html))
    assert [t.source for t in message.texts if t.regions[0].kind == "body"] == ["text/plain"]
    assert [(link.text, link.host) for link in message.links] == [("shop", "shop.example")]


def test_html_stays_when_only_it_shows_the_quotation() -> None:
    plain = part(b"Which size?\nold words")
    html = part(b'Which size?<div class="gmail_quote">old words</div>', "text/html")
    message = Message.parse(multi("alternative", plain, html))
    assert texts(message) == ["Which size?\n"]
    assert texts(message, "quoted") == ["old words"]


def test_order_of_texts() -> None:
    html = b'<p>Hi <a href="https://a.example">there</a></p><p style="display:none">secret words</p>'
    calendar = b"BEGIN:VCALENDAR\nSUMMARY:Delivery\nEND:VCALENDAR"
    raw = multi(
        "mixed", part(b"plain"), part(html, "text/html"), part(calendar, "text/calendar"),
        part(b"x", "application/zip; name=a.zip"),
    )  # fmt: skip
    assert [t.regions[0].kind for t in Message.parse(raw).texts] == [
        "subject", "body", "body", "calendar", "hidden", "link_text", "link_target", "attachment_name",
    ]  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_line_ends(end: bytes) -> None:
    raw = multi("mixed", part(b"one\n\ntwo"), part(b"three")).replace(b"\n", end)
    message = Message.parse(raw)
    assert (texts(message), message.defects) == (["one\n\ntwo", "three"], ())


def test_bare_carriage_returns() -> None:
    assert body(mail(b"one\ntwo").replace(b"\n", b"\r")) == "one\ntwo"
    assert body(mail(base64.encodebytes(b"one\rtwo"), encoding="base64")) == "one\ntwo"


def test_nul_bytes_are_taken_out_and_noted() -> None:
    message = Message.parse(mail(b"re\0view"))
    assert (texts(message), message.defects) == (["review"], ("nul-bytes",))


def test_flowed_text_is_put_together() -> None:
    flowed = b"> a long \n> quote\nThis is one \nsentence only.\n\n -- stuffed\n-- \nSig"
    message = Message.parse(mail(flowed, "text/plain; format=flowed"))
    assert "This is one sentence only." in texts(message)[0]
    assert texts(message, "quoted") == ["> a long quote\n"]
    assert texts(message, "signature") == ["-- \nSig"]
    assert body(mail(b"Hand \nge \npaeck", 'text/plain; format="flowed"; delsp=yes')) == "Handgepaeck"


@pytest.mark.parametrize(
    ("data", "wanted", "defect"),
    [
        (b"V2hpY2ggc2l6ZT8=", "Which size?", None),
        (b"V2hpY2gg\nc2l6ZT8", "Which size?", None),
        (b"V2hp*Y2gg!c2l6ZT8=", "Which size?", "wrong-base64"),
        (b"V2hpY2g=\nIHNpemU/", "Which size?", "wrong-base64"),
        (b"V2hpY2ggc2l6ZT8=A", "Which size?", "wrong-base64"),
        (b"This is plainly not base64 at all.", "This is plainly not base64 at all.", "wrong-base64"),
    ],
)
def test_wrong_base64(data: bytes, wanted: str, defect: str | None) -> None:
    message = Message.parse(mail(data, encoding="base64"))
    assert texts(message) == [wanted]
    assert message.defects == ((defect,) if defect else ())


def test_broken_quoted_printable() -> None:
    assert body(mail(b"caf=C3=A9 =ZZ =", "text/plain; charset=utf-8", "quoted-printable")).startswith("café =ZZ")


def test_unknown_transfer_encoding_is_read_as_it_is() -> None:
    message = Message.parse(mail(b"words", encoding="x-rot13"))
    assert (texts(message), message.defects) == (["words"], ("unknown-encoding",))


def test_truncated_multipart_keeps_its_last_part() -> None:
    message = Message.parse(multi("mixed", part(b"one"), part(b"two and no"), end=False))
    assert (texts(message), message.defects) == (["one", "two and no"], ("truncated-multipart",))


@pytest.mark.parametrize("boundary", ["", "; boundary=none"])
def test_missing_boundary(boundary: str) -> None:
    message = Message.parse(mail(b"Which size?", f"multipart/mixed{boundary}"))
    assert (texts(message), message.defects) == (["Which size?"], ("missing-boundary",))


def test_nested_multiparts() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=in\n\n--in\n\nplain\n--in\nContent-Type: text/html\n\n<p>html\n--in--\n"
    related = (
        b"Content-Type: multipart/related; boundary=rel\n\n--rel\n"
        + inner
        + (
            b"--rel\nContent-Type: image/png; name=logo.png\nContent-ID: <1>\n"
            b"Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--rel--\n"
        )
    )
    message = Message.parse(multi("mixed", related, part(b"tail")))
    assert texts(message) == ["plain", "tail", "html"]
    assert [(a.name, a.sniffed, a.size, a.inline) for a in message.attachments] == [("logo.png", "image/png", 8, True)]


def test_boundary_that_is_the_beginning_of_another() -> None:
    inner = b'Content-Type: multipart/mixed; boundary="bb"\n\n--bb\n\ninner\n--bb--'
    raw = mail(b"--b\n" + inner + b"\n--b\n\nouter\n--b--", "multipart/mixed; boundary=b")
    assert texts(Message.parse(raw)) == ["inner", "outer"]


def test_attached_mail_is_quoted_and_its_files_are_listed() -> None:
    inner = multi(
        "mixed", part(b"old words"), part(b"MZ\x90", "application/octet-stream; name=a.exe"), boundary="inner"
    )
    message = Message.parse(multi("mixed", part(b"see below"), part(inner, "message/rfc822")))
    assert texts(message) == ["see below"]
    assert texts(message, "quoted") == ["Hello\n\nold words"]
    assert [(a.declared, a.sniffed) for a in message.attachments] == [
        ("message/rfc822", "message/rfc822"),
        ("application/octet-stream", "application/x-msdownload"),
    ]


def test_text_attachments_are_no_body_but_inline_ones_are() -> None:
    attached = part(b"rules", "text/plain; name=terms.txt", "Content-Disposition: attachment")
    inline = part(b"shown", "text/plain; name=note.txt", "Content-Disposition: inline")
    message = Message.parse(multi("mixed", part(b"hi"), attached, inline))
    assert texts(message) == ["hi", "shown"]
    assert [(a.name, a.sniffed, a.size) for a in message.attachments] == [
        ("terms.txt", "text/plain", 5),
        ("note.txt", "text/plain", 5),
    ]


def test_attachment_only_and_empty_bodies() -> None:
    message = Message.parse(
        mail(base64.encodebytes(b"%PDF-1.4" + b"x" * 99), "application/pdf; name=bat.pdf", "base64")
    )
    assert [t.regions[0].kind for t in message.texts] == ["subject", "attachment_name"]
    assert (message.attachments[0].sniffed, message.attachments[0].size, message.flags) == ("application/pdf", 107, ())
    assert [t.regions[0].kind for t in Message.parse(mail(b"\n \n")).texts] == ["subject"]


def test_signed_mail_is_judged_without_its_signature() -> None:
    signature = part(b"MIIB", "application/pkcs7-signature; name=smime.p7s", "Content-Transfer-Encoding: base64")
    message = Message.parse(multi("signed", part(b"Which size?"), signature))
    assert (texts(message), message.attachments, message.flags) == (["Which size?"], (), ())


@pytest.mark.parametrize(
    "raw",
    [
        mail(b"MIIB", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"', "base64"),
        multi(
            "encrypted",
            part(b"Version: 1", "application/pgp-encrypted"),
            part(b"-----BEGIN PGP", "application/octet-stream"),
        ),
        mail(b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----"),
    ],
    ids=["smime", "pgp-mime", "pgp-inline"],
)
def test_encrypted_mail_is_unreadable(raw: bytes) -> None:
    assert Message.parse(raw).flags == ("unreadable",)


def test_calendar() -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=fr:Livraison\\, votre\r\n  armoire\r\n"
        'DESCRIPTION;ALTREP="cid:a:b":Quel étage ?\\nMerci\\; à jeudi\r\nLOCATION:12 rue des Lilas\r\nUID:x\r\n'
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message = Message.parse(multi("alternative", part(b"hi"), part(calendar.encode(), "text/calendar; charset=utf-8")))
    wanted = "Livraison, votre armoire\nQuel étage ?\nMerci; à jeudi\n12 rue des Lilas"
    assert texts(message, "calendar") == [wanted]


def attribute(level: int, key: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, key, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*items: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(items))
    for name, kind, data in items:
        out += struct.pack("<HH", kind, name) + struct.pack("<II", 1, len(data)) + data + b"\0" * (-len(data) % 4)
    return out


TNEF_START = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00069007, struct.pack("<II", 1252, 0))


def tnef(*attributes: bytes) -> Message:
    data = TNEF_START + b"".join(attributes)
    kind = "application/ms-tnef; name=winmail.dat"
    return Message.parse(multi("mixed", part(base64.encodebytes(data), kind, "Content-Transfer-Encoding: base64")))


def test_tnef_body_and_files() -> None:
    message = tnef(
        attribute(1, 0x0002800C, "Quelle taille à graver ?\0".encode("cp1252")),
        attribute(2, 0x00069002, b"\0" * 14),
        attribute(2, 0x00018010, b"PLAN~1.PDF\0"),
        attribute(2, 0x0006800F, b"%PDF" * 10),
        attribute(2, 0x00069005, properties((0x3707, 0x1F, "Plan été.pdf\0".encode("utf-16-le")))),
    )
    assert texts(message) == ["Quelle taille à graver ?"]
    assert [t.source for t in message.texts][1] == "application/ms-tnef"
    assert [(a.name, a.size) for a in message.attachments] == [("Plan été.pdf", 40)]


def test_tnef_html_and_rtf() -> None:
    html = tnef(attribute(1, 0x00069003, properties((0x1013, 0x102, b"<p>Which <b>si</b>ze?</p>"))))
    assert texts(html) == ["Which size?"]
    plain = tnef(
        attribute(1, 0x00069003, properties((0x1000, 0x1F, "Größe?\0".encode("utf-16-le")), (0x1009, 0x102, b"LZFu")))
    )
    assert (texts(plain), plain.flags) == (["Größe?"], ())
    rtf = tnef(attribute(1, 0x00069003, properties((0x1009, 0x102, b"LZFu...."))))
    assert (rtf.defects, rtf.flags) == (("tnef-rtf-only",), ("unreadable",))
    assert tnef(attribute(1, 0x0002800C, b"words")[:-6]).defects == ("damaged-tnef",)


def test_broken_headers() -> None:
    message = Message.parse(b"Subject: a\nno header here\nbody goes on")
    assert (message.subject, texts(message)) == ("a", ["no header here\nbody goes on"])
    assert message.defects == ("header-body-separator",)
    assert texts(Message.parse(b"\nonly a body")) == ["only a body"]
    assert texts(Message.parse(b"\r\nonly a body")) == ["only a body"]
    assert Message.parse(b"From me Mon\nSubject: mbox\n\nx").subject == "mbox"
    crlf = Message.parse(b"Subject: a\r\nX: 1\r\nno header here\r\nbody")
    assert texts(crlf) == ["no header here\nbody"]


def test_empty_mail() -> None:
    for raw in (b"", b"\n", b"\r\n\r\n", b" "):
        message = Message.parse(raw)
        assert (message.texts, message.defects) == ((), ("empty",))


def test_digest_is_of_the_raw_bytes() -> None:
    assert Message.parse(b"a").digest == "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def test_in_reply_is_only_what_the_caller_says() -> None:
    raw = b"In-Reply-To: <1@x>\nSubject: Re: x\n\nx"
    assert Message.parse(raw).in_reply is False
    assert Message.parse(raw, in_reply=True).in_reply is True


# --- Limits ---


def seconds(raw: bytes) -> tuple[Message, float]:
    start = time.process_time()
    message = Message.parse(raw)
    return message, time.process_time() - start


def test_long_text_keeps_head_and_tail() -> None:
    message = Message.parse(mail(b"HEAD " + b"filler words. " * 40_000 + b" TAIL"))
    (text,) = (t for t in message.texts if t.source == "text/plain")
    assert message.flags == ("truncated",)
    assert len(text.text) <= TEXT_TOTAL + 1
    assert text.text.startswith("HEAD")
    assert text.text.endswith("TAIL")
    assert sum(r.end - r.start for r in text.regions) == len(text.text)


def test_a_huge_alternative_does_not_push_the_other_out() -> None:
    html = b"<p>Rate us with five stars!</p>" + b"<p>more</p>" * 50_000
    message = Message.parse(multi("alternative", part(b"filler words. " * 100_000), part(html, "text/html")))
    assert "truncated" in message.flags
    assert any("five stars" in text for text in texts(message))
    assert sum(len(text.text) for text in message.texts if text.source != "header") <= TEXT_TOTAL


@pytest.mark.parametrize("lines", [True, False])
def test_long_base64_keeps_head_and_tail(lines: bool) -> None:
    text = b"HEAD " + "à graver. ".encode() * 300_000 + b" TAIL"
    data = base64.encodebytes(text) if lines else base64.b64encode(text)
    (found,) = texts(Message.parse(mail(data, "text/plain; charset=utf-8", "base64")))
    assert found.startswith("HEAD à graver")
    assert found.endswith("à graver.  TAIL")


def test_text_at_the_limit_is_whole() -> None:
    assert Message.parse(mail(b"a" * (TEXT_TOTAL - 10))).flags == ()


def test_parts_are_counted() -> None:
    message, taken = seconds(multi("mixed", *(part(b"x%d" % i) for i in range(20_000))))
    assert len(texts(message)) == MAX_PARTS
    assert "too-many-parts" in message.defects
    assert "truncated" in message.flags
    assert taken < 1


def test_nesting_is_bounded() -> None:
    raw = mail(b"deep")
    for level in range(200):
        raw = multi(
            "mixed", part(b"level"), b"Content-Type: " + raw.split(b"Content-Type: ", 1)[1], boundary=f"b{level}"
        )
    message, taken = seconds(raw)
    assert "nested-too-deep" in message.defects
    assert "truncated" in message.flags
    assert taken < 1
    mails = mail(b"deep")
    for _ in range(200):
        mails = mail(mails, "message/rfc822")
    assert "nested-too-deep" in Message.parse(mails).defects


def test_empty_containers_are_counted_too() -> None:
    empty = part(b"", "multipart/mixed; boundary=none")
    message, taken = seconds(multi("mixed", *[empty] * 50_000))
    assert "too-many-parts" in message.defects
    assert taken < 1


def test_a_large_attachment_is_not_decoded() -> None:
    import tracemalloc

    data = base64.encodebytes(b"%PDF-1.4" + b"x" * 18_000_000)
    raw = multi("mixed", part(b"hi"), part(data, "application/pdf; name=a.pdf", "Content-Transfer-Encoding: base64"))
    tracemalloc.start()
    message, taken = seconds(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message.attachments[0].size == 18_000_008
    assert peak < 2_000_000
    assert taken < 1


def test_sizes_of_encodings() -> None:
    content = "Größe = 5, naïf\n" * 20
    encoded = quopri.encodestring(content.encode())
    raw = multi("mixed", part(encoded, "application/x; name=q", "Content-Transfer-Encoding: quoted-printable"))
    assert Message.parse(raw).attachments[0].size == len(content.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"A" * 5_000_000,
        b"Subject: " + b"x" * 5_000_000,
        b"Subject: x\n" + b" \n" * 1_000_000,
        b"Subject: " + b"=?utf-8?q?=41?= " * 100_000 + b"\n\nx",
        b"X: y\n" * 1_000_000,
        mail(b"--b\n" * 1_000_000, "multipart/mixed; boundary=b"),
        mail(b"x" * 5_000_000),
        mail(b"=" * 3_000_000, encoding="quoted-printable"),
        mail(b"=" * 3_000_000, encoding="base64"),
        mail(b"<" * 3_000_000, "text/html"),
        mail(b"x", "text/plain; " + "a=b;" * 100_000),
        mail(b"x", 'text/plain; name="' + "\\" * 100_000),
        mail(b"BEGIN:VCALENDAR\n" + b"SUMMARY" * 100_000, "text/calendar"),
        mail(base64.encodebytes(TNEF_START + b"\1" * 5_000_000), "application/ms-tnef", "base64"),
        bytes(range(256)) * 10_000,
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_hostile_mail_takes_bounded_time(raw: bytes) -> None:
    _, taken = seconds(raw)
    assert taken < 2
