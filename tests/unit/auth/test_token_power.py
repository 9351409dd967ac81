"""Who may do what to whose tokens: every use case, by session and by token, asked in the change itself."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from gateway.auth import explain as explaining
from gateway.auth import hashing, owners, token_known
from gateway.auth.audit import export_audit, list_audit, prune_audit, verify_audit
from gateway.auth.leaked import revoke_leaked
from gateway.auth.owners import set_enabled
from gateway.auth.power import holder
from gateway.auth.refused import Refused
from gateway.auth.token_edit import edit_token
from gateway.auth.token_list import list_tokens, show_token
from gateway.auth.token_revoke import revoke_all, revoke_presented, revoke_tokens
from gateway.auth.token_stops import resume_token, suspend_all, suspend_tokens
from gateway.auth.tokens import create_token, rotate_token
from gateway.core.credential import NoCredential
from gateway.core.evidence import Proven, Rejected
from gateway.core.owner import OwnerKind
from gateway.core.reason import Reason
from gateway.core.token import handle, new_id
from gateway.store import records
from tests.economy import CHEAP
from tests.installation import CONFIG, Installation, an_installation
from tests.unit.auth.signing_in import ROOT, front

USER = OwnerKind.USER
MISSING = "tgp_" + new_id(b"\xff" * 64)
MINUTE = timedelta(minutes=1)


PEOPLE = (("bob", "staff"), ("carol", "staff"), ("boss", "admins"), ("guest", "guests"))


def hash_cheaply(patch):
    """What a hash costs is no case here: this file asks for hundreds of them."""
    patch.setattr(hashing, "TOKEN_PROFILE", CHEAP)
    patch.setattr(hashing, "_step_back", lambda: None)


@pytest.fixture(scope="module")
def peopled(template, tmp_path_factory):
    """An installation with bob and carol (staff), boss (admins), guest (no permission), made once and copied."""
    made = an_installation(template, tmp_path_factory.mktemp("peopled") / "gateway")
    text = CONFIG.replace("\nscopes: {", "\nscopes: {gateway: Act in the gateway, ")
    text = text.replace("users: [admins]", "users: [admins], audit: [admins], explain: [staff, admins]")
    made.config.write_text(text, "utf-8")

    async def settle():
        async with front(made) as there:
            for login, group in PEOPLE:
                await there.user(login, group)

    with pytest.MonkeyPatch.context() as patch:
        hash_cheaply(patch)
        asyncio.run(settle())
    return made


@pytest.fixture
async def at(peopled, tmp_path, monkeypatch):
    """A copy of it, where nobody waits until a change is effective everywhere."""
    hash_cheaply(monkeypatch)
    shutil.copytree(peopled.folder, tmp_path / "gateway")
    async with front(Installation(tmp_path / "gateway")) as made:
        made.desk = replace(made.desk, waits=False)
        yield made


async def make(at, login, name="ci", actor=ROOT, **over):
    """A token of a user."""
    wish = {"owner_kind": USER, "login": login, "name": name, "scopes": ("rest",)} | over
    return await create_token(at.desk, actor=actor, **wish)


def named(minted):
    """Its handle."""
    return handle("tg", minted.token.kind, minted.token.id)


async def proof(at, minted):
    """The evidence that its secret was presented."""
    record = await at.desk.store.load_token(minted.token.id)
    return Proven.of(record, record.secrets[0])


async def by_token(at, login, **over):
    """A token of a user that is meant for the gateway, and whoever acts by it."""
    minted = await make(at, login, "robot", scopes=("gateway", "rest"), **over)
    return minted, holder(at.desk, await proof(at, minted))


async def outcome(work):
    """`done`, or the code of the refusal."""
    try:
        await work
    except Refused as refused:
        return refused.code
    return "done"


ACTS = {
    "create": lambda desk, actor, login, _: create_token(
        desk, actor=actor, owner_kind=USER, login=login, name="new", scopes=("rest",)
    ),
    "rotate": lambda desk, actor, _, token: rotate_token(desk, actor=actor, reference=token, grace=MINUTE),
    "widen": lambda desk, actor, _, token: edit_token(desk, actor=actor, reference=token, scopes=("rest", "write")),
    "rest": lambda desk, actor, _, token: edit_token(desk, actor=actor, reference=token, idle=timedelta(days=9)),
    "resume": lambda desk, actor, _, token: resume_token(desk, actor=actor, reference=token),
    "narrow": lambda desk, actor, _, token: edit_token(desk, actor=actor, reference=token, scopes=()),
    "rename": lambda desk, actor, _, token: edit_token(desk, actor=actor, reference=token, name=f"was {token}"),
    "suspend": lambda desk, actor, _, token: suspend_tokens(desk, actor=actor, references=[token]),
    "revoke": lambda desk, actor, _, token: revoke_tokens(desk, actor=actor, references=[token]),
    "revoke all": lambda desk, actor, login, _: revoke_all(desk, actor=actor, owner_kind=USER, login=login),
    "suspend all": lambda desk, actor, login, _: suspend_all(desk, actor=actor, owner_kind=USER, login=login),
    "list": lambda desk, actor, login, _: list_tokens(desk, actor=actor, owner_kind=USER, login=login),
    "show": lambda desk, actor, _, token: show_token(desk, actor=actor, reference=token),
}
MAKING = {"create", "rotate", "widen", "rest", "resume"}
BY_LOGIN = {"create", "revoke all", "suspend all", "list"}
MANY = {"suspend", "revoke"}  # answer with what is unknown, and are not refused for it


async def tried(at, act, actor, login, minted):
    """The outcome; of those that take many, `not_found` where it is told as unknown."""
    found = []

    async def work():
        found.append(await ACTS[act](at.desk, actor, login, named(minted)))

    code = await outcome(work())
    return "not_found" if act in MANY and code == "done" and found[0].unknown else code


def expected(act, *, who, own, scope=True, proven=True):
    """The rule in one place: scope first; then whether one may know of it; then the permission; then the proof."""
    if not scope:
        return "gateway_scope"
    if own:
        code = "permission" if who == "guest" else "done"
    elif who == "boss":
        code = "done"
    else:
        code = "permission" if act in BY_LOGIN else "not_found"
    return "needs_proof" if code == "done" and act in MAKING and not proven else code


@pytest.mark.parametrize("act", ACTS)
async def test_a_session_does_what_its_permission_and_its_proof_allow(at, act):
    late = at.later(minutes=16)
    for who, own, proven in product(("bob", "boss", "guest"), (True, False), (True, False)):
        await at.enter(who)
        where, actor = (at if proven else late), await at.actor(who)
        whose = who if own else "carol"
        minted = await make(at, "carol" if whose == "guest" else whose, f"{who} {own} {proven}")
        if whose == "guest":
            await _give(at, minted, "guest")
        code = await tried(where, act, actor, whose, minted)
        assert code == expected(act, who=who, own=own, proven=proven), (who, own, proven)


@pytest.mark.parametrize("act", ACTS)
async def test_a_token_does_what_its_scope_and_its_owners_permission_allow(at, act):
    for who, own, scope in product(("bob", "boss"), (True, False), (True, False)):
        scopes = ("gateway", "rest", "write") if scope else ("rest", "write")
        robot = await make(at, who, f"robot {own} {scope}", scopes=scopes, idle=timedelta(days=30))
        actor = holder(at.desk, await proof(at, robot))
        whose = who if own else "carol"
        minted = await make(at, whose, f"{who} {own} {scope}", idle=timedelta(days=8), expires=timedelta(days=1))
        code = await tried(at, act, actor, whose, minted)
        wanted = expected(act, who=who, own=own, scope=scope)
        if act == "create" and wanted == "done":
            wanted = "beyond_token"  # it would never rest, and the one that makes it does
        assert code == wanted, (who, own, scope)


async def _give(at, minted, login):
    """What no use case does: the token is somebody's who may have none."""
    owner = (await at.desk.store.owner(login=login)).owner
    statement = f"UPDATE tokens SET owner_id = '{owner.id}' WHERE id = '{minted.token.id}'"
    with closing(sqlite3.connect(at.desk.store.path, isolation_level=None, timeout=5)) as connection:
        connection.execute(statement)


