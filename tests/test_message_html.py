"""HTML as a person sees it: lines, words, hidden text, links, images; and sources made to hurt."""

from __future__ import annotations

import time

import pytest

from engine.message.html import read_html
from engine.message.htmlguard import guard
from engine.message.limits import HTML_ATTRIBUTES, HTML_DEPTH
from engine.message.links import host_of, written_addresses
from engine.message.parts import Message


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("re<b>view</b>", "review"),
        ("re<span style='color:red'>vi</span>ew", "review"),
        ("re<!-- x -->view", "review"),
        ("re<wbr>view&shy;s", "review\xads"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one<div>two</div></div>three", "one\ntwo\nthree"),
        ("one<br>two<br/><br><br>three", "one\ntwo\n\nthree"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<table><tr><td>Name</td><td>Emma</td></tr><tr><th>Size</th><td>M</td></tr></table>", "Name Emma\nSize M"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("  a \n\t b  <b> c</b> ", "a b c"),
        ("a&nbsp;b &eacute;&#233;&amp;&lt;", "a\xa0b éé&<"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p style='white-space:pre-wrap'>a\n  b</p>", "a\n  b"),
        ("<div style='display:inline'>re</div><div style='display:inline'>view</div>", "review"),
        ("<span style='display:block'>a</span><span style='display:block'>b</span>", "a\nb"),
        ("<head><title>T</title><style>p{}</style></head><body>x<script>y</script></body>", "x"),
        ("<!--[if mso]>Outlook<![endif]-->a<![if !mso]>b<![endif]>", "ab"),
        ("<noscript>a</noscript><template>b</template><textarea>c</textarea>", "a\nc"),
        ("<input type=submit value='Rate us'><input type=hidden value=x><button>Go</button>", "Rate us Go"),
        ("<img src=cid:1 alt='Leave a review'>", "Leave a review"),
        ("a<img src=cid:1 alt='-'>b", "a b"),
        ("<td>no table</td>", "no table"),
        ("unclosed <b>bold <i>both", "unclosed bold both"),
        ("a < b and c > d", "a < b and c > d"),
        ("<p>a\0b</p>", "ab"),
        ("<x-own>a</x-own><o:p>b</o:p>", "ab"),
        ("", ""),
        ("<svg><text>drawn</text></svg>", "drawn"),
        ("<div style='font-size:0'>outer<span style='font-size:14px'>inner</span></div>", "outerinner"),
    ],
)
def test_displayed_text(source: str, text: str) -> None:
    assert read_html(source).text == text


@pytest.mark.parametrize(
    "tag",
    [
        '<div style="display:none">',
        '<div style="DISPLAY : NONE">',
        '<span style="color:red;display:none !important">',
        '<p style="visibility:hidden">',
        '<p style="opacity:0">',
        '<p style="opacity:0.0;">',
        '<p style="mso-hide:all">',
        "<p hidden>",
        '<p style="max-height:0;overflow:hidden">',
        '<p style="font-size:1px">',
        '<p style="text-indent:-9999px">',
        '<p style="color:#fff">',
        '<font color="white">',
        '<p style="color:#FFFFFF">',
        '<p style="color: rgb(255, 255, 255)">',
        '<p style="color:transparent">',
        '<p style="background:#fff;color:#fff">',
    ],
)
def test_hidden_text_is_kept_apart(tag: str) -> None:
    found = read_html(f"<body>shown {tag}secret <b>words</b></p></font></div></span></body>")
    assert (found.text, found.hidden) == ("shown", "secret words")


@pytest.mark.parametrize(
    "source",
    [
        '<table><td style="background:#05a"><a style="color:#fff">seen</a></table>',
        '<table bgcolor="#0055aa"><tr><td><font color="#ffffff">seen</font></table>',
        '<table background="https://a.example/x.png"><tr><td style="color:white">seen</table>',
        "<style>.b{background:#000}</style><p class=b style='color:#fff'>seen</p>",
        '<div style="visibility:hidden"><span style="visibility:visible">seen</span></div>',
        '<div style="font-size:1px"><span style="font-size:14px">seen</span></div>',
        '<div style="color:#fff"><span style="color:#000">seen</span></div>',
        '<div style="font-size:0px">seen</div>',
        '<div style="opacity:0.5">seen</div>',
        '<div style="display:none;display:block">seen</div>',
        '<div style="max-height:0">seen</div>',
        '<div style="display:block !important;display:none">seen</div>',
    ],
)
def test_what_only_looks_hidden_is_shown(source: str) -> None:
    found = read_html(source)
    assert (found.text, found.hidden) == ("seen", "")


def test_other_hidden_text() -> None:
    found = read_html(
        '<style>p:after{content:"Rate us now"}</style><a href="#" title="Leave five stars">x</a><b title="x">y</b>'
    )
    assert found.text == "xy"
    assert set(found.hidden.split("\n")) == {"Leave five stars", "Rate us now"}


def test_a_hidden_word_does_not_split_its_neighbours() -> None:
    found = read_html('re<span style="display:none">xx</span>view<div style="display:none">yy</div>ed')
    assert (found.text, found.hidden) == ("reviewed", "xx\nyy")


def test_links_and_where_they_stand() -> None:
    source = (
        'Hi <a href=" https://Shop.Example/x?y ">our <b>sh</b>op</a><a name=x>none</a><a href="mailto:a@b.example">mail</a>'
        '<a href="https://i.example"><img src="https://i.example/i.png" alt="Picture"></a>'
        '<p style="display:none"><a href="https://h.example">hid</a></p><map><area href="https://m.example" alt="map"></map>'
    )
    message = Message.of(html=source)
    assert [(link.text, link.target, link.host, link.part) for link in message.links] == [
        ("our shop", "https://Shop.Example/x?y", "shop.example", "body"),
        ("mail", "mailto:a@b.example", "", "body"),
        ("Picture", "https://i.example", "i.example", "body"),
        ("hid", "https://h.example", "h.example", "hidden"),
        ("map", "https://m.example", "m.example", "body"),
    ]
    (shown,) = (text for text in message.texts if text.regions[0].kind == "link_text")
    assert shown.text == "our shop\nmail\nPicture\nmap"
    (targets,) = (text for text in message.texts if text.regions[0].kind == "link_target")
    assert [(r.kind, targets.text[r.start : r.end].split()[0]) for r in targets.regions] == [
        ("link_target", "https://Shop.Example/x?y"),
        ("hidden", "https://h.example"),
        ("link_target", "https://m.example"),
    ]


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://A.Example/x", "a.example"),
        ("//a.example", "a.example"),
        ("http://user:pw@a.example:80/", "a.example"),
        ("https:\\\\a.example\\x", "a.example"),
        ("ht\ntps://a.example", "a.example"),
        ("https://a.example.", "a.example"),
        ("https://[::1]/x", "[::1]"),
        ("https://[broken", "[broken"),
        ("mailto:a@b.example", ""),
        ("#top", ""),
        ("", ""),
        ("tel:+33", ""),
        ("javascript:x", ""),
        ("https://", ""),
        ("https://shop.example@evil.example/", "evil.example"),
    ],
)
def test_hosts(target: str, host: str) -> None:
    assert host_of(target) == host


