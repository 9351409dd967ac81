"""Sessions: signing in and out, and proving again who one is.

The cookie holds a secret, the store a digest of it. Every look-up reads the store: a session that was ended, or whose
person was disabled, is dead at once. What a failed sign-in answers is one and the same for a wrong password, an unknown
name and a disabled person, at the same cost; what is written down about it is written after the answer.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.auth.desk import Desk, effective
from gateway.auth.passwords import PasswordPool, hash_password, matches, refuse_weak
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.session_secret import end_before, new_session_secret, session_id_of
from gateway.auth.session_state import SEEN_EVERY, ends_at, holds, is_proven
from gateway.auth.sign_in_limit import SignInLimit, network_of
from gateway.auth.sign_in_notes import Cause, SignInNotes
from gateway.auth.vouched import BarredError, Vouched, take_over, vouched_owner
from gateway.config.portal_schema import PortalSession
from gateway.core.lru import Lru
from gateway.core.naming import label_flaw, printable
from gateway.core.owner import Owner
from gateway.core.power import Actor, How
from gateway.core.token import Secret
from gateway.store import Account, Change, SessionRecord, SessionRow, SignedInBy, StoreUnavailable

MAX_AGENT = 200
WRONG_PROOFS = 10  # in one session in a row, then it ends; its person signs in again
_WRONG_KEPT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in. `must_change`: with a password that somebody else chose; it opens only its change."""

    id: str
    owner: Owner
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    proof_at: datetime | None
    address: str
    user_agent: str
    how: SignedInBy
    must_change: bool

    def actor(self) -> Actor:
        """Who acts through this session. Refused while the password must be changed. Whether the password was typed
        lately is read in the change itself.
        """
        if self.must_change:
            raise Refused("password_must_change", message="choose a password of your own first")
        return Actor(name=self.owner.id, how=How.SESSION, owner=self.owner, session_id=self.id)

    def needs_proof(self, now: datetime, max_age: timedelta | None) -> bool:
        """Whether the password has to be typed again before something that matters. `max_age` is
        `portal.session.proof_age`.
        """
        return not is_proven(self.how, self.proof_at, now, max_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that was just begun, and the secret for its cookie."""

    session: Session
    secret: Secret


class Sessions:
    """The sessions of one installation. In one event loop; close it there."""

    def __init__(self, desk: Desk, pool: PasswordPool, limit: SignInLimit) -> None:
        self._desk = desk
        self._pool = pool
        self._limit = limit
        self._notes = SignInNotes()
        self._wrong: Lru[str, int] = Lru(_WRONG_KEPT)  # wrong passwords in a row, by session

    def use(self, desk: Desk) -> None:
        """Work by other settings from now on."""
        self._desk = desk

    async def close(self) -> None:
        """Write down what is not written yet."""
        await self._notes.close()

    async def sign_in(
        self, *, login: str, password: Secret, address: str = "", user_agent: str = "", before: Secret | None = None
    ) -> SignedIn:
        """Let somebody in by their password. `before` is the session that the browser had: it ends, whoever's it was.

        Refused `sign_in` with one answer for all that is wrong with the two; `limited`; `busy`.
        """
        self._limit.take(address)
        account = await self._desk.store.account(login) if label_flaw(login) is None else None
        stored = _password_of(account)
        if not await self._matches(stored, password, address) or account is None or stored is None:
            if account is not None:
                self._notes.note(self._desk, Cause(SignedInBy.PASSWORD, account.owner.id), address=address)
            raise _refused()
        self._limit.give_back(address)
        async with self._desk.store.change(actor=account.owner.id, address=address) as change:
            now = await change.account(account.owner.id)
            if now is None or _password_of(now) != stored:
                raise _refused()
            await end_before(change, before)
            return await self._begin(change, now, SignedInBy.PASSWORD, address, user_agent)

    async def sign_in_elsewhere(
        self,
        *,
        login: str,
        groups: frozenset[str],
        name: str | None = None,
        email: str | None = None,
        address: str = "",
        user_agent: str = "",
        before: Secret | None = None,
    ) -> SignedIn:
        """Let somebody in for whom the single sign-on vouches, with what it says of them. Whether it may be believed is
        the caller's to know. `before` is the session that the browser had: it ends, whoever's it was.

        Refused `sign_in` for who is not one of its people here, or is disabled. Only who fails can be `limited`. Groups
        that were taken away count nowhere any more when it returns.
        """
        desk, said = self._desk, Vouched(login=login, groups=groups, name=name, email=email)
        try:
            owner = await vouched_owner(desk, said, address=address)
            async with desk.store.change(actor=owner.id, address=address) as change:
                account, regrouped = await take_over(change, desk, said, owner.id)
                await end_before(change, before)
                begun = await self._begin(change, account, SignedInBy.SSO, address, user_agent)
        except BarredError as barred:
            owner_id = "" if barred.owner is None else barred.owner.id
            known = login if label_flaw(login) is None else ""
            cause = Cause(SignedInBy.SSO, owner_id=owner_id, login=known, reason=barred.why.value)
            self._refuse_elsewhere(cause, address)
            raise barred.refused() from None
        if regrouped:
            await effective(desk)
        return begun

    def distrust(self, *, reason: str, address: str = "") -> None:
        """Count and write down that somebody came with a word of the single sign-on that is not believed. `limited`."""
        self._refuse_elsewhere(Cause(SignedInBy.SSO, reason=reason), address)

    async def look_up(self, secret: Secret) -> Session | None:
        """The session of a cookie; None when it is none, ran out, was ended, or its person may not be here."""
        session_id = session_id_of(secret)
        record = None if session_id is None else await self._desk.store.session(session_id)
        if record is None:
            return None
        now, limits = self._desk.now(), self._desk.settings.portal.session
        found = _session(record, limits)
        if not holds(record.session, found.owner, now, limits):
            return None
        if now - found.last_seen_at >= SEEN_EVERY:
            try:
                await self._desk.store.record_seen(found.id, now)
            except StoreUnavailable:
                return found  # it reads, so people may read on; the idle end comes earlier than it might
        return found

    async def prove(self, session: Session, *, password: Secret, address: str = "") -> Session:
        """Type the password again. Refused `sign_in` when it is not the one, `limited`, `busy`; the session stays until
        that was wrong `WRONG_PROOFS` times in a row.
        """
        await self._prove(session, password, address)
        async with self._desk.store.change(actor=session.owner.id, address=address) as change:
            if not await change.prove_session(session.id):
                raise _refused()
            change_at = change.at
        return replace(session, proof_at=change_at)

    async def change_password(
        self, session: Session, *, current: Secret, new: Secret, address: str = "", user_agent: str = ""
    ) -> SignedIn:
        """Change one's own password, with the current one. Every session ends; a new one begins. Tokens stay (R28)."""
        stored = await self._prove(session, current, address)
        refuse_weak(self._desk, session.owner, new)
        if await matches(self._pool, stored, new, lane=network_of(address)):
            raise Refused("weak_password", field="password", message="the password is the one you have")
        hashed = await hash_password(self._pool, new, lane=network_of(address))
        async with self._desk.store.change(actor=session.owner.id, address=address) as change:
            now = await change.account(session.owner.id)
            if now is None or _password_of(now) != stored or await change.session(session.id) is None:
                raise _refused()
            await change.set_password(session.owner.id, hashed, must_change=False)
            after = await change.account(session.owner.id)
            if after is None:
                raise _refused()
            return await self._begin(change, after, SignedInBy.PASSWORD, address, user_agent)

    async def list_own(self, session: Session) -> tuple[Session, ...]:
        """Where this person is signed in, the newest first."""
        rows = await self._desk.store.sessions(session.owner.id)
        now, limits = self._desk.now(), self._desk.settings.portal.session
        return tuple(
            _of(row, session.owner, limits, must_change=session.must_change)
            for row in rows
            if holds(row, session.owner, now, limits)
        )

    async def end(self, session: Session, *, session_id: str, address: str = "") -> None:
        """Sign out: of this session, or of another of one's own. Refused `not_found` for whatever is not one's own."""
        async with self._desk.store.change(actor=session.owner.id, address=address) as change:
            if not await change.end_session(session_id, owner_id=session.owner.id):
                raise Refused(NOT_FOUND, field="session", message="there is no such session of yours")

    async def end_all(self, session: Session, *, besides_this: bool = True, address: str = "") -> int:
        """Sign out everywhere, or everywhere else; of how many."""
        async with self._desk.store.change(actor=session.owner.id, address=address) as change:
            return await change.end_sessions(session.owner.id, besides=session.id if besides_this else "")

    def _refuse_elsewhere(self, cause: Cause, address: str) -> None:
        self._limit.take(address)
        self._notes.note(self._desk, cause, address=address)

    async def _prove(self, session: Session, password: Secret, address: str) -> str:
        """The hash that the password was compared with. As the sign-in: limited, and at the same cost for everybody."""
        self._limit.take(address)
        stored = _password_of(await self._desk.store.account(session.owner.login))
        if not await self._matches(stored, password, address) or stored is None:
            self._notes.note(self._desk, Cause(SignedInBy.PASSWORD, session.owner.id), address=address)
            await self._count_wrong(session, address)
            raise Refused("sign_in", field="password", message="that is not your password")
        self._limit.give_back(address)
        self._wrong.pop(session.id)
        return stored

    async def _count_wrong(self, session: Session, address: str) -> None:
        """A session in which the password is guessed ends: whoever took it has few tries, from whatever networks."""
        wrong = (self._wrong.get(session.id) or 0) + 1
        self._wrong.put(session.id, wrong)
        if wrong >= WRONG_PROOFS:
            async with self._desk.store.change(actor=session.owner.id, address=address) as change:
                await change.end_session(session.id, owner_id=session.owner.id)

    async def _matches(self, stored: str | None, password: Secret, address: str) -> bool:
        try:
            return await matches(self._pool, stored, password, lane=network_of(address))
        except Refused:  # the pool is full: nothing was tried
            self._limit.give_back(address)
            raise

    async def _begin(
        self, change: Change, account: Account, how: SignedInBy, address: str, user_agent: str
    ) -> SignedIn:
        (secret, session_id), limits = new_session_secret(), self._desk.settings.portal.session
        row = SessionRow(
            id=session_id,
            owner_id=account.owner.id,
            created_at=change.at,
            last_seen_at=change.at,
            expires_at=change.at + limits.lifetime,
            proof_at=change.at if how is SignedInBy.PASSWORD else None,
            address=address,
            user_agent=printable(user_agent)[:MAX_AGENT],
            how=how,
        )
        await change.begin_session(row)
        return SignedIn(session=_session(SessionRecord(session=row, account=account), limits), secret=secret)


def _password_of(account: Account | None) -> str | None:
    """The hash that lets this person in; None for who may not come in by a password."""
    if account is None or account.password is None or not account.owner.enabled or account.owner.sso:
        return None
    return account.password.hash


def _session(record: SessionRecord, limits: PortalSession) -> Session:
    password = record.account.password
    forced = password is not None and password.must_change
    return _of(record.session, record.account.owner, limits, must_change=forced)


def _of(row: SessionRow, owner: Owner, limits: PortalSession, *, must_change: bool) -> Session:
    return Session(
        id=row.id,
        owner=owner,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        ends_at=ends_at(row, limits),
        proof_at=row.proof_at,
        address=row.address,
        user_agent=row.user_agent,
        how=row.how,
        must_change=must_change,
    )


def _refused() -> Refused:
    return Refused("sign_in", message="login or password is wrong", mend="ask an administrator if you have none")