@pytest.mark.parametrize("act", sorted(set(ACTS) - BY_LOGIN))
async def test_a_foreign_token_and_none_at_all_get_one_answer_without_a_hint(at, act, monkeypatch):
    foreign, actor = await make(at, "carol"), await at.actor("bob")
    hashed = []
    run = at.desk.hashing.run
    monkeypatch.setattr(at.desk.hashing, "run", lambda work, lane: hashed.append(work) or run(work, lane))
    said = []
    # A near miss of the foreign handle is told nothing of it either.
    near = named(foreign)[:-1] + ("A" if named(foreign)[-1] != "A" else "B")
    for reference in (named(foreign), MISSING, near):
        if act in MANY:
            found = await ACTS[act](at.desk, actor, "carol", reference)
            said.append((found.unknown == (reference,), found.effect))
            continue
        with pytest.raises(Refused) as caught:
            await ACTS[act](at.desk, actor, "carol", reference)
        said.append((caught.value.code, str(caught.value).replace(reference, "TOKEN")))
    assert len(set(said)) == 1, said
    assert hashed == [], "a hash takes time, which would tell a foreign token from none"
    if act not in MANY:
        assert "did you mean" not in said[0][1]


async def test_a_typo_reads_no_more_tokens_and_owners_than_are_compared(at, monkeypatch):
    for module in (owners, token_known):
        monkeypatch.setattr(module, "MAX_COMPARED", 4)
    actor, made = await at.actor("bob"), named(await make(at, "bob"))
    near = made[:-1] + ("A" if made[-1] != "A" else "B")

    async def mend(asking):
        with pytest.raises(Refused) as caught:
            await asking
        return caught.value.mend

    typed = {"actor": actor, "reference": near}
    assert made in await mend(show_token(at.desk, **typed))
    misspelt = list_tokens(at.desk, actor=ROOT, owner_kind=USER, login="carl")
    assert "carol" not in await mend(misspelt), "there are five people"
    for number in range(4):
        await make(at, "bob", name=f"another {number}")
    read = records.token_entry
    seen = []
    monkeypatch.setattr(records, "token_entry", lambda row: seen.append(row) or read(row))
    assert made not in await mend(show_token(at.desk, **typed))
    assert len(seen) == 5


