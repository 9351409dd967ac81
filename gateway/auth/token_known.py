"""Which token is meant, and whether who asks may know of it.

Who may not see the tokens of others gets one answer for a token of somebody else and for one that was never there: the
same code, the same words, after the same work, and no hint at a handle that is not theirs.
"""

from typing import NoReturn

from gateway.auth.desk import Desk
from gateway.auth.power import refuse_lacking, refuse_without_scope
from gateway.auth.refused import NOT_FOUND, Refused, did_you_mean
from gateway.config.compile import compile_permissions
from gateway.core.owner import Owner, TokenRecord
from gateway.core.power import Act, Actor, power
from gateway.core.token import ID_WIDTH, Kind, handle, parse, parse_handle
from gateway.store import Change, TokenFilter

MAX_COMPARED = 2000  # tokens looked through for a near miss; beyond that it takes too long


def read_reference(desk: Desk, text: str) -> str:
    """The id in a handle (`tgp_...`) or a bare id. A whole token is refused: its secret is not to be handed around."""
    brand = desk.settings.tokens.brand
    found = parse_handle(text, brand=brand)
    if found is not None:
        return found[1]
    if parse_handle(handle(brand, Kind.PERSONAL, text), brand=brand) is not None:
        return text
    if parse(text.encode("utf-8", "surrogateescape"), brand=brand) is not None:
        raise Refused(
            "secret_given",
            field="token",
            message="that is a whole token, with its secret, which should not be seen on a command line or in a URL",
            mend="give its handle, the part before the second underscore; to revoke a leaked token, feed it to "
            "`token-gateway token revoke --stdin`",
        )
    raise Refused(
        "bad_value",
        field="token",
        message="that is not a token's handle",
        mend=f"write {handle(brand, Kind.PERSONAL, 'x' * ID_WIDTH)} as `token-gateway token list` shows it",
    )


def sees_all(desk: Desk, actor: Actor) -> bool:
    """Whether the actor may see everybody's tokens."""
    return "any_tokens" in power(compile_permissions(desk.settings.permissions), actor)


def sees(desk: Desk, actor: Actor, owner: Owner) -> bool:
    """Whether the actor may know of this owner's tokens. Refused for one's own without `own_tokens`."""
    if actor.owner is None or actor.owner.id != owner.id:
        return sees_all(desk, actor)
    refuse_lacking(desk, actor, Act.SEE_TOKENS, owner)
    return True


async def known_token(desk: Desk, actor: Actor, reference: str, record: TokenRecord | None) -> TokenRecord:
    """What was found for a reference, for whoever may know of it. Refused `not_found`; `gateway_scope`."""
    refuse_without_scope(actor)
    if record is None or not sees(desk, actor, record.owner):
        await refuse_unknown(desk, actor, reference)
    return record


async def known_in(change: Change, desk: Desk, actor: Actor, reference: str) -> TokenRecord:
    """The token as the transaction sees it, for an actor as `acting` read it."""
    return await known_token(desk, actor, reference, await change.token(read_reference(desk, reference)))


async def refuse_unknown(desk: Desk, actor: Actor, reference: str) -> NoReturn:
    """Refused `not_found`, with the nearest token that the actor may see, in case of a typo."""
    brand, mend = desk.settings.tokens.brand, "see `token-gateway token list`"
    own = None if sees_all(desk, actor) else "" if actor.owner is None else actor.owner.id
    # Read no more than that: whoever has ever so many tokens would keep the others waiting with each typo.
    listed = await desk.store.token_page(TokenFilter(owner_id=own), after=None, limit=MAX_COMPARED)
    if listed.after is None:
        handles = [handle(brand, one.token.kind, one.token.id) for one in listed.rows]
        mend = did_you_mean(reference, handles, otherwise=mend)
    raise Refused(NOT_FOUND, field="token", message=f"there is no token {reference}", mend=mend)
