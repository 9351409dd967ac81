"""`/api/v1/token`: what a token may do about itself: say what it is, and end itself.

Whoever finds a leaked token can end it at once, without an account: revocation needs the token and nothing else
(RFC 7009). Its answer is 200 whether or not the token was one, so that it teaches nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from gateway.auth.token_revoke import revoke_presented
from gateway.core.by_itself import at_itself
from gateway.core.credential import Presented, present
from gateway.core.evidence import Proven
from gateway.core.lifecycle import secret_state
from gateway.core.token import handle
from gateway.web.api.bearer import evidence_of, note_refused, usable_token
from gateway.web.api.form import read_token
from gateway.web.api.model import View
from gateway.web.api.operation import Ask, Needs, Operation, Reply
from gateway.web.api.problem import Problem

_TRANSPORTS = ("bearer", "token", "basic")


class TokenSelfView(View):
    """What a token is, as it may know of itself."""

    token: str = Field(description="Its handle.")
    kind: Literal["personal", "application"]
    owner: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None


class Revocation(BaseModel):
    """A token to be ended (RFC 7009). Other fields count for nothing."""

    token: str
    token_type_hint: str | None = Field(default=None, description="Counts for nothing.")


class RevokedView(View):
    """Nothing, whether or not it was a token."""


async def show(ask: Ask) -> Reply:
    """What the presented token is. Told only where it may be used; not counted as a use."""
    credential = present(ask.request.raw_headers, _TRANSPORTS)
    if not isinstance(credential, Presented):
        raise Problem("no_credential", "send the token as Authorization: Bearer")
    proven = await usable_token(
        ask.parts, ask.here, presented=credential.token, address=ask.client, host=ask.origin.host, acts=False
    )
    token = proven.token
    return Reply(
        body=TokenSelfView(
            token=handle(ask.here.policy.brand, token.kind, token.id),
            kind=token.kind.value,
            owner=proven.owner.login,
            name=token.name,
            scopes=sorted(token.scopes),
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


async def revoke(ask: Ask) -> Reply:
    """End the token in the form field `token`. Returns when no check anywhere can still allow it. What is none, or is
    not it any more, is in the audit as at a check.

    `token_type_hint` is not looked at: what a token is, it says itself (RFC 7009 section 2.1).
    """
    presented, _ = await read_token(ask.request)
    evidence = await evidence_of(ask.parts.authenticator, presented, ask.client)
    if isinstance(evidence, Proven):
        unfit = secret_state(evidence.secret, ask.desk.now())
        await revoke_presented(ask.desk, presented=evidence, address=ask.address)
    else:
        unfit = evidence.reason
    if unfit is not None:  # an old secret, or none: somebody has what they should not have, or tries
        note_refused(ask.parts, ask.here, evidence, unfit, at_itself(ask.client, ask.origin.host))
    return Reply(body=RevokedView())


OPERATIONS = (
    Operation(
        name="show_token_itself",
        method="GET",
        path="/api/v1/token",
        summary="Ask what a token is, by the token",
        tag="token",
        needs=Needs.TOKEN,
        answers={200: TokenSelfView},
        handler=show,
    ),
    Operation(
        name="revoke_token_itself",
        method="POST",
        path="/api/v1/token/revoke",
        summary="End a token, by the token (RFC 7009)",
        tag="token",
        needs=Needs.NOTHING,
        form=Revocation,
        answers={200: RevokedView},
        problems=("invalid_request", "unsupported_media_type"),
        handler=revoke,
    ),
)
