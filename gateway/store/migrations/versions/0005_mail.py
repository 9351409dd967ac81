"""Mail: the outbox, and how far the audit has been read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table and the column, empty: what happened before is told to nobody."""
    op.add_column("meta", sa.Column("mail_seq", sa.BigInteger))
    op.create_table(
        "mails",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("owners.id"), nullable=False),
        sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id")),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("mails_by_due", "mails", ["due_at"])
    op.create_index("mails_by_owner", "mails", ["owner_id", "queued_at"])
    op.create_index("tokens_by_end", "tokens", ["expires_at", "id"])