def test_addresses_in_plain_text() -> None:
    text = "See https://a.example/x?y=1. Or (www.b.example), WWW.C.EXAMPLE! ftp://no.example http:// x://y"
    assert [(address, host) for _, address, host in written_addresses(text)] == [
        ("https://a.example/x?y=1", "a.example"),
        ("www.b.example", "www.b.example"),
        ("WWW.C.EXAMPLE", "www.c.example"),
    ]
    assert all(text[at:].startswith(address) for at, address, _ in written_addresses(text))


def test_links_of_plain_text_know_their_part() -> None:
    body = "See www.a.example\n\nKind regards\nAnna\nwww.b.example\n\n> www.c.example"
    message = Message.of(body=body)
    assert [(link.host, link.part) for link in message.links] == [
        ("www.a.example", "body"),
        ("www.b.example", "signature"),
        ("www.c.example", "quoted"),
    ]


def test_remote_images_and_pixels() -> None:
    source = (
        '<img src="https://a.example/logo.png" width=200 height=80><img src="//a.example/1.gif" width="1" height="1">'
        '<img src="https://a.example/2.gif" style="width:1px;height:1px"><img src="cid:x"><img src="data:image/png;base64,AA">'
        '<div style="display:none"><img src="https://a.example/3.gif"></div><img src="https://a.example/4.gif" style="display:none">'
        '<td background="https://a.example/bg.png"><div style="background:url(\'https://a.example/u.png\')"></div>'
    )
    message = Message.of(html=source)
    assert [image.rpartition("/")[2] for image in message.remote_images] == [
        "logo.png",
        "1.gif",
        "2.gif",
        "3.gif",
        "4.gif",
        "u.png",
    ]
    assert [image.rpartition("/")[2] for image in message.tracking_pixels] == ["1.gif", "2.gif", "3.gif", "4.gif"]


def test_ordinary_sources_pass_the_guard_unchanged() -> None:
    source = "<div><p class='a b' style=\"x\">text</p></div>" * 80
    assert guard(source) == (source, False)
    long = "<table><tr><td><p class='a' title=\"it's\">text</p></table>" * 2000
    assert guard(long) == (long, False)


def test_depth_is_bounded_and_no_text_is_lost() -> None:
    for tag in ("div", "b", "span", "table"):
        start = time.process_time()
        found = read_html(f"<{tag}>x" * 10_000 + "deep" + f"</{tag}>" * 10_000 + "after")
        assert "deep" in found.text
        assert found.text.endswith("after")
        assert time.process_time() - start < 1
    source, _ = guard("<div>" * 10_000)
    assert source.count("<div") == HTML_DEPTH


def test_attributes_are_bounded() -> None:
    many = " ".join(f"a{i}" for i in range(50_000))
    for source in (f"<div {many}>x", f"<div {many} title='a > b'>x", f"<p a='{'x' * 20000}' {many}>x"):
        start = time.process_time()
        assert read_html(source).text == "x"
        assert guard(source)[0].count(" a") <= HTML_ATTRIBUTES + 2
        assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "source",
    [
        "<" * 400_000,
        "<a " * 100_000,
        "<a<" * 100_000,
        "<!--" * 100_000,
        "&" * 400_000,
        "<p>x" * 100_000,
        "<b>" * 100_000,
        "<a href='" * 50_000,
        "<a \"'" * 100_000,
        "<div>" + "".join(f"<font a{i}=1>" for i in range(3000)) + "</div>" + "<p>x" * 60_000,
        "<svg>" + "<td>" * 100_000,
        "<select>" + "<option>x" * 50_000,
        "<style>" + "content:'" * 50_000,
        "<x style='" + "a:b;" * 100_000,
        "<img src='data:image/png;base64," + "A" * 2_000_000 + "'>x",
        "<p title='" + "a b " * 100_000 + "'>x",
    ],
    ids=lambda source: repr(source[:12]),
)
def test_hostile_sources_take_bounded_time(source: str) -> None:
    start = time.process_time()
    read_html(source)
    assert time.process_time() - start < 3


def test_embedded_images_do_not_push_text_out() -> None:
    source = "<p>head</p><img src='data:image/png;base64," + "A" * 2_000_000 + "'><p>tail</p>"
    assert (read_html(source).text, read_html(source).cut) == ("head\n\ntail", False)