@pytest.mark.parametrize("act", sorted(BY_LOGIN))
async def test_who_may_not_act_on_others_does_not_learn_who_there_is(at, act):
    for actor in (await at.actor("bob"), (await by_token(at, "bob"))[1]):
        said = set()
        for login in ("carol", "nobody", "carola"):
            with pytest.raises(Refused) as caught:
                await ACTS[act](at.desk, actor, login, "")
            said.add((caught.value.code, str(caught.value).replace(login, "LOGIN")))
        assert len(said) == 1
        assert said.pop()[0] == "permission"


async def test_a_list_holds_what_one_may_see(at):
    for login in ("bob", "carol", "boss"):
        await make(at, login, login)

    async def names(who):
        return [one.token.name for one in await list_tokens(at.desk, actor=await at.actor(who))]

    assert await names("bob") == ["bob"]
    assert await names("boss") == ["bob", "carol", "boss"]
    assert await outcome(list_tokens(at.desk, actor=await at.actor("guest"))) == "permission"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"scopes": ("rest", "write")}, "scopes"),
        ({"expires": timedelta(days=3)}, "expires"),
        ({"idle": timedelta.max}, "idle"),
        ({"networks": ()}, "networks"),
        ({"hosts": ()}, "hosts"),
    ],
    ids=str,
)
async def test_a_token_makes_and_widens_nothing_beyond_itself(at, wish, field):
    limits = {"networks": ("10.0.0.0/8",), "hosts": ("a.example.org",), "idle": timedelta(days=5)}
    robot, actor = await by_token(at, "bob", expires=timedelta(days=2), **limits)
    narrow = await make(at, "bob", "narrow", scopes=(), expires=timedelta(days=1), **limits)
    wide = await make(at, "bob", "wide", **({"expires": timedelta(days=1)} | limits | wish))
    works = [
        make(at, "bob", "new", actor, **(limits | wish)),
        edit_token(at.desk, actor=actor, reference=named(narrow), **wish),
        edit_token(at.desk, actor=actor, reference=named(robot), **({"scopes": ("gateway", "rest")} | wish)),
        rotate_token(at.desk, actor=actor, reference=named(wide)),
    ]
    for number, work in enumerate(works):
        with pytest.raises(Refused) as caught:
            await work
        assert (caught.value.code, caught.value.field) == ("beyond_token", field), number
    await suspend_tokens(at.desk, actor=actor, references=[named(wide)])
    assert await outcome(resume_token(at.desk, actor=actor, reference=named(wide))) == "beyond_token"
    assert (await at.desk.store.load_token(narrow.token.id)).version == 1


