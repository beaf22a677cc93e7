"""Threads: what buyers wrote, and what proves that a seller's message answers it (R-22 to R-24).

A thread belongs to one pair. It has a token of its own, which stands in the reply address (`alias+token@`) and in the
footer of what was sent to the seller. Headers and subjects prove nothing by themselves: an id counts when it is that of
an archived message which this buyer wrote to this seller.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.database import insert_new
from engine.context.quotation import Written, quoted_runs, quotes
from engine.context.schema import message as messages
from engine.context.schema import message_ref, thread
from engine.message.parts import Message

TOKEN_LENGTH = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_FOOTER = re.compile(rf"\[thread:([a-z0-9]{{{TOKEN_LENGTH}}})\]")
_ID = re.compile(r"<([^<>\s]{1,998})>")
_MOST_IDS = 50
_MOST_COMPARED = 50
"""How many messages of a pair, the newest ones, a quotation is compared with."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a message says of the thread it belongs to: ids of its headers, tokens, and the runs of what it quotes."""

    refs: tuple[bytes, ...] = ()
    address_token: str = ""
    footer_tokens: tuple[str, ...] = ()
    quoted: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.refs or self.address_token or self.footer_tokens or self.quoted)


@dataclass(frozen=True, slots=True)
class Proof:
    """What the store says to the claims: the context's word, the thread, and what the quotation was compared with."""

    reply: str = "none"
    thread_id: int | None = None
    archived: tuple[Written, ...] = ()


def footer(token: str) -> str:
    """Return the token as it stands in the footer of what is sent to a seller."""
    return f"[thread:{token}]"


