"""`/api/v1/users/{id}/groups`, and the same of applications: by where they come from; those given here can change."""

from functools import partial

from gateway.auth.groups import Regrouped, change_groups
from gateway.auth.owner_list import MANAGES, owner_groups
from gateway.core.owner import LOCAL, SSO, OwnerKind
from gateway.core.power import Act
from gateway.web.api.effect import WaitQuery, effect_of, waiting
from gateway.web.api.operation import Ask, IfMatch, Operation, Reply
from gateway.web.api.resources.owner_views import (
    GroupsChange,
    GroupsSet,
    OwnerGroupsView,
    OwnerRegroupedView,
    shown,
)
from gateway.web.api.resources.owners import GIVING, LAST, SEEING, WORD, login_of


async def show_groups(kind: OwnerKind, ask: Ask) -> Reply:
    """Its groups, by where they come from."""
    entry, groups = await owner_groups(ask.desk, actor=ask.actor, kind=kind, owner_id=ask.part("id"))
    return Reply(body=OwnerGroupsView(local=groups[LOCAL], sso=groups[SSO]), version=entry.version)


async def set_groups(kind: OwnerKind, ask: Ask) -> Reply:
    """Exactly these."""
    return _regrouped(
        await change_groups(
            waiting(ask),
            actor=ask.actor,
            kind=kind,
            login=await login_of(ask, kind, Act.SET_GROUPS),
            groups=ask.body(GroupsSet).groups,
            expected_version=ask.expected_version,
            address=ask.address,
        )
    )


async def move_groups(kind: OwnerKind, ask: Ask) -> Reply:
    """Into some, and out of others."""
    given = ask.body(GroupsChange)
    return _regrouped(
        await change_groups(
            waiting(ask),
            actor=ask.actor,
            kind=kind,
            login=await login_of(ask, kind, Act.SET_GROUPS),
            add=given.add,
            remove=given.remove,
            address=ask.address,
        )
    )


def _regrouped(done: Regrouped) -> Reply:
    body = OwnerRegroupedView(**shown(done.entry), added=done.added, removed=done.removed, **effect_of(done.effect))
    return Reply(body=body, version=done.entry.version)


def _rows(kind: OwnerKind) -> tuple[Operation, ...]:
    tag = MANAGES[kind]
    word, a_word = WORD[kind]
    at = partial(
        Operation,
        tag=tag,
        permission=tag,
        path=f"/api/v1/{tag}/{{id}}/groups",
        parts={"id": f"The `id` of the {word}."},
        has_etag=True,
    )
    change = partial(
        at,
        query=WaitQuery,
        answers={200: OwnerRegroupedView},
        problems=("bad_value", "unknown_group", *GIVING, *LAST[kind]),
    )
    return (
        at(
            name=f"show_groups_of_{word}",
            method="GET",
            summary=f"See the groups of {a_word}, by where they come from",
            description="One's own, without the permission.",
            answers={200: OwnerGroupsView},
            problems=SEEING,
            handler=partial(show_groups, kind),
        ),
        change(
            name=f"set_groups_of_{word}",
            method="PUT",
            summary=f"Set all groups of {a_word}",
            body=GroupsSet,
            if_match=IfMatch.REQUIRED,
            handler=partial(set_groups, kind),
        ),
        change(
            name=f"change_groups_of_{word}",
            method="POST",
            summary=f"Put {a_word} into some groups, and out of others",
            body=GroupsChange,
            handler=partial(move_groups, kind),
        ),
    )


OPERATIONS = (*_rows(OwnerKind.USER), *_rows(OwnerKind.APPLICATION))
