"""The first tables.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("response = 'open'")


def upgrade() -> None:
    op.create_table(
        "archive_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_archive_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_head")),
    )
    op.create_table(
        "buyer",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("opted_out_since", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buyer")),
        sa.UniqueConstraint("account", name=op.f("uq_buyer_account")),
    )
    op.create_index(op.f("ix_buyer_address"), "buyer", ["address"], unique=False)
    op.create_table(
        "feed",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fresh_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed")),
    )
    op.create_table(
        "log_head",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_log_head")),
    )
    op.create_table(
        "seller",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("service_address", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("buyer_opt_out_notices", sa.Boolean(), nullable=False),
        sa.Column("daily_orders", sa.Float(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller")),
        sa.UniqueConstraint("account", name=op.f("uq_seller_account")),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "opt_out_change",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("buyer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["buyer.id"], name=op.f("fk_opt_out_change_buyer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_change")),
    )
    op.create_index(op.f("ix_opt_out_change_buyer_id"), "opt_out_change", ["buyer_id"], unique=False)
    op.create_table(
        "pair",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("seller_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("buyer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["buyer.id"], name=op.f("fk_pair_buyer_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_pair_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair")),
        sa.UniqueConstraint("seller_id", "buyer_id", name=op.f("uq_pair_seller_id_buyer_id")),
    )
    op.create_index(op.f("ix_pair_buyer_id"), "pair", ["buyer_id"], unique=False)
    op.create_table(
        "quota_day",
        sa.Column("seller_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("daily_orders", sa.Float(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_quota_day_seller_id")),
        sa.PrimaryKeyConstraint("seller_id", "day", name=op.f("pk_quota_day")),
    )
    op.create_table(
        "seller_address",
        sa.Column("seller_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('approved', 'pending', 'blocked')", name=op.f("ck_seller_address_state")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_seller_address_seller_id")),
        sa.PrimaryKeyConstraint("seller_id", "address", name=op.f("pk_seller_address")),
    )
    op.create_index(op.f("ix_seller_address_address"), "seller_address", ["address"], unique=False)
    op.create_table(
        "alias",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'shared') = (pair_id IS NULL)", name=op.f("ck_alias_shared_has_no_pair")),
        sa.CheckConstraint("kind IN ('buyer', 'seller', 'shared')", name=op.f("ck_alias_kind")),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_alias_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
        sa.UniqueConstraint("address", name=op.f("uq_alias_address")),
        sa.UniqueConstraint("pair_id", "kind", name=op.f("uq_alias_pair_id_kind")),
    )
    op.create_table(
        "hold",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_hold_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_pair_id"), "hold", ["pair_id"], unique=False)
    op.create_table(
        "order",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("seller_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (state IN ('pending', 'shipped'))", name=op.f("ck_order_closed")),
        sa.CheckConstraint("state IN ('pending', 'shipped', 'completed', 'cancelled')", name=op.f("ck_order_state")),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_order_pair_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_order_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
    )
    op.create_index(op.f("ix_order_pair_id_placed_at"), "order", ["pair_id", "placed_at"], unique=False)
    op.create_index(op.f("ix_order_seller_id_placed_at"), "order", ["seller_id", "placed_at"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("order_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("customisable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_line_order_id")),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("pk_order_line")),
    )
    op.create_table(
        "thread",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("order_id", NUMBER, autoincrement=False, nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("buyer_wrote_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("opened_by IN ('buyer', 'seller')", name=op.f("ck_thread_opened_by")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_thread_order_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_thread_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("token", name=op.f("uq_thread_token")),
    )
    op.create_index(op.f("ix_thread_pair_id"), "thread", ["pair_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("seller_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("thread_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("auto", sa.Boolean(), nullable=False),
        sa.Column("shingles", sa.LargeBinary(), nullable=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("response_at", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("declared_reason", sa.Text(), nullable=True),
        sa.Column("quota_day", sa.Date(), nullable=True),
        sa.CheckConstraint("channel IN ('mail', 'page')", name=op.f("ck_message_channel")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_message_direction")),
        sa.CheckConstraint(
            "fate IN ('received', 'held', 'stopped', 'queued', 'delivered')", name=op.f("ck_message_fate")
        ),
        sa.CheckConstraint(
            "response IN ('open', 'answered', 'not_needed', 'reported', 'none')", name=op.f("ck_message_response")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_message_pair_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_message_seller_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_message_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
    )
    op.create_index(
        "ix_message_open", "message", ["seller_id", "at"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(op.f("ix_message_pair_id_at"), "message", ["pair_id", "at"], unique=False)
    op.create_index(op.f("ix_message_seller_id_at"), "message", ["seller_id", "at"], unique=False)
    op.create_index(op.f("ix_message_thread_id"), "message", ["thread_id"], unique=False)
    op.create_table(
        "archive_record",
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("message_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("form IN ('received', 'delivered')", name=op.f("ck_archive_record_form")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_archive_record_message_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_archive_record")),
    )
    op.create_index(op.f("ix_archive_record_digest"), "archive_record", ["digest"], unique=False)
    op.create_index(op.f("ix_archive_record_message_id"), "archive_record", ["message_id"], unique=False)
    op.create_table(
        "message_ref",
        sa.Column("pair_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_ref_message_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_message_ref_pair_id")),
        sa.PrimaryKeyConstraint("pair_id", "ref", name=op.f("pk_message_ref")),
    )
    op.create_index(op.f("ix_message_ref_message_id"), "message_ref", ["message_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("message_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("origin IN ('page', 'app', 'mail')", name=op.f("ck_report_origin")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_report_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_report")),
    )
