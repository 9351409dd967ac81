"""The use case behind `token revoke --stdin`: a list of leaked tokens comes in, and each that is ours dies.

The list may come from a stranger (a scanner's report, a public paste). A whole token is therefore revoked only when its
secret is really one of that token; with a public id and a made-up secret nobody's token can be ended. Nothing of what
came in is repeated but a handle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.auth.desk import Desk, Effect
from gateway.auth.evidence_of import Authenticate, RtAsked
from gateway.auth.refused import Refused
from gateway.auth.tokens import Revoked, revoke_tokens
from gateway.core.evidence import NotChecked, Proven
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
    actor: str,
    lines: Sequence[str],
    address: str = "",
) -> Leaked:
    """Revoke every token on the lines, in one change. Empty lines are passed over."""
    wanted: dict[str, str] = {}  # id -> handle, in the order of the list
    missing: list[Missing] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        found = await _read(desk, authenticate, text)
        if isinstance(found, str):
            name = _handle_in(desk, text)
            missing.append(Missing(line=number, handle=name, why=found))
        else:
            token_id, name = found
            wanted[token_id] = name
    if not wanted:
        return Leaked(revoked=(), missing=tuple(missing), effect=None)
    done = await revoke_tokens(desk, actor=actor, references=list(wanted.values()), address=address)
    return Leaked(revoked=done.revoked, missing=tuple(missing), effect=done.effect)


async def _read(desk: Desk, authenticate: Authenticate, text: str) -> tuple[str, str] | str:
    """Id and handle of a token that is to be revoked; in words, why there is none."""
    brand = desk.settings.tokens.brand
    named = parse_handle(text, brand=brand)
    if named is not None:
        kind, token_id = named
        record = await desk.store.load_token(token_id)
        if record is None or record.token.kind is not kind:
            return "not found"
        return token_id, text
    presented = text.encode("utf-8")
    of_rt = parse_rt_token(presented)
    if of_rt is not None:
        return await _read_rt(desk, authenticate, presented, of_rt)
    parsed = parse(presented, brand=brand)
    if parsed is None:
        return "not a token of this installation, or cut off"
    evidence = await authenticate(presented, None)
    name = handle(brand, parsed.kind, parsed.id)
    match evidence:
        case Proven():
            return parsed.id, name
        case NotChecked(detail=detail):
            raise _not_checked(detail)
        case _:
            if await desk.store.load_token(parsed.id) is None:
                return "not found"
            return "not revoked: the secret is none of this token's; to revoke it all the same, give the handle alone"


async def _read_rt(desk: Desk, authenticate: Authenticate, presented: bytes, token: RtToken) -> tuple[str, str] | str:
    """As `_read`, for a token that was moved in from Request Tracker; also when no route takes those any more."""
    evidence = await authenticate(presented, None, rt=RtAsked(token=token, address=None))
    match evidence:
        case Proven(token=found):
            return found.id, handle(desk.settings.tokens.brand, found.kind, found.id)
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
