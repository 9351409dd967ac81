"""All pages, in one table. The navigation has them in this order."""

from gateway.web.portal.page import Page
from gateway.web.portal.pages import (
    account,
    all_tokens,
    applications,
    audit,
    explain,
    groups,
    health,
    many_tokens,
    routes,
    sessions,
    sign_in,
    sso,
    token_reach,
    token_stops,
    tokens,
    users,
)

PAGES: tuple[Page, ...] = (
    *account.PAGES,
    *tokens.PAGES,
    *token_stops.PAGES,
    *token_reach.PAGES,
    *sessions.PAGES,
    *users.PAGES,
    *applications.PAGES,
    *groups.PAGES,
    *all_tokens.PAGES,
    *many_tokens.PAGES,
    *audit.PAGES,
    *explain.PAGES,
    *routes.PAGES,
    *health.PAGES,
    *sign_in.PAGES,
    *sso.PAGES,
)
