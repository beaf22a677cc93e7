"""What a mail looks like to a person: the data that every later step reads.

A `Message` holds `Text`s: the subject, each displayed alternative of the body, and what is kept apart (hidden text,
link texts and targets, attachment names). A body `Text` is one string cut into `Region`s, so that quotation and
signature can be judged apart while every offset still counts in the one string a person can look up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

PartKind = Literal[
    "subject", "body", "quoted", "signature", "hidden", "link_text", "link_target", "attachment_name", "calendar"
]
PART_KINDS: tuple[PartKind, ...] = (
    "subject", "body", "quoted", "signature", "hidden", "link_text", "link_target", "attachment_name", "calendar",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch `[start, end)` of a text, in characters, and the kind of part it is."""

    kind: PartKind
    start: int
    end: int


class Span(NamedTuple):
    """Words of the original: `text` stands at `[start, end)`, counted in characters of the text of `source`."""

    part: PartKind
    start: int
    end: int
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Text:
    """One string as a person sees it, and its regions in order (together they cover it, none is empty).

    `source` is where it came from: `header`, `text/plain`, `text/html`, `text/calendar`, `record`,
    `application/ms-tnef`, `message/rfc822` (an attached mail). Lists (link texts, ...) hold one entry a line; lines of
    links that stand in a quotation or a signature are regions of that kind, so that they are judged like their place.
    """

    source: str
    text: str
    regions: tuple[Region, ...]

    @classmethod
    def of(cls, kind: PartKind, text: str, source: str) -> Text:
        """Return a text that is one region of `kind` (no region when it is empty)."""
        return cls(source, text, (Region(kind, 0, len(text)),) if text else ())


@dataclass(frozen=True, slots=True)
class Link:
    """A link: the text shown (may be empty), its target as written, and the target's host in lower case (`""`: no web).

    `part` is the kind of part it stands in (body, quoted, signature, hidden, calendar): a shop's address in a signature
    is not an invitation. Addresses written out without a link count too, their text is the address.
    """

    text: str
    target: str
    host: str
    part: PartKind = "body"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: its decoded name, declared and sniffed media type, and size in bytes after decoding.

    `inline`: shown inside the text (a logo), not offered as a file.
    """

    name: str
    declared: str
    sniffed: str
    size: int
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A mail, read. Made by `Message.parse` (bytes) or `Message.of` (a record's fields).

    `defects` are words for what was wrong with the bytes (`truncated-multipart`, `unknown-charset`, ...); `flags` are
    words of the decision (`truncated`: longer than the limit; `unreadable`: a body no person or program here can read).
    `tracking_pixels` are those of `remote_images` that nobody is meant to see (one pixel wide, or hidden).
    `in_reply` is a fact given by the caller: the buyer wrote first. Headers alone prove nothing.
    """

    digest: str
    headers: tuple[tuple[str, str], ...] = ()
    texts: tuple[Text, ...] = ()
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    remote_images: tuple[str, ...] = ()
    tracking_pixels: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    in_reply: bool = False
    language_hint: str | None = None

    def header(self, name: str) -> str | None:
        """Return the first header called `name` (any case), decoded, or None."""
        values = self.header_all(name)
        return values[0] if values else None

    def header_all(self, name: str) -> tuple[str, ...]:
        """Return every header called `name` (any case), decoded, in order."""
        key = name.lower()
        return tuple(value for header, value in self.headers if header.lower() == key)

    @property
    def subject(self) -> str:
        """The decoded subject, or an empty string."""
        return next((t.text for t in self.texts if t.regions and t.regions[0].kind == "subject"), "")

    @classmethod
    def parse(cls, raw: bytes, *, in_reply: bool = False) -> Message:
        """Read a mail from its bytes. Never raises on bad mail: what is wrong is listed in `defects`."""
        from engine.message.mime import parse

        return parse(raw, in_reply=in_reply)

    @classmethod
    def of(
        cls,
        *,
        subject: str = "",
        body: str = "",
        html: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        in_reply: bool = False,
        lang: str | None = None,
    ) -> Message:
        """Make a message from a record's fields; offsets of findings then count in these very strings."""
        from engine.message.record import from_fields

        return from_fields(subject=subject, body=body, html=html, headers=headers, in_reply=in_reply, lang=lang)
