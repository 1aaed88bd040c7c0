"""The audit log is found by any filter, and by its words."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from gatewatch.backends.database import Moment

revision = "0004"
down_revision = "0003"

_FILTERED = ("client_id", "organization_id", "resource_id", "request_id", "session_id")
_KIND = (
    "(event_type || ' ' || action || ' ' || severity || ' ' || status || ' '"
    " || coalesce(resource_type, ''))"
)


def upgrade() -> None:
    """Give every filter its index, and the words theirs."""
    op.create_index("ix_audit_logs_kind_id", "audit_logs", [sa.text(_KIND), "id"])
    for column in _FILTERED:
        _create_partial(column)
    _create_partial("ip_address", postgresql_ops={"ip_address": "text_pattern_ops"})
    op.create_table(
        "audit_progress",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_progress"),
    )
    op.create_table(
        "audit_tallies",
        sa.Column("dimension", sa.Text, nullable=False),
        sa.Column("stretch", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("dimension", "stretch", "value", name="pk_audit_tallies"),
        sqlite_with_rowid=False,
    )
    _create_searches()
    op.create_table(
        "audit_holds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_holds"),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Words come apart already, so the plainest tokenizer does; where in an event they are
        # is of no use.
        op.execute(
            "CREATE VIRTUAL TABLE audit_words USING"
            " fts5(words, detail=none, columnsize=0, prefix='1 2 3', tokenize='ascii')"
        )
        op.execute("CREATE VIRTUAL TABLE audit_terms USING fts5vocab(audit_words, row)")
        return
    op.create_table(
        "audit_words",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("words", TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_words"),
    )
    op.create_index("ix_audit_words_words", "audit_words", ["words"], postgresql_using="gin")


def downgrade() -> None:
    """Take the indexes away."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE audit_terms")
    for name in ("words", "holds", "searches", "tallies", "progress"):
        op.drop_table(f"audit_{name}")
    for column in ("ip_address", *_FILTERED):
        op.drop_index(f"ix_audit_logs_{column}_id", "audit_logs")
    op.drop_index("ix_audit_logs_kind_id", "audit_logs")


def _create_partial(column: str, **more: Any) -> None:
    is_there = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        f"ix_audit_logs_{column}_id",
        "audit_logs",
        [column, "id"],
        sqlite_where=is_there,
        postgresql_where=is_there,
        **more,
    )


def _create_searches() -> None:
    op.create_table(
        "audit_searches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_searches"),
        sa.UniqueConstraint("account_id", "name", name="uq_audit_searches_account_id_name"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["users.id"], name="fk_audit_searches_account_id", ondelete="CASCADE"
        ),
    )
