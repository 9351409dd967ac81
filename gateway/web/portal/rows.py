"""All pages, in one table."""

from gateway.web.portal.page import Page
from gateway.web.portal.pages import account, sign_in, tokens

PAGES: tuple[Page, ...] = (*account.PAGES, *tokens.PAGES, *sign_in.PAGES)
