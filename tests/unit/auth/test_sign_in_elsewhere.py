"""Signing in by the single sign-on's word: whose account it is, what is taken over, and what is written down."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.auth.directory import replace_sso_groups, sync_directory
from gateway.auth.directory_file import Listed
from gateway.auth.owners import create_owner, delete_owner, set_enabled
from gateway.auth.refused import Refused
from gateway.auth.sessions import Sessions
from gateway.auth.sign_in_limit import FAILURES, SignInLimit
from gateway.core.owner import OwnerKind
from tests.unit.auth.signing_in import ROOT, front, with_sso

NOBODY = frozenset()


def configured(at, **said):
    """The same place with another `portal.sso`."""
    at.desk = replace(at.desk, settings=with_sso(at.desk.settings, **said))
    at.sessions.use(at.desk)
    return at


async def barred(at, login, **said):
    """The words of the refusal."""
    with pytest.raises(Refused) as caught:
        await at.sessions.sign_in_elsewhere(login=login, groups=NOBODY, address="192.0.2.7", **said)
    assert caught.value.code == "sign_in"
    return caught.value.message


async def test_the_groups_are_those_that_it_may_give_and_local_ones_stay(installed):
    async with front(installed) as at:
        configured(at, groups=["staff", "guests"])
        await at.sso_user("eve", "admins")
        first = await at.sessions.sign_in_elsewhere(login="Eve", groups=frozenset({"staff", "admins", "x y", ""}))
        assert first.session.owner.groups == ("admins", "staff")
        second = await at.sessions.sign_in_elsewhere(login="eve", groups=frozenset({"guests"}))
        assert second.session.owner.groups == ("admins", "guests")
        assert (await at.sessions.look_up(first.secret)).owner.groups == ("admins", "guests")


async def test_groups_that_are_listed_no_more_are_gone_with_the_next_sign_in(installed):
    async with front(installed) as at:
        await at.sso_user("eve")
        said = frozenset({"staff", "their admins"})
        configured(at, groups={"their admins": "admins", "staff": "staff"})
        assert (await at.sessions.sign_in_elsewhere(login="eve", groups=said)).session.owner.groups == (
            "admins",
            "staff",
        )
        configured(at, groups=["staff"])
        assert (await at.sessions.sign_in_elsewhere(login="eve", groups=said)).session.owner.groups == ("staff",)
        configured(at, groups=["undeclared", "staff"])
        more = said | {"undeclared"}
        assert (await at.sessions.sign_in_elsewhere(login="eve", groups=more)).session.owner.groups == ("staff",)


async def test_with_keep_a_sign_in_leaves_groups_as_the_directory_has_set_them(installed):
    async with front(installed) as at:
        await at.sso_user("eve")
        configured(at, groups="keep")
        await replace_sso_groups(at.desk, actor=ROOT, login="eve", groups=["staff", "admins"])
        signed = await at.sessions.sign_in_elsewhere(login="eve", groups=frozenset({"guests"}))
        assert signed.session.owner.groups == ("admins", "staff")


async def test_the_directory_gives_no_groups_that_the_next_sign_in_would_take_away(installed):
    async with front(installed) as at:
        configured(at, groups=["staff", "guests"])
        await at.sso_user("eve")
        listed = [Listed(line=1, login="eve", enabled=True, groups=frozenset({"staff", "admins"}))]
        done = await sync_directory(at.desk, actor=ROOT, people=listed)
        assert done.left_out == {"admins"}
        assert (await at.desk.store.owner(login="eve")).owner.groups == ("staff",)


async def test_a_name_and_an_address_are_taken_over_and_what_is_not_said_stays(installed):
    async with front(installed) as at:
        await at.sso_user("eve")
        enter = at.sessions.sign_in_elsewhere
        signed = await enter(login="eve", groups=NOBODY, name="Éva Example", email="eve@example.org")
        assert (signed.session.owner.name, signed.session.owner.email) == ("Éva Example", "eve@example.org")
        owner = (await enter(login="eve", groups=NOBODY)).session.owner
        assert (owner.name, owner.email) == ("Éva Example", "eve@example.org")


@pytest.mark.parametrize(
    "said",
    [
        *({"name": "Eve\u202e"}, {"name": "x" * 101}, {"email": "eve"}, {"email": "a@b.c, d@e.f"}),
        *({"login": "e,ve"}, {"login": ""}, {"login": "é"}, {"login": "x" * 65}, {"login": ".."}),
    ],
    ids=str,
)
async def test_what_no_account_can_have_signs_nobody_in_and_is_not_written_down(installed, said):
    async with front(installed) as at:
        configured(at, create=True)
        await at.sso_user("eve")
        login = said.pop("login", "eve")
        assert await barred(at, login, **said) == "the single sign-on says something of you that no account can have"
    (label, detail), *more = installed.rows("SELECT subject_label, detail FROM audit WHERE action = 'sign_in_refused'")
    assert (label, detail, more) == ("eve" if said else "", '{"how":"sso","reason":"bad_value","times":1}', [])
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]
    assert installed.rows("SELECT count(*) FROM owners") == [(2,)]


async def test_nobody_is_taken_over_and_no_name_is_given_again(installed):
    async with front(installed) as at:
        configured(at, create=True)
        for login in ("off", "gone"):
            await at.sso_user(login)
        await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="off", enabled=False)
        await delete_owner(at.desk, actor=ROOT, kind=OwnerKind.USER, login="gone")
        await create_owner(at.desk, actor=ROOT, kind=OwnerKind.APPLICATION, login="cron")
        assert await barred(at, "ALICE") == "your name is that of an account with a password here"
        assert await barred(at, "cron") == "your name is that of an application here"
        assert await barred(at, "Gone") == "your account was deleted here, and a name is never given again"
        assert await barred(at, "off") == "your account is disabled here"
    written = installed.rows(
        "SELECT subject_kind, subject_label, json_extract(detail, '$.reason') FROM audit"
        " WHERE action = 'sign_in_refused' ORDER BY subject_label"
    )
    assert written == [
        ("gateway", "Gone", "deleted"),
        ("user", "alice", "local"),
        ("gateway", "cron", "application"),
        ("user", "off", "disabled"),
    ]
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]


async def test_somebody_new_gets_an_account_only_where_the_configuration_says_so(installed):
    async with front(installed) as at:
        assert await barred(at, "new") == "you have no account here"
        configured(at, create=True)
        signed = await at.sessions.sign_in_elsewhere(
            login="New.Person", groups=frozenset({"staff"}), name="New", email="new@example.org"
        )
        owner = signed.session.owner
        assert (owner.login, owner.name, owner.groups, owner.sso, owner.enabled) == (
            *("New.Person", "New", ("staff",)),
            *(True, True),
        )
        assert owner.confirmed_at is not None
        assert (await at.sessions.sign_in_elsewhere(login="new.person", groups=NOBODY)).session.owner.id == owner.id


async def test_two_first_sign_ins_at_once_make_one_account(installed):
    async with front(installed) as at:
        configured(at, create=True)
        work = [at.sessions.sign_in_elsewhere(login=login, groups=NOBODY) for login in ("new", "NEW", "new")]
        signed = await asyncio.gather(*work)
        assert len({one.session.owner.id for one in signed}) == 1
        assert len({one.session.id for one in signed}) == 3


async def test_without_the_section_nobody_comes_in_by_it(installed):
    async with front(installed) as at:
        await at.sso_user("eve")
        portal = at.desk.settings.portal.model_copy(update={"sso": None})
        at.sessions.use(replace(at.desk, settings=replace(at.desk.settings, portal=portal)))
        assert await barred(at, "eve") == "nobody signs in by the single sign-on here"


async def test_the_session_that_the_browser_had_ends_whoevers_it_was(installed):
    async with front(installed) as at:
        bob = await at.user("bob")
        await at.sso_user("eve")
        had = await at.enter("bob")
        signed = await at.sessions.sign_in_elsewhere(login="eve", groups=NOBODY, before=had.secret)
        assert await at.sessions.look_up(had.secret) is None
        assert (await at.sessions.look_up(signed.secret)).owner.login == "eve"
        again = await at.sessions.sign_in_elsewhere(login="eve", groups=NOBODY, before=signed.secret)
        assert await at.sessions.look_up(signed.secret) is None
        assert await at.sessions.look_up(again.secret) is not None
    assert (bob.id,) in installed.rows("SELECT subject_id FROM audit WHERE action = 'signed_out'")


async def test_a_refused_sign_in_ends_no_session(installed):
    async with front(installed) as at:
        await at.user("bob")
        had = await at.enter("bob")
        await barred(at, "bob", before=had.secret)
        assert await at.sessions.look_up(had.secret) is not None


async def test_who_is_not_let_in_is_limited_and_who_is_never_waits(installed):
    async with front(installed) as at:
        await at.sso_user("eve")
        for _ in range(FAILURES.burst):
            await barred(at, "nobody")
        with pytest.raises(Refused) as caught:
            await at.sessions.sign_in_elsewhere(login="nobody", groups=NOBODY, address="192.0.2.7")
        assert caught.value.code == "limited"
        with pytest.raises(Refused, match="too many sign-ins from your network failed"):
            at.sessions.distrust(reason="wrong_secret", address="192.0.2.7")
        assert await at.sessions.sign_in_elsewhere(login="eve", groups=NOBODY, address="192.0.2.7")
    assert installed.rows("SELECT detail FROM audit WHERE action = 'sign_in_refused'") == [
        ('{"how":"sso","reason":"unknown","times":1}',)
    ]


async def test_a_word_that_is_not_believed_is_written_down_once_a_minute_for_each_reason(installed):
    async with front(installed) as at:
        for reason in ("peer", "wrong_secret", "peer"):
            at.sessions.distrust(reason=reason, address="192.0.2.9")
    rows = installed.rows(
        "SELECT subject_kind, subject_id, subject_label, address, json_extract(detail, '$.reason') FROM audit"
        " WHERE action = 'sign_in_refused' ORDER BY 5"
    )
    assert rows == [
        ("gateway", "sign-in", "", "192.0.2.9", "peer"),
        ("gateway", "sign-in", "", "192.0.2.9", "wrong_secret"),
    ]


async def test_who_was_disabled_while_the_sign_in_ran_does_not_get_in(installed, monkeypatch):
    async with front(installed) as at:
        owner = await at.sso_user("eve")

        async def stale(_desk, _said, *, address):
            await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="eve", enabled=False)
            return owner

        monkeypatch.setattr("gateway.auth.sessions.vouched_owner", stale)
        assert await barred(at, "eve") == "your account is disabled here"
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]


def within(at, **limits):
    """The same people with other limits for sessions, as after a reload."""
    session = at.desk.settings.portal.session.model_copy(update=limits)
    portal = at.desk.settings.portal.model_copy(update={"session": session})
    desk = replace(at.desk, settings=replace(at.desk.settings, portal=portal))
    return replace(at, desk=desk, sessions=Sessions(desk, at.pool, SignInLimit()))


async def test_shorter_limits_end_sessions_that_run_already_and_longer_ones_are_for_new_ones(installed):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("bob")
        short = within(at, idle=timedelta(minutes=30), lifetime=timedelta(hours=1))
        assert (await short.sessions.look_up(signed.secret)).ends_at == signed.session.created_at + timedelta(hours=1)
        assert await short.later(minutes=29).sessions.look_up(signed.secret) is not None
        assert await short.later(minutes=60).sessions.look_up(signed.secret) is None
        long = within(at, idle=timedelta(days=2), lifetime=timedelta(days=2))
        assert await long.later(hours=23).sessions.look_up(signed.secret) is not None
        assert await long.later(hours=24, minutes=1).sessions.look_up(signed.secret) is None
        fresh = await long.enter("bob")
        assert fresh.session.ends_at == fresh.session.created_at + timedelta(days=2)
        assert await long.later(hours=47).sessions.look_up(fresh.secret) is not None


async def test_a_change_is_refused_in_a_session_that_a_shorter_limit_has_ended(installed):
    async with front(installed) as at:
        await at.user("bob", "admins")
        actor = (await at.enter("bob")).session.actor()
        at.desk = within(at, idle=timedelta(minutes=5), lifetime=timedelta(minutes=5)).later(minutes=6).desk
        with pytest.raises(Refused) as caught:
            await create_owner(at.desk, actor=actor, kind=OwnerKind.USER, login="carol")
        assert caught.value.code == "session_ended"
