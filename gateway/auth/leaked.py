"""The use case behind `token revoke --stdin`: a list of leaked tokens comes in, and each that is ours dies.

The list may come from a stranger (a scanner's report, a public paste). A whole token is therefore revoked only when its
secret is really one of that token; with a public id and a made-up secret nobody's token can be ended. For the whole
token that is leave enough; a handle alone asks whether the actor may end tokens of its owner. Nothing of what came in
is repeated but a handle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.auth.desk import Desk, Effect
from gateway.auth.evidence_of import Authenticate, RtAsked
from gateway.auth.refused import Refused
from gateway.auth.token_known import sees
from gateway.auth.token_revoke import Revoked, revoke_tokens
from gateway.core.evidence import NotChecked, Proven
from gateway.core.power import Actor
from gateway.core.rt_token import RtToken, parse_rt_token
from gateway.core.token import handle, parse, parse_handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A line that ended no token. `handle` is empty when the line holds none."""

    line: int
    handle: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaked:
    """What became of the list. `effect`: None when there was nothing to revoke."""

    revoked: tuple[Revoked, ...]
    missing: tuple[Missing, ...]
    effect: Effect | None


async def revoke_leaked(
    desk: Desk,
    authenticate: Authenticate,
    *,
    actor: Actor,
    lines: Sequence[str],
    address: str = "",
) -> Leaked:
    """Revoke every token on the lines, in one change. Empty lines are passed over."""
    wanted: dict[str, str] = {}  # id -> handle, in the order of the list
    presented: set[str] = set()
    missing: list[Missing] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        found = await _read(desk, authenticate, actor, text)
        if isinstance(found, str):
            name = _handle_in(desk, text)
            missing.append(Missing(line=number, handle=name, why=found))
        else:
            wanted[found.id] = found.handle
            if found.is_proven:
                presented.add(found.handle)
    if not wanted:
        return Leaked(revoked=(), missing=tuple(missing), effect=None)
    done = await revoke_tokens(
        desk, actor=actor, references=list(wanted.values()), presented=presented, address=address
    )
    return Leaked(revoked=done.revoked, missing=tuple(missing), effect=done.effect)


class _Found(NamedTuple):
    """A token that is to be revoked."""

    id: str
    handle: str
    is_proven: bool


async def _read(desk: Desk, authenticate: Authenticate, actor: Actor, text: str) -> _Found | str:
    """The token that a line means; in words, why there is none."""
    brand = desk.settings.tokens.brand
    named = parse_handle(text, brand=brand)
    if named is not None:
        kind, token_id = named
        record = await desk.store.load_token(token_id)
        if record is None or record.token.kind is not kind or not sees(desk, actor, record.owner):
            return "not found"
        return _Found(token_id, text, is_proven=False)
    presented = text.encode("utf-8")
    of_rt = parse_rt_token(presented)
    if of_rt is not None:
        return await _read_rt(desk, authenticate, presented, of_rt)
    parsed = parse(presented, brand=brand)
    if parsed is None:
        return "not a token of this installation, or cut off"
    evidence = await authenticate(presented, None)
    match evidence:
        case Proven():
            return _Found(parsed.id, handle(brand, parsed.kind, parsed.id), is_proven=True)
        case NotChecked(detail=detail):
            raise _not_checked(detail)
        case _:
            record = await desk.store.load_token(parsed.id)
            if record is None or not sees(desk, actor, record.owner):
                return "not found"
            return "not revoked: the secret is none of this token's; to revoke it all the same, give the handle alone"


async def _read_rt(desk: Desk, authenticate: Authenticate, presented: bytes, token: RtToken) -> _Found | str:
    """As `_read`, for a token that was moved in from Request Tracker; also when no route takes those any more."""
    evidence = await authenticate(presented, None, rt=RtAsked(token=token, address=None))
    match evidence:
        case Proven(token=found):
            return _Found(found.id, handle(desk.settings.tokens.brand, found.kind, found.id), is_proven=True)
        case NotChecked(detail=detail):
            raise _not_checked(detail)
        case _:
            return "a token of Request Tracker that was not moved in, or is revoked or rotated"


def _not_checked(detail: str) -> Refused:
    return Refused("busy", message=f"the token cannot be checked: {detail}", mend="try again")


def _handle_in(desk: Desk, text: str) -> str:
    """The public part of a line that is spelled like a token or a handle; empty for anything else."""
    brand = desk.settings.tokens.brand
    parsed = parse(text.encode("utf-8"), brand=brand)
    if parsed is not None:
        return handle(brand, parsed.kind, parsed.id)
    return text if parse_handle(text, brand=brand) is not None else ""
