"""The installation's keys. They live in `key_file`, never in the database.

One line a key, the current one first: `<id> <43 characters of base64url>`. From each, one key per purpose is derived,
so that a tag says nothing about the audit chain. Losing the file costs one argon2 a token, never a token (PARITY R37).
"""

import hashlib
import hmac
import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r"(k[0-9a-f]{8})[ \t]+([A-Za-z0-9_-]{43})", re.ASCII)
TAG_BYTES = 4


class KeyFileError(Exception):
    """The key file cannot be used; the message says which file, why, and what to type."""


@dataclass(frozen=True, slots=True)
class Key:
    """One registered key: its public id and the keys derived from it."""

    id: str
    tag_key: bytes
    audit_key: bytes
    rt_key: bytes
    check: str  # what the store keeps to recognise the key; tells nothing about it
    tagging: Callable[[bytes], bytes] = field(compare=False)  # HMAC under `tag_key`

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def tag(self, secret: str) -> bytes:
        """The 32-bit keyed tag of a secret, compared first: a wrong secret reaches argon2 once in 2**32."""
        return self.tagging(secret.encode("ascii"))[:TAG_BYTES]

    def rt_digest(self, presented: bytes) -> bytes:
        """The keyed digest by which a token of Request Tracker is found once it was proven."""
        return hmac.digest(self.rt_key, presented, "sha256")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of the file; `current` makes new tags."""

    keys: tuple[Key, ...]

    @property
    def current(self) -> Key:
        """The first key of the file."""
        return self.keys[0]

    def get(self, key_id: str) -> Key | None:
        """The key of that id, None when the file does not have it."""
        return next((key for key in self.keys if key.id == key_id), None)


def load(path: Path) -> KeyRing:
    """Read the key file; KeyFileError with one clear line when that is not possible."""
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        raise KeyFileError(f"{path}: no key file; `token-gateway key new` makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a key file"
        raise KeyFileError(f"{path}: cannot read the key file: {why}") from None
    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise KeyFileError(
                f"{path}:{number}: not a key; a line is an id (k and 8 hex digits) and 43 base64url characters"
            )
        if any(key.id == found[1] for key in keys):
            raise KeyFileError(f"{path}:{number}: key {found[1]} is there twice; remove one of the two lines")
        keys.append(_derive(found[1], urlsafe_b64decode(found[2] + "=")))
    if not keys:
        raise KeyFileError(f"{path}: the key file holds no key; `token-gateway key new` adds one")
    return KeyRing(tuple(keys))


def add_key(path: Path) -> Key:
    """Put a new current key before the others, in a file of mode 0600; replaces the file at once or not at all.

    Made by root, it belongs to the owner of the file that it replaces, or of the folder: the service has to read it.
    """
    old = path.read_text("ascii") if path.exists() else ""
    raw = secrets.token_bytes(32)
    key = _derive("k" + secrets.token_hex(4), raw)
    header = (
        "# Token Gateway keys, the current one first. Keep this file secret, and keep a copy apart from the database.\n"
    )
    line = f"{key.id} {urlsafe_b64encode(raw).decode().rstrip('=')}\n"
    beside = path.with_name(path.name + f".new-{key.id}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(header + line + old.removeprefix(header))
        if os.geteuid() == 0:
            like = (path if path.exists() else path.absolute().parent).stat()
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return key


def is_readable_by_others(path: Path) -> bool:
    """Whether somebody besides the file's owner and group may read the keys."""
    return bool(path.stat().st_mode & 0o004)


def _hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC with SHA-256 (RFC 2104) under a key of 32 bytes, which it takes in once and not at each call.

    A call takes 0.6 us, that of `hmac.digest` 1.5 (measured 2026-11-22), and every token that is made up costs one.
    """
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return digest


def _derive(key_id: str, raw: bytes) -> Key:
    def purpose(name: bytes) -> bytes:
        return hmac.digest(raw, b"token-gateway " + name, hashlib.sha256)

    return Key(
        id=key_id,
        tag_key=purpose(b"tag"),
        audit_key=purpose(b"audit"),
        rt_key=purpose(b"rt"),
        check=purpose(b"check")[:8].hex(),
        tagging=_hmac_sha256(purpose(b"tag")),
    )
