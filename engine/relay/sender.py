"""Who a message is from, and what proves it. Headers are read raw: decoding an encoded word must not make an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import getaddresses

from engine.context.addresses import domain_of, known_form

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Headers in order: name, and everything behind the colon."""

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[^\s";()]+|[;()]|"')
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")


def values(headers: RawHeaders, name: str) -> list[str]:
    """Return the values of the headers called `name` (any case), unfolded, in order."""
    key = name.lower().encode()
    found = (value for header, value in headers if header.strip().lower() == key)
    return [" ".join(value.decode("utf-8", "surrogateescape").split()) for value in found]


def message_ids(headers: RawHeaders, *names: str) -> list[str]:
    """Return the message ids in headers, angle brackets included."""
    return [found for name in names for value in values(headers, name) for found in _MESSAGE_ID.findall(value)]


def author(headers: RawHeaders) -> str | None:
    """Return the one address in From, in canonical form; None when there is none, more than one, or no address."""
    found = [address for _, address in getaddresses(values(headers, "From")) if address]
    return known_form(found[0]) if len(found) == 1 else None


def is_auto_submitted(headers: RawHeaders) -> bool:
    """Return whether a program sent the message by itself (RFC 3834): nobody may be answered then."""
    words = (value.partition(";")[0].strip().lower() for value in values(headers, "Auto-Submitted"))
    return any(word != "no" for word in words)


def is_authenticated(headers: RawHeaders, authserv_id: str) -> bool:
    """Return whether the host `authserv_id` found that the message is from its author's domain (RFC 8601).

    Only its topmost Authentication-Results counts: those below may be forged. Passing is DMARC, or DKIM or SPF for a
    domain that is the author's, lies above or below it.
    """
    address = author(headers)
    if address is None:
        return False
    for value in values(headers, "Authentication-Results"):
        name, results = _results(value)
        if name == authserv_id.lower():
            return any(_passes(result, domain_of(address)) for result in results)
    return False


def _results(value: str) -> tuple[str, list[list[str]]]:
    """Return who speaks, and the words of each result."""
    parts: list[list[str]] = [[]]
    for token in _without_comments(value):
        if token == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    name = parts[0][0].strip('"').lower() if parts[0] else ""
    return name, parts[1:]


def _without_comments(value: str) -> Iterator[str]:
    depth = 0
    for match in _TOKEN.finditer(value):
        token = match.group()
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(depth - 1, 0)
        elif depth == 0:
            yield token


_PROOFS = {
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.mail"),
}


def _passes(result: list[str], domain: str) -> bool:
    """Return whether a result (`dkim=pass header.d=shop.example`) proves a domain."""
    words = dict(word.lower().split("=", 1) for word in result if "=" in word)
    method = next(iter(words), "")
    proved = [words[name] for name in _PROOFS.get(method, ()) if name in words]
    return words.get(method) == "pass" and any(_is_near(found.rpartition("@")[2], domain) for found in proved)


def _is_near(one: str, other: str) -> bool:
    return bool(one) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))
