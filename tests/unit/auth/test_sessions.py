"""Signing in and out: one answer to every wrong try, dead at once when ended, and proof again for what matters."""

import asyncio
import threading
from dataclasses import replace

import pytest

from gateway.auth.directory import replace_sso_groups
from gateway.auth.owners import create_owner, delete_owner, set_enabled
from gateway.auth.refused import Refused
from gateway.auth.sessions import WRONG_PROOFS
from gateway.auth.sign_in_limit import FAILURES, TRACKED, SignInLimit
from gateway.core.owner import OwnerKind
from gateway.core.token import Secret
from gateway.store import SignedInBy
from tests.unit.auth.signing_in import GOOD, OTHER, ROOT, front


async def refusal(work):
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def test_a_session_is_found_by_its_secret_alone_and_the_store_knows_only_a_digest(installed):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("BOB", user_agent="Evil\x1b[2J" + "x" * 500)
        found = await at.sessions.look_up(signed.secret)
        assert (found.owner.login, found.how, found.address) == ("bob", SignedInBy.PASSWORD, "192.0.2.7")
        assert found.user_agent.isprintable()
        assert len(found.user_agent) == 200
        for wrong in ("", found.id, "x" * 43, signed.secret.reveal() + "\n", "é" * 43):
            assert await at.sessions.look_up(Secret(wrong)) is None
        assert signed.secret.reveal().encode() not in installed.on_disk()


async def test_every_wrong_try_has_the_same_answer(installed):
    async with front(installed) as at:
        await at.user("bob")
        await at.user("gone")
        await at.user("off")
        await at.sso_user("eve")
        await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="off", enabled=False)
        await delete_owner(at.desk, actor=ROOT, kind=OwnerKind.USER, login="gone")
        await create_owner(at.desk, actor=ROOT, kind=OwnerKind.APPLICATION, login="cron")
        tries = [("bob", OTHER), ("bob", ""), ("bob", "x" * 2000), ("nobody", GOOD), ("off", GOOD), ("gone", GOOD)]
        tries += [("eve", GOOD), ("cron", GOOD), ("alice", GOOD), ("a\nb", GOOD), ("x" * 10_000, GOOD)]
        answers = {str(await refusal(at.enter(*one))) for one in tries}
        assert answers == {"login or password is wrong; ask an administrator if you have none"}
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]


async def test_a_refused_sign_in_is_audited_once_a_minute_with_how_often_it_was(installed):
    async with front(installed) as at:
        await at.user("bob")
        for _ in range(5):
            await refusal(at.enter("bob", OTHER))
    rows = installed.rows("SELECT actor, address, detail FROM audit WHERE action = 'sign_in_refused'")
    assert rows == [("", "192.0.2.7", '{"times":1}')]


async def test_failures_are_counted_for_a_network_and_lock_nobody_out(installed):
    async with front(installed) as at:
        await at.user("bob")
        codes = [(await refusal(at.enter("bob", OTHER, address="2001:db8::1"))).code for _ in range(FAILURES.burst + 1)]
        assert codes == ["sign_in"] * FAILURES.burst + ["limited"]
        assert (await refusal(at.enter("bob", address="2001:db8::ffff"))).code == "limited"
        assert await at.enter("bob", address="192.0.2.7")  # corpus D17: the account is not locked
        at.seconds[0] += FAILURES.period_s
        assert await at.enter("bob", address="2001:db8::1")


def test_who_mistypes_and_then_gets_it_right_has_his_place_back():
    limit = SignInLimit(lambda: 0.0)
    for _ in range(FAILURES.burst * 3):
        limit.take("198.51.100.1")
        limit.give_back("198.51.100.1")
    for _ in range(FAILURES.burst):
        limit.take("::ffff:198.51.100.1")
    with pytest.raises(Refused):
        limit.take("198.51.100.1")


