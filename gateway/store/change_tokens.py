"""Changes to tokens and their secrets."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select, update

from gateway.core.lifecycle import token_state
from gateway.core.network import Networks
from gateway.core.owner import StoredSecret, Token, TokenRecord
from gateway.core.reason import Reason
from gateway.store.audit import Subject
from gateway.store.errors import NotFound
from gateway.store.ledger import Ledger
from gateway.store.records import TOKEN_RECORD, token_record
from gateway.store.tables import secrets, tokens, usage
from gateway.store.token_filter import TokenState, in_state, is_unended

# A secret that ends at once is dead by a time long past, so that no clock that goes back, here or on a host that lags,
# brings it to life again. When it ended stands in the audit.
_ENDED = secrets.c.created_at
PAST_SECRETS_KEPT = 8  # ended ones, so that the use of a stale secret is known as that


class Unchanged(Enum):
    """The mark of a field that an edit leaves alone; None means something in some of them."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class TokenChanges(Ledger):
    """The part of a `Change` that is about tokens. Every method leaves its feed and audit rows by itself."""

    async def token(self, token_id: str) -> TokenRecord | None:
        """The token as this transaction sees it."""
        return token_record((await self._turn.execute(TOKEN_RECORD, {"wanted": token_id})).all())

    async def is_name_taken(self, owner_id: str, name: str, *, besides: str | None = None) -> bool:
        """Whether another token of the owner, neither revoked nor expired, has that name; `besides` is passed over."""
        statement = select(tokens.c.id).where(
            tokens.c.owner_id == owner_id, tokens.c.name == name, is_unended(self.at), tokens.c.id != (besides or "")
        )
        return (await self._turn.execute(statement.limit(1))).first() is not None

    async def unended_of(self, owner_id: str) -> int:
        """How many tokens of the owner are neither revoked nor expired."""
        statement = select(func.count()).where(tokens.c.owner_id == owner_id, is_unended(self.at))
        return int((await self._turn.execute(statement)).scalar_one())

    async def add_token(self, token: Token, secret: StoredSecret) -> StoredSecret:
        """Create the token with its first secret, and return that with its row. NameTaken for an id that is in use."""
        await self._turn.execute(
            insert(tokens).values(
                id=token.id,
                kind=token.kind.value,
                owner_id=token.owner_id,
                name=token.name,
                scopes=token.scopes,
                networks=token.networks,
                hosts=token.hosts,
                idle_s=token.idle,
                created_at=token.created_at,
                created_by=self.actor,
                expires_at=token.expires_at,
                suspended_at=token.suspended_at,
                revoked_at=token.revoked_at,
            )
        )
        await self._turn.execute(insert(usage).values(token_id=token.id, total=0, since_rotation=0, last_address=""))
        stored = await self._add_secret(token.id, secret)
        detail = {"kind": token.kind.value, "owner": token.owner_id, **_settings(token)}
        self._token_done("token_created", token, detail)
        return stored

    async def edit_token(
        self,
        token_id: str,
        *,
        name: str | Unchanged = UNCHANGED,
        scopes: frozenset[str] | Unchanged = UNCHANGED,
        networks: Networks | Unchanged | None = UNCHANGED,
        hosts: frozenset[str] | Unchanged | None = UNCHANGED,
        expires_at: datetime | Unchanged | None = UNCHANGED,
        idle: timedelta | Unchanged | None = UNCHANGED,
    ) -> bool:
        """Set what is given; False, and nothing written, when that changes nothing. NotFound.

        Another idle expiry counts from now: nobody set this one's clock before.
        """
        before = await self._known_token(token_id)
        wish: dict[str, Any] = {"name": name, "scopes": scopes, "networks": networks, "hosts": hosts}
        wish |= {"expires_at": expires_at, "idle": idle}
        given = {field: value for field, value in wish.items() if value is not UNCHANGED}
        after = replace(before, **given)
        if after == before:
            return False
        if "idle" in given:
            given["idle_s"] = given.pop("idle")
        if after.idle != before.idle:
            given["quiet_from"] = self.at
        await self._set(before, **given)
        old, new = _settings(before), _settings(after)
        changed = [field for field in new if new[field] != old[field]]
        detail = {"from": {field: old[field] for field in changed}, "to": {field: new[field] for field in changed}}
        self._token_done("token_edited", after, detail)
        return True

    async def rotate(
        self, token_id: str, secret: StoredSecret, *, old_ends_at: datetime, until_used: bool = False
    ) -> StoredSecret:
        """Put a new secret in the place of the current one, which lives on until `old_ends_at`. NotFound.

        `until_used`: or until `end_by_use`, whatever comes first. Any secret older than the current one ends now: at
        most two live. Returns the new secret with its row.
        """
        token = await self._known_token(token_id)
        of_token = secrets.c.token_id == token_id
        ended: dict[str, Any] = {"ends_at": _ENDED, "ended_by_use_of": None}
        await self._turn.execute(update(secrets).where(of_token, secrets.c.ends_at > self.at).values(**ended))
        await self._turn.execute(
            update(secrets)
            .where(of_token, secrets.c.ends_at.is_(None))
            .values(ends_at=old_ends_at if old_ends_at > self.at else _ENDED)
        )
        past = select(secrets.c.id).where(of_token).order_by(secrets.c.id.desc()).offset(PAST_SECRETS_KEPT)
        too_old = (await self._turn.execute(past)).scalars().all()
        if too_old:
            await self._turn.execute(secrets.delete().where(secrets.c.id.in_(too_old)))
        await self._turn.execute(update(usage).where(usage.c.token_id == token_id).values(since_rotation=0))
        stored = await self._add_secret(token_id, secret)
        if until_used:
            older = select(func.max(secrets.c.id)).where(of_token, secrets.c.id < stored.row).scalar_subquery()
            await self._turn.execute(update(secrets).where(secrets.c.id == older).values(ended_by_use_of=stored.row))
        await self._set(token, quiet_from=self.at)
        self._token_done("token_rotated", token, {"old_ends_at": _text(old_ends_at), "until_used": until_used})
        return stored

    async def replace_unused(self, token_id: str, row: int, secret: StoredSecret) -> StoredSecret | None:
        """Put a new secret in the place of the current one, of row `row`, which nobody has used; None, and nothing
        written, when it is not the current one, or the token has ended or was used since it got it. NotFound.

        An older secret in its grace stays as it is. Its uses count as the token's, so beside one that ends after a
        time the new secret counts as used; beside one that waits for the first use of the new one it is known that
        there was none. Returns the new secret with its row.
        """
        record = await self._known_record(token_id)
        token, current = record.token, next((one for one in record.secrets if one.ends_at is None), None)
        ended = token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= self.at)
        if ended or current is None or current.row != row:
            return None
        if record.ended_by_use_of(current) is None:
            uses = await self._turn.execute(select(usage.c.since_rotation).where(usage.c.token_id == token_id))
            if uses.scalar_one_or_none() != 0:
                return None
        await self._turn.execute(update(secrets).where(secrets.c.id == row).values(ends_at=_ENDED))
        stored = await self._add_secret(token_id, secret)
        waits = secrets.c.ended_by_use_of == row
        await self._turn.execute(update(secrets).where(waits).values(ended_by_use_of=stored.row))
        await self._set(token, quiet_from=self.at)
        self._token_done("token_secret_replaced", token, {"because": "request_sent_again"})
        return stored

    async def end_by_use(self, token_id: str, *, old: int, new: int) -> bool:
        """End the secret of row `old` because that of row `new` is used; False, and nothing written, when it does not
        wait for that any more. NotFound.
        """
        token = await self._known_token(token_id)
        waits = (secrets.c.id == old) & (secrets.c.token_id == token_id) & (secrets.c.ended_by_use_of == new)
        result = await self._turn.execute(update(secrets).where(waits).values(ended_by_use_of=None))
        if result.rowcount != 1:
            return False
        still = (secrets.c.id == old) & (secrets.c.ends_at > self.at)
        await self._turn.execute(update(secrets).where(still).values(ends_at=_ENDED))
        self._token_done("old_secret_ended", token, {"because": "new_secret_used"})
        return True

    async def end_idle(self, token_id: str) -> bool:
        """End the token for good if it is idle by all that is written down; False, and nothing written, when it is not,
        or is not usable for another reason. NotFound.
        """
        record = await self._known_record(token_id)
        token, since = record.token, record.quiet_since
        if token.idled_at is not None or token_state(token, record.owner, self.at, since) is not Reason.IDLE:
            return False
        await self._set(token, expires_at=self.at, idled_at=self.at)
        self._token_done("token_idle_expired", token, {"quiet_since": _text(since), "idle_s": _seconds(token.idle)})
        return True

    async def revoke(self, token_id: str) -> bool:
        """End the token for good; False, and nothing written, when it was. NotFound."""
        token = await self._known_token(token_id)
        if token.revoked_at is not None:
            return False
        await self._set(token, revoked_at=self.at, revoked_by=self.actor)
        self._token_done("token_revoked", token, {"owner": token.owner_id})
        return True

    async def revoke_all_of(self, owner_id: str) -> int:
        """End every token of an owner for good; how many were not so before."""
        unrevoked = (tokens.c.owner_id == owner_id) & tokens.c.revoked_at.is_(None)
        values = {"revoked_at": self.at, "revoked_by": self.actor}
        return await self._set_all("token_revoked", unrevoked, values, {"owner": owner_id, "all": True})

    async def suspend_all_of(self, owner_id: str) -> int:
        """Stop every live token of an owner until `resume`; how many there were."""
        live = (tokens.c.owner_id == owner_id) & in_state(TokenState.LIVE, self.at)
        return await self._set_all("token_suspended", live, {"suspended_at": self.at}, {"all": True})

    async def suspend(self, token_id: str) -> bool:
        """Stop the token until `resume`; False, and nothing written, when it is suspended. NotFound."""
        token = await self._known_token(token_id)
        if token.suspended_at is not None:
            return False
        await self._set(token, suspended_at=self.at)
        self._token_done("token_suspended", token, {})
        return True

    async def resume(self, token_id: str) -> bool:
        """Let a suspended token work again; False, and nothing written, when it is not suspended. NotFound."""
        token = await self._known_token(token_id)
        if token.suspended_at is None:
            return False
        await self._set(token, suspended_at=None, quiet_from=self.at)
        self._token_done("token_resumed", token, {})
        return True

    async def _known_token(self, token_id: str) -> Token:
        return (await self._known_record(token_id)).token

    async def _known_record(self, token_id: str) -> TokenRecord:
        record = await self.token(token_id)
        if record is None:
            raise NotFound(f"{token_id}: no such token")
        return record

    async def _set(self, token: Token, **values: Any) -> None:
        given = update(tokens).where(tokens.c.id == token.id).values(**values, version=tokens.c.version + 1)
        await self._turn.execute(given)

    async def _set_all(
        self, action: str, which: ColumnElement[bool], values: dict[str, Any], detail: dict[str, Any]
    ) -> int:
        """Two statements for any number of tokens, with a feed and an audit row for each."""
        found: Any = (await self._turn.execute(select(tokens.c.id, tokens.c.name).where(which))).all()
        await self._turn.execute(update(tokens).where(which).values(**values, version=tokens.c.version + 1))
        for token_id, name in found:
            self.touch("token", token_id)
            self.audit(action, Subject(kind="token", id=token_id, label=name), detail)
        return len(found)

    async def _add_secret(self, token_id: str, secret: StoredSecret) -> StoredSecret:
        result = await self._turn.execute(
            insert(secrets).values(
                token_id=token_id,
                scheme=secret.scheme,
                hash=secret.hash,
                key_id=secret.key_id,
                tag=secret.tag,
                created_at=secret.created_at,
                ends_at=secret.ends_at,
            )
        )
        key: Any = result.inserted_primary_key
        return replace(secret, row=key.id, token_id=token_id)

    def _token_done(self, action: str, token: Token, detail: dict[str, Any]) -> None:
        self.touch("token", token.id)
        self.audit(action, Subject(kind="token", id=token.id, label=token.name), detail)


def _settings(token: Token) -> dict[str, Any]:
    """What can be edited, as JSON."""
    return {
        "name": token.name,
        "scopes": sorted(token.scopes),
        "networks": None if token.networks is None else [str(network) for network in token.networks.members],
        "hosts": None if token.hosts is None else sorted(token.hosts),
        "expires_at": _text(token.expires_at),
        "idle_s": _seconds(token.idle),
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(seconds=1)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
