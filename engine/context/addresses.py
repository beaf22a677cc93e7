"""Mail addresses in one form, so that equal ones compare equal.

The part before the @ counts without case: aliases are ours to promise that for (R-03), and no mail server in use tells
`Shop@` from `shop@`. A `+tag` is part of a seller's address; in an alias it is the token of a thread (R-08).
"""

from __future__ import annotations

import re
import unicodedata
from email.utils import getaddresses
from functools import lru_cache

from engine.errors import UsageError

_LONGEST = 254 + 64  # RFC 5321, and a token
_LOCAL = re.compile(r"""[^\s@<>()\[\],;:"\\\x00-\x20\x7f]+\Z""")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def canonical(address: str) -> str:
    """Return `address` in one form: no blanks, brackets or `mailto:` around it, NFC, lower case, the domain in ASCII.

    Raises UsageError for what is no address. The text of the error does not repeat it.
    """
    bare = address.strip().removeprefix("<").removesuffix(">").strip()
    if bare[:7].lower() == "mailto:":
        bare = bare[7:]
    local, at, domain = bare.rpartition("@")
    if not at or len(bare) > _LONGEST:
        raise UsageError("this is no mail address; write one such as name@shop.example")
    local = unicodedata.normalize("NFC", local).lower()
    if not _LOCAL.match(local) or any(unicodedata.category(letter) in _INVISIBLE for letter in local):
        raise UsageError("this mail address has letters before the @ that cannot stand there")
    return f"{local}@{canonical_domain(domain)}"


@lru_cache(4096)
def canonical_domain(domain: str) -> str:
    """Return a domain in lower-case ASCII, without a dot at its end. Raises UsageError."""
    bare = domain.strip().rstrip(".")
    try:
        ascii_form = bare.encode("idna").decode("ascii").lower() if not bare.isascii() else bare.lower()
    except UnicodeError as error:
        raise UsageError("this mail domain has letters that cannot stand there") from error
    labels = ascii_form.split(".")
    if len(ascii_form) > 253 or not all(len(label) <= 63 and _LABEL.match(label) for label in labels):
        raise UsageError("this is no mail domain; write one such as shop.example")
    return ascii_form


def known_form(address: str) -> str | None:
    """Return the canonical form, or None for what is no address: for mail, where anything may come."""
    try:
        return canonical(address)
    except UsageError:
        return None


def split_token(address: str) -> tuple[str, str]:
    """Return an alias without its thread token, and the token (or an empty string); `address` is canonical."""
    local, _, domain = address.rpartition("@")
    bare, _, token = local.partition("+")
    return f"{bare}@{domain}", token


def domain_of(address: str) -> str:
    """Return the domain of a canonical address."""
    return address.rpartition("@")[2]


def addresses_in(values: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return the addresses of header values in canonical form; None stands for each that is no address."""
    return tuple(known_form(address) for _, address in getaddresses(list(values)) if address)