async def test_a_session_in_which_the_password_is_guessed_ends_and_no_other_does(installed):
    async with front(installed) as at:
        await at.user("bob")
        stolen, kept = await at.enter("bob"), await at.enter("bob")
        for number in range(WRONG_PROOFS - 1):  # from as many networks: none of them fails too often
            await refusal(at.sessions.prove(stolen.session, password=Secret(OTHER), address=f"192.0.2.{number}"))
        assert await at.sessions.prove(stolen.session, password=Secret(GOOD))  # right once: it begins anew
        for number in range(WRONG_PROOFS):
            assert await at.sessions.look_up(stolen.secret) is not None
            guess = at.sessions.prove(stolen.session, password=Secret(OTHER), address=f"192.0.2.{number}")
            assert (await refusal(guess)).code == "sign_in"
        assert await at.sessions.look_up(stolen.secret) is None
        assert await at.sessions.look_up(kept.secret) is not None
        assert (await refusal(at.sessions.prove(stolen.session, password=Secret(GOOD)))).code == "sign_in"
        assert await at.enter("bob")  # the account is not locked


def test_whoever_has_ever_so_many_networks_keeps_nobody_else_out():
    limit = SignInLimit(lambda: 0.0)
    for number in range(3 * TRACKED):
        for _ in range(3):
            limit.take(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1")
    for _ in range(FAILURES.burst):
        limit.take("198.51.100.1")


async def test_one_network_that_brings_many_passwords_makes_only_itself_wait(installed):
    async with front(installed) as at:
        await at.user("bob")
        go = threading.Event()
        held = [asyncio.create_task(at.pool.run(go.wait)) for _ in range(2)]  # both threads of the pool
        crowd = [asyncio.create_task(at.enter("bob", OTHER, address="203.0.113.5")) for _ in range(FAILURES.burst)]
        for _ in range(3):
            await asyncio.sleep(0.02)
        lone = asyncio.create_task(at.enter("bob", address="192.0.2.7"))
        await asyncio.sleep(0.05)
        go.set()
        assert await lone
        codes = [one.code for one in await asyncio.gather(*crowd, return_exceptions=True)]
        await asyncio.gather(*held)
        assert set(codes) == {"sign_in", "busy"}
        assert codes.count("busy") >= FAILURES.burst - 16


@pytest.mark.parametrize(
    ("span", "is_there"),
    [({"hours": 7, "minutes": 59}, True), ({"hours": 8, "minutes": 1}, False), ({"hours": 25}, False)],
    ids=str,
)
async def test_a_session_ends_when_it_is_not_used(installed, span, is_there):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("bob")
        assert (await at.later(**span).sessions.look_up(signed.secret) is not None) is is_there


async def test_a_session_that_is_used_ends_after_a_day(installed):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("bob")
        for hours in (7, 14, 21, 23.9):
            assert await at.later(hours=hours).sessions.look_up(signed.secret) is not None
        assert await at.later(hours=24.1).sessions.look_up(signed.secret) is None
        assert await at.later(hours=24.1).sessions.list_own(signed.session) == ()


@pytest.mark.parametrize("act", ["disable", "delete", "password", "sign-out", "everywhere"])
async def test_what_ends_a_session_ends_it_at_once(installed, act):
    async with front(installed) as at:
        await at.user("bob")
        signed, other = await at.enter("bob"), await at.enter("bob")
        match act:
            case "disable":
                await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="bob", enabled=False)
            case "delete":
                await delete_owner(at.desk, actor=ROOT, kind=OwnerKind.USER, login="bob")
            case "password":
                assert (await at.set_password("bob", OTHER)).sessions_ended == 2
            case "sign-out":
                await at.sessions.end(other.session, session_id=signed.session.id)
            case "everywhere":
                assert await at.sessions.end_all(other.session) == 1
        assert await at.sessions.look_up(signed.secret) is None
        kept = act in {"sign-out", "everywhere"}
        assert (await at.sessions.look_up(other.secret) is not None) is kept


async def test_who_is_enabled_again_has_to_sign_in_again(installed):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("bob")
        for enabled in (False, True):
            await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="bob", enabled=enabled)
            assert await at.sessions.look_up(signed.secret) is None
        assert await at.enter("bob")


