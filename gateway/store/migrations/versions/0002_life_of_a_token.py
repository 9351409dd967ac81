"""The life of a token: hosts, idle expiry, rotation until first use, and tokens moved in from Request Tracker."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the columns, empty, and the table."""
    op.add_column("tokens", sa.Column("hosts", sa.Text))
    op.add_column("tokens", sa.Column("idle_s", sa.BigInteger))
    op.add_column("tokens", sa.Column("quiet_from", sa.BigInteger))
    op.add_column("tokens", sa.Column("idled_at", sa.BigInteger))
    op.add_column("tokens", sa.Column("version", sa.BigInteger, nullable=False, server_default="1"))
    op.add_column("secrets", sa.Column("ended_by_use_of", sa.BigInteger))
    op.create_table(
        "rt_tokens",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("rt_token_id", sa.BigInteger, nullable=False, unique=True),
        sa.Column("rt_user_id", sa.BigInteger, nullable=False, index=True),
        sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id"), nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, unique=True),
        sa.Column("key_id", sa.Text),
        sqlite_autoincrement=True,
    )
