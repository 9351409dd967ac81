"""Whether a request carries the single sign-on's word, and what that word is. Pure: facts in, a person or a reason out.

Everything is hostile until the proxy has shown that it is the one: by where it asks from together with a secret, or by
the socket that it alone can open. And then each header counts once, under its one spelling: what a client could have
added to what the proxy sets makes the whole of it worth nothing.
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from aiohttp import web

from gateway.auth.vouched import Vouched
from gateway.config.sso_schema import Sso
from gateway.core.naming import email_flaw, label_flaw, name_flaw
from gateway.core.network import Address

MAX_VALUE = 8192  # bytes of one header's value
MAX_GROUPS = 1000
_NOT_PLAIN = re.compile(rb"[^a-z0-9]")


class Distrust(StrEnum):
    """Why a word is not believed. The audit has these; strangers get one answer for all."""

    OFF = "off"
    PEER = "peer"
    NO_SECRET = "no_secret"
    WRONG_SECRET = "wrong_secret"
    DOUBLED = "doubled"
    ALIAS = "alias"
    TOO_LONG = "too_long"
    NO_LOGIN = "no_login"
    BAD_LOGIN = "bad_login"
    BAD_GROUPS = "bad_groups"
    BAD_NAME = "bad_name"
    BAD_EMAIL = "bad_email"


class DistrustedError(Exception):
    """The word is not believed."""

    def __init__(self, why: Distrust) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection, as the connection itself says: its address, or the path of our Unix socket."""

    address: Address | None = None
    socket: str = ""


def peer_of(request: web.Request) -> Peer:
    """Who asks. Nobody when the connection is gone."""
    transport = request.transport
    if transport is None:
        return Peer()
    ours, theirs = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    if isinstance(ours, str):
        return Peer(socket=ours)
    if not isinstance(theirs, tuple):
        return Peer()
    try:
        found = ip_address(str(theirs[0]).partition("%")[0])
    except ValueError:
        return Peer()
    return Peer(address=(found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found)


def is_sso_socket(sso: Sso | None, peer: Peer) -> bool:
    """Whether the connection came through the socket that is the single sign-on's proxy's alone."""
    return sso is not None and sso.socket is not None and peer.socket == str(sso.socket.unix)


def asserted(headers: Sequence[tuple[bytes, bytes]], sso: Sso | None, peer: Peer) -> Vouched:
    """Who the single sign-on says is asking. DistrustedError, with the first reason that there is."""
    if sso is None:
        raise DistrustedError(Distrust.OFF)
    _refuse_stranger(headers, sso, peer)
    names = [sso.headers.login, sso.headers.name, sso.headers.email]
    names += [sso.headers.groups] if sso.grants else []
    _refuse_aliases(headers, [name for name in names if name is not None])
    login = _value(headers, sso.headers.login, Distrust.BAD_LOGIN)
    if not login:
        raise DistrustedError(Distrust.NO_LOGIN)
    if label_flaw(login) is not None:
        raise DistrustedError(Distrust.BAD_LOGIN)
    groups = _value(headers, sso.headers.groups, Distrust.BAD_GROUPS) if sso.grants else None
    name = _value(headers, sso.headers.name, Distrust.BAD_NAME)
    if name and name_flaw(name) is not None:
        raise DistrustedError(Distrust.BAD_NAME)
    email = _value(headers, sso.headers.email, Distrust.BAD_EMAIL)
    if email and email_flaw(email) is not None:
        raise DistrustedError(Distrust.BAD_EMAIL)
    return Vouched(
        login=login, groups=_members(groups or "", sso.between_groups), name=name or None, email=email or None
    )


def _refuse_stranger(headers: Sequence[tuple[bytes, bytes]], sso: Sso, peer: Peer) -> None:
    if sso.socket is not None:
        if not is_sso_socket(sso, peer):
            raise DistrustedError(Distrust.PEER)
        return
    # Where a check of the configuration did not hold, nobody is believed.
    if sso.from_ is None or sso.secret_header is None or peer.address is None or peer.address not in sso.from_:
        raise DistrustedError(Distrust.PEER)
    _refuse_aliases(headers, [sso.secret_header.name])
    given = _raw(headers, sso.secret_header.name)
    if not given:
        raise DistrustedError(Distrust.NO_SECRET)
    shown = sha256(given).digest()
    # Each is compared, so that the time says nothing of which one it was.
    same = [
        hmac.compare_digest(shown, sha256(one.secret.reveal().encode()).digest())
        for one in sso.secret_header.secret_file
    ]
    if not any(same):
        raise DistrustedError(Distrust.WRONG_SECRET)


def _refuse_aliases(headers: Sequence[tuple[bytes, bytes]], names: Iterable[str]) -> None:
    """Refuse `Remote_User` beside or in place of `Remote-User`: there are programs that take one for the other, and a
    proxy that sets ours leaves the client's alone.
    """
    ours = {name.lower().encode() for name in names}
    for raw, _ in headers:
        name = raw.lower()
        if name not in ours and _NOT_PLAIN.sub(b"-", name) in ours:
            raise DistrustedError(Distrust.ALIAS)


def _raw(headers: Sequence[tuple[bytes, bytes]], name: str) -> bytes | None:
    """The one value of a header; None when it is not there."""
    wanted = name.lower().encode()
    found = [value for raw, value in headers if raw.lower() == wanted]
    if len(found) > 1:
        raise DistrustedError(Distrust.DOUBLED)
    if found and len(found[0]) > MAX_VALUE:
        raise DistrustedError(Distrust.TOO_LONG)
    return found[0].strip(b" \t") if found else None


def _value(headers: Sequence[tuple[bytes, bytes]], name: str | None, bad: Distrust) -> str | None:
    raw = None if name is None else _raw(headers, name)
    if raw is None:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise DistrustedError(bad) from None


def _members(value: str, separator: str) -> frozenset[str]:
    """The groups in a header's value. An empty one among them: the list is not what the proxy meant to say."""
    if not value:
        return frozenset()
    found = [one.strip(" \t") for one in (value.split() if separator == " " else value.split(separator))]
    if len(found) > MAX_GROUPS:
        raise DistrustedError(Distrust.TOO_LONG)
    if "" in found:
        raise DistrustedError(Distrust.BAD_GROUPS)
    return frozenset(found)