async def test_nobody_sees_or_ends_the_session_of_another(installed):
    async with front(installed) as at:
        await at.user("bob")
        await at.user("eve")
        bob, eve = await at.enter("bob"), await at.enter("eve")
        assert [one.id for one in await at.sessions.list_own(eve.session)] == [eve.session.id]
        for wanted in (bob.session.id, "no such"):
            assert (await refusal(at.sessions.end(eve.session, session_id=wanted))).code == "not_found"
        assert await at.sessions.look_up(bob.secret) is not None


async def test_signing_in_ends_the_session_that_the_browser_had_whoever_it_was_of_and_no_other(installed):
    async with front(installed) as at:
        await at.user("bob")
        await at.user("eve")
        bob, eve, elsewhere = await at.enter("bob"), await at.enter("eve"), await at.enter("eve")
        again = await at.enter("bob", before=bob.secret)
        assert await at.sessions.look_up(bob.secret) is None
        assert again.secret != bob.secret
        await at.enter("bob", before=eve.secret)
        assert await at.sessions.look_up(eve.secret) is None
        for other in (elsewhere, again):
            assert await at.sessions.look_up(other.secret) is not None


async def test_of_too_many_sessions_of_one_person_the_oldest_end(installed):
    async with front(installed) as at:
        owner = await at.user("bob")
        first = await at.enter("bob")
        async with at.desk.store.change(actor="test") as change:
            row = (await change.session(first.session.id)).session
            for number in range(32):
                await change.begin_session(replace(row, id=f"s{number}", created_at=change.at))
        assert await at.sessions.look_up(first.secret) is None
        assert len(await at.desk.store.sessions(owner.id)) == 32


async def test_an_initial_password_opens_nothing_but_its_own_change(installed):
    async with front(installed) as at:
        await at.user("bob", must_change=True)
        signed = await at.enter("bob")
        assert signed.session.must_change
        with pytest.raises(Refused, match="choose a password of your own"):
            signed.session.actor()
        same = at.sessions.change_password(signed.session, current=Secret(GOOD), new=Secret(GOOD))
        assert (await refusal(same)).code == "weak_password"
        wrong = at.sessions.change_password(signed.session, current=Secret(OTHER), new=Secret(OTHER))
        assert (await refusal(wrong)).code == "sign_in"
        fresh = await at.sessions.change_password(signed.session, current=Secret(GOOD), new=Secret(OTHER))
        assert fresh.session.actor().owner.login == "bob"
        assert await at.sessions.look_up(signed.secret) is None
        assert (await refusal(at.enter("bob"))).code == "sign_in"
        assert await at.enter("bob", OTHER)


async def test_of_two_changes_of_one_password_at_once_one_holds(installed):
    async with front(installed) as at:
        await at.user("bob")
        signed = await at.enter("bob")
        new = ("violin marmalade tugboat", "harvest moon over tin roofs")
        work = [at.sessions.change_password(signed.session, current=Secret(GOOD), new=Secret(one)) for one in new]
        done = await asyncio.gather(*work, return_exceptions=True)
        assert sorted(isinstance(one, Refused) for one in done) == [False, True], done


async def test_a_person_of_the_single_sign_on_comes_in_by_its_word_alone_with_its_groups(installed):
    async with front(installed) as at:
        owner = await at.sso_user("eve", "guests")
        await at.user("bob")
        groups = frozenset({"staff", "undeclared"})
        signed = await at.sessions.sign_in_elsewhere(login="eve", groups=groups)
        assert signed.session.owner.groups == ("guests", "staff")
        assert signed.session.owner.confirmed_at > owner.confirmed_at
        await replace_sso_groups(at.desk, actor=ROOT, login="eve", groups=())
        assert (await at.sessions.look_up(signed.secret)).owner.groups == ("guests",)
        for login in ("bob", "nobody", "alice"):
            refused = await refusal(at.sessions.sign_in_elsewhere(login=login, groups=groups))
            assert refused.code == "sign_in"
