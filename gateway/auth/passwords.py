"""Passwords of people: hashed in a pool of their own, compared at the same cost whoever is named, set by who may.

A password signs a person in to the portal, and nothing else: it passes no check (PARITY R02). Setting one ends the
person's sessions and leaves the tokens alone (R28).
"""

import secrets
from collections.abc import Hashable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.auth.desk import Desk
from gateway.auth.hashing import MAX_LANES, MAX_MEMORY_KIB, MAX_TIME, HashPool, PoolFullError
from gateway.auth.owners import find_owner, owner_for
from gateway.auth.power import demand, refuse_blind, refuse_lacking
from gateway.auth.refused import Refused
from gateway.core.naming import Flaw
from gateway.core.owner import Owner, OwnerKind
from gateway.core.password import normal, password_flaw, too_long
from gateway.core.power import Act, Actor
from gateway.core.token import Secret

# What people choose can be guessed, so each guess is made dear (OWASP's second profile for argon2id).
PASSWORD_PROFILE = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
# Compared with when there is no such person, or none with a password. Of 32 random bytes that nobody kept.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$Dtm3k3sK/Ai01UGJ6EBSYQ$Q0iRAGr2XXLO3JgrgKwD1Xxkf/2R7L014GS7429GoDA"


class PasswordPool(HashPool):
    """Where passwords are hashed, and how dear each guess is."""

    def __init__(self, *, threads: int, queue: int, name: str, profile: PasswordHasher = PASSWORD_PROFILE) -> None:
        super().__init__(threads=threads, queue=queue, name=name)
        self.profile = profile
        self.nobody = NOBODY if profile is PASSWORD_PROFILE else profile.hash(secrets.token_bytes(32))


def password_pool(profile: PasswordHasher = PASSWORD_PROFILE) -> PasswordPool:
    """Apart from the one for tokens: however many sign in at once, checks go on."""
    return PasswordPool(threads=2, queue=16, name="argon2-passwords", profile=profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet:
    """Whose password was set, whether they must change it, and how many of their sessions ended."""

    owner: Owner
    must_change: bool
    sessions_ended: int


async def set_password(
    desk: Desk,
    pool: PasswordPool,
    *,
    actor: Actor,
    login: str,
    password: Secret,
    must_change: bool = True,
    address: str = "",
) -> PasswordSet:
    """Give a person a password. `must_change`: it opens nothing but its own change; always so for an initial one that
    somebody else chose. Refused `needs_old_password` for one's own: that is `sessions.change_password`.
    """
    refuse_blind(desk, actor, Act.SET_PASSWORD, kind=OwnerKind.USER, login=login)  # asked again below, as it is then
    entry = await find_owner(desk, kind=OwnerKind.USER, login=login)
    # Nobody burns hashes for a password that they may not set; a proof is asked for below.
    refuse_lacking(desk, replace(actor, proven=True), Act.SET_PASSWORD, entry.owner)
    refuse_sso(entry.owner)
    refuse_weak(desk, entry.owner, password)
    hashed = await hash_password(pool, password, lane=actor.name)
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_for(change, desk, actor, Act.SET_PASSWORD, kind=OwnerKind.USER, login=login)
        await demand(change, desk, actor, Act.SET_PASSWORD, owner)
        refuse_sso(owner)
        ended = await change.set_password(owner.id, hashed, must_change=must_change)
    return PasswordSet(owner=owner, must_change=must_change, sessions_ended=ended)


async def hash_password(pool: PasswordPool, password: Secret, *, lane: Hashable = None) -> str:
    """The PHC string under the pool's profile; about 30 ms and 19 MiB unless told. Refused `busy` when it is full.

    `lane`: of whom it is done for, who waits behind nobody but themselves.
    """
    try:
        return await pool.run(lambda: pool.profile.hash(normal(password.reveal())), lane)
    except PoolFullError:
        raise _busy() from None


async def matches(pool: PasswordPool, stored: str | None, password: Secret, *, lane: Hashable = None) -> bool:
    """Whether this is the password. The same work for None, where there is no password; none at all for one that is
    longer than any can be. Refused `busy`. `lane`: as for `hash_password`.
    """
    if too_long(password.reveal()):
        return False
    try:
        return await pool.run(
            lambda: _verify(pool.profile, stored or pool.nobody, password) and stored is not None, lane
        )
    except PoolFullError:
        raise _busy() from None


def refuse_weak(desk: Desk, owner: Owner, password: Secret) -> None:
    """Refused when the password is too short, too long, or among those that are tried first."""
    hosts = (urlsplit(url).hostname or "" for url in desk.settings.public_urls)
    context = (owner.login, owner.name, owner.email, desk.settings.realm, *hosts, *owner.organisations)
    flaw: Flaw | None = password_flaw(password.reveal(), context=context)
    if flaw is not None:
        raise Refused("weak_password", field="password", message=f"the password {flaw.what}", mend=flaw.mend)


def refuse_sso(owner: Owner) -> None:
    """Refused for who signs in elsewhere: a password beside it would outlive the leaving of the organisation."""
    if owner.sso:
        raise Refused(
            "signs_in_elsewhere",
            field="login",
            message=f"{owner.login} signs in by the single sign-on and has no password here",
            mend="people of the single sign-on need none, not even to make tokens",
        )


def _verify(profile: PasswordHasher, stored: str, password: Secret) -> bool:
    try:
        asked = extract_parameters(stored)
        if asked.memory_cost > MAX_MEMORY_KIB or asked.time_cost > MAX_TIME or asked.parallelism > MAX_LANES:
            return False
        return profile.verify(stored, normal(password.reveal()))
    except (InvalidHashError, VerificationError):
        return False


def _busy() -> Refused:
    return Refused("busy", message="too many people sign in at this moment", mend="try again in a few seconds")
