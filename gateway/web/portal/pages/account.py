"""*My account*: who one is, how one is reached, and one's tokens (PARITY R25)."""

from collections.abc import Sequence
from datetime import timedelta

from gateway.auth.token_list import daily_uses, page_tokens
from gateway.store import TokenEntry, TokenState
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit
from gateway.web.portal.token_shown import TokenShown, token_shown

CHART_DAYS = 30
SHOWN = 100  # of each state; the policy allows hardly more that live


async def show(visit: Visit) -> Answer:
    """Who I am, and my tokens: those that live or could, and when asked for also those that were revoked."""
    may = "own_tokens" in visit.permissions
    shows_revoked = visit.asked("revoked") == "yes"
    states = [one for one in TokenState if shows_revoked or one is not TokenState.REVOKED] if may else []
    found = [token for state in states for token in await _of(visit, state)]
    found.sort(key=lambda one: one.created_at, reverse=True)
    entry = await visit.desk.store.owner(id=visit.owner.id)
    return Shown(
        template="account.html",
        data={
            "owner": visit.owner,
            "since": None if entry is None else entry.created_at,
            "has_tokens": may,
            "tokens": found,
            "shows_revoked": shows_revoked,
            "chart_days": CHART_DAYS,
        },
    )


async def _of(visit: Visit, state: TokenState) -> Sequence[TokenShown]:
    """One's own tokens in a state."""
    owner = visit.owner
    found = await page_tokens(
        visit.desk,
        actor=visit.actor,
        after=None,
        limit=SHOWN,
        newest_first=True,
        owner_kind=owner.kind,
        login=owner.login,
        state=state,
    )
    return [await _with_days(visit, entry) for entry in found.rows]


async def _with_days(visit: Visit, entry: TokenEntry) -> TokenShown:
    if entry.usage.last_used_at is None or visit.desk.now() - entry.usage.last_used_at > timedelta(days=CHART_DAYS):
        return token_shown(visit.desk, entry)
    days = await daily_uses(visit.desk, actor=visit.actor, reference=entry.token.id, days=CHART_DAYS)
    return token_shown(visit.desk, entry, days)


PAGES = (Page(name="account", path="/", show=show, link=Link(label="My account", icon="user")),)