async def test_what_a_token_makes_without_an_expiry_ends_with_it(at):
    robot, actor = await by_token(at, "bob", expires=timedelta(days=2))
    made = await make(at, "bob", "child", actor)
    assert made.token.expires_at == robot.token.expires_at
    assert (await at.desk.store.token(made.token.id)).created_by == f"token:{named(robot)}"


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(seconds=59)], ids=str)
async def test_a_token_that_rotates_itself_needs_a_grace_or_the_first_use(at, grace):
    robot, actor = await by_token(at, "bob")
    with pytest.raises(Refused) as caught:
        await rotate_token(at.desk, actor=actor, reference=named(robot), grace=grace)
    assert (caught.value.code, caught.value.field) == ("needs_grace", "grace")
    assert await rotate_token(at.desk, actor=actor, reference=robot.token.id, grace=MINUTE)
    assert await rotate_token(at.desk, actor=actor, reference=robot.token.id, until_used=True)


async def overtaken(at, monkeypatch, act):
    """From now on `act` happens while a secret is being hashed: after the look-up, before the change."""
    run = at.desk.hashing.run

    async def slowly(work, lane):
        found = await run(work, lane)
        monkeypatch.setattr(at.desk.hashing, "run", run)
        await act()
        return found

    monkeypatch.setattr(at.desk.hashing, "run", slowly)


async def _leave(at, login):
    owner = (await at.desk.store.owner(login=login)).owner
    async with at.desk.store.change(actor="test") as change:
        await change.set_groups(owner.id, ["staff"])


OVERTAKES = {
    "permission": (lambda at, _: _leave(at, "boss"), ("permission", "not_found")),
    "session_ended": (lambda at, session: at.sessions.end_all(session, besides_this=False), ("session_ended",) * 2),
    "disabled": (
        lambda at, _: set_enabled(at.desk, actor=ROOT, kind=USER, login="boss", enabled=False),
        ("session_ended",) * 2,
    ),
}


@pytest.mark.parametrize("what", OVERTAKES)
async def test_what_was_taken_away_after_the_look_up_counts_in_the_change(at, what, monkeypatch):
    overtake, codes = OVERTAKES[what]
    minted = await make(at, "carol")
    for act, code in zip(("create", "rotate"), codes, strict=True):
        await set_enabled(at.desk, actor=ROOT, kind=USER, login="boss", enabled=True)
        async with at.desk.store.change(actor="test") as change:
            await change.set_groups((await change.owner(login="boss")).owner.id, ["admins"])
        session = (await at.enter("boss")).session
        await overtaken(at, monkeypatch, lambda at=at, session=session: overtake(at, session))
        assert await tried(at, act, session.actor(), "carol", minted) == code
    record = await at.desk.store.load_token(minted.token.id)
    assert (record.version, len(record.secrets)) == (1, 1)


async def test_a_token_that_was_revoked_after_the_look_up_acts_no_more(at, monkeypatch):
    robot, actor = await by_token(at, "boss")
    minted = await make(at, "carol")
    await overtaken(at, monkeypatch, lambda: revoke_tokens(at.desk, actor=ROOT, references=[robot.token.id]))
    assert await tried(at, "rotate", actor, "carol", minted) == "token_ended"


async def test_a_secret_that_a_rotation_ended_after_the_look_up_acts_no_more(at):
    robot, actor = await by_token(at, "bob")
    await rotate_token(at.desk, actor=ROOT, reference=robot.token.id, grace=MINUTE)
    assert await outcome(make(at, "bob", "in the grace", actor)) == "done"
    await rotate_token(at.desk, actor=ROOT, reference=robot.token.id)
    assert await outcome(make(at, "bob", "afterwards", actor)) == "token_ended"


async def test_an_actor_without_a_session_that_is_there_does_nothing(at):
    actor = await at.actor("boss")
    for session_id in (None, "0" * 64, (await at.actor("bob")).session_id):
        forged = replace(actor, session_id=session_id, proven=True)
        assert await outcome(make(at, "carol", actor=forged)) == "session_ended"


@pytest.mark.parametrize(("age", "code"), [("never", "done"), ("6h", "done"), ("1h", "needs_proof")])
async def test_how_long_a_proof_counts_is_the_operators_to_say(installed, age, code):
    installed.config.write_text(f"{CONFIG}portal: {{session: {{proof_age: {age}}}}}\n", "utf-8")
    async with front(installed) as at:
        await at.user("bob", "staff")
        actor = await at.actor("bob")
        assert await outcome(make(at.later(hours=5), "bob", actor=actor)) == code


