"""Whose mail it is: from a seller to a buyer (judged), from a buyer, or neither; and between which two it went.

A mailbox holds both sides of a correspondence. The alias domains and the addresses of the mailbox's owner tell them
apart; where neither is given, everything counts as written by a seller. Header addresses are all that an archive has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.audit.entry import Record
from engine.context.addresses import addresses_in, canonical, canonical_domain, domain_of, split_token
from engine.message.parts import Message

_RECIPIENTS = ("To", "Cc", "Bcc", "Delivered-To", "X-Original-To")
_OWN = "own"


@dataclass(frozen=True, slots=True)
class Way:
    """A message's direction (`out`, `in`, `other`), the seller's address where one is known, and its pairs.

    A pair is a digest of a buyer's and a seller's address; a message to several buyers has several.
    """

    direction: str
    seller: str | None
    pairs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is who: the domains whose addresses are buyers' aliases, and the addresses of the mailbox's owner, a seller."""

    alias_domains: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, alias_domains: Iterable[str], own: Iterable[str]) -> Sides:
        """Return the sides in canonical form. Raises UsageError for what is no domain or no address."""
        return cls(frozenset(map(canonical_domain, alias_domains)), frozenset(map(canonical, own)))

    def __bool__(self) -> bool:
        return bool(self.alias_domains or self.own)

    def way_of(self, message: Message, record: Record | None) -> Way:
        """Return the way of a message. A record without any address is a seller's text."""
        sender = next(iter(_known(message, ("From",)) or _known(message, ("Sender",))), None)
        recipients = _known(message, _RECIPIENTS)
        named = record.extra.get("seller") if record is not None else None
        if not self or (record is not None and not sender and not recipients):
            return Way("out", named if isinstance(named, str) and named else sender)
        return self._way(sender or "", recipients)

    def _way(self, sender: str, recipients: Sequence[str]) -> Way:
        own = [address for address in recipients if address in self.own]
        aliases = [address for address in recipients if domain_of(address) in self.alias_domains and address not in own]
        if sender in self.own:
            buyers = aliases if self.alias_domains else [address for address in recipients if address not in own]
            return self._out(sender, buyers)
        if domain_of(sender) in self.alias_domains:
            return self._in(sender, own or recipients)
        if own:
            return self._in(sender, own)
        return self._out(sender, aliases)

    def _out(self, sender: str, buyers: Sequence[str]) -> Way:
        if not buyers or not sender:
            return Way("other", None)
        return Way("out", sender, tuple(self._pair(buyer, sender) for buyer in buyers))

    def _in(self, sender: str, sellers: Sequence[str]) -> Way:
        pairs = tuple(dict.fromkeys(self._pair(sender, seller) for seller in sellers)) if sender else ()
        return Way("in", sellers[0] if sellers else None, pairs)

    def _pair(self, buyer: str, seller: str) -> bytes:
        """The owner's addresses are one: who is written to at one of them answers from another."""
        buyer = split_token(buyer)[0] if domain_of(buyer) in self.alias_domains else buyer
        named = f"{buyer}\0{_OWN if seller in self.own else seller}"
        return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _known(message: Message, headers: tuple[str, ...]) -> list[str]:
    """Return the addresses of these headers in canonical form, each once, what is none left out."""
    values = tuple(value for name in headers for value in message.header_all(name))
    return list(dict.fromkeys(address for address in addresses_in(values) if address))
