"""The use case behind `token edit`: other settings for a token that lives, never beyond policy or its owner's rights.

What takes something away asks for leave to end tokens, and is effective everywhere when it returns. What gives
something asks for leave to make them, and whether the owner may have tokens at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.power import acting, refuse_beyond, refuse_lacking
from gateway.auth.refused import Refused
from gateway.auth.token_fields import (
    read_expiry,
    read_hosts,
    read_idle,
    read_networks,
    refuse_ended,
    refuse_name,
    refuse_owner,
    refuse_scopes,
)
from gateway.auth.token_known import known_in, read_reference
from gateway.core.lifecycle import takes_away
from gateway.core.owner import Owner, Token, TokenRecord
from gateway.core.power import Act, Actor
from gateway.store import UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A token after an edit. `changed`: it was not so before. `effect`: None when nothing was taken away."""

    token: Token
    owner: Owner
    version: int
    changed: bool
    effect: Effect | None


async def edit_token(
    desk: Desk,
    *,
    actor: Actor,
    reference: str,
    name: str | None = None,
    scopes: Sequence[str] | None = None,
    networks: Sequence[str] | None = None,
    hosts: Sequence[str] | None = None,
    expires: timedelta | datetime | None = None,
    idle: timedelta | None = None,
    expected_version: int | None = None,
    address: str = "",
) -> Edited:
    """Set what is given (None leaves a field alone). Empty networks and hosts: anywhere; `timedelta.max`: never.

    `expected_version`: the version that the editor has seen; refused `changed_meanwhile` when it is another by now.
    """
    token_id = read_reference(desk, reference)
    if name is not None:
        refuse_name(name)
    given_networks = UNCHANGED if networks is None else read_networks(networks)
    given_hosts = UNCHANGED if hosts is None else read_hosts(hosts)
    given_idle = UNCHANGED if idle is None else read_idle(idle)
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        before = await known_in(change, desk, now, reference)
        refuse_ended(before, change.at)
        _refuse_other_version(before, expected_version)
        if scopes is not None:
            refuse_scopes(desk, set(scopes) - before.token.scopes)
        if name is not None and await change.is_name_taken(before.owner.id, name, besides=token_id):
            raise Refused(
                "name_taken",
                field="name",
                message=f"{before.owner.login} has another live token of this name",
                mend="choose another name",
            )
        changed = await change.edit_token(
            token_id,
            name=UNCHANGED if name is None else name,
            scopes=UNCHANGED if scopes is None else frozenset(scopes),
            networks=given_networks,
            hosts=given_hosts,
            expires_at=UNCHANGED if expires is None else read_expiry(desk, before.token.kind, expires),
            idle=given_idle,
        )
        after = await change.token(token_id) or before
        # Another idle time, also a shorter one, starts that time anew.
        gives = takes_away(after.token, before.token) or after.token.idle != before.token.idle
        takes = takes_away(before.token, after.token)
        if gives:  # whoever is refused here leaves nothing of this change behind
            refuse_lacking(desk, now, Act.MINT_TOKEN, after.owner)
            refuse_beyond(now, after.token)
            refuse_owner(desk, after.owner)
        if takes or not gives:
            refuse_lacking(desk, now, Act.END_TOKEN, after.owner)
    effect = await effective(desk) if takes else None
    return Edited(token=after.token, owner=after.owner, version=after.version, changed=changed, effect=effect)


def _refuse_other_version(record: TokenRecord, expected: int | None) -> None:
    if expected is not None and record.version != expected:
        raise Refused(
            "changed_meanwhile",
            field="version",
            message="the token was changed by somebody else meanwhile",
            mend="look at it again, and edit it then",
        )
