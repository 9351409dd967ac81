"""Why a check was answered the way it was: every reason code, what strangers are told of it, and its HTTP status.

The fine code goes to the audit, the log, the metrics and `explain`. Outside, a fine code is told only to somebody who
presented a secret that matched; everybody else reads the coarse one, so that a refusal teaches nothing.
"""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """A stable code; docs/reasons.md says of each what it means and how to mend it."""

    # Allow
    TOKEN = "token"
    PUBLIC = "public"
    PREFLIGHT = "preflight"
    # the request
    AMBIGUOUS_REQUEST = "ambiguous_request"
    BAD_FACTS = "bad_facts"
    NO_ADDRESS = "no_address"
    UNTRUSTED_PEER = "untrusted_peer"
    # the route
    NO_ROUTE = "no_route"
    ROUTE_DENIES = "route_denies"
    # the credential
    NO_CREDENTIAL = "no_credential"
    MALFORMED_TOKEN = "malformed_token"
    UNKNOWN_TOKEN = "unknown_token"
    WRONG_SECRET = "wrong_secret"
    STALE_SECRET = "stale_secret"
    IMPORT_ENDED = "import_ended"
    BASIC_USER = "basic_user"
    EXPIRED = "expired"
    IDLE = "idle"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    OWNER_DISABLED = "owner_disabled"
    OWNER_UNCONFIRMED = "owner_unconfirmed"
    # the right
    PERMISSION = "permission"
    LOGIN = "login"
    KIND = "kind"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    GROUP = "group"
    NETWORK = "network"
    HOST = "host"
    # the gateway
    NO_APP_SECRET = "no_app_secret"
    IDENTITY_TOO_LARGE = "identity_too_large"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    INTERNAL_ERROR = "internal_error"


class Outside(NamedTuple):
    """What leaves the house for one reason: the code a stranger reads, the one a proven holder reads, the status."""

    stranger: str
    proven: str
    status: int


_INVALID = "invalid_token"
OUTSIDE: dict[Reason, Outside] = {
    Reason.TOKEN: Outside("allowed", "allowed", 200),
    Reason.PUBLIC: Outside("allowed", "allowed", 200),
    Reason.PREFLIGHT: Outside("allowed", "allowed", 200),
    Reason.AMBIGUOUS_REQUEST: Outside("ambiguous_request", "ambiguous_request", 400),
    Reason.BAD_FACTS: Outside("ambiguous_request", "ambiguous_request", 400),
    Reason.NO_ADDRESS: Outside("forbidden", "forbidden", 403),
    Reason.UNTRUSTED_PEER: Outside("forbidden", "forbidden", 403),
    Reason.NO_ROUTE: Outside("forbidden", "forbidden", 403),
    Reason.ROUTE_DENIES: Outside("forbidden", "forbidden", 403),
    Reason.NO_CREDENTIAL: Outside("no_credential", "no_credential", 401),
    Reason.MALFORMED_TOKEN: Outside(_INVALID, _INVALID, 401),
    Reason.UNKNOWN_TOKEN: Outside(_INVALID, _INVALID, 401),
    Reason.WRONG_SECRET: Outside(_INVALID, _INVALID, 401),
    Reason.STALE_SECRET: Outside(_INVALID, _INVALID, 401),
    Reason.IMPORT_ENDED: Outside(_INVALID, "import_ended", 401),
    Reason.BASIC_USER: Outside(_INVALID, _INVALID, 401),
    Reason.EXPIRED: Outside(_INVALID, "expired", 401),
    Reason.IDLE: Outside(_INVALID, "idle", 401),
    Reason.REVOKED: Outside(_INVALID, "revoked", 401),
    Reason.SUSPENDED: Outside(_INVALID, "suspended", 401),
    Reason.OWNER_DISABLED: Outside(_INVALID, "owner_disabled", 401),
    Reason.OWNER_UNCONFIRMED: Outside(_INVALID, "owner_unconfirmed", 401),
    Reason.PERMISSION: Outside("forbidden", "permission", 403),
    Reason.LOGIN: Outside("forbidden", "login", 403),
    Reason.KIND: Outside("forbidden", "kind", 403),
    Reason.INSUFFICIENT_SCOPE: Outside("insufficient_scope", "insufficient_scope", 403),
    Reason.GROUP: Outside("forbidden", "group", 403),
    Reason.NETWORK: Outside("forbidden", "network", 403),
    Reason.HOST: Outside("forbidden", "host", 403),
    Reason.NO_APP_SECRET: Outside("forbidden", "no_app_secret", 403),
    Reason.IDENTITY_TOO_LARGE: Outside("forbidden", "forbidden", 403),
    Reason.LIMITED: Outside("limited", "limited", 429),
    Reason.UNAVAILABLE: Outside("unavailable", "unavailable", 503),
    Reason.INTERNAL_ERROR: Outside("unavailable", "unavailable", 503),
}
