"""`POST /api/v1/introspect`: what a presented token is worth, for services that take tokens themselves (RFC 7662)."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from gateway.auth.introspect import introspect as ask_about
from gateway.core.evidence import NotChecked, Proven
from gateway.core.network import Address, Networks
from gateway.core.reason import Reason
from gateway.core.target import client_address, parse_host
from gateway.core.token import handle
from gateway.web.api.form import read_token
from gateway.web.api.model import View
from gateway.web.api.operation import Ask, Operation, Reply
from gateway.web.api.problem import Problem, unavailable

_NOWHERE = Networks(())


class Introspection(BaseModel):
    """A token that was presented to a service. Other fields count for nothing."""

    token: str
    token_type_hint: str | None = Field(default=None, description="Counts for nothing.")
    host: str | None = Field(default=None, description="Where it was presented: a token that names hosts needs it.")
    address: str | None = Field(default=None, description="By which client: a token that names networks needs it.")


class IntrospectionView(View):
    """What the token is worth. Without `active`, there is nothing else (RFC 7662 section 2.2)."""

    active: bool
    scope: str = Field(default="", description="Its scopes, separated by spaces.")
    username: str = Field(default="", description="The login of its owner.")
    token_type: str = Field(default="", description="`Bearer`.")
    exp: int = Field(default=0, description="When it ends, in seconds since 1970; left out when it does not.")
    iat: int = Field(default=0, description="When it was made.")
    sub: str = Field(default="", description="The id of its owner, which stays when the login changes.")
    aud: Sequence[str] = Field(default=(), description="The hosts that it names; left out when it names none.")
    iss: str = Field(default="", description="`public_url`.")
    jti: str = Field(default="", description="Its handle.")
    kind: str = Field(default="", description="`personal` or `application`.")
    groups: Sequence[str] = Field(default=(), description="Of its owner.")


async def introspect(ask: Ask) -> Reply:
    """What the token is worth."""
    presented, fields = await read_token(ask.request, ("host", "address"))
    found = await ask_about(
        ask.desk,
        ask.here.policy,
        ask.parts.authenticator,
        actor=ask.actor,
        presented=presented,
        client=_client(fields.get("address")),
        host=_host(fields.get("host")),
        address=ask.client,
        refusals=ask.parts.refusals,
    )
    if isinstance(found, NotChecked):
        if found.reason is Reason.LIMITED:
            raise Problem("limited", "too many tokens from your network were none", mend="try again in a minute")
        raise unavailable()
    shown = IntrospectionView(active=False) if found is None else _view(ask, found)
    return Reply(body=shown.model_dump(mode="json", exclude_unset=True))


def _view(ask: Ask, proven: Proven) -> IntrospectionView:
    token, owner = proven.token, proven.owner
    ends = [one for one in (token.expires_at, proven.secret.ends_at) if one is not None]
    more: dict[str, object] = {"exp": int(min(ends).timestamp())} if ends else {}
    if token.hosts is not None:
        more["aud"] = sorted(token.hosts)
    return IntrospectionView.model_validate(
        {
            "active": True,
            "scope": " ".join(sorted(token.scopes)),
            "username": owner.login,
            "token_type": "Bearer",
            "iat": int(token.created_at.timestamp()),
            "sub": owner.id,
            "iss": ask.desk.settings.public_url,
            "jti": handle(ask.here.policy.brand, token.kind, token.id),
            "kind": token.kind.value,
            "groups": sorted(owner.groups),
            **more,
        }
    )


def _client(text: str | None) -> Address | None:
    if text is None:
        return None
    found = None if "," in text else client_address(text.encode("utf-8"), _NOWHERE)
    if found is None:
        raise Problem("invalid_request", "the field address is not an address")
    return found


def _host(text: str | None) -> str:
    found = "" if text is None else parse_host(text.encode("utf-8"))
    if found is None:
        raise Problem("invalid_request", "the field host is not a host")
    return found


OPERATIONS = (
    Operation(
        name="introspect",
        method="POST",
        path="/api/v1/introspect",
        summary="Ask what a presented token is worth (RFC 7662)",
        description="It is no use of the token.",
        tag="introspect",
        permission="introspect",
        form=Introspection,
        answers={200: IntrospectionView},
        problems=("permission", "invalid_request", "unsupported_media_type"),
        handler=introspect,
        counts_apart=True,
    ),
)
