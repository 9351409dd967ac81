"""Serving from caches while the store is away: when an earlier, longer span is over everywhere."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, empty: nothing has been shortened."""
    op.add_column("meta", sa.Column("cached_until", sa.BigInteger))