async def test_who_signed_in_elsewhere_is_not_asked_for_a_proof(at):
    await at.sso_user("eve", "staff")
    actor = await at.actor("eve")
    assert await outcome(make(at.later(hours=7), "eve", actor=actor)) == "done"


async def test_the_audit_is_read_with_its_permission_and_pruned_by_the_operator_alone(at):
    robot = (await by_token(at, "boss"))[1]
    bare = holder(at.desk, await proof(at, await make(at, "boss", "bare")))
    for actor, code in (
        (await at.actor("boss"), "done"),
        (robot, "done"),
        (bare, "gateway_scope"),
        (await at.actor("bob"), "permission"),
    ):
        assert await outcome(list_audit(at.desk, actor=actor)) == code
        assert await outcome(export_audit(at.desk, actor=actor, write=lambda _: None)) == code
        assert await outcome(verify_audit(at.desk, actor=actor)) == code
        assert await outcome(prune_audit(at.desk, actor=actor, before=at.desk.now())) == "permission"
    assert await outcome(prune_audit(at.desk, actor=ROOT, before=at.desk.now() - timedelta(days=1))) == "done"


async def test_explain_needs_its_permission_and_tells_nothing_of_foreign_tokens(at):
    foreign, own = await make(at, "carol"), await make(at, "bob")
    question = explaining.Question(method=b"GET", uri=b"/api/x", host=b"app.example.org")

    async def nobody(_presented, _user=None, *, rt=None):
        return Rejected(reason=Reason.UNKNOWN_TOKEN)

    async def asked(who, asker):
        return await outcome(
            explaining.explain_for(
                at.desk, at.desk.settings.policy(), question, asker, actor=await at.actor(who), authenticate=nobody
            )
        )

    stranger = lambda _: NoCredential()  # noqa: E731
    assert await asked("bob", stranger) == "done"
    assert await asked("guest", stranger) == "permission"
    assert await asked("bob", explaining.KnownToken(own.token.id)) == "done"
    assert await asked("bob", explaining.KnownToken(foreign.token.id)) == "not_found"
    assert await asked("boss", explaining.KnownToken(foreign.token.id)) == "done"


async def test_who_presents_a_token_ends_it_without_permission_and_scope(at):
    minted = await make(at, "carol")
    assert await revoke_presented(at.desk, presented=await proof(at, minted), address="192.0.2.7")
    entry = await at.desk.store.token(minted.token.id)
    assert (entry.token.revoked_at is not None, entry.revoked_by) == (True, f"token:{named(minted)}")
    row = (await list_audit(at.desk, actor=ROOT, action="token_revoked")).page.rows[0].row
    assert (row.actor, row.address) == (f"token:{named(minted)}", "192.0.2.7")
    assert await revoke_presented(at.desk, presented=await proof(at, minted))


async def test_a_secret_that_a_rotation_ended_ends_nothing(at):
    minted = await make(at, "carol")
    old = await proof(at, minted)
    await rotate_token(at.desk, actor=ROOT, reference=minted.token.id)
    record = await at.desk.store.load_token(minted.token.id)
    old = Proven.of(record, next(one for one in record.secrets if one.row == old.secret.row))
    assert await revoke_presented(at.desk, presented=old) is None
    assert (await at.desk.store.load_token(minted.token.id)).token.revoked_at is None


async def test_of_a_list_of_leaked_tokens_one_ends_whole_ones_and_of_handles_only_ones_own(at):
    whole, theirs, own = await make(at, "carol"), await make(at, "carol", "second"), await make(at, "bob")
    evidence = await proof(at, whole)

    async def authenticate(presented, _user=None, *, rt=None):
        return evidence if presented.decode() == whole.whole.reveal() else Rejected(reason=Reason.WRONG_SECRET)

    lines = [whole.whole.reveal(), named(theirs), theirs.whole.reveal(), named(own)]
    found = await revoke_leaked(at.desk, authenticate, actor=await at.actor("bob"), lines=lines)
    assert [one.token.id for one in found.revoked] == [whole.token.id, own.token.id]
    assert [(one.line, one.why) for one in found.missing] == [(2, "not found"), (3, "not found")]
