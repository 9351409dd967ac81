"""Owners: passwords, people from the single sign-on, and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, empty, and the table. Who is there already is a local user without a password."""
    op.add_column("owners", sa.Column("password_hash", sa.Text))
    op.add_column("owners", sa.Column("password_set_at", sa.BigInteger))
    op.add_column("owners", sa.Column("password_must_change", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("owners", sa.Column("sso", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("owners", sa.Column("confirmed_at", sa.BigInteger))
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("owners.id"), nullable=False, index=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("proof_at", sa.BigInteger),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
    )
