"""The first schema."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table; each slice's tables have a function of their own."""


def downgrade() -> None:
    """Drop every table, the latest first."""
