"""*My account*: who one is, how one is reached, and one's tokens (PARITY R25)."""

from collections.abc import Sequence
from datetime import timedelta

from gateway.auth.token_list import daily_uses, page_tokens
from gateway.core.reason import Reason
from gateway.store import TokenEntry, TokenState
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit
from gateway.web.portal.token_shown import ENDING, LIVE, TokenShown, token_shown

CHART_DAYS = 30
SHOWN = 100  # of each state; the policy allows hardly more that live
FRESH = timedelta(days=30)  # for so long a token that expired stands among those that live: its programs stand still


async def show(visit: Visit) -> Answer:
    """Who I am, and my tokens, the newest first."""
    owner = visit.owner
    may = "own_tokens" in visit.permissions and visit.desk.settings.portal.my_account
    found = [one for state in TokenState for one in await _of(visit, state)] if may else []
    found.sort(key=lambda one: one.created_at, reverse=True)
    current = [one for one in found if not _is_over(visit, one)]
    return Shown(
        template="account.html",
        data={
            "me": owner,
            "signs_in_here": not owner.sso,
            "password_path": "/password",
            "new_path": "/tokens/new",
            "may_have_tokens": may,
            "tokens": current,
            "over": [one for one in found if _is_over(visit, one)],
            "counts": {
                "working": sum(one.state in {LIVE, ENDING} for one in found),
                "expiring": sum(one.state == ENDING for one in found),
                "suspended": sum(one.state == Reason.SUSPENDED for one in found),
            },
        },
    )


async def _of(visit: Visit, state: TokenState) -> Sequence[TokenShown]:
    """One's own tokens in a state."""
    owner = visit.owner
    found = await page_tokens(
        visit.desk, actor=visit.actor, after=None, limit=SHOWN, owner_kind=owner.kind, login=owner.login, state=state
    )
    return [await _with_days(visit, entry) for entry in found.rows]


async def _with_days(visit: Visit, entry: TokenEntry) -> TokenShown:
    if entry.usage.last_used_at is None or visit.desk.now() - entry.usage.last_used_at > timedelta(days=CHART_DAYS):
        return token_shown(visit.desk, entry)
    days = await daily_uses(visit.desk, actor=visit.actor, reference=entry.token.id, days=CHART_DAYS)
    return token_shown(visit.desk, entry, days)


def _is_over(visit: Visit, token: TokenShown) -> bool:
    if token.state == Reason.EXPIRED and token.expires_at is not None:
        return visit.desk.now() - token.expires_at > FRESH
    return token.is_ended


PAGES = (Page(name="account", path="/", show=show, link=Link(label="My account", icon="user")),)
