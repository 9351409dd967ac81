"""Users and applications."""

from datetime import timedelta

import pytest

from gateway.core.owner import OwnerKind
from gateway.store import NameTaken, NotFound
from tests.builders import NOW, an_owner
from tests.contract.backend import add_alice


@pytest.fixture
async def alice(store):
    """A user that is stored."""
    owner = an_owner(
        "Alice", name="Alice Ünal", email="a@example.org", groups=("staff", "admins"), organisations=("acme", "Beta")
    )
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
    return owner


async def test_an_owner_comes_back_as_it_was_given_with_groups_sorted(store, alice):
    entry = await store.owner(id=alice.id)
    assert entry.owner.groups == ("admins", "staff")
    assert entry.owner.organisations == ("Beta", "acme")
    assert (entry.owner.name, entry.owner.email, entry.owner.enabled) == ("Alice Ünal", "a@example.org", True)
    assert (entry.created_at, entry.deleted_at) == (NOW, None)


async def test_a_login_is_found_and_unique_under_case_folding(store, alice):
    assert (await store.owner(login="aLICE")).owner.id == alice.id
    with pytest.raises(NameTaken, match="choose another"):
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("ALICE", id="other"))


async def test_users_and_applications_share_one_namespace_and_have_lists_of_their_own(store, alice):
    with pytest.raises(NameTaken):
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("alice", id="other", kind=OwnerKind.APPLICATION))
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("backup-job", kind=OwnerKind.APPLICATION, email="ops@example.org"))
        await change.add_owner(an_owner("aaron"))
    assert [entry.owner.login for entry in await store.users()] == ["aaron", "Alice"]
    assert [entry.owner.login for entry in await store.applications()] == ["backup-job"]


async def test_a_deleted_owner_is_gone_but_its_login_is_never_given_again(backend, store):
    (token_id,) = await add_alice(store)
    async with store.change(actor="cli:root") as change:
        assert await change.delete_owner("id-of-alice") == 1
    assert await store.users() == ()
    (entry,) = await store.users(with_deleted=True)
    assert entry.deleted_at == NOW
    assert (entry.owner.enabled, entry.owner.name, entry.owner.email, entry.owner.groups) == (False, "", "", ())
    with pytest.raises(NameTaken):
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("ALICE", id="other"))
    record = await store.load_token(token_id)
    assert record.token.revoked_at == NOW
    assert not record.owner.enabled


async def test_disabling_and_enabling_say_whether_they_changed_anything(store, alice):
    for enabled, expected in ((True, False), (False, True), (False, False), (True, True)):
        async with store.change(actor="test") as change:
            assert await change.set_owner_enabled(alice.id, enabled) is expected
        assert (await store.owner(id=alice.id)).owner.enabled is enabled


async def test_groups_of_one_source_are_replaced_and_those_of_the_other_stay(store, alice):
    async with store.change(actor="test") as change:
        assert await change.set_groups(alice.id, ["staff", "sso-only"], source="sso")
    assert (await store.owner(id=alice.id)).owner.groups == ("admins", "sso-only", "staff")
    async with store.change(actor="test") as change:
        assert await change.set_groups(alice.id, [])
    assert (await store.owner(id=alice.id)).owner.groups == ("sso-only", "staff")
    async with store.change(actor="test") as change:
        assert not await change.set_groups(alice.id, ["sso-only", "staff"], source="sso")


async def test_organisations_and_names_are_replaced(store, alice):
    async with store.change(actor="test") as change:
        assert await change.set_organisations(alice.id, ["acme"])
        assert not await change.set_organisations(alice.id, ["acme"])
        assert await change.edit_owner(alice.id, email="new@example.org")
        assert not await change.edit_owner(alice.id, email="new@example.org")
    owner = (await store.owner(id=alice.id)).owner
    assert (owner.organisations, owner.name, owner.email) == (("acme",), "Alice Ünal", "new@example.org")


@pytest.mark.parametrize("verb", ["set_owner_enabled", "set_groups", "set_organisations", "edit_owner", "delete_owner"])
@pytest.mark.parametrize("which", ["unknown", "deleted"])
async def test_an_owner_that_is_not_there_cannot_be_changed(store, alice, verb, which):
    async with store.change(actor="test") as change:
        await change.delete_owner(alice.id)
    arguments = {"set_owner_enabled": [True], "set_groups": [["x"]], "set_organisations": [["x"]]}.get(verb, [])
    with pytest.raises(NotFound):
        async with store.change(actor="test") as change:
            await getattr(change, verb)(alice.id if which == "deleted" else "nobody", *arguments)


async def test_a_change_has_one_time_and_sees_its_own_writes(backend, store):
    backend.clock.advance(timedelta(hours=3))
    async with store.change(actor="test") as change:
        assert change.at == NOW + timedelta(hours=3)
        assert await change.owner(login="bob") is None
        await change.add_owner(an_owner("bob"))
        backend.clock.advance(timedelta(seconds=1))
        assert (await change.owner(login="BOB")).created_at == NOW + timedelta(hours=3)


async def test_members_of_groups_are_counted_by_kind_and_each_once(store, alice):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("job", kind=OwnerKind.APPLICATION, groups=("staff",)))
        await change.add_owner(an_owner("bob", groups=("staff", "guests")))
        await change.set_groups("id-of-bob", frozenset({"staff"}), source="sso")
    assert await store.group_members() == {
        "admins": {OwnerKind.USER: 1},
        "guests": {OwnerKind.USER: 1},
        "staff": {OwnerKind.USER: 2, OwnerKind.APPLICATION: 1},
    }
    async with store.change(actor="test") as change:
        await change.delete_owner("id-of-bob")
    assert (await store.group_members())["staff"] == {OwnerKind.USER: 1, OwnerKind.APPLICATION: 1}


async def test_the_store_says_in_numbers_what_is_in_it(store):
    before = await store.summary()
    assert (before.users, before.applications, before.tokens) == (0, 0, 0)
    await add_alice(store)
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("job", kind=OwnerKind.APPLICATION))
    after = await store.summary()
    assert (after.users, after.applications, after.tokens) == (1, 1, 1)
    assert after.changes > before.changes
    assert after.audit_rows > before.audit_rows
    assert (after.kind, after.schema) == ("SQLite", before.schema)
    assert after.size > 0
