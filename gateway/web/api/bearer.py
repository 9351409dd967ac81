"""A token that is presented to the gateway itself: proven, and asked for all that every route asks of a token."""

from datetime import datetime

from gateway.auth.authenticate import Authenticator
from gateway.auth.evidence_of import RtAsked
from gateway.auth.turns import TRIES, Turn
from gateway.core.by_itself import at_itself, broken_by_itself
from gateway.core.decision import Deny
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.network import Address
from gateway.core.power import GATEWAY_SCOPE, Why
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.rt_token import parse_rt_token
from gateway.core.target import Target
from gateway.core.token import handle
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.api.problem import CHALLENGE, Problem, unavailable

INVALID = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}


async def evidence_of(authenticator: Authenticator, presented: bytes, address: Address | None) -> Proven | Rejected:
    """What there is to know of a presented token, whose network waits for hashes in a lane of its own. Problem
    `unavailable`, or `limited`, when it cannot be checked.
    """
    of_rt = parse_rt_token(presented)
    rt = None if of_rt is None else RtAsked(token=of_rt, address=address)
    evidence = await authenticator.authenticate(presented, rt=rt, address=address)
    if isinstance(evidence, NotChecked):
        if evidence.reason is Reason.LIMITED:
            raise Problem("limited", "too many tokens from your network were none", mend="try again in a minute")
        raise unavailable()
    return evidence


async def usable_token(
    parts: Parts, here: Surroundings, *, presented: bytes, address: Address | None, host: str, acts: bool
) -> Proven:
    """The token, if it may be used here and now. Problem, to its holder why; the audit has it as that of a check.

    `acts`: it acts in the gateway itself, at this host, for which it needs the scope, and which counts as a use; else
    it is only asked what it is, wherever it is meant for.
    """
    for _ in range(TRIES):
        evidence = await evidence_of(parts.authenticator, presented, address)
        now, asked = here.desk.now(), at_itself(address, host)
        if not isinstance(evidence, Proven):
            note_refused(parts, here, evidence, evidence.reason, asked)
            parts.limit.failure(address)
            raise Problem("invalid_token", "the token is not valid", headers=INVALID)
        broken = broken_by_itself(here.policy, evidence, address=address, host=host if acts else None, now=now)
        if broken is None and acts:
            _refuse_without_scope(evidence)
        turn = _turn(evidence, broken, now, acts=acts)
        if turn is None:
            if broken is not None:
                note_refused(parts, here, evidence, broken, asked)
                raise _refused(broken)
            if acts:
                parts.usage.count(evidence.token.id, now, address)
            return evidence
        where = str(address or "")
        if await parts.authenticator.settle(turn, address=where, write_uses=parts.usage.write) is not None:
            break
    raise unavailable()


def note_refused(parts: Parts, here: Surroundings, evidence: Proven | Rejected, reason: Reason, asked: Target) -> None:
    """Count a token that was not taken, for the audit, which has it as that of a check."""
    if isinstance(evidence, Proven):
        named = handle(here.policy.brand, evidence.token.kind, evidence.token.id)
        refusal = Deny(reason=reason, handle=named, proven=True)
    else:
        refusal = Deny(reason=reason, handle=evidence.handle)
    parts.refusals.refused(refusal, asked, here.desk.now())


def _refuse_without_scope(proven: Proven) -> None:
    if GATEWAY_SCOPE not in proven.token.scopes:
        words = "this token does nothing in the gateway itself"
        raise Problem(Why.SCOPE.value, words, mend=f"that needs the scope {GATEWAY_SCOPE}")


def _turn(proven: Proven, broken: Reason | None, now: datetime, *, acts: bool) -> Turn | None:
    """What the store must hold before the answer, as at a check: the old secret has ended, or the idle token."""
    if broken is None and acts and proven.ends_secret is not None:
        return Turn(token=proven.token, secret=proven.secret.row, at=now, old_secret=proven.ends_secret)
    if broken is Reason.IDLE and proven.token.idled_at is None:
        return Turn(token=proven.token, secret=proven.secret.row, at=now)
    return None


def _refused(broken: Reason) -> Problem:
    outside = OUTSIDE[broken]
    headers = INVALID if outside.status == 401 else None
    return Problem(outside.proven, "the token cannot be used here and now", headers=headers, status=outside.status)
