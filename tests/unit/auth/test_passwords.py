"""Passwords at rest, who may set them, and what comparing them costs."""

import io

import pytest

from gateway.auth.directory import replace_sso_groups, sync_directory
from gateway.auth.directory_file import Listed
from gateway.auth.groups import change_groups
from gateway.auth.imports.report import RefusedLine
from gateway.auth.imports.users import import_users
from gateway.auth.owners import create_owner, set_enabled
from gateway.auth.passwords import NOBODY, PASSWORD_PROFILE, PasswordPool, hash_password, matches
from gateway.auth.power import demand
from gateway.auth.refused import Refused
from gateway.core.owner import OwnerKind
from gateway.core.power import Act
from gateway.core.token import Secret
from tests.installation import CONFIG
from tests.unit.auth.signing_in import GOOD, OTHER, ROOT, front


async def refusal(work):
    with pytest.raises(Refused) as caught:
        await work
    assert GOOD not in str(caught.value)
    return caught.value.code


async def test_a_password_is_stored_as_argon2id_of_the_profile_and_nowhere_in_clear(installed):
    async with front(installed, profile=PASSWORD_PROFILE) as at:
        await at.user("bob")
        account = await at.desk.store.account("BOB")
        assert account.password.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert account.password.hash not in repr(account)
    assert GOOD.encode() not in installed.on_disk()
    assert account.password.hash not in str(installed.rows("SELECT detail FROM audit"))


async def test_nobody_costs_what_somebody_costs(installed):
    assert not PASSWORD_PROFILE.check_needs_rehash(NOBODY)
    asked = []

    class Counting(PasswordPool):
        async def run(self, work, lane=None):
            asked.append(work)
            return await super().run(work, lane)

    pool = Counting(threads=1, queue=1, name="test")
    stored = await hash_password(pool, Secret(GOOD))
    asked.clear()
    for one, password, expected in ((stored, GOOD, True), (stored, OTHER, False), (None, GOOD, False)):
        assert await matches(pool, one, Secret(password)) is expected
    assert len(asked) == 3
    assert not await matches(pool, stored, Secret("x" * 1025))
    assert not await matches(pool, None, Secret("x" * 1_000_000))
    assert len(asked) == 3  # corpus D11: a huge password is never hashed
    pool.close()


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"])
async def test_a_planted_or_broken_hash_matches_nothing(stored):
    pool = PasswordPool(threads=1, queue=1, name="test")
    assert not await matches(pool, stored, Secret(GOOD))
    pool.close()


async def test_the_same_characters_typed_otherwise_are_the_same_password(installed):
    async with front(installed) as at:
        await at.user("bob", password="e\u0301tude in \u212bngstr\u00f6m, vol. 6")
        assert await at.enter("bob", "\u00e9tude in \u00c5ngstr\u00f6m, vol. \uff16")


@pytest.mark.parametrize(
    ("login", "password", "code"),
    [
        ("bob", "short", "weak_password"),
        ("bob", "bob-gateway-2026", "weak_password"),
        ("nobody", GOOD, "not_found"),
        ("cron", GOOD, "not_found"),
        ("eve", GOOD, "signs_in_elsewhere"),
    ],
)
async def test_only_local_people_get_a_password_and_only_a_good_one(installed, login, password, code):
    async with front(installed) as at:
        await create_owner(at.desk, actor=ROOT, kind=OwnerKind.USER, login="bob")
        await create_owner(at.desk, actor=ROOT, kind=OwnerKind.APPLICATION, login="cron")
        await at.sso_user("eve")
        assert await refusal(at.set_password(login, password)) == code
    assert installed.rows("SELECT count(password_hash) FROM owners") == [(0,)]


async def test_nobody_sets_the_password_of_somebody_with_more_power_than_their_own(installed):
    text = CONFIG.replace("users: [admins]", "users: [admins, guests]")
    installed.config.write_text(text, "utf-8")
    async with front(installed) as at:
        await at.user("helper", "guests")
        await at.user("boss", "admins")
        await at.user("newcomer")
        actor = await at.actor("helper")
        assert await at.set_password("newcomer", OTHER, actor=actor)
        assert await refusal(at.set_password("boss", OTHER, actor=actor)) == "borrowed_power"
        regroup = {"actor": actor, "kind": OwnerKind.USER, "login": "helper", "add": ["admins"]}
        assert await refusal(change_groups(at.desk, **regroup)) == "borrowed_power"
        assert (await at.desk.store.account("helper")).owner.groups == ("guests",)
        await at.set_password("alice", GOOD)
        assert await at.set_password("boss", OTHER, actor=await at.actor("alice"))


