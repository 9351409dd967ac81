"""What is done to tokens that live: another secret, a stop and its end, and all of them at once."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from gateway.auth.desk import Effect
from gateway.auth.refused import Refused
from gateway.auth.token_known import refuse_unknown
from gateway.auth.token_revoke import revoke_all, revoke_tokens
from gateway.auth.token_stops import AllStopped, resume_token, suspend_all, suspend_tokens
from gateway.auth.token_wishes import read_owner, read_span
from gateway.auth.tokens import rotate_token
from gateway.core.owner import Token
from gateway.core.token import handle
from gateway.web.api.effect import EffectView, WaitQuery, effect_of, waiting
from gateway.web.api.model import Body, View
from gateway.web.api.operation import Ask, Reply
from gateway.web.api.resources.token_views import MadeView, made
from gateway.web.api.resources.tokens import KNOWN, MINTING, PATH, of_token, of_tokens

MAX_MANY = 500


class Rotation(Body):
    """How long the secret before still works: not at all, for a while, or until the new one is used."""

    grace: str = Field(default="0", description="`0`, `30m`, `12h`, at most `7d`. A token for itself: 60 s or more.")
    until_used: bool = Field(default=False, description="Until the first use of the new one, at most 7 days.")


class TokenSuspendedView(EffectView):
    """A token that is stopped until it is resumed."""

    token: str
    already: bool = Field(description="It was suspended, or had ended, before.")


class TokenResumedView(View):
    """A token that works again, as far as its owner does."""

    token: str
    changed: bool = Field(description="false: it was not suspended.")


class Many(Body):
    """Which tokens: these, or all of a user, or all of an application. One of the three."""

    tokens: Sequence[str] | None = Field(default=None, max_length=MAX_MANY, description="Handles or ids.")
    user: str | None = Field(default=None, description="A login.")
    application: str | None = Field(default=None, description="A name.")


class StoppedOne(View):
    """One of the tokens that were named."""

    token: str
    already: bool


class StoppedView(EffectView):
    """What became of them."""

    count: int = Field(description="How many were stopped by this request.")
    tokens: Sequence[StoppedOne] | None = Field(
        description="Each that was named and is there; null for all of an owner."
    )
    not_found: Sequence[str] = Field(description="Those that were named and are not there.")


async def rotate(ask: Ask) -> Reply:
    """Give a token a new secret. Sent again with the same `Idempotency-Key`, it does not rotate twice."""
    given = ask.body(Rotation)
    minted = await rotate_token(
        waiting(ask),
        actor=ask.actor,
        reference=ask.part("token"),
        grace=read_span(given.grace, "grace", none="0") or timedelta(0),
        until_used=given.until_used,
        address=ask.address,
        attempt=ask.attempt,
    )
    return Reply(body=made(ask.desk, minted))


async def suspend(ask: Ask) -> Reply:
    """Stop a token until it is resumed."""
    reference, desk = ask.part("token"), waiting(ask)
    done = await suspend_tokens(desk, actor=ask.actor, references=[reference], address=ask.address)
    if done.unknown:
        await refuse_unknown(ask.desk, ask.actor, reference)
    (one,) = done.stopped
    named = handle(ask.here.policy.brand, one.token.kind, one.token.id)
    return Reply(body=TokenSuspendedView(token=named, already=one.already, **effect_of(done.effect)))


async def resume(ask: Ask) -> Reply:
    """Let a suspended token work again."""
    done = await resume_token(ask.desk, actor=ask.actor, reference=ask.part("token"), address=ask.address)
    named = handle(ask.here.policy.brand, done.token.kind, done.token.id)
    return Reply(body=TokenResumedView(token=named, changed=done.changed))


async def revoke_many(ask: Ask) -> Reply:
    """End tokens for good: those that are named, or all of an owner."""
    given, desk = _many(ask), waiting(ask)
    if given.tokens is None:
        kind, login = read_owner(ask.actor, given.user, given.application)
        return _all(await revoke_all(desk, actor=ask.actor, owner_kind=kind, login=login, address=ask.address))
    done = await revoke_tokens(desk, actor=ask.actor, references=given.tokens, address=ask.address)
    return _some(ask, [(one.token, one.already) for one in done.revoked], done.unknown, done.effect)


async def suspend_many(ask: Ask) -> Reply:
    """Stop tokens until each is resumed: those that are named, or all of an owner."""
    given, desk = _many(ask), waiting(ask)
    if given.tokens is None:
        kind, login = read_owner(ask.actor, given.user, given.application)
        return _all(await suspend_all(desk, actor=ask.actor, owner_kind=kind, login=login, address=ask.address))
    done = await suspend_tokens(desk, actor=ask.actor, references=given.tokens, address=ask.address)
    return _some(ask, [(one.token, one.already) for one in done.stopped], done.unknown, done.effect)


def _many(ask: Ask) -> Many:
    given = ask.body(Many)
    if sum(one is not None for one in (given.tokens, given.user, given.application)) != 1:
        what, mend = "which tokens is not clear", "give one of tokens, user and application"
        raise Refused("bad_value", field="tokens", message=what, mend=mend)
    return given


def _all(done: AllStopped) -> Reply:
    return Reply(body=StoppedView(count=done.count, tokens=None, not_found=(), **effect_of(done.effect)))


def _some(ask: Ask, stopped: Sequence[tuple[Token, bool]], unknown: Sequence[str], effect: Effect | None) -> Reply:
    brand = ask.here.policy.brand
    shown = [StoppedOne(token=handle(brand, one.kind, one.id), already=already) for one, already in stopped]
    count = sum(not already for _, already in stopped)
    return Reply(body=StoppedView(count=count, tokens=shown, not_found=unknown, **effect_of(effect)))


_ENDING = ("token_ended",)
OPERATIONS = (
    of_token(
        name="rotate_token",
        method="POST",
        path=f"{PATH}/{{token}}/rotate",
        summary="Give a token a new secret",
        description="Without a grace the old one is dead when the answer comes. A token may rotate itself.",
        query=WaitQuery,
        body=Rotation,
        answers={200: MadeView},
        problems=(*KNOWN, *MINTING, "needs_grace", "revoked", "expired", "key_not_registered"),
        is_repeatable=True,
        handler=rotate,
    ),
    of_token(
        name="suspend_token",
        method="POST",
        path=f"{PATH}/{{token}}/suspend",
        summary="Stop a token until it is resumed",
        query=WaitQuery,
        answers={200: TokenSuspendedView},
        problems=(*KNOWN, *_ENDING),
        handler=suspend,
    ),
    of_token(
        name="resume_token",
        method="POST",
        path=f"{PATH}/{{token}}/resume",
        summary="Let a suspended token work again",
        answers={200: TokenResumedView},
        problems=(*KNOWN, *MINTING, "revoked", "expired"),
        handler=resume,
    ),
    of_tokens(
        name="revoke_tokens",
        method="POST",
        path=f"{PATH}/revoke",
        summary="Revoke many tokens, or all of an owner",
        query=WaitQuery,
        body=Many,
        answers={200: StoppedView},
        problems=(*KNOWN, *_ENDING),
        handler=revoke_many,
    ),
    of_tokens(
        name="suspend_tokens",
        method="POST",
        path=f"{PATH}/suspend",
        summary="Suspend many tokens, or all of an owner",
        query=WaitQuery,
        body=Many,
        answers={200: StoppedView},
        problems=(*KNOWN, *_ENDING),
        handler=suspend_many,
    ),
)
