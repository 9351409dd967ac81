"""How answers show tokens. A secret has its place in one of them, `MadeView`, and in no other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from gateway.auth.desk import Desk
from gateway.auth.tokens import Minted
from gateway.core.lifecycle import token_state
from gateway.core.owner import Owner, Token
from gateway.core.token import handle
from gateway.store import TokenEntry
from gateway.web.api.effect import EffectView, effect_of
from gateway.web.api.etag import etag
from gateway.web.api.model import View

TokenPart = {"token": "Its handle (`tgp_...`) or id; never the whole token."}


class OwnerOfToken(View):
    """Whose token it is."""

    kind: Literal["user", "application"]
    login: str
    enabled: bool


class TokenSettings(View):
    """A token as it was made or edited."""

    token: str = Field(description="Its handle: the public part, by which it is named everywhere.")
    kind: Literal["personal", "application"]
    owner: OwnerOfToken
    name: str
    scopes: Sequence[str]
    networks: Sequence[str] | None = Field(description="Only from there; null: from anywhere.")
    hosts: Sequence[str] | None = Field(description="Only for these; null: for every host.")
    created_at: datetime
    expires_at: datetime | None = Field(description="null: never.")
    idle_s: int | None = Field(description="It ends when it is not used for so long; null: no matter how long.")


class UsageView(View):
    """How often, when and from where a token was used. Written down every 10 seconds."""

    total: int
    since_rotation: int
    last_used_at: datetime | None = Field(description="null: never used.")
    last_address: str = Field(description="Empty when it was not known.")


class TokenView(TokenSettings):
    """A token as lists show it."""

    etag: str = Field(description="Its version, for `If-Match`.")
    state: str = Field(
        description="`live`, or why it cannot be used: `expired`, `idle`, `revoked`, `suspended`, `owner_disabled`."
    )
    created_by: str = Field(description="`cli:NAME`, `token:HANDLE`, or the id of an owner.")
    created_by_login: str | None = Field(description="Whom that id is, or was, of; null for who is no owner.")
    suspended_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None = Field(description="As `created_by`.")
    revoked_by_login: str | None
    idled_at: datetime | None = Field(description="When it ended because it was not used.")
    is_from_rt: bool = Field(description="Its secret is the one that it had in Request Tracker.")
    usage: UsageView


class SecretView(View):
    """One of a token's secrets: when it was made and until when it works, never what it is."""

    created_at: datetime
    ends_at: datetime | None = Field(description="null: it is the current one.")
    until_used: bool = Field(description="It ends with the first use of the current one, if that comes earlier.")


class TokenWholeView(TokenView):
    """A token with its secrets, the newest first."""

    secrets: Sequence[SecretView]


class MadeView(TokenSettings, EffectView):
    """A token with the secret that was just made. This is the only time that it is shown."""

    secret: str = Field(description="The whole token. It is stored nowhere as it is, and cannot be read again.")
    old_secret_ends_at: datetime | None = Field(description="Of a rotated token: until when the one before works.")
    until_used: bool = Field(description="Or until the first use of this one.")


def settings_of(desk: Desk, token: Token, owner: Owner) -> dict[str, Any]:
    """The fields of `TokenSettings`."""
    return {
        "token": handle(desk.settings.tokens.brand, token.kind, token.id),
        "kind": token.kind.value,
        "owner": OwnerOfToken(kind=owner.kind.value, login=owner.login, enabled=owner.enabled),
        "name": token.name,
        "scopes": sorted(token.scopes),
        "networks": None if token.networks is None else list(map(str, token.networks.members)),
        "hosts": None if token.hosts is None else sorted(token.hosts),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "idle_s": None if token.idle is None else token.idle // timedelta(seconds=1),
    }


def entry_of(desk: Desk, entry: TokenEntry) -> dict[str, Any]:
    """The fields of `TokenView`."""
    token, usage = entry.token, entry.usage
    reason = token_state(token, entry.owner, desk.now(), entry.quiet_since)
    return settings_of(desk, token, entry.owner) | {
        "etag": etag(entry.version),
        "state": "live" if reason is None else reason.value,
        "created_by": entry.created_by,
        "created_by_login": entry.created_by_login,
        "suspended_at": token.suspended_at,
        "revoked_at": token.revoked_at,
        "revoked_by": entry.revoked_by,
        "revoked_by_login": entry.revoked_by_login,
        "idled_at": token.idled_at,
        "is_from_rt": entry.is_from_rt,
        "usage": UsageView(
            total=usage.total,
            since_rotation=usage.since_rotation,
            last_used_at=usage.last_used_at,
            last_address=usage.last_address,
        ),
    }


def made(desk: Desk, minted: Minted) -> MadeView:
    """A token with its new secret."""
    return MadeView(
        **settings_of(desk, minted.token, minted.owner),
        **effect_of(minted.effect),
        secret=minted.whole.reveal(),
        old_secret_ends_at=minted.old_ends_at,
        until_used=minted.until_used,
    )
