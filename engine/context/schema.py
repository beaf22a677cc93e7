"""The tables. Moments are UTC, stored as whole microseconds, so that both databases compare them alike.

Whatever strangers write (Message-IDs, quoted words) is kept as digests only: of a fixed size, and with no odd letters.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

ADDRESS_STATES = ("approved", "pending", "blocked")
ALIAS_KINDS = ("buyer", "seller", "shared")
ORDER_STATES = ("pending", "shipped", "completed", "cancelled")
DIRECTIONS = ("in", "out")
"""`in`: from a buyer to a seller; `out`: from a seller to a buyer."""
CHANNELS = ("mail", "page")
RESPONSES = ("open", "answered", "not_needed", "reported", "none")
"""What became of a buyer's message; `none` for those that ask for no answer (auto-replies) and for all sellers' mail."""
FATES = ("received", "held", "stopped", "queued", "delivered")
"""What became of a message: `received` until it is decided, `held` until the sender tries again, `queued` on its way."""
FORMS = ("received", "delivered")
REPORT_ORIGINS = ("page", "app", "mail")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware point in time, stored as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the store needs a time zone")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time, in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Number = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", _Number, primary_key=True)


def _of(name: str, target: str, *, primary_key: bool = False, null: bool = False, index: bool = False) -> Column[int]:
    key = ForeignKey(f"{target}.id")
    return Column(name, _Number, key, nullable=null, primary_key=primary_key, index=index, autoincrement=False)


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=column)


setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

# -- who ---------------------------------------------------------------------------------------------------------------

seller = Table(
    "seller",
    metadata,
    _id(),
    Column("account", Text, nullable=False, unique=True),
    Column("business_name", Text, nullable=False),
    Column("service_address", Text),
    Column("language", Text, nullable=False),
    # The preference « Retrait de l'acheteur »: whether the seller wants the notices.
    Column("buyer_opt_out_notices", Boolean, nullable=False),
    # Orders a day as set by hand; null: counted from the orders.
    Column("daily_orders", Float),
    Column("created_at", Moment, nullable=False),
)

seller_address = Table(
    "seller_address",
    metadata,
    _of("seller_id", "seller", primary_key=True),
    Column("address", Text, primary_key=True, index=True),
    Column("state", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
    _one_of("state", ADDRESS_STATES),
)

buyer = Table(
    "buyer",
    metadata,
    _id(),
    Column("account", Text, nullable=False, unique=True),
    Column("address", Text, index=True),  # null once erased
    Column("locale", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("opted_out_since", Moment),  # null: wants messages
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
)

opt_out_change = Table(
    "opt_out_change",
    metadata,
    _id(),
    _of("buyer_id", "buyer", index=True),
    Column("opted_out", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)

# A seller and a buyer who know each other: the owner of aliases, orders, threads and messages.
pair = Table(
    "pair",
    metadata,
    _id(),
    _of("seller_id", "seller"),
    _of("buyer_id", "buyer", index=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("seller_id", "buyer_id"),
)

# Never deleted, so that no value is ever given to a second buyer.
alias = Table(
    "alias",
    metadata,
    _id(),
    Column("address", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    _of("pair_id", "pair", null=True),  # null for a shared alias: it stands for no buyer
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("pair_id", "kind"),
    _one_of("kind", ALIAS_KINDS),
    CheckConstraint("(kind = 'shared') = (pair_id IS NULL)", name="shared_has_no_pair"),
)

# -- orders ------------------------------------------------------------------------------------------------------------

order = Table(
    "order",
    metadata,
    _id(),
    Column("number", Text, nullable=False, unique=True),
    _of("pair_id", "pair"),
    _of("seller_id", "seller"),
    Column("state", Text, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("closed_at", Moment),  # when it was completed or cancelled
    Column("changed_at", Moment, nullable=False),
    _one_of("state", ORDER_STATES),
    CheckConstraint("(closed_at IS NULL) = (state IN ('pending', 'shipped'))", name="closed"),
    Index(None, "pair_id", "placed_at"),
    Index(None, "seller_id", "placed_at"),
)

order_line = Table(
    "order_line",
    metadata,
    _of("order_id", "order", primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("category", Text, nullable=False),
    Column("customisable", Boolean, nullable=False),
)

# When a feed (`orders`) was last known to be complete.
feed = Table(
    "feed",
    metadata,
    Column("name", Text, primary_key=True),
    Column("fresh_at", Moment, nullable=False),
)

# -- messages ----------------------------------------------------------------------------------------------------------

thread = Table(
    "thread",
    metadata,
    _id(),
    _of("pair_id", "pair", index=True),
    _of("order_id", "order", null=True),  # what it is about, where somebody said
    Column("token", Text, nullable=False, unique=True),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("buyer_wrote_at", Moment),  # the buyer's first message that is no auto-reply
    _one_of("opened_by", ("buyer", "seller")),
)

_OPEN = text("response = 'open'")

message = Table(
    "message",
    metadata,
    _id(),
    _of("pair_id", "pair"),
    _of("seller_id", "seller"),
    _of("thread_id", "thread", index=True),
    Column("direction", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # Digest of envelope, Message-ID and text: the same message sent again is the same row.
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("auto", Boolean, nullable=False),  # an auto-reply: no contact, no answer
    # What a quotation of a buyer's message is compared with (see quotation.py); null once erased.
    Column("shingles", LargeBinary),
    Column("response", Text, nullable=False),
    Column("response_at", Moment),  # when it was answered, marked or reported
    Column("fate", Text, nullable=False),
    Column("decided_at", Moment),
    Column("delivered_at", Moment),
    Column("decision", Text),
    Column("verdict", Text),
    Column("reason", Text),
    Column("content", Text),
    Column("declared_reason", Text),  # the contact reason a composed message says it has
    Column("quota_day", Date),  # the day it was counted on
    _one_of("direction", DIRECTIONS),
    _one_of("channel", CHANNELS),
    _one_of("response", RESPONSES),
    _one_of("fate", FATES),
    Index(None, "pair_id", "at"),
    Index(None, "seller_id", "at"),
    # What waits for an answer is little, among millions that do not.
    Index("ix_message_open", "seller_id", "at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# The Message-IDs a message is known by (as it came, as it left), as digests.
message_ref = Table(
    "message_ref",
    metadata,
    _of("pair_id", "pair", primary_key=True),
    Column("ref", LargeBinary, primary_key=True),
    _of("message_id", "message", index=True),
)

report = Table(
    "report",
    metadata,
    _of("message_id", "message", primary_key=True),
    Column("reason", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),  # of the words: the same text from several buyers
    Column("withdrawn_at", Moment),
    _one_of("origin", REPORT_ORIGINS),
)

# -- quota -------------------------------------------------------------------------------------------------------------

quota_day = Table(
    "quota_day",
    metadata,
    _of("seller_id", "seller", primary_key=True),
    Column("day", Date, primary_key=True),  # in the marketplace's time zone
    Column("daily_orders", Float),  # the average the limit rests on; null: to be counted anew
    Column("sent", Integer, nullable=False),
    Column("uncertain", Integer, nullable=False),
)

# -- archive and log ---------------------------------------------------------------------------------------------------

# Append-only and chained: `hash` covers the record and the hash before it (see archive.py).
archive_record = Table(
    "archive_record",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    _of("message_id", "message", index=True),
    Column("form", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes of the message, uncompressed
    Column("salt", LargeBinary),  # null once erased
    Column("digest", LargeBinary),  # SHA-256 of the message, its name in the archive; null once erased
    Column("commitment", LargeBinary, nullable=False),  # SHA-256 of salt and message
    Column("hash", LargeBinary, nullable=False),
    Column("erased_at", Moment),
    Index(None, "digest"),
    _one_of("form", FORMS),
)

# One row: how long the archive's chain is and its last hash, so that a cut-off end is seen.
archive_head = Table(
    "archive_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("records", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# Open claims: nothing of the pair is erased while one is there.
hold = Table(
    "hold",
    metadata,
    _id(),
    _of("pair_id", "pair", index=True),
    Column("because", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("released_at", Moment),
)

# The end of each writer's chain in the decision log, signed now and then.
log_head = Table(
    "log_head",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signed_at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
