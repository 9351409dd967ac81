"""R09, R11, R12, R17, R25, R28: people, what they may do, and how they sign in."""

import asyncio
from datetime import timedelta

import pytest

from gateway.auth.passwords import password_pool, set_password
from gateway.auth.power import demand, holder, operator
from gateway.auth.refused import Refused
from gateway.auth.sessions import Sessions
from gateway.auth.sign_in_limit import SignInLimit
from gateway.core.evidence import Proven
from gateway.core.power import Act
from gateway.core.token import Secret
from tests.parity.living import Living, basic

AGE = timedelta(minutes=15)  # `portal.session.proof_age`, unless it says otherwise
GOOD, OTHER = "copper lantern zebra kiosk", "violin marmalade tugboat"


def at(installation, work):
    """What a portal will do: use cases on an open installation."""

    async def run():
        pool = password_pool()
        async with installation.desk() as desk:
            sessions = Sessions(desk, pool, SignInLimit())
            try:
                return await work(desk, sessions, pool)
            finally:
                await sessions.close()
                pool.close()

    return asyncio.run(run())


def enter(sessions, login, password=GOOD):
    return sessions.sign_in(login=login, password=Secret(password), address="192.0.2.7", user_agent="Browser/1")


def allowed(installation, who, act, whom):
    """Whether somebody in a session may do this to somebody."""

    async def ask(desk, sessions, pool):
        target = (await desk.store.owner(login=whom)).owner
        try:
            actor = (await enter(sessions, who)).session.actor()
        except Refused:
            await set_password(desk, pool, actor=operator("test"), login=who, password=Secret(GOOD), must_change=False)
            actor = (await enter(sessions, who)).session.actor()
        async with desk.store.change(actor="test") as change:
            try:
                await demand(change, desk, actor, act, target)
            except Refused as refused:
                return refused.code
        return "allowed"

    return at(installation, ask)


def test_r09_own_tokens_need_one_permission_and_those_of_others_another(installation):
    installation.ok("user", "add", "bob", "--group", "staff")
    installation.ok("user", "add", "guest", "--group", "guests")
    assert allowed(installation, "bob", Act.MINT_TOKEN, "bob") == "allowed"
    assert allowed(installation, "guest", Act.MINT_TOKEN, "guest") == "permission"
    assert allowed(installation, "guest", Act.SEE_TOKENS, "guest") == "permission"
    assert allowed(installation, "bob", Act.MINT_TOKEN, "alice") == "permission"
    assert allowed(installation, "bob", Act.SEE_TOKENS, "guest") == "permission"
    assert allowed(installation, "alice", Act.MINT_TOKEN, "bob") == "allowed"


def test_r11_the_password_is_asked_again_when_the_last_proof_is_old_and_never_of_sso_users(installation):
    installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=GOOD)
    installation.ok("user", "add", "eve", "--sso")
    written = installation.config.read_text("utf-8")
    installation.config.write_text(f"{written}portal: {{sso: {{socket: sso.sock}}}}\n", "utf-8")

    async def work(desk, sessions, _pool):
        session = (await enter(sessions, "alice")).session
        now = session.created_at
        assert desk.settings.portal.session.proof_age == AGE
        assert not session.needs_proof(now + AGE, AGE)
        assert session.needs_proof(now + AGE + timedelta(seconds=1), AGE)
        assert session.needs_proof(now + timedelta(seconds=6), timedelta(seconds=5))
        assert session.needs_proof(now - timedelta(seconds=1), AGE)
        assert not session.needs_proof(now + timedelta(days=1), None)
        with pytest.raises(Refused, match="not your password"):
            await sessions.prove(session, password=Secret(OTHER))
        proven = await sessions.prove(session, password=Secret(GOOD))
        assert proven.proof_at > session.proof_at
        eve = await sessions.sign_in_elsewhere(login="eve", groups=frozenset())
        assert not eve.session.needs_proof(now + timedelta(days=1), AGE)

    at(installation, work)


def test_r12_the_initial_password_is_set_by_the_help_desk_and_must_be_changed(installation):
    installation.ok("user", "add", "bob", "--group", "staff")
    installation.ok("user", "passwd", "bob", "--stdin", stdin=GOOD)

    async def work(_desk, sessions, _pool):
        signed = await enter(sessions, "bob")
        with pytest.raises(Refused) as caught:
            signed.session.actor()
        assert caught.value.code == "password_must_change"
        fresh = await sessions.change_password(signed.session, current=Secret(GOOD), new=Secret(OTHER))
        assert fresh.session.actor().owner.login == "bob"

    at(installation, work)


