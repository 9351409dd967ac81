"""The use case behind `import rt-tokens`: the tokens of Request Tracker, by their stored hashes, as personal tokens.

Each becomes an ordinary token whose secret is the one that its owner has. RT's own id of a token is remembered, so that
the same file a second time changes nothing, and what was revoked here stays so.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from gateway.auth.desk import Desk
from gateway.auth.imports.report import RefusedLine
from gateway.auth.imports.rows import read_rows
from gateway.auth.imports.rt_lines import RtLine, about, judged, last_use
from gateway.auth.owners import ID_BYTES
from gateway.auth.power import acting, refuse_beyond, refuse_lacking, refuse_without
from gateway.auth.refused import Refused
from gateway.auth.rt import bcrypt_hash
from gateway.auth.token_fields import refuse_scopes
from gateway.core.naming import name_flaw
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.power import Act, Actor
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.token import ENTROPY_BYTES, Kind, new_id
from gateway.store import Change

COLUMNS = ("id", "user_id", "login", "description", "token", "created", "last_used", "expires")
NEEDED = ("id", "user_id", "login", "token")
MAX_A_USER = 8  # each one costs a bcrypt at its first use, and a wrong value costs all of them
MAX_TOKENS = 200_000
BATCH = 50  # users in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRtTokens:
    """How many lines did what. `shortened`: of the created, those that end sooner than in RT, by our policy."""

    created: int
    unchanged: int
    refused: int
    users_created: int
    shortened: int


async def import_rt_tokens(
    desk: Desk,
    *,
    actor: Actor,
    source: BinaryIO,
    scopes: Sequence[str],
    refused: Callable[[RefusedLine], None],
    progress: Callable[[int], None],
    create_users: bool = False,
    dry_run: bool = False,
    address: str = "",
) -> ImportedRtTokens:
    """Move the tokens in, each with these scopes. `progress`: bytes read so far. A dry run does it and takes it back.

    Refused when bcrypt is not installed, a scope is not declared, or the file does not name its columns.
    """
    if not bcrypt_hash.is_installed():
        raise Refused(
            "needs_bcrypt",
            message="tokens of Request Tracker need the package bcrypt, which is not installed",
            mend="install token-gateway[import]",
        )
    refuse_scopes(desk, scopes)
    work = _Work(desk, frozenset(scopes), refused, create_users=create_users)
    by_user = work.read(source, progress)
    for start in range(0, len(by_user), BATCH):
        await work.store(by_user[start : start + BATCH], actor, address, dry_run=dry_run)
    return ImportedRtTokens(
        created=work.created,
        unchanged=work.unchanged,
        refused=work.refused,
        users_created=work.users_created,
        shortened=work.shortened,
    )


class _DryRunError(Exception):
    """Takes back the transaction of a dry run."""


class _Work:
    def __init__(
        self, desk: Desk, scopes: frozenset[str], refused: Callable[[RefusedLine], None], *, create_users: bool
    ) -> None:
        self._desk = desk
        self._scopes = scopes
        self._tell = refused
        self._create_users = create_users
        self.created = self.unchanged = self.refused = self.users_created = self.shortened = 0

    def read(self, source: BinaryIO, progress: Callable[[int], None]) -> list[list[RtLine]]:
        """The tokens that can be moved, by user, the one used last first. All in memory: they have to be compared."""
        lines: dict[int, RtLine] = {}
        logins: dict[int, str] = {}
        for row in read_rows(source, columns=COLUMNS, needed=NEEDED):
            progress(row.end)
            found = judged(row)
            if isinstance(found, RefusedLine):
                self._refuse(found)
            elif found.rt_id in lines:
                at = lines[found.rt_id].line
                self._refuse(about(found, "id", f"is on line {at} already", "remove one of the two lines"))
            elif logins.setdefault(found.user_id, found.login.casefold()) != found.login.casefold():
                self._refuse(about(found, "login", "is not the login that this user id had before", "export it anew"))
            elif len(lines) == MAX_TOKENS:
                self._refuse(about(found, "line", f"is behind {MAX_TOKENS} tokens", "split the file"))
            else:
                lines[found.rt_id] = found
        users: dict[int, list[RtLine]] = {}
        for one in sorted(lines.values(), key=last_use, reverse=True):
            users.setdefault(one.user_id, []).append(one)
        return list(users.values())

    async def store(self, users: Sequence[Sequence[RtLine]], actor: Actor, address: str, *, dry_run: bool) -> None:
        """One transaction for all tokens of these users."""
        before = (self.created, self.unchanged, self.users_created, self.shortened)
        late: list[RefusedLine] = []
        try:
            async with self._desk.store.change(actor=actor.name, address=address) as change:
                now = await acting(change, self._desk, actor)
                refuse_without(self._desk, now, "any_tokens", what="move tokens in")
                for lines in users:
                    late += await self._user(change, now, lines)
                if dry_run:
                    raise _DryRunError
        except _DryRunError:
            pass
        except BaseException:
            self.created, self.unchanged, self.users_created, self.shortened = before
            raise
        for one in late:
            self._refuse(one)

    async def _user(self, change: Change, actor: Actor, lines: Sequence[RtLine]) -> list[RefusedLine]:
        moved = await change.rt_tokens_of(lines[0].user_id)
        known = {one.rt_token_id for one in moved}
        room = MAX_A_USER - sum(not one.is_revoked for one in moved)
        fresh = [one for one in lines if one.rt_id not in known]
        self.unchanged += len(lines) - len(fresh)
        late = [one for one in fresh if one.expires is not None and one.expires <= change.at]
        refusals = [about(one, "expires", "has passed", "nothing to do: the token has expired") for one in late]
        fresh = [one for one in fresh if one not in late]
        if not fresh:
            return refusals
        try:
            owner = await self._owner(change, actor, fresh[0].login)
        except Refused as refused:
            owner = f"is refused: {refused.message}", refused.mend
        if isinstance(owner, tuple):
            return refusals + [about(one, "login", *owner) for one in fresh]
        for one in fresh:
            if room <= 0:
                mend = "make a new token for what still uses this one"
                refusals.append(about(one, "user_id", f"has {MAX_A_USER} tokens that were used later", mend))
                continue
            flaw = await self._token(change, actor, owner, one)
            if flaw is not None:
                refusals.append(flaw)
            else:
                room -= 1
        return refusals

    async def _owner(self, change: Change, actor: Actor, login: str) -> Owner | tuple[str, str]:
        """Whose the tokens are going to be, or why nobody's; Refused when the actor may make none for them."""
        entry = await change.owner(login=login)
        if entry is None and self._create_users:
            owner = Owner(id=secrets.token_hex(ID_BYTES), kind=OwnerKind.USER, login=login)
            refuse_lacking(self._desk, actor, Act.ADD_OWNER, owner)
            refuse_lacking(self._desk, actor, Act.MINT_TOKEN, owner)
            await change.add_owner(owner)
            self.users_created += 1
            return owner
        if entry is None:
            return "is no user here", "import the users first, or add --create-users"
        if entry.deleted_at is not None:
            return "was deleted here", "names are never given again"
        if entry.owner.kind is not OwnerKind.USER:
            return "is an application here", "RT's tokens are of people; rename one of the two"
        refuse_lacking(self._desk, actor, Act.MINT_TOKEN, entry.owner)
        return entry.owner

    async def _token(self, change: Change, actor: Actor, owner: Owner, line: RtLine) -> RefusedLine | None:
        name = line.description or f"RT token {line.rt_id}"
        if await change.is_name_taken(owner.id, name):
            name = f"{name} (RT {line.rt_id})"
        flaw = name_flaw(name)
        if flaw is not None:
            return about(line, "description", flaw.what, flaw.mend)
        longest = self._desk.settings.tokens.personal.max_lifetime
        expires = line.expires
        if longest is not None and (expires is None or expires > change.at + longest):
            expires = change.at + longest
            self.shortened += 1
        made = change.at if line.created is None else min(line.created, change.at)
        token = Token(
            id=new_id(secrets.token_bytes(ENTROPY_BYTES)),
            kind=Kind.PERSONAL,
            owner_id=owner.id,
            name=name,
            scopes=self._scopes,
            created_at=made,
            expires_at=expires,
        )
        try:
            refuse_beyond(actor, token)
        except Refused as refused:
            return about(line, refused.field, f"is refused: {refused.message}", refused.mend)
        secret = StoredSecret(
            row=0, token_id=token.id, scheme=RT_BCRYPT, hash=line.stored, key_id="", tag=b"", created_at=made
        )
        await change.add_token(token, secret)
        await change.add_rt_token(token.id, rt_token_id=line.rt_id, user_id=line.user_id, stored_hash=line.stored)
        self.created += 1
        return None

    def _refuse(self, one: RefusedLine) -> None:
        self.refused += 1
        self._tell(one)
