"""Raw mail -> `Message`: what each part of a mail is to the person who opens it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.message.assemble import fair, link_texts, listing
from engine.message.bodies import Body, Seen, distinct, html_body, plain_body
from engine.message.calendar import calendar_text
from engine.message.flowed import unflow
from engine.message.headers import Headers, decode_value
from engine.message.html import HtmlText, read_html
from engine.message.limits import APART_TOTAL, TNEF_BYTES
from engine.message.parts import Attachment, Message, PartKind, Text
from engine.message.sniff import SNIFF_BYTES, sniff
from engine.message.structure import Leaf, Tree, read_tree
from engine.message.tnef import read_tnef
from engine.message.transfer import bytes_of, clean, head_of, size_of, text_of

_HTML = frozenset({"text/html", "application/xhtml+xml", "text/x-amp-html", "text/watch-html"})
_CALENDAR = frozenset({"text/calendar", "application/ics"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
# Text by name, but no client shows it in the message.
_FILES = frozenset({"text/vcard", "text/x-vcard", "text/directory", "text/rtf", "text/css", "text/javascript"})


@dataclass(slots=True)
class _Draft:
    """A message in the making. `forwarded` holds the words of each attached mail by its number."""

    tree: Tree
    plain: list[Body] = field(default_factory=list)
    html: list[Body] = field(default_factory=list)
    calendar: list[Text] = field(default_factory=list)
    forwarded: dict[int, list[str]] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    images: dict[str, None] = field(default_factory=dict)
    pixels: dict[str, None] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    sealed: bool = False


def parse(raw: bytes, *, in_reply: bool = False) -> Message:
    """Read a mail from its bytes. Never raises on bad mail: what is wrong is listed in `defects`.

    All displayed alternatives are kept (equal ones once); an attached mail is a file, and its words are `quoted`.
    """
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    if b"\r" in raw and b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    draft = _Draft(read_tree(raw))
    if not raw or raw.isspace():
        draft.tree.defects = {"empty": None}
    for leaf in draft.tree.leaves:
        _reader(leaf)(draft, leaf)
    return _message(draft, digest, in_reply)


def _reader(leaf: Leaf) -> Callable[[_Draft, Leaf], None]:
    """Choose what a leaf is to a reader."""
    media = leaf.media
    if media in _CALENDAR:
        return _read_calendar
    if media in _TNEF or leaf.name.lower() == "winmail.dat":
        return _read_tnef
    if media in _SEALED:
        return _read_sealed
    if leaf.attached or media in _FILES:
        return _attach
    if media in _HTML:
        return _read_html
    return _read_plain if media.startswith("text/") else _attach


def _read_plain(draft: _Draft, leaf: Leaf) -> None:
    text = text_of(draft.tree, leaf)
    if leaf.params.get("format", "").lower() == "flowed":
        text = unflow(text, leaf.params.get("delsp", "").lower() == "yes")
    if "-----BEGIN PGP MESSAGE-----" in text:
        draft.sealed = True
    _add_plain(draft, leaf, "text/plain", text)
    if leaf.name:
        _attach(draft, leaf)


def _add_plain(draft: _Draft, leaf: Leaf, source: str, text: str) -> None:
    if leaf.mail:
        draft.forwarded.setdefault(leaf.mail, []).append(text)
    elif text.strip():
        draft.plain.append(plain_body(source, text))


def _read_html(draft: _Draft, leaf: Leaf) -> None:
    _add_html(draft, leaf, "text/html", read_html(text_of(draft.tree, leaf)))
    if leaf.name:
        _attach(draft, leaf)


def _add_html(draft: _Draft, leaf: Leaf, source: str, html: HtmlText) -> None:
    if html.hidden:
        draft.hidden.append(html.hidden)
    draft.images.update(dict.fromkeys(html.images))
    draft.pixels.update(dict.fromkeys(html.pixels))
    if leaf.mail:
        draft.forwarded.setdefault(leaf.mail, []).append(html.text)
    elif html.text.strip() or html.links:
        draft.html.append(html_body(source, html, draft.plain))


def _read_calendar(draft: _Draft, leaf: Leaf) -> None:
    text = calendar_text(text_of(draft.tree, leaf))
    if text:
        draft.calendar.append(Text.of("calendar", text, "text/calendar"))
    if leaf.attached or leaf.name:
        _attach(draft, leaf)


def _read_tnef(draft: _Draft, leaf: Leaf) -> None:
    tree = draft.tree
    tnef = read_tnef(bytes_of(tree, leaf, TNEF_BYTES))
    if tnef.damaged:
        tree.defects["damaged-tnef"] = None
    plain, html = clean(tnef.plain, tree.defects), clean(tnef.html, tree.defects)
    if plain.strip():
        _add_plain(draft, leaf, "application/ms-tnef", plain)
    if html.strip():
        _add_html(draft, leaf, "application/ms-tnef", read_html(html))
    if tnef.rtf and not plain.strip() and not html.strip():
        tree.defects["tnef-rtf-only"] = None
    for name, size in tnef.files:
        draft.attachments.append(Attachment(name, "application/octet-stream", "application/octet-stream", size))
    if not (plain or html or tnef.files):
        _attach(draft, leaf)


def _read_sealed(draft: _Draft, leaf: Leaf) -> None:
    draft.sealed = True
    _attach(draft, leaf)


def _attach(draft: _Draft, leaf: Leaf) -> None:
    sniffed = "message/rfc822" if leaf.media == "message/rfc822" else sniff(head_of(draft.tree, leaf, SNIFF_BYTES))
    inline = leaf.disposition == "inline" or (bool(leaf.content_id) and not leaf.attached)
    draft.attachments.append(Attachment(leaf.name, leaf.media, sniffed, size_of(draft.tree, leaf), inline))


def _message(draft: _Draft, digest: str, in_reply: bool) -> Message:
    tree = draft.tree
    headers = _decoded(tree.mails[0])
    bodies = [*draft.plain, *draft.html]
    seen = Seen()
    for body in (*draft.html, *draft.plain):
        for link in body.links:
            seen.add(link)
    shown = [_subject(headers), *distinct(draft.plain, draft.html), *draft.calendar, *_forwarded(draft)]
    shown, cut = fair([text for text in shown if text.regions])
    apart = [
        Text.of("hidden", "\n".join(draft.hidden)[:APART_TOTAL], "text/html"),
        *link_texts(seen.links),
        listing((("attachment_name", file.name) for file in draft.attachments), "header"),
    ]
    return Message(
        digest=digest,
        headers=headers,
        texts=(*shown, *(text for text in apart if text.regions)),
        links=tuple(seen.links),
        attachments=tuple(draft.attachments),
        remote_images=tuple(draft.images),
        tracking_pixels=tuple(draft.pixels),
        defects=tuple(tree.defects),
        flags=_flags(draft, cut or any(body.truncated for body in bodies), bool(bodies or draft.calendar)),
        in_reply=in_reply,
    )


def _decoded(headers: Headers) -> Headers:
    return tuple(
        (name, decode_value(value) if "=?" in value or not value.isascii() or "\0" in value else value.strip())
        for name, value in headers
    )


def _subject(headers: Headers) -> Text:
    """A second Subject is judged too: clients do not agree which one they show."""
    found = dict.fromkeys(value for name, value in headers if name.lower() == "subject")
    return Text.of("subject", "\n".join(found), "header")


def _forwarded(draft: _Draft) -> list[Text]:
    texts = []
    kind: PartKind = "quoted"
    for number in range(1, len(draft.tree.mails)):
        subject = _subject(_decoded(draft.tree.mails[number])).text
        words = dict.fromkeys(text.strip() for text in (subject, *draft.forwarded.get(number, ())))
        texts.append(Text.of(kind, "\n\n".join(text for text in words if text), "message/rfc822"))
    return texts


def _flags(draft: _Draft, cut: bool, read: bool) -> tuple[str, ...]:
    unreadable = draft.sealed or draft.tree.encrypted or ("tnef-rtf-only" in draft.tree.defects and not read)
    truncated = cut or draft.tree.truncated
    return tuple(word for word, holds in (("truncated", truncated), ("unreadable", unreadable)) if holds)
