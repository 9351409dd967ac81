"""The groups as the configuration declares them: who is in them, and what power they give in the gateway itself."""

from gateway.auth.group_list import list_groups
from gateway.auth.owner_list import MANAGES
from gateway.core.owner import OwnerKind
from gateway.web.portal.owner_shown import HOME
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit


async def show(visit: Visit) -> Answer:
    """The list, and who holds which permission."""
    found = await list_groups(visit.desk, actor=visit.actor)
    kinds = [kind for kind in OwnerKind if MANAGES[kind] in visit.permissions]
    return Shown(
        template="groups.html",
        data={
            "groups": found.groups,
            "holders": found.holders,
            "of_everybody": found.of_everybody,
            "kinds": [(kind, HOME[kind]) for kind in kinds],
        },
    )


PAGES = (
    Page(
        name="groups",
        path="/groups",
        show=show,
        permissions=frozenset(MANAGES.values()),
        link=Link(label="Groups", icon="layers", group="admin"),
    ),
)