def ref_of(message_id: str) -> bytes:
    """Return the digest a Message-ID is kept by; angle brackets and blanks around it do not count."""
    bare = message_id.strip().removeprefix("<").removesuffix(">").strip()
    return hashlib.blake2b(bare.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def claims_of(message: Message, address_token: str = "") -> Claims:
    """Return what a message claims; `address_token` is what stood after the `+` of the address it was sent to."""
    named = " ".join((*message.header_all("In-Reply-To"), *message.header_all("References")))
    ids = list(dict.fromkeys(_ID.findall(named)))
    # Long chains are cut in the middle by the clients themselves: the first and the last ids are what they keep.
    chosen = ids if len(ids) <= _MOST_IDS else [ids[0], *ids[1 - _MOST_IDS :]]
    tokens = dict.fromkeys(
        token
        for text in message.texts
        for region in text.regions
        if region.kind == "quoted"
        for token in _FOOTER.findall(text.text, region.start, region.end)
    )
    return Claims(tuple(map(ref_of, chosen)), address_token, tuple(tokens)[:_MOST_IDS], quoted_runs(message))


# -- proof -------------------------------------------------------------------------------------------------------------


def prove(connection: Connection, pair_id: int, claims: Claims) -> Proof:
    """Return what the claims of a seller's message are worth: one query, none for a message that claims nothing.

    `thread`: an id or the address token is that of a thread in which this buyer wrote; `original`: the quotation holds
    his words, or the footer token.
    """
    if not claims:
        return Proof()
    tokens_named = [token for token in (claims.address_token, *claims.footer_tokens) if token]
    asked = {"pair_id": pair_id, "refs": claims.refs, "tokens": tokens_named, "words": bool(claims.quoted)}
    rows = connection.execute(_EVIDENCE, asked).all()
    by_id = next((row.thread_id for row in rows if row.kind == "ref"), None)
    tokens = {row.token: row.thread_id for row in rows if row.kind == "token"}
    by_footer = next((tokens[token] for token in claims.footer_tokens if token in tokens), None)
    compared = [(row, Written.unpack(row.shingles)) for row in rows if row.kind == "words"]
    by_words = next((row.thread_id for row, w in compared if row.proves and quotes(claims.quoted, w)), None)
    in_thread = by_id if by_id is not None else tokens.get(claims.address_token)
    original = by_footer if by_footer is not None else by_words
    word = {(True, True): "thread+original", (True, False): "thread", (False, True): "original_only"}
    return Proof(
        word.get((in_thread is not None, original is not None), "none"),
        in_thread if in_thread is not None else original,
        tuple(w for _, w in compared),
    )


def _evidence() -> sa.CompoundSelect[str, int, str | None, bytes | None, bool]:
    """Rows of three kinds: messages of the buyer by id, threads he wrote in by token, words that may be quoted."""
    pair_id = sa.bindparam("pair_id", type_=sa.BigInteger)
    no_token, no_words = sa.cast(sa.null(), sa.Text), sa.cast(sa.null(), sa.LargeBinary)
    wrote = sa.and_(messages.c.direction == "in", messages.c.auto.is_(False))
    by_ref = (
        sa.select(
            sa.literal("ref").label("kind"), messages.c.thread_id, no_token.label("token"), no_words.label("shingles"),
            sa.true().label("proves"),
        )
        .join_from(message_ref, messages, message_ref.c.message_id == messages.c.id)
        .where(message_ref.c.pair_id == pair_id, message_ref.c.ref.in_(sa.bindparam("refs", expanding=True)), wrote)
    )  # fmt: skip
    by_token = sa.select(sa.literal("token"), thread.c.id, thread.c.token, no_words, sa.true()).where(
        thread.c.token.in_(sa.bindparam("tokens", expanding=True)),
        thread.c.pair_id == pair_id,
        thread.c.buyer_wrote_at.is_not(None),
    )
    newest = (
        sa.select(messages.c.thread_id, messages.c.shingles, wrote.label("proves"))
        .where(messages.c.pair_id == pair_id, messages.c.shingles.is_not(None), sa.bindparam("words", type_=sa.Boolean))
        .order_by(messages.c.at.desc(), messages.c.id.desc())
        .limit(_MOST_COMPARED)
        .subquery()
    )
    by_words = sa.select(sa.literal("words"), newest.c.thread_id, no_token, newest.c.shingles, newest.c.proves)
    return sa.union_all(by_ref, by_token, by_words)


_EVIDENCE = _evidence()


# -- making ------------------------------------------------------------------------------------------------------------


def open_thread(
    connection: Connection, pair_id: int, opened_by: str, at: datetime, *, order_id: int | None = None
) -> int:
    """Open a thread and return its id."""
    token = "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_LENGTH))
    row = {"pair_id": pair_id, "order_id": order_id, "token": token, "opened_by": opened_by, "opened_at": at}
    return int(connection.execute(sa.insert(thread).values(**row).returning(thread.c.id)).scalar_one())


def token_of(connection: Connection, thread_id: int) -> str:
    """Return the token of a thread."""
    return str(connection.execute(sa.select(thread.c.token).where(thread.c.id == thread_id)).scalar_one())


def thread_named(connection: Connection, pair_id: int, refs: Iterable[bytes], tokens: Iterable[str]) -> int | None:
    """Return the thread of the pair that a message names by token or by the id of any message in it, else None."""
    by_token = sa.select(thread.c.id).where(thread.c.token.in_(list(tokens)), thread.c.pair_id == pair_id)
    by_ref = (
        sa.select(messages.c.thread_id)
        .join_from(message_ref, messages, message_ref.c.message_id == messages.c.id)
        .where(message_ref.c.pair_id == pair_id, message_ref.c.ref.in_(list(refs)))
    )
    for query in (by_token, by_ref):
        found = connection.execute(query.limit(1)).scalar()
        if found is not None:
            return int(found)
    return None


def buyer_wrote(connection: Connection, thread_id: int, at: datetime) -> None:
    """Note that the buyer wrote in a thread: from now on answers in it are replies."""
    first = sa.update(thread).where(thread.c.id == thread_id, thread.c.buyer_wrote_at.is_(None))
    connection.execute(first.values(buyer_wrote_at=at))


def know_by(connection: Connection, pair_id: int, message_id: int, refs: Iterable[bytes]) -> None:
    """Have a message known by these ids in its pair. An id that another message of the pair has stays that one's."""
    for ref in refs:
        insert_new(connection, message_ref, {"pair_id": pair_id, "ref": ref, "message_id": message_id})
