"""Parameters of a URL's query or of a form: those of the names asked for, or that servers could disagree about them.

A name counts when it is spelled exactly so, in any percent-encoding, decoded once; `+` is no space, neither in a name
nor in a value, since no name and no token holds either. Pairs are split at `&` and nowhere else. What another server
might read as the same parameter is refused and not passed over: the name twice, `NAME[]`, `auth.token` for `auth_token`
(PHP turns dots, spaces and `[` into `_`), and a `;`, at which some servers split too.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.core.credential import MAX_VALUE, Ambiguous, Credential, NoCredential, Presented, agree

MAX_PARAMETERS: Final = 1000  # PHP drops what comes behind these (max_input_vars)

_PHP_UNDERSCORES = bytes.maketrans(b". +[", b"____")


def urlencoded(raw: bytes, names: frozenset[bytes]) -> Credential:
    """The one value that `raw` (a query, or an urlencoded form) holds under the names; empty values count too."""
    if not names or not raw:
        return NoCredential()
    if raw.count(b"&") + raw.count(b";") >= MAX_PARAMETERS:
        return Ambiguous(f"more than {MAX_PARAMETERS} parameters")
    pairs = [raw[found.end(1) :].partition(b"&")[0] for found in _spellings(names).finditer(raw)]
    if pairs and b";" in raw:
        return Ambiguous("a ; stands beside the token's parameter")
    return one_of(map(_decoded, pairs), names)


def _decoded(pair: bytes) -> tuple[bytes, bytes]:
    name, _, value = pair.partition(b"=")
    return unquote_to_bytes(name), unquote_to_bytes(value[: 3 * MAX_VALUE + 1])


def one_of(fields: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> Credential:
    """The one value among fields that are decoded already. Each name may be there once, and in no second spelling."""
    seen: set[bytes] = set()
    credential: Credential = NoCredential()
    for name, value in fields:
        if name in names:
            if name in seen:
                return Ambiguous("the token's parameter came twice")
            seen.add(name)
            credential = agree(credential, Presented(token=value if len(value) <= MAX_VALUE else b""))
        elif is_like(name, names):
            return Ambiguous("the token's parameter came in a spelling that servers read differently")
    return credential


def is_like(name: bytes, names: frozenset[bytes]) -> bool:
    """Whether some server reads the (decoded) name as one of the names."""
    if name in names:
        return True
    bare = name.partition(b"\0")[0].lstrip(b" +")
    base = bare.partition(b"[")[0]
    folded = _all_folded(names)
    return _folded(bare) in folded or _folded(base) in folded


@lru_cache(maxsize=256)
def _all_folded(names: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(map(_folded, names))


def _folded(name: bytes) -> bytes:
    return name.translate(_PHP_UNDERSCORES)


@lru_cache(maxsize=256)
def _spellings(names: frozenset[bytes]) -> re.Pattern[bytes]:
    """Where a pair begins whose name `is_like` says yes to, escaped or not: found without decoding what is not one.

    Decoding every name of a hostile 64 kB form takes 30 ms of the loop's time, this at most 2 ms (2026-11-22).
    """
    alike = b"|".join(b"".join(_either(byte) for byte in name) for name in sorted(names))
    blank, end = _any_of(b" +"), _any_of(b"[\0")
    return re.compile(rb"(^|[&;])" + blank + rb"*+(?:" + alike + rb")(?=[=&;]|\Z|" + end + rb")")


def _either(byte: int) -> bytes:
    return _any_of(b"_. +[" if byte == 0x5F else bytes([byte]))


def _any_of(characters: bytes) -> bytes:
    """A pattern for one of the characters, as it is or percent-encoded."""
    plain = b"".join(re.escape(bytes([byte])) for byte in characters)
    escaped = b"|".join(b"%%(?i:%02x)" % byte for byte in characters)
    return b"(?:[" + plain + b"]|" + escaped + b")"
