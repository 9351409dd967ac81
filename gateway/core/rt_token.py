"""The tokens of Request Tracker, as they are presented and as its database keeps them.

Presented: `1-<user id>-<32 hex digits>` (RT::AuthToken, version 1). At rest: `!bcrypt!<cost>!<salt 22><hash 31>`, both
in bcrypt's own base64, made of the SHA-512 of the 32 digits alone (RT::User::_GeneratePassword_bcrypt).
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.core.token import Secret

RT_BCRYPT: Final = "rt-bcrypt"  # the scheme of a secret that came from RT
MIN_COST, MAX_COST = 4, 14  # bcrypt's least; and 1 s on a slow machine, beyond which a hash is planted or a mistake

# RT also reads digits in upper case, but never makes them, and hashes what it was given: no such token exists.
_TOKEN = re.compile(rb"1-([1-9][0-9]{0,17})-([0-9a-f]{32})")
# The last character carries only 2 bits of the salt, 4 of the hash: in another spelling it is not what RT wrote.
_HASH = re.compile(r"!bcrypt!([0-9]{2})!([./A-Za-z0-9]{21}[.Oeu])([./A-Za-z0-9]{30}[.CGKOSWaeimquy26])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtToken:
    """A presented token of RT that is spelled right; whether it was moved in is the store's to say."""

    user_id: int
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RtHash:
    """A stored hash, taken apart."""

    cost: int
    salt: str
    digest: str


def parse_rt_token(presented: bytes) -> RtToken | None:
    """Read a presented token. None for everything that RT does not write exactly so."""
    found = _TOKEN.fullmatch(presented)
    if found is None:
        return None
    return RtToken(user_id=int(found[1]), secret=Secret(found[2].decode("ascii")))


def parse_rt_hash(stored: str) -> RtHash | None:
    """Read what RT stores of a token. None for another scheme, and for a cost that nobody should pay."""
    found = _HASH.fullmatch(stored)
    if found is None or not MIN_COST <= int(found[1]) <= MAX_COST:
        return None
    return RtHash(cost=int(found[1]), salt=found[2], digest=found[3])
