"""`/api/v1/me`: who one is, what one may do, and one's password. Name and address are kept by who manages people: an
app may know somebody by them (PARITY R25).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pydantic import Field

from gateway.auth.refused import NOT_FOUND, Refused
from gateway.core.owner import OwnerKind
from gateway.core.power import power
from gateway.core.token import Kind, Secret, handle
from gateway.web.api.model import Body, Password, View
from gateway.web.api.operation import Ask, Needs, Operation, Reply
from gateway.web.api.resources import session


class TokenPolicyView(View):
    """How long one's own tokens live."""

    default_lifetime_s: int
    max_lifetime_s: int | None = Field(description="null: also for ever.")


class MeView(View):
    """Who asks, and what they may do in the gateway itself."""

    id: str
    kind: Literal["user", "application"]
    login: str
    name: str
    email: str = Field(description="An application's contact.")
    groups: Sequence[str]
    organisations: Sequence[str]
    permissions: Sequence[str] = Field(description="That count now, by this session or token.")
    how: Literal["session", "token"]
    token: str | None = Field(description="The handle of the token that asks; null for a session.")
    scopes: Sequence[str] | None = Field(description="Of the token that asks; null for a session.")
    token_policy: TokenPolicyView
    support_contact: str = Field(description="Whom to ask for what one may not do; empty: nobody is named.")


class PasswordChange(Body):
    """The password that one has, and the one that one wants."""

    current: Password
    new: Password


async def show(ask: Ask) -> Reply:
    """Who asks."""
    entry = await ask.desk.store.owner(id=ask.owner.id)
    if entry is None or entry.deleted_at is not None:
        raise Refused(NOT_FOUND, message="you are not there any more")
    owner, token = entry.owner, ask.token
    return Reply(
        version=entry.version,
        body=MeView(
            id=owner.id,
            kind="user" if owner.kind is OwnerKind.USER else "application",
            login=owner.login,
            name=owner.name,
            email=owner.email,
            groups=owner.groups,
            organisations=owner.organisations,
            permissions=sorted(power(ask.here.policy.permissions, ask.actor)),
            how="session" if token is None else "token",
            token=None if token is None else handle(ask.here.policy.brand, token.kind, token.id),
            scopes=None if token is None else sorted(token.scopes),
            token_policy=_policy(ask, Kind.PERSONAL if owner.kind is OwnerKind.USER else Kind.APPLICATION),
            support_contact=ask.desk.settings.support_contact,
        ),
    )


async def change_password(ask: Ask) -> Reply:
    """Another password. Every session ends, and a new one begins; tokens live on (PARITY R28)."""
    given = ask.body(PasswordChange)
    begun = await ask.parts.sessions.change_password(
        ask.session,
        current=Secret(given.current.get_secret_value()),
        new=Secret(given.new.get_secret_value()),
        address=ask.address,
        user_agent=ask.user_agent,
    )
    return Reply(body=session.view(ask, begun.session), session=begun.secret)


def _policy(ask: Ask, kind: Kind) -> TokenPolicyView:
    tokens = ask.desk.settings.tokens
    lifetimes = tokens.personal if kind is Kind.PERSONAL else tokens.application
    longest = lifetimes.max_lifetime
    return TokenPolicyView(
        default_lifetime_s=lifetimes.default_lifetime // timedelta(seconds=1),
        max_lifetime_s=None if longest is None else longest // timedelta(seconds=1),
    )


OPERATIONS = (
    Operation(
        name="show_me",
        method="GET",
        path="/api/v1/me",
        summary="See who you are, and what you may do",
        tag="me",
        answers={200: MeView},
        problems=("not_found",),
        handler=show,
        has_etag=True,
    ),
    Operation(
        name="change_password",
        method="PUT",
        path="/api/v1/me/password",
        summary="Change your password",
        description="Every session ends and a new one begins, in the cookie of the answer. Tokens live on.",
        tag="me",
        needs=Needs.ANY_SESSION,
        body=PasswordChange,
        answers={200: session.SessionView},
        problems=("sign_in", "weak_password", "signs_in_elsewhere", "busy"),
        handler=change_password,
        changes_cookie=True,
    ),
)
