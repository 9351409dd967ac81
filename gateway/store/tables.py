"""The tables, as the newest schema has them. The migrations build them; a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)

from gateway.store.columns import Instant, NetworkList, Seconds, Words

metadata = MetaData()

# SQLite gives row ids only to a column that is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")

# One row: what this store is, and the counters that number the feed and the audit without gaps.
meta = Table(
    "meta",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("bound_ms", Integer, nullable=False),
    Column("serve_cached_for_ms", Integer, nullable=False),
    Column("cached_until", Instant),  # when a longer serve_cached_for, since shortened, is over everywhere
    Column("feed_seq", BigInteger, nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
    Column("audit_mac", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("mail_seq", BigInteger),  # up to where the audit was read for mails; NULL: not yet
)

# The keys that hosts of this store may use, told apart by a check value that says nothing about the key.
keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("check_value", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# Users and applications share one namespace. A deleted owner's row stays: its login is never given again.
owners = Table(
    "owners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("login_folded", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),  # an application's contact
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("password_hash", Text),  # NULL: cannot sign in with a password
    Column("password_set_at", Instant),
    Column("password_must_change", Boolean, nullable=False, server_default=false()),
    Column("sso", Boolean, nullable=False, server_default=false()),  # signs in elsewhere; confirmed_at: when last
    Column("confirmed_at", Instant),
    Column("version", BigInteger, nullable=False, server_default="1"),  # counts its changes, against lost updates
)

# Groups from the single sign-on are kept apart from local ones, so that a sign-in replaces only its own.
owner_groups = Table(
    "owner_groups",
    metadata,
    Column("owner_id", Text, ForeignKey("owners.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("source", Text, primary_key=True),
)

owner_organisations = Table(
    "owner_organisations",
    metadata,
    Column("owner_id", Text, ForeignKey("owners.id"), primary_key=True),
    Column("name", Text, primary_key=True),
)

# People who are signed in. The id is the SHA-256 of what the browser's cookie says: the table opens no session.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner_id", Text, ForeignKey("owners.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("proof_at", Instant),  # when the password was typed last; NULL: signed in elsewhere
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("how", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner_id", Text, ForeignKey("owners.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("networks", NetworkList),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Instant),
    Column("suspended_at", Instant),
    Column("revoked_at", Instant),
    Column("revoked_by", Text),
    Column("hosts", Words),  # NULL: every host
    Column("idle_s", Seconds),  # NULL: no idle expiry
    Column("quiet_from", Instant),  # from when not being used counts, if there is no later use; NULL: from created_at
    Column("idled_at", Instant),  # when it was ended for not being used
    Column("version", BigInteger, nullable=False, server_default="1"),  # counts its changes, against lost updates
    Index("tokens_by_owner", "owner_id", "created_at"),
    Index("tokens_by_end", "expires_at", "id"),
    Index("tokens_by_age", "created_at", "id"),
)

# Row ids are never given twice (AUTOINCREMENT): the verified-token cache speaks of a secret by its row.
secrets = Table(
    "secrets",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("token_id", Text, ForeignKey("tokens.id"), nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("tag", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("ended_by_use_of", BigInteger),  # the newer secret of the token whose first use ends this one
    sqlite_autoincrement=True,
)

# Tokens that came from Request Tracker, by their bcrypt hash; after the first use found by a keyed digest (key_id).
rt_tokens = Table(
    "rt_tokens",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("rt_token_id", BigInteger, nullable=False, unique=True),
    Column("rt_user_id", BigInteger, nullable=False, index=True),
    Column("token_id", Text, ForeignKey("tokens.id"), nullable=False),
    Column("hash", Text, nullable=False),
    Column("digest", LargeBinary, unique=True),
    Column("key_id", Text),
    sqlite_autoincrement=True,
)

# Which secret came of a request that may be sent again. What the client sent is here only as digests.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("token_id", Text, ForeignKey("tokens.id"), nullable=False),
    Column("secret_row", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

usage = Table(
    "usage",
    metadata,
    Column("token_id", Text, ForeignKey("tokens.id"), primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("since_rotation", BigInteger, nullable=False),
    Column("last_used_at", Instant),
    Column("last_address", Text, nullable=False),
)

# Uses by day, in UTC, for a chart; a token's `usage` row is what counts. Kept for 90 days, some 63 bytes each.
usage_days = Table(
    "usage_days",
    metadata,
    Column("token_id", Text, ForeignKey("tokens.id"), primary_key=True),
    Column("day", Text, primary_key=True),  # 2026-11-22
    Column("total", BigInteger, nullable=False),
    Index("usage_days_by_day", "day"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("subject_label", Text, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON: the MAC is over these very bytes
    Column("key_id", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index("audit_by_subject", "subject_id", "seq"),
)

# The outbox. A mail that ended stays for a while, so that its mark is not told again.
mails = Table(
    "mails",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("mark", Text, nullable=False, unique=True),  # what it tells
    Column("kind", Text, nullable=False),
    Column("owner_id", Text, ForeignKey("owners.id"), nullable=False),
    Column("token_id", Text, ForeignKey("tokens.id")),
    Column("facts", Text, nullable=False),  # JSON
    Column("queued_at", Instant, nullable=False),
    Column("due_at", Instant),  # when it is to be tried, or the claim on it is over; NULL: it ended
    Column("attempts", Integer, nullable=False),
    Column("outcome", Text),
    Index("mails_by_due", "due_at"),
    Index("mails_by_owner", "owner_id", "queued_at"),
    sqlite_autoincrement=True,
)

change_feed = Table(
    "change_feed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("subject", Text, nullable=False),
    Column("id", Text, nullable=False),
)
