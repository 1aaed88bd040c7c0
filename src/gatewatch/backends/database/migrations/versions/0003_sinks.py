"""The audit log is delivered."""

import sqlalchemy as sa
from alembic import op

from gatewatch.backends.database import Digest, Document, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of receivers, and of what they would not have."""
    op.create_table(
        "audit_sinks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("filter", Document, nullable=False),
        sa.Column("options", Document, nullable=False),
        sa.Column("secrets", Digest, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("last_error_at", Moment),
        sa.Column("delivered_at", Moment),
        sa.Column("heartbeat_at", Moment),
        sa.Column("round_trip_ms", sa.BigInteger),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_sinks"),
        sa.UniqueConstraint("name", name="uq_audit_sinks_name"),
    )
    op.create_table(
        "audit_dead_letters",
        sa.Column("sink_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("refused_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("sink_id", "position", name="pk_audit_dead_letters"),
    )


def downgrade() -> None:
    """Forget every receiver."""
    op.drop_table("audit_dead_letters")
    op.drop_table("audit_sinks")
