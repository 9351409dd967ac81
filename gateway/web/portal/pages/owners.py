"""Users and applications: the list, and one of them with all that is known. The same for both kinds.

Addresses name them by id, as the API does: a login may hold `/`, and an id is never another's.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from gateway.auth.owner_list import list_owners, owner_by_id, owner_groups
from gateway.auth.owner_sessions import sessions_of
from gateway.auth.refused import Refused
from gateway.auth.token_list import page_tokens
from gateway.core.naming import label_flaw
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act
from gateway.store import OwnerEntry, OwnerPage
from gateway.web.api.codes import STATUS
from gateway.web.portal.faults import told
from gateway.web.portal.form import Form
from gateway.web.portal.owner_shown import HOME, barred, owner_shown
from gateway.web.portal.page import Answer, Shown, Visit
from gateway.web.portal.token_shown import TokenShown, token_shown

OfKind = Callable[[OwnerKind, Visit], Awaitable[Answer]]
SHOWN = 50
NEWEST = 5  # tokens on the page of their owner
FILTERS = ("search", "group", "organisation", "state", "signs_in")
_STATE = {"enabled": True, "disabled": False}
_SSO = {"sso": True, "local": False}
_LIST = {OwnerKind.USER: "users.html", OwnerKind.APPLICATION: "applications.html"}


async def show_all(kind: OwnerKind, visit: Visit) -> Answer:
    """The list, or what passes its filters."""
    given = {name: text for name in FILTERS if (text := visit.asked(name))}
    visit.form = Form(present=given)
    after, status = visit.asked("after"), 200
    try:
        found = await list_owners(
            visit.desk,
            actor=visit.actor,
            kind=kind,
            text=given.get("search"),
            group=given.get("group"),
            organisation=given.get("organisation"),
            enabled=_STATE.get(given.get("state", "")),
            sso=_SSO.get(given.get("signs_in", "")) if kind is OwnerKind.USER else None,
            after=after if after and label_flaw(after) is None else None,
            limit=SHOWN,
        )
    except Refused as refused:
        visit.form.errors.append(told(refused, visit.words))
        found, status = OwnerPage(rows=(), after=None), STATUS[refused.code]
    home = HOME[kind]
    return Shown(
        template=_LIST[kind],
        status=status,
        data={
            "owners": [owner_shown(visit, entry) for entry in found.rows],
            "groups": list(visit.desk.settings.groups),
            "is_filtered": bool(given),
            "first": f"{home}?{urlencode(given)}" if after else "",
            "more": f"{home}?{urlencode({**given, 'after': found.after})}" if found.after is not None else "",
        },
    )


async def show(kind: OwnerKind, visit: Visit) -> Answer:
    """One of them: who it is, what it is in, whether it works, and where a person is signed in."""
    entry, groups = await owner_groups(visit.desk, actor=visit.actor, kind=kind, owner_id=visit.part("id"))
    is_person = kind is OwnerKind.USER
    sessions = await sessions_of(visit.desk, actor=visit.actor, login=entry.owner.login) if is_person else ()
    return Shown(
        template="owner.html",
        data={
            "owner": owner_shown(visit, entry, groups),
            "home": HOME[kind],
            "is_me": entry.owner.id == visit.owner.id,
            "barred": barred(visit, entry.owner),
            "sessions": sessions,
            "this_session": visit.session.id,
            "tokens": await _tokens(visit, entry.owner) if "any_tokens" in visit.permissions else None,
        },
    )


async def _tokens(visit: Visit, owner: Owner) -> Sequence[TokenShown]:
    """Their newest tokens."""
    page = await page_tokens(
        visit.desk,
        actor=visit.actor,
        after=None,
        limit=NEWEST,
        newest_first=True,
        owner_kind=owner.kind,
        login=owner.login,
    )
    return [token_shown(visit.desk, one) for one in page.rows]


async def found(kind: OwnerKind, visit: Visit, act: Act) -> OwnerEntry:
    """Whom the address names, for whoever may do this to others of the kind. Refused `not_found`, `permission`."""
    return await owner_by_id(visit.desk, actor=visit.actor, act=act, kind=kind, owner_id=visit.part("id"))
