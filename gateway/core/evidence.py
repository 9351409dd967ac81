"""What is known of the presented credential, for a decision."""

from dataclasses import dataclass
from datetime import datetime

from gateway.core.credential import Ambiguous, NoCredential
from gateway.core.owner import Owner, StoredSecret, Token, TokenRecord
from gateway.core.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The presented value is no live secret of any token: malformed, unknown id, or a wrong secret."""

    reason: Reason
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The presented secret matched `secret`; token, owner and groups are as the store says at this moment.

    `quiet_since` is as the record has it. `ends_secret`: the row of the older secret that the first use of this one
    ends; the store must have ended it before the Allow is given.
    """

    token: Token
    owner: Owner
    secret: StoredSecret
    basic_user: bytes | None = None
    quiet_since: datetime | None = None
    ends_secret: int | None = None

    @classmethod
    def of(cls, record: TokenRecord, secret: StoredSecret, basic_user: bytes | None = None) -> "Proven":
        """The evidence that a secret of this record was presented."""
        return cls(
            token=record.token,
            owner=record.owner,
            secret=secret,
            basic_user=basic_user,
            quiet_since=record.quiet_since,
            ends_secret=record.ended_by_use_of(secret) if len(record.secrets) > 1 else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """The credential could not be checked (store away, hashing pool full, too many failures)."""

    reason: Reason
    detail: str = ""
    handle: str = ""
    retry_after_s: int = 1


Evidence = NoCredential | Ambiguous | Rejected | Proven | NotChecked
