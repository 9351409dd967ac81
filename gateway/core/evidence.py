"""The two sides of a decision: what a route demands, and what is known of the presented credential."""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.core.credential import Ambiguous, NoCredential
from gateway.core.owner import Owner, StoredSecret, Token
from gateway.core.reason import Reason
from gateway.core.routes import Route


class Demand(NamedTuple):
    """What one reading of the path asks for: its route, and the text at `{login}` when the pattern has one."""

    route: Route
    login: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The presented value is no live secret of any token: malformed, unknown id, or a wrong secret."""

    reason: Reason
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The presented secret matched `secret`; token, owner and groups are as the store says at this moment."""

    token: Token
    owner: Owner
    secret: StoredSecret
    basic_user: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """The credential could not be checked (store away, hashing pool full, too many failures)."""

    reason: Reason
    detail: str = ""
    handle: str = ""


Evidence = NoCredential | Ambiguous | Rejected | Proven | NotChecked