def test_r12_people_of_the_single_sign_on_have_tokens_without_a_password(installation):
    installation.ok("user", "add", "eve", "--sso", "--group", "staff")
    assert installation.token(user="eve").startswith("tgp_")
    assert installation.rows("SELECT count(password_hash) FROM owners") == [(0,)]


def test_r17_a_disabled_owner_is_dead_everywhere_and_alive_again_when_enabled(living: Living):
    login = living.user()
    token = living.token(login, "rest")
    living.installation.ok("user", "passwd", login, "--stdin", "--no-must-change", stdin=GOOD)
    assert living.allows(token)

    async def work(_desk, sessions, _pool):
        return await enter(sessions, login)

    signed = at(living.installation, work)
    living.run("user", "disable", login)
    assert living.reason("/api/x", token) == "owner_disabled"
    with pytest.raises(Refused, match="login or password is wrong"):
        at(living.installation, work)
    assert at(living.installation, lambda _d, sessions, _p: sessions.look_up(signed.secret)) is None
    living.run("user", "enable", login)
    assert at(living.installation, work).session.owner.enabled
    assert living.allows(token)


def test_r17_people_who_left_the_single_sign_on_lose_their_tokens_until_it_vouches_again(living: Living):
    living.run("user", "add", "leaver", "--sso", "--group", "staff")
    token = living.token("leaver", "rest")
    assert living.allows(token)

    def long_ago(days: int) -> None:
        async def work(desk, *_):
            then = desk.now() - timedelta(days=days)
            async with desk.store.change(actor="test") as change:
                change.at = then
                await change.confirm_owner((await change.owner(login="leaver")).owner.id)

        at(living.installation, work)

    long_ago(91)
    living.run("user", "edit", "leaver", "--name", "Leaver")  # returns when all of it is known everywhere
    assert living.reason("/api/x", token) == "owner_unconfirmed"
    living.run("user", "confirm", "leaver")
    living.run("user", "edit", "leaver", "--name", "Returned")
    assert living.allows(token)


def test_r25_my_account_knows_login_organisation_groups_contact_and_tokens(installation):
    words = ("--name", "Bob Example", "--email", "b@example.org", "--group", "staff", "--organisation", "acme")
    installation.ok("user", "add", "bob", *words)
    installation.ok("user", "passwd", "bob", "--stdin", "--no-must-change", stdin=GOOD)
    installation.token(user="bob", name="laptop")

    async def work(desk, sessions, _pool):
        owner = (await enter(sessions, "bob")).session.actor().owner
        return owner, await desk.store.tokens(owner_id=owner.id)

    owner, tokens = at(installation, work)
    assert (owner.login, owner.name, owner.email) == ("bob", "Bob Example", "b@example.org")
    assert (owner.organisations, owner.groups) == (("acme",), ("staff",))
    assert [entry.token.name for entry in tokens] == ["laptop"]


def test_r28_another_password_ends_the_sessions_and_leaves_the_tokens(living: Living):
    login = living.user()
    token = living.token(login, "rest")
    living.installation.ok("user", "passwd", login, "--stdin", "--no-must-change", stdin=GOOD)
    signed = at(living.installation, lambda _d, sessions, _p: enter(sessions, login))
    living.installation.ok("user", "passwd", login, "--stdin", stdin=OTHER)
    assert at(living.installation, lambda _d, sessions, _p: sessions.look_up(signed.secret)) is None
    assert living.allows(token)


def test_r28_no_session_grows_out_of_a_token_and_no_check_passes_by_a_password(living: Living):
    login = living.user("admins", "staff")
    token = living.token(login, "rest")
    living.installation.ok("user", "passwd", login, "--stdin", "--no-must-change", stdin=GOOD)
    assert living.sent(Authorization=basic(login, GOOD))[0] == 401

    async def work(desk, sessions, pool):
        for secret in (token, token.rsplit("_", 1)[1]):
            assert await sessions.look_up(Secret(secret)) is None
            with pytest.raises(Refused, match="login or password is wrong"):
                await enter(sessions, login, secret)
        (entry,) = await desk.store.tokens(owner_id=(await desk.store.owner(login=login)).owner.id)
        record = await desk.store.load_token(entry.token.id)
        actor = holder(desk, Proven.of(record, record.secrets[0]))
        wish = {"login": login, "password": Secret(OTHER)}
        with pytest.raises(Refused, match="does nothing in the gateway"):
            await set_password(desk, pool, actor=actor, **wish)
        assert await set_password(desk, pool, actor=operator("test"), **wish)

    at(living.installation, work)
