"""The token format: `tgp_<id 11>_<secret 32><crc 6>`, base62, fixed width, exactly one spelling.

The brand (`tg`) is fixed per installation; the letter behind it names the kind. The id is public and random, the
secret has 190 bits, and the CRC32 covers every byte before it, so that a typo or garbage never reaches the store.
"""

import re
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_WIDTH, SECRET_WIDTH, CRC_WIDTH = 11, 32, 6
ENTROPY_BYTES = 64  # 512 bits onto 62**43 (256 bits): the bias of the remainder is below 2**-250

_TOKEN = re.compile(
    rb"([a-z]{2})([pa])_([0-9A-Za-z]{%d})_([0-9A-Za-z]{%d})([0-9A-Za-z]{%d})" % (ID_WIDTH, SECRET_WIDTH, CRC_WIDTH)
)
_HANDLE = re.compile(rf"([a-z]{{2}})([pa])_([0-9A-Za-z]{{{ID_WIDTH}}})", re.ASCII)


class Kind(StrEnum):
    """What a token is for: a person's own client, or a machine."""

    PERSONAL = "personal"
    APPLICATION = "application"


_LETTER = {Kind.PERSONAL: "p", Kind.APPLICATION: "a"}
_PAIRS = tuple((high + low).encode("ascii") for high in ALPHABET for low in ALPHABET)
_KIND = {b"p": Kind.PERSONAL, b"a": Kind.APPLICATION, "p": Kind.PERSONAL, "a": Kind.APPLICATION}


class Secret:
    """A string that no log, traceback or f-string shows; only `reveal` hands it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it is hashed, or shown once to its owner."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    __hash__ = None  # type: ignore[assignment]  # a secret is never a key: caches use keyed digests

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


class Parsed(NamedTuple):
    """A presented token that is spelled right; whether it is known is the store's to say."""

    kind: Kind
    id: str
    secret: Secret


def handle(brand: str, kind: Kind, token_id: str) -> str:
    """The public name of a token, as logs and pages show it: `tgp_<id>`."""
    return f"{brand}{_LETTER[kind]}_{token_id}"


def parse_handle(text: str, *, brand: str) -> tuple[Kind, str] | None:
    """Read a public handle back into kind and id; None when it is not one of this brand."""
    found = _HANDLE.fullmatch(text)
    if found is None or found[1] != brand:
        return None
    return _KIND[found[2]], found[3]


def new_id(entropy: bytes) -> str:
    """A fresh public id from at least `ENTROPY_BYTES` of `secrets.token_bytes`."""
    return _base62(_number(entropy), ID_WIDTH)


def new_secret(entropy: bytes) -> Secret:
    """A fresh secret from at least `ENTROPY_BYTES` of `secrets.token_bytes`."""
    return Secret(_base62(_number(entropy), SECRET_WIDTH))


def compose(brand: str, kind: Kind, token_id: str, secret: Secret) -> Secret:
    """The whole token as its owner sees it, once."""
    body = f"{handle(brand, kind, token_id)}_{secret.reveal()}"
    return Secret(body + _checksum(body.encode("ascii")).decode("ascii"))


def parse(presented: bytes, *, brand: str) -> Parsed | None:
    """Read a presented token. None for everything that is not exactly the one spelling of a token of this brand."""
    found = _TOKEN.fullmatch(presented)
    if found is None:
        return None
    its_brand, letter, token_id, secret, checksum = found.groups()
    if its_brand != brand.encode("ascii") or _checksum(presented[:-CRC_WIDTH]) != checksum:
        return None
    return Parsed(_KIND[letter], token_id.decode("ascii"), Secret(secret.decode("ascii")))


def _number(entropy: bytes) -> int:
    if len(entropy) < ENTROPY_BYTES:
        raise ValueError(f"needs {ENTROPY_BYTES} bytes of entropy, got {len(entropy)}")
    return int.from_bytes(entropy, "big")


def _checksum(body: bytes) -> bytes:
    """Base62 of the CRC32, two digits at a time: this is done for every token that anybody makes up."""
    rest, last = divmod(crc32(body), len(_PAIRS))
    first, middle = divmod(rest, len(_PAIRS))
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
