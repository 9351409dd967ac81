"""What somebody may choose from when they make a token: scopes, and for how long. Forms are filled from these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without_scope
from gateway.auth.token_fields import MAX_IDLE
from gateway.auth.tokens import MAX_GRACE, MIN_OWN_GRACE
from gateway.core.lifecycle import MIN_IDLE
from gateway.core.power import Actor
from gateway.core.token import Kind

PRESETS = tuple(timedelta(days=days) for days in (7, 30, 90, 180, 365))  # PARITY R19


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long tokens of a kind live. `longest` None: also for ever. `presets`: those that the policy allows.

    `most`: how many of one owner may live; None: any number.
    """

    default: timedelta
    longest: timedelta | None
    presets: Sequence[timedelta]
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """What holds for every token."""

    lifetimes: Mapping[Kind, Lifetimes]
    shortest_idle: timedelta = MIN_IDLE
    longest_idle: timedelta = MAX_IDLE
    longest_grace: timedelta = MAX_GRACE
    shortest_own_grace: timedelta = MIN_OWN_GRACE


def choosable_scopes(desk: Desk, *, actor: Actor) -> Mapping[str, str]:
    """The declared scopes that the actor may give to a token, each with its line of text. A token gives what it has."""
    refuse_without_scope(actor)
    of_token = None if actor.token is None else actor.token.scopes
    return {name: text for name, text in desk.settings.scopes.items() if of_token is None or name in of_token}


def token_policy(desk: Desk, *, actor: Actor) -> TokenPolicy:
    """The rules, as the configuration has them."""
    refuse_without_scope(actor)
    tokens = desk.settings.tokens
    written = {Kind.PERSONAL: tokens.personal, Kind.APPLICATION: tokens.application}
    return TokenPolicy(
        lifetimes={
            kind: Lifetimes(
                default=one.default_lifetime,
                longest=one.max_lifetime,
                presets=[span for span in PRESETS if one.max_lifetime is None or span <= one.max_lifetime],
                most=one.max_per_owner,
            )
            for kind, one in written.items()
        }
    )
