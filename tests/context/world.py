"""People, orders and mail for the tests, in few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.context.aliases import Pair, pair_of
from engine.context.buyers import put_buyer
from engine.context.messages import Kept, message_in
from engine.context.orders import Line, put_order
from engine.context.sellers import put_seller, set_address
from engine.context.situation import Envelope
from engine.context.store import Store

DOMAIN = "mail.marche.example"
SETTINGS: dict[str, Any] = {"alias_domains": DOMAIN, "platform_names": "Marché", "time_zone": "Europe/Paris"}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
QUESTION = "Bonjour, quelle est la longueur du cordon de la lampe ? Je voudrais la poser sur une etagere haute."


class World:
    """A store with the sellers `anna` and `bert` and the buyers `clara` and `dirk`, each with one address.

    `pair` is anna's and clara's; others are made on demand.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.write() as connection:
            self.sellers = {
                name: put_seller(connection, store.settings, account=name, business_name=f"Maison {name}", now=NOW)
                for name in ("anna", "bert")
            }
            for name, seller_id in self.sellers.items():
                set_address(connection, seller_id, seller_address(name), now=NOW)
            self.buyers = {
                name: put_buyer(connection, account=name, address=buyer_address(name), store="fr", now=NOW)
                for name in ("clara", "dirk")
            }
        self.pair = self.pair_of("anna", "clara")

    def pair_of(self, seller: str, buyer: str) -> Pair:
        with self.store.write() as connection:
            return pair_of(connection, self.store.settings, self.sellers[seller], self.buyers[buyer], NOW)

    def order(
        self, number: str = "1", *, state: str = "pending", seller: str = "anna", buyer: str = "clara",
        placed: datetime = NOW - timedelta(days=2), closed: datetime | None = None, lines: tuple[Line, ...] = (),
    ) -> None:  # fmt: skip
        with self.store.write() as connection:
            put_order(
                connection, self.store.settings, number=number, seller_id=self.sellers[seller],
                buyer_id=self.buyers[buyer], state=state, placed_at=placed, closed_at=closed, lines=lines, now=NOW,
            )  # fmt: skip

    def question(self, text: str = QUESTION, *, pair: Pair | None = None, at: datetime = NOW, **more: Any) -> Kept:
        """A buyer's message, by mail."""
        known = {name: more.pop(name) for name in ("token", "order_number", "channel") if name in more}
        raw = mail(text, sender=buyer_address("clara"), recipient="x@y.example", **more)
        return message_in(self.store, raw, pair_id=(pair or self.pair).id, at=at, **known)

    def envelope(self, recipient: str | None = None, sender: str = "anna", earlier: tuple[str, ...] = ()) -> Envelope:
        return Envelope(seller_address(sender), recipient or self.pair.buyer_alias, earlier)


def seller_address(name: str) -> str:
    return f"contact@{name}.example"


def buyer_address(name: str) -> str:
    return f"{name}@home.example"


def mail(
    body: str, *, sender: str = "contact@anna.example", recipient: str = "", id: str = "", subject: str = "Votre commande",
    headers: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    """A plain mail; `id` is its Message-ID without brackets (none when empty)."""
    lines = {"From": sender, "To": recipient, "Subject": subject} | ({"Message-ID": f"<{id}>"} if id else {})
    lines |= headers or {}
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n".encode()


def quoted(text: str, head: str = "Le 24 novembre 2026 à 11:02, une cliente a écrit :") -> str:
    """A text as a mail client quotes it."""
    return "\n".join((head, *(f"> {line}" for line in text.splitlines())))
