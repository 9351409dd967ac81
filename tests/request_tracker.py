"""An installation of Request Tracker, as far as its tokens go: what its users hold, and what it exports."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import bcrypt

COLUMNS = "id,user_id,login,description,token,created,last_used,expires"


def rt_hash(digits: str, cost: int = 4) -> str:
    """What RT stores of a token; the form is held against RT's own library by tests/unit/auth/test_rt_bcrypt.py."""
    made = bcrypt.hashpw(hashlib.sha512(digits.encode()).digest(), bcrypt.gensalt(cost)).decode()
    return f"!bcrypt!{cost:02}!{made[7:]}"


@dataclass(frozen=True)
class Held:
    """One token: what its user presents, and its line in the export."""

    presented: str
    line: str


def a_token(
    rt_id: int = 7,
    *,
    user_id: int = 42,
    login: str = "alice",
    description: str = "nightly",
    cost: int = 4,
    last_used: str = "",
    expires: str = "",
) -> Held:
    """A token of alice, unless said otherwise."""
    digits = secrets.token_hex(16)
    times = f"2024-01-02 03:04:05,{last_used},{expires}"
    line = f"{rt_id},{user_id},{login},{description},{rt_hash(digits, cost)},{times}"
    return Held(f"1-{user_id}-{digits}", line)


def export(tokens: Iterable[Held]) -> str:
    """The file that RT's database gives."""
    return "\n".join([COLUMNS, *(one.line for one in tokens)]) + "\n"
