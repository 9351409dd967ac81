"""All pages, in one table. The navigation has them in this order."""

from gateway.web.portal.page import Page
from gateway.web.portal.pages import account, applications, sessions, sign_in, sso, tokens, users

PAGES: tuple[Page, ...] = (
    *account.PAGES,
    *tokens.PAGES,
    *sessions.PAGES,
    *users.PAGES,
    *applications.PAGES,
    *sign_in.PAGES,
    *sso.PAGES,
)
