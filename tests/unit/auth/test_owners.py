"""Use cases about owners, where the command line cannot look."""

from functools import partial

import pytest

from gateway.auth.directory import confirm, replace_sso_groups, sync_directory
from gateway.auth.groups import change_groups
from gateway.auth.owners import create_owner, delete_owner, edit_owner, find_owner, set_enabled
from gateway.auth.power import operator
from gateway.auth.refused import Refused
from gateway.core.owner import OwnerKind
from gateway.store import SqliteFeed
from tests.unit.auth.signing_in import OTHER, front


def create(desk, login="bob", kind=OwnerKind.USER, **over):
    return create_owner(desk, actor=operator("test"), kind=kind, login=login, **over)


@pytest.mark.parametrize(
    ("over", "refused"),
    [
        ({"login": "a,b"}, ("bad_value", "login")),
        ({"login": "Alice"}, ("login_taken", "login")),
        ({"login": "alice", "kind": OwnerKind.APPLICATION}, ("login_taken", "login")),
        ({"name": "\u202e"}, ("bad_value", "name")),
        ({"email": "a\r\nBcc: b@c"}, ("bad_value", "email")),
        ({"groups": ("staff", "nope")}, ("unknown_group", "groups")),
        ({"organisations": ("a b",)}, ("bad_value", "organisations")),
    ],
    ids=str,
)
async def test_a_refusal_names_its_code_and_field_and_changes_nothing(installed, over, refused):
    async with installed.desk() as desk:
        feed = desk.store.follow()
        with pytest.raises(Refused) as caught:
            await create(desk, **over)
        assert (caught.value.code, caught.value.field) == refused
        assert feed.poll() is None
        feed.close()


async def test_groups_and_organisations_are_sorted_and_single(installed):
    async with installed.desk() as desk:
        await create(desk, groups=("staff", "admins", "staff"), organisations=("b", "a"))
        owner = (await find_owner(desk, kind=OwnerKind.USER, login="BOB")).owner
        assert (owner.groups, owner.organisations) == (("admins", "staff"), ("a", "b"))


@pytest.mark.parametrize("act", ["disable", "delete"])
async def test_what_stops_an_owner_is_in_the_feed_when_it_returns(installed, act):
    async with installed.desk() as desk:
        owner = await create(desk)
        feed = SqliteFeed(installed.database)
        feed.poll()
        if act == "disable":
            done = await set_enabled(desk, actor=operator("t"), kind=owner.kind, login="bob", enabled=False)
        else:
            done = await delete_owner(desk, actor=operator("t"), kind=owner.kind, login="bob")
        assert ("owner", owner.id) in {(row.subject, row.id) for row in feed.poll().rows}
        feed.close()
        assert done.effect.waited_s > desk.store.meta.bound_s


async def test_a_message_never_repeats_a_value_that_breaks_the_rules(installed):
    async with installed.desk() as desk:
        for work in (create(desk, "\x1b[2J"), find_owner(desk, kind=OwnerKind.USER, login="\x1b[2J")):
            with pytest.raises(Refused) as caught:
                await work
            assert str(caught.value).isprintable()


async def test_of_two_who_edit_one_owner_the_second_is_told(installed):
    async with installed.desk() as desk:
        seen = (await find_owner(desk, kind=OwnerKind.USER, login="alice")).version
        edit = partial(
            edit_owner, desk, actor=operator("test"), kind=OwnerKind.USER, login="alice", expected_version=seen
        )
        assert (await edit(name="Alice")).changed
        with pytest.raises(Refused) as caught:
            await edit(email="alice@example.org")
        assert caught.value.code == "changed_meanwhile"
        assert (await find_owner(desk, kind=OwnerKind.USER, login="alice")).owner.email == ""


BY_STRANGERS = {
    "edit": lambda at, who: edit_owner(at.desk, actor=who["actor"], kind=OwnerKind.USER, login=who["login"], name="x"),
    "disable": lambda at, who: set_enabled(at.desk, kind=OwnerKind.USER, enabled=False, **who),
    "enable": lambda at, who: set_enabled(at.desk, kind=OwnerKind.USER, enabled=True, **who),
    "delete": lambda at, who: delete_owner(at.desk, kind=OwnerKind.USER, **who),
    "groups": lambda at, who: change_groups(at.desk, kind=OwnerKind.USER, add=["staff"], **who),
    "sso groups": lambda at, who: replace_sso_groups(at.desk, groups=["staff"], **who),
    "confirm": lambda at, who: confirm(at.desk, **who),
    "password": lambda at, who: at.set_password(who["login"], OTHER, actor=who["actor"]),
}


@pytest.mark.parametrize("act", BY_STRANGERS)
async def test_who_manages_nobody_does_not_learn_who_there_is(installed, act):
    async with front(installed) as at:
        await at.user("bob", "staff")
        await create(at.desk, "cron", OwnerKind.APPLICATION)
        await at.sso_user("eve")
        actor = await at.actor("bob")
        said = set()
        for login in ("alice", "eve", "cron", "nobody", "alic"):
            with pytest.raises(Refused) as caught:
                await BY_STRANGERS[act](at, {"actor": actor, "login": login})
            said.add((caught.value.code, str(caught.value).replace(login, "LOGIN")))
        assert [code for code, _ in said] == ["permission"]


async def test_who_manages_nobody_gets_no_report_of_people(installed):
    async with front(installed) as at:
        await at.user("bob", "staff")
        with pytest.raises(Refused) as caught:
            await sync_directory(at.desk, actor=await at.actor("bob"), people=(), dry_run=True)
        assert caught.value.code == "permission"
