"""Changes to tokens and their secrets."""

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import insert, select, update

from gateway.core.network import Networks
from gateway.core.owner import StoredSecret, Token, TokenRecord
from gateway.store.audit import Subject
from gateway.store.errors import NotFound
from gateway.store.ledger import Ledger
from gateway.store.records import TOKEN_RECORD, is_unended, token_record
from gateway.store.tables import secrets, tokens, usage

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
        expires_at: datetime | Unchanged | None = UNCHANGED,
    ) -> bool:
        """Set what is given; False, and nothing written, when that changes nothing. NotFound."""
        before = await self._known_token(token_id)
        wish = {"name": name, "scopes": scopes, "networks": networks, "expires_at": expires_at}
        given: dict[str, Any] = {field: value for field, value in wish.items() if value is not UNCHANGED}
        after = replace(before, **given)
        if after == before:
            return False
        await self._turn.execute(update(tokens).where(tokens.c.id == token_id).values(**given))
        old, new = _settings(before), _settings(after)
        changed = [field for field in new if new[field] != old[field]]
        detail = {"from": {field: old[field] for field in changed}, "to": {field: new[field] for field in changed}}
        self._token_done("token_edited", after, detail)
        return True

    async def rotate(self, token_id: str, secret: StoredSecret, *, old_ends_at: datetime) -> StoredSecret:
        """Put a new secret in the place of the current one, which lives on until `old_ends_at`. NotFound.

        Any secret older than that one ends now: at most two live. Returns the new secret with its row.
        """
        token = await self._known_token(token_id)
        of_token = secrets.c.token_id == token_id
        await self._turn.execute(update(secrets).where(of_token, secrets.c.ends_at > self.at).values(ends_at=self.at))
        await self._turn.execute(
            update(secrets).where(of_token, secrets.c.ends_at.is_(None)).values(ends_at=old_ends_at)
        )
        past = select(secrets.c.id).where(of_token).order_by(secrets.c.id.desc()).offset(PAST_SECRETS_KEPT)
        too_old = (await self._turn.execute(past)).scalars().all()
        if too_old:
            await self._turn.execute(secrets.delete().where(secrets.c.id.in_(too_old)))
        await self._turn.execute(update(usage).where(usage.c.token_id == token_id).values(since_rotation=0))
        stored = await self._add_secret(token_id, secret)
        self._token_done("token_rotated", token, {"old_ends_at": _text(old_ends_at)})
        return stored

    async def revoke(self, token_id: str) -> bool:
        """End the token for good; False, and nothing written, when it was. NotFound."""
        token = await self._known_token(token_id)
        if token.revoked_at is not None:
            return False
        await self._set(token, revoked_at=self.at, revoked_by=self.actor)
        self._token_done("token_revoked", token, {"owner": token.owner_id})
        return True

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
        await self._set(token, suspended_at=None)
        self._token_done("token_resumed", token, {})
        return True

    async def _known_token(self, token_id: str) -> Token:
        record = await self.token(token_id)
        if record is None:
            raise NotFound(f"{token_id}: no such token")
        return record.token

    async def _set(self, token: Token, **values: Any) -> None:
        await self._turn.execute(update(tokens).where(tokens.c.id == token.id).values(**values))

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
        "expires_at": _text(token.expires_at),
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