async def test_no_file_takes_what_its_hander_could_not_take_by_hand(installed):
    text = CONFIG.replace("users: [admins]", "users: [admins, guests]")
    installed.config.write_text(text, "utf-8")
    async with front(installed) as at:
        await at.user("helper", "guests")
        await at.user("boss", "admins")
        await at.sso_user("chief", "admins")
        actor = await at.actor("helper")
        for listed in ("boss,staff,true", "boss,admins,false", "boss,,"):
            lines: list[RefusedLine] = []
            source = io.BytesIO(f"login,groups,enabled\n{listed}\n".encode())
            done = await import_users(
                at.desk, actor=actor, source=source, refused=lines.append, progress=lambda _: None, update=True
            )
            assert (done.updated, len(lines)) == (0, 1)
            assert "more than you do" in lines[0].why
        gone = (Listed(line=1, login="chief", enabled=False, groups=frozenset()),)
        for people, more in ((gone, {}), ((), {"disable_missing": True})):
            work = sync_directory(at.desk, actor=actor, people=people, force=True, **more)
            assert await refusal(work) == "borrowed_power"
        assert await refusal(replace_sso_groups(at.desk, actor=actor, login="chief", groups=[])) == "borrowed_power"
        for login in ("boss", "chief"):
            owner = (await at.desk.store.owner(login=login)).owner
            assert (owner.enabled, owner.groups) == (True, ("admins",))


async def test_the_operator_may_end_the_last_who_manages_people(installed):
    async with front(installed) as at:
        await at.user("boss", "admins")
        disable = {"kind": OwnerKind.USER, "login": "boss", "enabled": False}
        assert await refusal(set_enabled(at.desk, actor=await at.actor("boss"), **disable)) == "would_lock_out"
        assert (await set_enabled(at.desk, actor=ROOT, **disable)).changed


async def test_a_session_replaces_its_own_password_only_with_the_old_one(installed):
    async with front(installed) as at:
        for login, groups in (("bob", ("staff",)), ("boss", ("admins",))):
            await at.user(login, *groups)
            signed = await at.enter(login)
            work = at.set_password(login, OTHER, actor=signed.session.actor())
            assert await refusal(work) == "needs_old_password"
            assert await at.sessions.look_up(signed.secret) is not None
            await at.sessions.change_password(signed.session, current=Secret(GOOD), new=Secret(OTHER))
            assert await at.enter(login, OTHER)


async def test_groups_that_were_just_taken_away_do_not_count(installed):
    async with front(installed) as at:
        admin = await at.user("boss", "admins")
        await at.user("bob", "staff")
        actor = await at.actor("boss")
        async with at.desk.store.change(actor="test") as change:
            await change.set_groups(admin.id, ["staff"])
        assert await refusal(at.set_password("bob", OTHER, actor=actor)) == "permission"


async def test_who_acts_is_read_before_they_change_themselves(installed):
    async with front(installed) as at:
        owner = await at.user("bob", "staff")
        actor = await at.actor("bob")

        async def too_late():
            async with at.desk.store.change(actor="test") as change:
                await change.set_groups(owner.id, ["admins"])
                await demand(change, at.desk, actor, Act.SET_GROUPS, owner)

        with pytest.raises(ValueError, match="before changing them"):
            await too_late()
        people = (Listed(line=1, login="eve", enabled=True, groups=frozenset({"admins"})),)
        synced = sync_directory(at.desk, actor=actor, people=people, create=True)
        assert await refusal(synced) == "permission"
        assert await at.desk.store.owner(login="eve") is None


async def test_an_export_gives_nobody_more_power_than_who_hands_it_over_has(installed):
    text = CONFIG.replace("users: [admins]", "users: [admins, guests]")
    installed.config.write_text(text, "utf-8")
    async with front(installed) as at:
        await at.sso_user("helper", "guests")
        actor = await at.actor("helper")
        for login in ("helper", "eve"):
            people = (Listed(line=1, login=login, enabled=True, groups=frozenset({"admins"})),)
            assert await refusal(sync_directory(at.desk, actor=actor, people=people, create=True)) == "borrowed_power"
        people = tuple(
            Listed(line=n, login=login, enabled=True, groups=frozenset({"guests"}))
            for n, login in enumerate(("helper", "eve", "zoe"))
        )
        assert await sync_directory(at.desk, actor=actor, people=people, create=True)
