"""Uses by day, for a chart of each token."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table and its index, empty: what was used before has its total only."""
    op.create_table(
        "usage_days",
        sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id"), primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("total", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("usage_days_by_day", "usage_days", ["day"])
