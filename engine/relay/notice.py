"""The mail that tells a seller of a stopped message: what, why with the words that caused it, and what to do.

It has no envelope sender and says that a program wrote it, so nobody answers it. The headers of the stopped message come
with it, its text does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from html import escape

from engine.context.addresses import known_form
from engine.decide.explain import explain
from engine.decide.record import Decision
from engine.decide.texts import Texts
from engine.message.headers import decode_value
from engine.relay.notice_texts import FRAMES
from engine.relay.outbox import Notice
from engine.relay.sender import RawHeaders, message_ids, values

_HEADERS_SHOWN = 64 * 1024  # bytes of the stopped message's headers that come with the notice
_LONGEST_VALUE = 200  # characters of a header quoted in the text


def compose(
    decision: Decision,
    headers: RawHeaders,
    *,
    sender: str,
    alias: str,
    notice_from: str,
    texts: Texts,
    help_url: str | None,
    now: float,
) -> Notice:
    """Return the notice to `sender` (envelope) about a message to `alias`; `now` in seconds since 1970."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    frame = FRAMES[texts.language]
    mail["From"] = notice_from
    mail["To"] = f"<{sender}>" if sender.isascii() and known_form(sender) else "undisclosed-recipients:;"
    mail["Subject"] = frame["subject"]
    mail["Date"] = formatdate(now)
    mail["Message-ID"] = make_msgid(domain=notice_from.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-replied"
    answered = next((found for found in message_ids(headers, "Message-ID") if found.isascii()), "")
    if answered:
        mail["In-Reply-To"] = mail["References"] = answered
    mail["Content-Language"] = texts.language
    mail["X-Tamis-Decision"] = decision.decision
    mail["X-Tamis-Reason"] = decision.reason
    facts = _facts(headers, alias, frame)
    why = explain(decision, texts.language, texts=texts).split("\n")
    foot = [f"{frame['help']} {help_url}" if help_url else "", f"{frame['automatic']} ({decision.decision})"]
    mail.set_content(_plain(frame["opening"], facts, why, foot), cte="quoted-printable")
    mail.add_alternative(_html(frame["opening"], facts, why, foot), subtype="html", cte="quoted-printable")
    mail.add_attachment(_raw(headers), maintype="text", subtype="rfc822-headers", filename="headers.txt")
    return Notice(key_of(sender, alias, headers, decision), sender, mail.as_bytes())


def key_of(sender: str, alias: str, headers: RawHeaders, decision: Decision) -> str:
    """Return what names a stopped message: sent again by the sender's server it is the same, and told of once."""
    named = message_ids(headers, "Message-ID")
    ground = "\0".join((sender, alias, named[0] if named else decision.message))
    return hashlib.sha256(ground.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _facts(headers: RawHeaders, alias: str, frame: dict[str, str]) -> list[tuple[str, str]]:
    """Return what tells the seller which message it was."""
    found = [(frame["recipient"], _printable(alias))]
    for label, name in (("title", "Subject"), ("date", "Date"), ("id", "Message-ID")):
        value = next(iter(values(headers, name)), "").encode("utf-8", "surrogateescape").decode("latin-1")
        shown = _printable(decode_value(value))
        if shown:
            found.append((frame[label], shown))
    return found


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_VALUE]


def _plain(opening: str, facts: Sequence[tuple[str, str]], why: Sequence[str], foot: Sequence[str]) -> str:
    lines = [opening, "", *(f"{label}: {value}" for label, value in facts), "", *why, ""]
    return "\n".join([*lines, *(line for line in foot if line)]) + "\n"


def _html(opening: str, facts: Sequence[tuple[str, str]], why: Sequence[str], foot: Sequence[str]) -> str:
    rows = "".join(f"<tr><th align=left>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in facts)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in why)
    small = "".join(f"<p><small>{escape(line)}</small></p>" for line in foot if line)
    return f"<!doctype html><html><body><p>{escape(opening)}</p><table>{rows}</table>{paragraphs}{small}</body></html>"


def _raw(headers: RawHeaders) -> bytes:
    return b"".join(b"%s:%s\r\n" % header for header in headers)[:_HEADERS_SHOWN]
