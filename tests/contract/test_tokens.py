"""Tokens and their secrets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.network import Networks
from gateway.core.owner import OwnerKind
from gateway.core.token import Kind
from gateway.store import NameTaken, NotFound, TokenFilter, TokenState, Use
from gateway.store.change_tokens import PAST_SECRETS_KEPT
from tests.builders import NOW, a_stored_secret, a_token, an_owner
from tests.contract.backend import add_alice

HOUR = timedelta(hours=1)


@pytest.fixture
async def alice(store):
    """A user that is stored, without tokens."""
    owner = an_owner("alice", groups=("admins", "staff"), organisations=("acme",))
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
    return owner


async def added(store, owner, *, actor="cli:alice", **over):
    """A stored token with its first secret."""
    token = a_token(owner, **over)
    async with store.change(actor=actor) as change:
        return token, await change.add_token(token, a_stored_secret(token))


async def test_a_token_comes_back_whole_with_owner_and_secret(store, alice):
    token, secret = await added(
        store,
        alice,
        scopes=frozenset({"rest", "export"}),
        networks=Networks.of(["192.168.0.0/16", "10.0.0.0/8", "2001:db8::/32"]),
    )
    record = await store.load_token(token.id)
    assert record.token == token
    assert record.owner == alice
    assert record.secrets == (secret,)


async def test_hosts_and_idle_expiry_come_back_and_can_be_edited(store, alice):
    hosts, idle = frozenset({"app.example.org", "*.example.org"}), timedelta(days=30)
    token, _ = await added(store, alice, hosts=hosts, idle=idle)
    assert (await store.load_token(token.id)).token == token
    async with store.change(actor="test") as change:
        assert await change.edit_token(token.id, hosts=None, idle=None)
    assert (await store.load_token(token.id)).token == replace(token, hosts=None, idle=None)


async def test_every_change_of_a_token_counts_its_version_up(store, alice):
    token, _ = await added(store, alice)
    seen = [(await store.load_token(token.id)).version]
    for change_it in (
        lambda change: change.edit_token(token.id, name="new"),
        lambda change: change.suspend(token.id),
        lambda change: change.resume(token.id),
        lambda change: change.rotate(token.id, a_stored_secret(token), old_ends_at=change.at),
        lambda change: change.suspend_all_of(alice.id),
        lambda change: change.revoke_all_of(alice.id),
    ):
        async with store.change(actor="test") as change:
            assert await change_it(change)
        seen.append((await store.load_token(token.id)).version)
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert (await store.token(token.id)).version == 7


async def test_an_old_secret_that_lives_until_the_new_one_is_used_ends_once(backend, store, alice):
    token, first = await added(store, alice)
    async with store.change(actor="test") as change:
        second = await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW + HOUR, until_used=True)
    waiting = replace(first, ends_at=NOW + HOUR, ended_by_use_of=second.row)
    record = await store.load_token(token.id)
    assert record.secrets == (second, waiting)
    assert (record.ended_by_use_of(second), record.ended_by_use_of(first)) == (first.row, None)
    backend.clock.advance(HOUR / 2)
    for expected in (True, False):
        async with store.change(actor="test") as change:
            assert not await change.end_by_use(token.id, old=first.row, new=first.row)
            assert await change.end_by_use(token.id, old=first.row, new=second.row) is expected
        assert (await store.load_token(token.id)).secrets == (second, replace(first, ends_at=first.created_at))


async def test_another_rotation_ends_a_secret_that_waited_for_a_use(backend, store, alice):
    token, first = await added(store, alice)
    for _ in range(2):
        async with store.change(actor="test") as change:
            newest = await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW + HOUR, until_used=True)
    current, waiting, ended = (await store.load_token(token.id)).secrets
    assert (current, waiting.ended_by_use_of, ended) == (newest, newest.row, replace(first, ends_at=first.created_at))


async def test_an_idle_token_is_ended_once_and_only_by_what_is_written_down(backend, store, alice):
    token, _ = await added(store, alice, idle=timedelta(days=1), expires_at=None, created_at=NOW)
    backend.clock.advance(timedelta(days=1))
    async with store.change(actor="test") as change:
        assert not await change.end_idle(token.id)
    await store.record_usage([Use(token_id=token.id, count=1, last_used_at=NOW + HOUR, last_address="")])
    assert (await store.load_token(token.id)).quiet_since == NOW + HOUR
    backend.clock.advance(timedelta(minutes=30))
    async with store.change(actor="test") as change:
        assert not await change.end_idle(token.id)
    backend.clock.advance(timedelta(minutes=31))
    for expected in (True, False):
        async with store.change(actor="test") as change:
            assert await change.end_idle(token.id) is expected
    ended = (await store.load_token(token.id)).token
    assert ended.idled_at == ended.expires_at == NOW + timedelta(days=1, minutes=61)
    assert [entry.token for entry in await store.tokens(state=TokenState.EXPIRED)] == [ended]


@pytest.mark.parametrize("awake", ["resume", "rotate", "edit"])
async def test_resuming_rotating_and_another_idle_expiry_begin_the_rest_anew(backend, store, alice, awake):
    token, _ = await added(store, alice, idle=timedelta(days=1), created_at=NOW)
    backend.clock.advance(timedelta(days=3))
    async with store.change(actor="test") as change:
        if awake == "resume":
            await change.suspend(token.id)
            assert not await change.end_idle(token.id), "a suspended token rests for as long as it is suspended"
            await change.resume(token.id)
        elif awake == "rotate":
            await change.rotate(token.id, a_stored_secret(token), old_ends_at=change.at)
        else:
            await change.edit_token(token.id, idle=timedelta(days=2))
        assert not await change.end_idle(token.id)
    assert (await store.load_token(token.id)).quiet_since == NOW + timedelta(days=3)


async def test_all_tokens_of_one_owner_are_stopped_or_ended_and_nobody_elses(store, alice):
    bob = an_owner("bob")
    async with store.change(actor="test") as change:
        await change.add_owner(bob)
    mine = [(await added(store, alice, name=f"t{n}"))[0].id for n in range(3)]
    await added(store, alice, name="gone", expires_at=NOW)
    (other, _) = await added(store, bob)
    feed = store.follow()
    async with store.change(actor="test") as change:
        assert await change.suspend_all_of(alice.id) == 3
        assert await change.suspend_all_of(alice.id) == 0
    assert sorted(row.id for row in feed.poll().rows) == sorted(mine)
    async with store.change(actor="test") as change:
        assert await change.revoke_all_of(alice.id) == 4
        assert await change.revoke_all_of(alice.id) == 0
    feed.close()
    assert (await store.load_token(other.id)).token == other
    assert {(await store.load_token(token_id)).token.revoked_at for token_id in mine} == {NOW}


async def test_lists_are_narrowed_by_scope_group_organisation_and_expiry(store, alice):
    bob = an_owner("bob", groups=("staff",))
    async with store.change(actor="test") as change:
        await change.add_owner(bob)
    await added(store, alice, name="a", scopes=frozenset({"rest", "write"}), expires_at=NOW + HOUR)
    await added(store, alice, name="b", scopes=frozenset({"restore"}), expires_at=None)
    await added(store, bob, name="c", scopes=frozenset({"REST", "r_st"}), expires_at=NOW + 2 * HOUR)

    async def names(**wanted):
        return sorted(entry.token.name for entry in await store.tokens(TokenFilter(**wanted)))

    assert await names(scope="rest") == ["a"]
    assert await names(scope="r%") == await names(scope="_") == await names(scope="rest write") == []
    assert await names(scope="REST") == ["c"]
    assert await names(group="staff") == ["a", "b", "c"]
    assert await names(group="admins") == await names(organisation="acme") == ["a", "b"]
    assert await names(expires_before=NOW + 2 * HOUR) == ["a"]
    assert await names(group="staff", expires_before=NOW + 3 * HOUR, scope="REST") == ["c"]
    assert await names(expires_after=NOW + 2 * HOUR) == ["c"]
    assert await names(expires_after=NOW, expires_before=NOW + 2 * HOUR) == ["a"]
    assert await names(never_expires=True) == ["b"]


async def test_lists_are_narrowed_by_a_part_of_the_name_in_either_case(store, alice):
    for name in ("Build server", "100% sure", "rebuild_it", "É"):
        await added(store, alice, name=name, expires_at=None)

    async def names(part):
        return sorted(entry.token.name for entry in await store.tokens(TokenFilter(name=part)))

    assert await names("BUILD") == ["Build server", "rebuild_it"]
    assert await names("%") == ["100% sure"]
    assert await names("_") == ["rebuild_it"]
    assert await names("É") == ["É"]
    assert await names("d  s") == await names("'") == []
    assert len(await names("")) == 4


async def test_a_token_without_scopes_networks_or_expiry_comes_back_so(store, alice):
    token, _ = await added(store, alice, scopes=frozenset(), networks=None, expires_at=None)
    assert (await store.load_token(token.id)).token == token


async def test_an_unknown_id_is_none_and_not_an_error(store, alice):
    assert await store.load_token("00000000000") is None
    assert await store.token("00000000000") is None
    assert (await store.usage("00000000000")).total == 0


async def test_an_id_is_given_once(store, alice):
    token, _ = await added(store, alice)
    with pytest.raises(NameTaken):
        await added(store, alice, id=token.id)


async def test_a_token_needs_an_owner_that_is_there(store):
    with pytest.raises(NotFound):
        await added(store, an_owner("nobody"))


async def test_rotating_keeps_the_old_secret_until_its_end_and_the_one_before_ends_now(backend, store, alice):
    token, first = await added(store, alice)
    async with store.change(actor="test") as change:
        second = await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW + HOUR)
    backend.clock.advance(HOUR / 2)
    async with store.change(actor="test") as change:
        third = await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW + 2 * HOUR)
    record = await store.load_token(token.id)
    assert record.secrets == (
        third,
        replace(second, ends_at=NOW + 2 * HOUR),
        replace(first, ends_at=first.created_at),
    )


async def test_rotating_without_grace_ends_the_old_secret_for_every_clock_there_is(store, alice):
    token, first = await added(store, alice)
    async with store.change(actor="test") as change:
        await change.rotate(token.id, a_stored_secret(token), old_ends_at=change.at)
    assert (await store.load_token(token.id)).secrets[1] == replace(first, ends_at=first.created_at)


async def test_a_token_rotated_for_years_keeps_a_bounded_number_of_secrets(store, alice):
    token, first = await added(store, alice)
    rows = [first.row]
    for _ in range(PAST_SECRETS_KEPT + 5):
        async with store.change(actor="test") as change:
            rows.append((await change.rotate(token.id, a_stored_secret(token), old_ends_at=change.at)).row)
    assert rows == sorted(set(rows))
    kept = [secret.row for secret in (await store.load_token(token.id)).secrets]
    assert kept == rows[: -PAST_SECRETS_KEPT - 2 : -1]


async def test_a_past_end_of_a_secret_is_not_moved_by_a_later_rotation(backend, store, alice):
    token, _ = await added(store, alice)
    async with store.change(actor="test") as change:
        await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW)
    backend.clock.advance(HOUR)
    async with store.change(actor="test") as change:
        await change.rotate(token.id, a_stored_secret(token), old_ends_at=change.at)
    ended = (await store.load_token(token.id)).secrets[2]
    assert ended.ends_at == ended.created_at


async def test_revoking_is_final_and_the_second_time_changes_nothing(backend, store, alice):
    token, _ = await added(store, alice)
    async with store.change(actor="cli:root") as change:
        assert await change.revoke(token.id)
    backend.clock.advance(HOUR)
    async with store.change(actor="cli:other") as change:
        assert not await change.revoke(token.id)
    entry = await store.token(token.id)
    assert (entry.token.revoked_at, entry.revoked_by, entry.created_by) == (NOW, "cli:root", "cli:alice")


async def test_suspending_and_resuming_say_whether_they_changed_anything(store, alice):
    token, _ = await added(store, alice)
    for verb, expected, at in (("resume", False, None), ("suspend", True, NOW), ("suspend", False, NOW)):
        async with store.change(actor="test") as change:
            assert await getattr(change, verb)(token.id) is expected
        assert (await store.load_token(token.id)).token.suspended_at == at
    async with store.change(actor="test") as change:
        assert await change.resume(token.id)
    assert (await store.load_token(token.id)).token == token


async def test_an_edit_sets_what_is_given_and_leaves_the_rest(store, alice):
    token, _ = await added(store, alice, networks=Networks.of(["10.0.0.0/8"]))
    async with store.change(actor="test") as change:
        assert await change.edit_token(token.id, name="new", scopes=frozenset({"export"}))
        assert not await change.edit_token(token.id, name="new")
        assert not await change.edit_token(token.id)
    changed = replace(token, name="new", scopes=frozenset({"export"}))
    assert (await store.load_token(token.id)).token == changed
    async with store.change(actor="test") as change:
        assert await change.edit_token(token.id, networks=None, expires_at=None)
    assert (await store.load_token(token.id)).token == replace(changed, networks=None, expires_at=None)


@pytest.mark.parametrize("verb", ["revoke", "suspend", "resume", "edit_token", "end_idle"])
async def test_a_token_that_is_not_there_cannot_be_changed(store, verb):
    with pytest.raises(NotFound):
        async with store.change(actor="test") as change:
            await getattr(change, verb)("00000000000")


@pytest.mark.parametrize(
    ("over", "taken"),
    [
        ({}, True),
        ({"suspended_at": NOW}, True),
        ({"expires_at": None}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW}, False),
    ],
    ids=["live", "suspended", "endless", "expired", "revoked"],
)
async def test_a_name_is_taken_by_what_is_neither_revoked_nor_expired(store, alice, over, taken):
    token, _ = await added(store, alice, name="ci", **over)
    async with store.change(actor="test") as change:
        assert await change.is_name_taken(alice.id, "ci") is taken
        assert not await change.is_name_taken(alice.id, "other")
        assert not await change.is_name_taken("another-owner", "ci")
        assert not await change.is_name_taken(alice.id, "ci", besides=token.id)


async def test_lists_filter_by_owner_kind_and_state_and_each_token_is_in_one_state(store, alice):
    app = an_owner("job", kind=OwnerKind.APPLICATION)
    async with store.change(actor="test") as change:
        await change.add_owner(app)
    made = {
        "live": (alice, {}),
        "endless": (alice, {"expires_at": None}),
        "suspended": (alice, {"suspended_at": NOW}),
        "expired": (alice, {"expires_at": NOW, "suspended_at": NOW}),
        "revoked": (alice, {"revoked_at": NOW, "expires_at": NOW}),
        "application": (app, {"kind": Kind.APPLICATION}),
    }
    for number, (name, (owner, over)) in enumerate(made.items()):
        await added(store, owner, name=name, created_at=NOW + timedelta(seconds=number), **over)

    async def names(**filters):
        return [entry.token.name for entry in await store.tokens(**filters)]

    assert await names() == list(made)
    assert await names(state=TokenState.LIVE) == ["live", "endless", "application"]
    assert await names(state=TokenState.LIVE, owner_id=alice.id) == ["live", "endless"]
    assert await names(kind=Kind.APPLICATION) == ["application"]
    assert [await names(state=state) for state in (TokenState.SUSPENDED, TokenState.EXPIRED, TokenState.REVOKED)] == [
        ["suspended"],
        ["expired"],
        ["revoked"],
    ]


async def test_retagging_compares_before_it_sets_and_is_no_change(store, alice):
    token, secret = await added(store, alice)
    feed = store.follow()
    try:
        assert not await store.retag(secret.row, secret.key_id, b"else", "k2", b"new!")
        assert not await store.retag(secret.row, "k-else", secret.tag, "k2", b"new!")
        assert await store.retag(secret.row, secret.key_id, secret.tag, "k2", b"new!")
        assert not await store.retag(secret.row, secret.key_id, secret.tag, "k3", b"newer")
        assert (await store.load_token(token.id)).secrets == (replace(secret, key_id="k2", tag=b"new!"),)
        assert feed.poll().rows == ()
    finally:
        feed.close()


async def test_many_groups_and_secrets_are_not_multiplied_in_the_record(store):
    owner = an_owner("many", groups=tuple(f"g{n}" for n in range(40)), organisations=tuple(f"o{n}" for n in range(40)))
    token = a_token(owner)
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        await change.add_token(token, a_stored_secret(token))
        await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW + HOUR)
    record = await store.load_token(token.id)
    assert (len(record.owner.groups), len(record.owner.organisations), len(record.secrets)) == (40, 40, 2)


async def test_another_store_sees_a_change_as_soon_as_it_returned(backend, store):
    other = await backend.open()
    for token_id in await add_alice(store, tokens=3):
        assert (await other.load_token(token_id)).token.revoked_at is None
        async with store.change(actor="test") as change:
            await change.revoke(token_id)
        assert (await other.load_token(token_id)).token.revoked_at == NOW
