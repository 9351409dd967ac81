"""The store: SQLAlchemy Core tables and queries, migrations that run themselves, and the change feed.

Everything that it raises is a `StoreError`. It knows rows and numbers, not who may do what: that is `gateway.auth`.
"""

from gateway.store.accounts import Account, Password, SessionRecord, SessionRow, SignedInBy
from gateway.store.audit import AuditHead, AuditRow, Sealed, Subject, seal
from gateway.store.audit_chain import AuditVerdict, Checkpoint
from gateway.store.audit_list import AuditFilter, AuditPage
from gateway.store.back_again import BackAgain
from gateway.store.backup import Backup, Restored, backup, restore
from gateway.store.change import Change
from gateway.store.change_audit import TokenRefusal, UnknownRefusals
from gateway.store.change_idempotency import Earlier, IdempotencyKey
from gateway.store.change_tokens import UNCHANGED
from gateway.store.create import create
from gateway.store.describe import Description, describe
from gateway.store.errors import (
    DatabaseForeign,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseRefused,
    InstallationMismatch,
    NameTaken,
    NotFound,
    StoreError,
    StoreUnavailable,
)
from gateway.store.feed import Changes, FeedPosition, FeedRow, SqliteFeed
from gateway.store.mails import Ending, Mail, MailKind, MailOutcome, QueuedMail
from gateway.store.meta import StoreKey, StoreMeta
from gateway.store.owner_filter import OwnerFilter
from gateway.store.pages import OwnerPage, TokenPage, TokenPlace
from gateway.store.patience import Limits
from gateway.store.records import OwnerEntry, TokenEntry
from gateway.store.rt_tokens import RtTokenMoved, RtTokenRow
from gateway.store.store import Store
from gateway.store.summary import Summary
from gateway.store.token_filter import TokenFilter, TokenState
from gateway.store.usage import Usage, Use

__all__ = [
    "UNCHANGED",
    "Account",
    "AuditFilter",
    "AuditHead",
    "AuditPage",
    "AuditRow",
    "AuditVerdict",
    "BackAgain",
    "Backup",
    "Change",
    "Changes",
    "Checkpoint",
    "DatabaseForeign",
    "DatabaseMissing",
    "DatabaseNewer",
    "DatabaseRefused",
    "Description",
    "Earlier",
    "Ending",
    "FeedPosition",
    "FeedRow",
    "IdempotencyKey",
    "InstallationMismatch",
    "Limits",
    "Mail",
    "MailKind",
    "MailOutcome",
    "NameTaken",
    "NotFound",
    "OwnerEntry",
    "OwnerFilter",
    "OwnerPage",
    "Password",
    "QueuedMail",
    "Restored",
    "RtTokenMoved",
    "RtTokenRow",
    "Sealed",
    "SessionRecord",
    "SessionRow",
    "SignedInBy",
    "SqliteFeed",
    "Store",
    "StoreError",
    "StoreKey",
    "StoreMeta",
    "StoreUnavailable",
    "Subject",
    "Summary",
    "TokenEntry",
    "TokenFilter",
    "TokenPage",
    "TokenPlace",
    "TokenRefusal",
    "TokenState",
    "UnknownRefusals",
    "Usage",
    "Use",
    "backup",
    "create",
    "describe",
    "restore",
    "seal",
]
