"""`/api/v1/users` and `/api/v1/applications`: the same operations, for whoever manages the one or the other.

Paths name an owner by id, which never changes and needs no escapes. A login may hold `/`: a proxy in between that
decodes and tidies `x%2F..%2Falice` would make it another person's.
"""

from functools import partial

from gateway.auth.owner_list import MANAGES, list_owners, owner_by_id, show_owner
from gateway.auth.owners import create_owner, delete_owner, edit_owner, set_enabled
from gateway.core.owner import OwnerKind
from gateway.core.power import Act
from gateway.web.api.effect import WaitQuery, effect_of, waiting
from gateway.web.api.model import Page
from gateway.web.api.operation import Ask, IfMatch, Operation, Reply
from gateway.web.api.resources.owner_views import (
    ApplicationNew,
    ApplicationsQuery,
    OwnerChangedView,
    OwnerDeletedView,
    OwnerEdit,
    OwnerView,
    UserNew,
    UsersQuery,
    shown,
)

SEEING = ("permission", "not_found")
TAKING = (*SEEING, "token_ended", "borrowed_power")
GIVING = (*TAKING, "needs_proof")
LAST = {OwnerKind.USER: ("would_lock_out",), OwnerKind.APPLICATION: ()}
WORD = {OwnerKind.USER: ("user", "a user"), OwnerKind.APPLICATION: ("application", "an application")}


async def login_of(ask: Ask, kind: OwnerKind, act: Act) -> str:
    """The login of whom the path names, for whoever may do this to others of the kind or to themselves."""
    entry = await owner_by_id(ask.desk, actor=ask.actor, act=act, kind=kind, owner_id=ask.part("id"))
    return entry.owner.login


async def show_all(kind: OwnerKind, ask: Ask) -> Reply:
    """A page of the list."""
    query, name = ask.query(ApplicationsQuery), MANAGES[kind]
    place = ask.place(name, str)
    page = await list_owners(
        ask.desk,
        actor=ask.actor,
        kind=kind,
        login=query.login,
        text=query.search,
        group=query.group,
        organisation=query.organisation,
        enabled=query.enabled,
        sso=query.sso if isinstance(query, UsersQuery) else None,
        after=None if place is None else str(place[0]),
        limit=query.limit,
    )
    items = [OwnerView(**shown(entry)) for entry in page.rows]
    return Reply(
        body=Page[OwnerView](items=items, next=None if page.after is None else ask.next_page(name, page.after))
    )


async def show(kind: OwnerKind, ask: Ask) -> Reply:
    """One of them."""
    entry = await show_owner(ask.desk, actor=ask.actor, kind=kind, owner_id=ask.part("id"))
    return Reply(body=OwnerView(**shown(entry)), version=entry.version)


async def add(kind: OwnerKind, ask: Ask) -> Reply:
    """Another one, enabled."""
    given = ask.body(UserNew) if kind is OwnerKind.USER else ask.body(ApplicationNew)
    owner = await create_owner(
        ask.desk,
        actor=ask.actor,
        kind=kind,
        login=given.login,
        name=given.name,
        email=given.email,
        groups=given.groups,
        organisations=given.organisations,
        sso=given.sso if isinstance(given, UserNew) else False,
        address=ask.address,
    )
    entry = await ask.desk.store.owner(id=owner.id)
    assert entry is not None  # no row of an owner is ever removed
    there = {"Location": f"/api/v1/{MANAGES[kind]}/{owner.id}"}
    return Reply(status=201, body=OwnerView(**shown(entry)), version=entry.version, headers=there)


async def edit(kind: OwnerKind, ask: Ask) -> Reply:
    """What is said of it."""
    given = ask.body(OwnerEdit)
    done = await edit_owner(
        waiting(ask),
        actor=ask.actor,
        kind=kind,
        login=await login_of(ask, kind, Act.EDIT_OWNER),
        name=given.name if "name" in given.model_fields_set else None,
        email=given.email if "email" in given.model_fields_set else None,
        organisations=given.organisations if "organisations" in given.model_fields_set else None,
        expected_version=ask.expected_version,
        address=ask.address,
    )
    body = OwnerChangedView(**shown(done.entry), changed=done.changed, **effect_of(done.effect))
    return Reply(body=body, version=done.entry.version)


