"""From an envelope and the store to the context of a message, in at most three queries.

The order is that of the verdict table: is it ours, may this sender write at all, is the alias known and this seller's;
only then opt-out, order, quota and reply. Another seller's alias and an unknown one take the same way and the same time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.addresses import addresses_in, domain_of, known_form, split_token
from engine.context.orders import FEED, is_recent, order_word, recent_since
from engine.context.quota import day_of, is_over
from engine.context.schema import Moment, alias, buyer, feed, order, pair, quota_day, seller, seller_address
from engine.context.settings import Settings
from engine.context.store import Store
from engine.context.threads import Proof, claims_of, prove
from engine.decide.context import Context
from engine.message.parts import Message


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom, as the mail server was told. `earlier`: recipients of the transaction accepted before."""

    sender: str
    recipient: str
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What the store knows about a message.

    `direction` is `out` (seller to buyer: judged), `in` (buyer to seller) or `other` (not for an alias). The ids are
    those of the pair, None where the alias is unknown, another seller's, or shared.
    """

    direction: str
    context: Context
    pair_id: int | None = None
    seller_id: int | None = None
    buyer_id: int | None = None
    language: str = "en"
    proof: Proof = field(default_factory=Proof)
    uncertain_over: bool = False


def context_for(store: Store, envelope: Envelope, message: Message, now: datetime) -> Context:
    """Return the context of a message that the store gives. Raises StoreError where the store is away."""
    with store.read() as connection:
        return look(connection, store.settings, envelope, message, now).context


def look(connection: Connection, settings: Settings, envelope: Envelope, message: Message, now: datetime) -> Situation:
    """Return what the store knows about a message at `now`."""
    recipient = known_form(envelope.recipient)
    if recipient is None or domain_of(recipient) not in settings.alias_domains:
        return Situation("other", Context.of({"recipient": "not_alias_domain"}))
    address, token = split_token(recipient)
    senders = _sender_addresses(envelope.sender, message)
    rows = connection.execute(_SENDER, {"senders": senders or [""], "recipient": address}).all()
    inbound = next((row for row in rows if row.pair_id is not None), None)
    if inbound is not None:
        who = {"pair_id": inbound.pair_id, "seller_id": inbound.seller_id, "buyer_id": inbound.buyer_id}
        return Situation("in", Context.of({"recipient": "not_alias_domain"}), **who)
    accounts = _accounts(rows, senders)
    if not accounts:
        return Situation("out", Context.of({"sender": "not_authorised"}))
    known = {"sender": "authorised"}
    if _is_second(recipient, envelope.earlier):
        return Situation("out", Context.of({**known, "recipient": "second_alias"}))
    asked = {"address": address, "day": day_of(settings, now), "since": recent_since(settings, now)}
    row = connection.execute(_ALIAS, asked).one_or_none()
    word = _recipient_word(row, accounts)
    if row is None or word != "own_alias":
        return Situation("out", Context.of({**known, "recipient": word}))
    if row.kind == "shared":
        return _shared(accounts, known)
    return _own(connection, settings, row, accounts[row.seller_id], known, claims_of(message, token), now)


# -- the sender --------------------------------------------------------------------------------------------------------


def _sender_addresses(envelope_sender: str, message: Message) -> list[str]:
    """Return every address the message says it is from, each of which must be authorised; empty when one cannot be.

    That is the envelope's, and all of From and Sender. A mail without From has no author; a record's fields need none.
    """
    found = [known_form(envelope_sender), *addresses_in(message.header_all("From") + message.header_all("Sender"))]
    is_record = not message.headers and any(text.source == "record" for text in message.texts)
    if len(found) == 1 and not is_record:
        return []
    return list(dict.fromkeys(address for address in found if address)) if None not in found else []


def _accounts(rows: Iterable[Any], senders: list[str]) -> dict[int, Any]:
    """Return the sellers whose account lists all of `senders`, by id."""
    by_seller: dict[int, list[Any]] = {}
    for row in rows:
        by_seller.setdefault(row.seller_id, []).append(row)
    return {key: found[0] for key, found in by_seller.items() if {row.address for row in found} >= set(senders)}


def _is_second(recipient: str, earlier: tuple[str, ...]) -> bool:
    """Whether the transaction holds another recipient already; naming the same alias twice is no second one."""
    bare, _ = split_token(recipient)
    others = (known_form(address) for address in earlier)
    return any(other is None or split_token(other)[0] != bare for other in others)


def _sender() -> sa.CompoundSelect[Any]:
    """The approved addresses among the senders; and, for a buyer who writes to one of his sellers, the pair."""
    nobody = sa.cast(sa.null(), sa.BigInteger)
    approved = (
        sa.select(
            seller_address.c.address, seller_address.c.seller_id, seller.c.language,
            seller.c.buyer_opt_out_notices.label("notices"), seller.c.daily_orders, nobody.label("pair_id"),
            nobody.label("buyer_id"),
        )
        .join_from(seller_address, seller, seller_address.c.seller_id == seller.c.id)
        .where(
            seller_address.c.address.in_(sa.bindparam("senders", expanding=True)), seller_address.c.state == "approved"
        )
    )  # fmt: skip
    # The sender is looked for first: a stranger's mail finds no buyer, and so never comes to the alias.
    as_buyer = (
        sa.select(
            buyer.c.address, pair.c.seller_id, sa.null(), sa.null(), sa.null(), pair.c.id, buyer.c.id,
        )
        .join_from(buyer, pair, pair.c.buyer_id == buyer.c.id)
        .join(alias, sa.and_(alias.c.pair_id == pair.c.id, alias.c.kind == "seller"))
        .where(
            buyer.c.address.in_(sa.bindparam("senders", expanding=True)),
            alias.c.address == sa.bindparam("recipient", type_=sa.Text),
        )
    )  # fmt: skip
    return sa.union_all(approved, as_buyer)


_SENDER = _sender()


# -- the alias ---------------------------------------------------------------------------------------------------------


def _recipient_word(row: Any, accounts: dict[int, Any]) -> str:
    if row is None or row.erased_at is not None:
        return "unknown_alias"
    if row.kind == "seller":
        return "seller_account"
    return "own_alias" if row.kind == "shared" or row.seller_id in accounts else "other_sellers_alias"


def _alias() -> sa.Select[Any]:
    recent = sa.exists().where(
        order.c.pair_id == pair.c.id, is_recent(sa.bindparam("since", type_=Moment))
    )  # fmt: skip
    fresh = sa.select(feed.c.fresh_at).where(feed.c.name == FEED).scalar_subquery()
    today = sa.and_(
        quota_day.c.seller_id == pair.c.seller_id, quota_day.c.day == sa.bindparam("day", type_=sa.Date)
    )  # fmt: skip
    return (
        sa.select(
            alias.c.kind, pair.c.id.label("pair_id"), pair.c.seller_id, pair.c.buyer_id, buyer.c.opted_out_since,
            buyer.c.erased_at, recent.label("recent"), fresh.label("fresh_at"), quota_day.c.sent,
            quota_day.c.uncertain, quota_day.c.daily_orders,
        )
        .select_from(alias)
        .outerjoin(pair, alias.c.pair_id == pair.c.id)
        .outerjoin(buyer, pair.c.buyer_id == buyer.c.id)
        .outerjoin(quota_day, today)
        .where(alias.c.address == sa.bindparam("address", type_=sa.Text))
    )  # fmt: skip


_ALIAS = _alias()


def _shared(accounts: dict[int, Any], known: dict[str, str]) -> Situation:
    """A shared alias stands for no buyer, so nothing is known of opt-out, order or thread; nor of which account."""
    (account, *more) = accounts.values()
    if more:
        return Situation("out", Context.of({**known, "recipient": "own_alias"}))
    notices = "on" if account.notices else "off"
    words = {**known, "recipient": "own_alias", "bounce_notices": notices}
    return Situation("out", Context.of(words), seller_id=account.seller_id, language=account.language)


def _own(
    connection: Connection,
    settings: Settings,
    row: Any,
    account: Any,
    known: dict[str, str],
    claims: Any,
    now: datetime,
) -> Situation:
    proof = prove(connection, row.pair_id, claims)
    average = account.daily_orders if account.daily_orders is not None else row.daily_orders
    day = day_of(settings, now)
    over = is_over(connection, settings, row.seller_id, day, sent=row.sent or 0, average=average)
    words = {
        **known,
        "recipient": "own_alias",
        "buyer_opted_out": "no" if row.opted_out_since is None else "yes",
        "reply": proof.reply,
        "quota": "over" if over else "under",
        "bounce_notices": "on" if account.notices else "off",
        "order": order_word(settings, has_recent=row.recent, fresh_at=row.fresh_at, now=now),
    }
    return Situation(
        "out",
        Context.of(words),
        row.pair_id,
        row.seller_id,
        row.buyer_id,
        account.language,
        proof,
        (row.uncertain or 0) >= settings.uncertain_max_per_day,
    )
