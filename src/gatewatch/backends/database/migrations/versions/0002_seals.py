"""The audit log is sealed."""

import sqlalchemy as sa
from alembic import op

from gatewatch.backends.database import Digest, Document, Moment

revision = "0002"
down_revision = "0001"

_POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Let each event vouch for those before it, and make the tables of the tree."""
    op.add_column(
        "audit_logs", sa.Column("kept_before", sa.BigInteger, nullable=False, server_default="0")
    )
    op.create_table(
        "audit_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("public_key", Digest, nullable=False),
        sa.Column("private_key", Digest, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_keys"),
    )
    op.create_table(
        "audit_trees",
        sa.Column("epoch", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("first_position", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("emitters", Document, nullable=False),
        sa.Column("begun_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("epoch", name="pk_audit_trees"),
    )
    op.create_table(
        "audit_seals",
        sa.Column("position", _POSITION, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("salt", Digest),
        sa.Column("taken", Document),
        sa.PrimaryKeyConstraint("position", name="pk_audit_seals"),
        sa.UniqueConstraint("event_id", name="uq_audit_seals_event_id"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", Digest, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "size", name="pk_audit_checkpoints"),
    )


def downgrade() -> None:
    """Forget the tree."""
    for table in ("audit_checkpoints", "audit_seals", "audit_trees", "audit_keys"):
        op.drop_table(table)
    with op.batch_alter_table("audit_logs") as batch:
        batch.drop_column("kept_before")
