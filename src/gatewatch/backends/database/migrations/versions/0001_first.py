"""The first schema."""

import sqlalchemy as sa
from alembic import op

from gatewatch.backends.database import Digest, Document, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table; each slice's tables have a function of their own."""
    _make_audit_logs()
    _make_keys()
    _make_identity()
    _make_oauth()


def downgrade() -> None:
    """Drop every table, the latest first."""
    _drop_oauth()
    _drop_identity()
    op.drop_table("audit_logs")
    _drop_keys()


def _make_keys() -> None:
    op.create_table(
        "instance",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instance")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("private_key", Digest(), nullable=False),
        sa.Column("public_jwk", Document(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("activated_at", Moment(), nullable=True),
        sa.Column("retired_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    is_current = sa.text("state = 'current'")
    op.create_index(
        "uq_signing_keys_current",
        "signing_keys",
        ["algorithm"],
        unique=True,
        sqlite_where=is_current,
        postgresql_where=is_current,
    )


def _drop_keys() -> None:
    op.drop_table("signing_keys")
    op.drop_table("instance")


def _make_audit_logs() -> None:
    op.create_table(
        "audit_logs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text),
        sa.Column("actor_type", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text),
        sa.Column("organization_id", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("session_id", sa.Text),
        sa.Column("ip_address", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("trace_id", sa.Text),
        sa.Column("request_method", sa.Text),
        sa.Column("request_path", sa.Text),
        sa.Column("resource_type", sa.Text),
        sa.Column("resource_id", sa.Text),
        sa.Column("resource_name", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("metadata", Document, nullable=False),
        sa.Column("emitter", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_logs"),
    )
    op.create_index("ix_audit_logs_created_at", "audit_logs", ["created_at"])
    op.create_index("ix_audit_logs_event_type_id", "audit_logs", ["event_type", "id"])
    acted = sa.text("actor_id IS NOT NULL")
    op.create_index(
        "ix_audit_logs_actor_id_id",
        "audit_logs",
        ["actor_id", "id"],
        sqlite_where=acted,
        postgresql_where=acted,
    )
    remarkable = sa.text("severity <> 'INFO'")
    op.create_index(
        "ix_audit_logs_severity_id",
        "audit_logs",
        ["severity", "id"],
        sqlite_where=remarkable,
        postgresql_where=remarkable,
    )


def _make_identity() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("username", sa.Text),
        sa.Column("display_name", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("username", name="uq_users_username"),
    )
    op.create_table(
        "passwords",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("encoded", sa.Text, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_passwords"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["users.id"], name="fk_passwords_account_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_active_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("ending", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("ip_address", sa.Text),
        sa.Column("auth_method", sa.Text, nullable=False),
        sa.Column("auth_time", Moment, nullable=False),
        sa.Column("page_digest", Digest, nullable=False),
        sa.Column("lineage_digest", Digest, nullable=False),
        sa.Column("refresh_digest", Digest, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["users.id"], name="fk_sessions_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])


def _drop_identity() -> None:
    op.drop_table("sessions")
    op.drop_table("passwords")
    op.drop_table("users")


def _make_oauth() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("grant_types", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("secret_digest", Digest(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_clients")),
    )
    _make_oauth_tokens()
    op.create_table(
        "device_grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", Digest(), nullable=False),
        sa.Column("user_code_digest", Digest(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("auth_time", Moment(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_grants")),
        sa.UniqueConstraint("user_code_digest", name=op.f("uq_device_grants_user_code_digest")),
    )


def _make_oauth_tokens() -> None:
    op.create_table(
        "oauth_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("digest", Digest(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("grant_type", sa.Text(), nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("auth_time", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_oauth_tokens_client_id", "oauth_tokens", ["client_id"])
    for column in ("family_id", "account_id"):
        is_there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_oauth_tokens_{column}",
            "oauth_tokens",
            [column],
            sqlite_where=is_there,
            postgresql_where=is_there,
        )


def _drop_oauth() -> None:
    op.drop_table("device_grants")
    op.drop_table("oauth_tokens")
    op.drop_table("oauth_clients")
