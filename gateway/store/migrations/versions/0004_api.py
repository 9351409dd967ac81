"""The API: versions of owners against lost updates, pages of tokens by age, and requests that may be sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, the index, and the table, empty."""
    op.add_column("owners", sa.Column("version", sa.BigInteger, nullable=False, server_default="1"))
    op.create_index("tokens_by_age", "tokens", ["created_at", "id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("key_hash", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id"), nullable=False),
        sa.Column("secret_row", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
    )
