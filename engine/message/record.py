"""A record's fields (JSONL, CSV, rule tests) -> `Message`; offsets count in the very strings that were given."""

from __future__ import annotations

import hashlib
import json

from engine.message.assemble import link_texts
from engine.message.bodies import Seen, distinct, html_body, text_body
from engine.message.html import HtmlText, read_html
from engine.message.limits import APART_TOTAL, TEXT_TOTAL
from engine.message.parts import Message, Text


def from_fields(
    *,
    subject: str = "",
    body: str = "",
    html: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    in_reply: bool = False,
    lang: str | None = None,
) -> Message:
    """Make a message of a record. `html` is read like an HTML alternative of a mail.

    A longer text than the limit keeps its beginning only (flag `truncated`): a tail moved up would break the offsets.
    """
    read = read_html(html) if html else HtmlText()
    bodies = [text_body("record", body[:TEXT_TOTAL])] if body else []
    pages = [html_body("text/html", read, bodies)] if html and (read.text or read.links) else []
    seen = Seen()
    for part in (*pages, *bodies):
        for link in part.links:
            seen.add(link)
    texts = [Text.of("subject", subject[:TEXT_TOTAL], "record"), *distinct(bodies, pages)]
    apart = [Text.of("hidden", read.hidden[:APART_TOTAL], "text/html"), *link_texts(seen.links)]
    truncated = max(len(subject), len(body)) > TEXT_TOTAL or any(page.truncated for page in pages)
    return Message(
        digest=_digest(subject, body, html, headers),
        headers=headers,
        texts=tuple(text for text in (*texts, *apart) if text.regions),
        links=tuple(seen.links),
        remote_images=tuple(dict.fromkeys(read.images)),
        tracking_pixels=tuple(dict.fromkeys(read.pixels)),
        flags=("truncated",) if truncated else (),
        in_reply=in_reply,
        language_hint=lang,
    )


def _digest(subject: str, body: str, html: str, headers: tuple[tuple[str, str], ...]) -> str:
    """A digest of what was given; JSON keeps the fields apart whatever they hold."""
    fields = json.dumps([subject, body, html, headers], separators=(",", ":"))
    return "sha256:" + hashlib.sha256(fields.encode("ascii")).hexdigest()
