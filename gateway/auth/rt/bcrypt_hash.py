"""bcrypt as Request Tracker uses it; off the loop only.

The package `bcrypt` is the extra `import`: only installations that move in from RT need it. It is imported where it is
used, so that all others start without it. RT hashes a raw SHA-512, and one in five of those has a NUL byte in it.
bcrypt 5 takes such passwords whole: a test holds it against what Crypt::Eksblowfish, which RT calls, makes of the same.
"""
# ruff: noqa: PLC0415  # see above

import hashlib
import hmac
from importlib.util import find_spec

from gateway.core.rt_token import MIN_COST, RtHash
from gateway.core.token import Secret

_NO_SALT = "." * 22


def is_installed() -> bool:
    """Whether the extra `import` is there."""
    return find_spec("bcrypt") is not None


def matches(stored: RtHash, secret: Secret) -> bool:
    """Whether the hash was made of this secret. Costs 2**cost rounds: 60 ms at cost 10, 0.25 s at 12, GIL released."""
    return hmac.compare_digest(_bcrypt(stored.cost, stored.salt, secret), stored.digest)


def work(cost: int) -> int:
    """What a hash of that cost takes, in rounds."""
    return 1 << cost


def burn(rounds: int, secret: Secret) -> None:
    """Take about as long as hashes of so many rounds in all, and say nothing."""
    for cost in range(MIN_COST, rounds.bit_length()):
        if rounds >> cost & 1:
            _bcrypt(cost, _NO_SALT, secret)


def _bcrypt(cost: int, salt: str, secret: Secret) -> str:
    import bcrypt

    hashed = hashlib.sha512(secret.reveal().encode("ascii")).digest()
    return bcrypt.hashpw(hashed, f"$2b${cost:02}${salt}".encode("ascii"))[29:].decode("ascii")