async def switch(kind: OwnerKind, enabled: bool, ask: Ask) -> Reply:
    """Enable or disable it, and with it all of its tokens."""
    done = await set_enabled(
        waiting(ask),
        actor=ask.actor,
        kind=kind,
        login=await login_of(ask, kind, Act.ENABLE if enabled else Act.DISABLE),
        enabled=enabled,
        address=ask.address,
    )
    body = OwnerChangedView(**shown(done.entry), changed=done.changed, **effect_of(done.effect))
    return Reply(body=body, version=done.entry.version)


async def delete(kind: OwnerKind, ask: Ask) -> Reply:
    """Delete it and revoke its tokens, for good."""
    done = await delete_owner(
        waiting(ask),
        actor=ask.actor,
        kind=kind,
        login=await login_of(ask, kind, Act.DELETE_OWNER),
        expected_version=ask.expected_version,
        address=ask.address,
    )
    owner, effect = done.owner, effect_of(done.effect)
    return Reply(body=OwnerDeletedView(id=owner.id, login=owner.login, tokens_revoked=done.tokens_revoked, **effect))


def _rows(kind: OwnerKind) -> tuple[Operation, ...]:
    tag = MANAGES[kind]
    word, a_word = WORD[kind]
    one = f"/api/v1/{tag}/{{id}}"
    row = partial(Operation, tag=tag, permission=tag)
    at = partial(row, parts={"id": f"The `id` of the {word}."})
    change = partial(at, query=WaitQuery, answers={200: OwnerChangedView}, has_etag=True)
    return (
        row(
            name=f"list_{tag}",
            method="GET",
            path=f"/api/v1/{tag}",
            summary=f"List {tag}",
            query=UsersQuery if kind is OwnerKind.USER else ApplicationsQuery,
            answers={200: Page[OwnerView]},
            problems=("permission", "bad_value"),
            handler=partial(show_all, kind),
        ),
        row(
            name=f"add_{word}",
            method="POST",
            path=f"/api/v1/{tag}",
            summary=f"Make {a_word}",
            description="Enabled. Names are shared by users and applications, and never given again.",
            body=UserNew if kind is OwnerKind.USER else ApplicationNew,
            answers={201: OwnerView},
            problems=("bad_value", "unknown_group", "login_taken", *GIVING[2:], "permission"),
            has_etag=True,
            handler=partial(add, kind),
        ),
        at(
            name=f"show_{word}",
            method="GET",
            path=one,
            summary=f"See {a_word}",
            description="Oneself, without the permission.",
            answers={200: OwnerView},
            problems=SEEING,
            has_etag=True,
            handler=partial(show, kind),
        ),
        change(
            name=f"edit_{word}",
            method="PATCH",
            path=one,
            summary=f"Change what is said of {a_word}",
            body=OwnerEdit,
            problems=("bad_value", *GIVING),
            if_match=IfMatch.REQUIRED,
            handler=partial(edit, kind),
        ),
        at(
            name=f"delete_{word}",
            method="DELETE",
            path=one,
            summary=f"Delete {a_word} for good",
            description="All of its tokens are revoked. The login is never given again.",
            query=WaitQuery,
            answers={200: OwnerDeletedView},
            problems=(*TAKING, *LAST[kind]),
            if_match=IfMatch.OPTIONAL,
            handler=partial(delete, kind),
        ),
        change(
            name=f"disable_{word}",
            method="POST",
            path=f"{one}/disable",
            summary=f"Stop {a_word} and all of its tokens",
            problems=(*TAKING, *LAST[kind]),
            handler=partial(switch, kind, False),
        ),
        change(
            name=f"enable_{word}",
            method="POST",
            path=f"{one}/enable",
            summary=f"Let {a_word} and its tokens work again",
            problems=GIVING,
            handler=partial(switch, kind, True),
        ),
    )


OPERATIONS = (*_rows(OwnerKind.USER), *_rows(OwnerKind.APPLICATION))
