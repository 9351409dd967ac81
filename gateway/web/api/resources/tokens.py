"""`/api/v1/tokens`: one's own tokens, and everybody's for holders of `any_tokens`: list, make, see, edit, revoke."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

from pydantic import Field

from gateway.auth.refused import Refused
from gateway.auth.token_edit import edit_token
from gateway.auth.token_known import refuse_unknown
from gateway.auth.token_list import page_tokens, show_token
from gateway.auth.token_revoke import revoke_tokens
from gateway.auth.token_wishes import NEVER, read_expires, read_moment, read_owner, read_span
from gateway.auth.tokens import create_token
from gateway.core.owner import OwnerKind
from gateway.core.token import handle
from gateway.store import TokenPlace, TokenState
from gateway.web.api.effect import EffectView, WaitQuery, effect_of, waiting
from gateway.web.api.model import Body, Page, PageQuery
from gateway.web.api.operation import Ask, IfMatch, Operation, Reply
from gateway.web.api.resources.token_views import (
    MadeView,
    SecretView,
    TokenPart,
    TokenSettings,
    TokenView,
    TokenWholeView,
    entry_of,
    made,
    settings_of,
)

PATH = "/api/v1/tokens"
LIST = "tokens"
KNOWN = ("not_found", "permission", "bad_value", "secret_given")
MINTING = ("borrowed_power", "needs_proof", "beyond_token", "owner_disabled", "token_ended", "busy")
of_tokens = partial(Operation, tag="tokens", permission="own_tokens")
of_token = partial(of_tokens, parts=TokenPart)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


class TokensQuery(PageQuery):
    """Which tokens: those that everything given lets through."""

    user: str | None = Field(default=None, description="Only this user's.")
    application: str | None = Field(default=None, description="Only this application's.")
    kind: Literal["personal", "application"] | None = Field(default=None, description="Only of that kind.")
    state: TokenState | None = Field(default=None, description="Only in that state.")
    scope: str | None = Field(default=None, description="Only with this scope.")
    group: str | None = Field(default=None, description="Only of owners in this group.")
    organisation: str | None = Field(default=None, description="Only of owners in this organisation.")
    expires_before: str | None = Field(default=None, description="Only that end before `30d` or `2027-01-31`.")
    expires_after: str | None = Field(default=None, description="Only that end then or later.")
    never_expires: bool = Field(default=False, description="Only that never end.")
    name: str | None = Field(default=None, description="Only with this in their name, in either case.")


class NewToken(Body):
    """A token to be made: for oneself, or for a user or an application by name."""

    name: str = Field(description="What it is for; unique among the owner's live tokens.")
    user: str | None = Field(default=None, description="The login of its owner, if that is not you.")
    application: str | None = Field(default=None, description="The name of its owner.")
    scopes: Sequence[str] = Field(default=(), description="From `GET /api/v1/scopes`.")
    networks: Sequence[str] = Field(default=(), description="Only from there; none: from anywhere.")
    hosts: Sequence[str] = Field(default=(), description="Only for these; none: for every host.")
    expires: str | None = Field(
        default=None, description="`90d`, `2027-01-31` (its end, UTC), an instant, `never`; null: by the policy."
    )
    idle: str | None = Field(default=None, description="End it when it is not used for so long: `30d`.")


class TokenChange(Body):
    """Other settings. What is given replaces what was there; what is left out stays."""

    name: str = ""
    scopes: Sequence[str] = ()
    networks: Sequence[str] | None = Field(default=None, description="null or empty: from anywhere.")
    hosts: Sequence[str] | None = Field(default=None, description="null or empty: for every host.")
    expires: str = Field(default="", description="As for a new token.")
    idle: str | None = Field(default=None, description="As for a new token; null or `none`: no matter how long.")


class TokenEditedView(TokenSettings, EffectView):
    """A token after an edit."""

    changed: bool = Field(description="false: it was so before.")


class TokenRevokedView(EffectView):
    """A token that has ended for good."""

    token: str
    already: bool = Field(description="It was revoked before.")


async def show_all(ask: Ask) -> Reply:
    """Tokens, a page at a time."""
    given, now = ask.query(TokensQuery), ask.desk.now()
    kind, login = _whose(ask, given)
    place = ask.place(LIST, int, str)
    before, later = given.expires_before, given.expires_after
    page = await page_tokens(
        ask.desk,
        actor=ask.actor,
        after=None if place is None else _place(int(place[0]), str(place[1])),
        limit=given.limit,
        owner_kind=kind,
        login=login,
        state=given.state,
        scope=given.scope,
        group=given.group,
        organisation=given.organisation,
        expires_before=None if before is None else read_moment(before, "expires_before", now),
        expires_after=None if later is None else read_moment(later, "expires_after", now),
        never_expires=given.never_expires,
        name=given.name,
    )
    after = page.after
    items = [TokenView(**entry_of(ask.desk, entry)) for entry in page.rows]
    further = None if after is None else ask.next_page(LIST, (after.created_at - _EPOCH) // _MICROSECOND, after.id)
    return Reply(body=Page[TokenView](items=items, next=further))


async def create(ask: Ask) -> Reply:
    """Make a token. Sent again with the same `Idempotency-Key`, it makes no second one."""
    given = ask.body(NewToken)
    kind, login = read_owner(ask.actor, given.user, given.application)
    minted = await create_token(
        ask.desk,
        actor=ask.actor,
        owner_kind=kind,
        login=login,
        name=given.name,
        scopes=given.scopes,
        networks=given.networks,
        hosts=given.hosts,
        expires=None if given.expires is None else read_expires(given.expires),
        idle=None if given.idle is None else read_span(given.idle, "idle", none="none"),
        address=ask.address,
        attempt=ask.attempt,
    )
    body = made(ask.desk, minted)
    return Reply(status=201, body=body, headers={"Location": f"{PATH}/{body.token}"})


async def show(ask: Ask) -> Reply:
    """A token, with its secrets by their dates."""
    shown = await show_token(ask.desk, actor=ask.actor, reference=ask.part("token"))
    secrets = [
        SecretView(created_at=one.created_at, ends_at=one.ends_at, until_used=one.until_used) for one in shown.secrets
    ]
    body = TokenWholeView(**entry_of(ask.desk, shown.entry), secrets=secrets)
    return Reply(body=body, version=shown.entry.version)


async def edit(ask: Ask) -> Reply:
    """Change what a token may do, and how long."""
    given = ask.body(TokenChange)
    has = given.model_fields_set
    wait = ask.query(WaitQuery).wait
    edited = await edit_token(
        replace(ask.desk, waits=wait),
        actor=ask.actor,
        reference=ask.part("token"),
        name=given.name if "name" in has else None,
        scopes=given.scopes if "scopes" in has else None,
        networks=given.networks or () if "networks" in has else None,
        hosts=given.hosts or () if "hosts" in has else None,
        expires=read_expires(given.expires) if "expires" in has else None,
        idle=read_span(given.idle or "none", "idle", none="none") or NEVER if "idle" in has else None,
        expected_version=ask.expected_version,
        address=ask.address,
    )
    settings = settings_of(ask.desk, edited.token, edited.owner)
    body = TokenEditedView(**settings, **effect_of(edited.effect), changed=edited.changed)
    return Reply(body=body, version=edited.version)


async def revoke(ask: Ask) -> Reply:
    """End a token for good."""
    reference = ask.part("token")
    done = await revoke_tokens(
        waiting(ask),
        actor=ask.actor,
        references=[reference],
        expected_version=ask.expected_version,
        address=ask.address,
    )
    if done.unknown:
        await refuse_unknown(ask.desk, ask.actor, reference)
    (one,) = done.revoked
    named = handle(ask.here.policy.brand, one.token.kind, one.token.id)
    return Reply(body=TokenRevokedView(token=named, already=one.already, **effect_of(done.effect)))


def _whose(ask: Ask, given: TokensQuery) -> tuple[OwnerKind | None, str | None]:
    """The owner whose tokens are listed, or owners of a kind, or all."""
    kind = None if given.kind is None else {"personal": OwnerKind.USER}.get(given.kind, OwnerKind.APPLICATION)
    if given.user is None and given.application is None:
        return kind, None
    found, login = read_owner(ask.actor, given.user, given.application)
    if kind not in {None, found}:
        what, mend = f"the tokens of a {found.value} are of the other kind", "leave kind out"
        raise Refused("bad_value", field="kind", message=what, mend=mend)
    return found, login


def _place(number: int, token_id: str) -> TokenPlace:
    """Where in the list; times that none can be lie before or behind all."""
    return TokenPlace(created_at=_EPOCH + max(0, min(number, _LATEST)) * _MICROSECOND, id=token_id)


OPERATIONS = (
    of_tokens(
        name="list_tokens",
        method="GET",
        path=PATH,
        summary="List tokens",
        description="Your own; those of everybody with the permission `any_tokens`. The oldest come first.",
        query=TokensQuery,
        answers={200: Page[TokenView]},
        problems=("not_found", "permission", "bad_value"),
        handler=show_all,
    ),
    of_tokens(
        name="create_token",
        method="POST",
        path=PATH,
        summary="Make a token",
        description="For others with the permission `any_tokens`. The secret is in this answer, and in no other.",
        body=NewToken,
        answers={201: MadeView},
        problems=(*KNOWN, *MINTING, "unknown_scope", "expiry", "name_taken", "too_many_tokens", "key_not_registered"),
        is_repeatable=True,
        handler=create,
    ),
    of_token(
        name="show_token",
        method="GET",
        path=f"{PATH}/{{token}}",
        summary="See a token",
        answers={200: TokenWholeView},
        problems=KNOWN,
        handler=show,
        has_etag=True,
    ),
    of_token(
        name="edit_token",
        method="PATCH",
        path=f"{PATH}/{{token}}",
        summary="Change what a token may do, and how long",
        query=WaitQuery,
        body=TokenChange,
        answers={200: TokenEditedView},
        problems=(*KNOWN, *MINTING, "unknown_scope", "expiry", "name_taken", "revoked", "expired"),
        if_match=IfMatch.REQUIRED,
        handler=edit,
        has_etag=True,
    ),
    of_token(
        name="revoke_token",
        method="DELETE",
        path=f"{PATH}/{{token}}",
        summary="Revoke a token, for good",
        description="The answer comes when no check anywhere allows it any more.",
        query=WaitQuery,
        answers={200: TokenRevokedView},
        problems=(*KNOWN, "token_ended"),
        if_match=IfMatch.OPTIONAL,
        handler=revoke,
    ),
)
