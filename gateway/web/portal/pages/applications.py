"""Applications, for who manages them: the same pages as for users, without what only people have."""

from gateway.core.owner import OwnerKind
from gateway.web.portal.page import Link
from gateway.web.portal.pages.users import rows

PAGES = rows(
    OwnerKind.APPLICATION, "applications", "application", Link(label="Applications", icon="bot", group="admin")
)
