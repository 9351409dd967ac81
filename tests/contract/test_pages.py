"""Long lists, a page at a time: every row once, whatever is written meanwhile."""

from datetime import timedelta

from gateway.core.owner import OwnerKind
from gateway.store import TokenFilter, TokenPlace
from tests.builders import NOW, a_stored_secret, a_token, an_owner


async def _add(store, *logins, kind=OwnerKind.USER):
    async with store.change(actor="test") as change:
        for login in logins:
            await change.add_owner(an_owner(login, kind=kind))


async def _logins(store, limit, meanwhile=None):
    found, after = [], None
    while True:
        page = await store.owner_page(OwnerKind.USER, after=after, limit=limit)
        found += [entry.owner.login for entry in page.rows]
        assert len(page.rows) <= limit
        if page.after is None:
            return found
        after = page.after
        if meanwhile is not None:
            await _add(store, *meanwhile)
            meanwhile = None


async def test_owners_come_once_each_by_login(store):
    await _add(store, "carol", "Alice", "bob", "dave")
    await _add(store, "backup", kind=OwnerKind.APPLICATION)
    for limit in (1, 2, 3, 4, 5):
        assert await _logins(store, limit) == ["Alice", "bob", "carol", "dave"]
    assert await _logins(store, 2, meanwhile=("aaron", "bertha", "zoe")) == ["Alice", "bob", "carol", "dave", "zoe"]
    assert [one.owner.login for one in (await store.owner_page(OwnerKind.USER, after="nobody", limit=9)).rows] == [
        "zoe"
    ]


async def test_tokens_come_once_each_by_age_also_those_of_one_moment(store):
    owner = an_owner()
    made = [a_token(owner, created_at=NOW + timedelta(seconds=number // 3)) for number in range(8)]
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        for token in made:
            await change.add_token(token, a_stored_secret(token))
    wanted = [token.id for token in sorted(made, key=lambda token: (token.created_at, token.id))]
    for limit in (1, 2, 3, 8, 9):
        found, after = [], None
        while True:
            page = await store.token_page(TokenFilter(), after=after, limit=limit)
            found += [entry.token.id for entry in page.rows]
            after = page.after
            if after is None:
                break
        assert found == wanted
    none = TokenPlace(created_at=NOW + timedelta(days=1), id="x")
    assert (await store.token_page(TokenFilter(), after=none, limit=3)).rows == ()
    assert (await store.token_page(TokenFilter(owner_id="another"), limit=3)).rows == ()


async def test_a_change_of_an_owner_gives_it_another_version_and_nothing_else_does(store):
    owner = an_owner("eve", sso=True, groups=())
    async with store.change(actor="test") as change:
        await change.add_owner(owner)

    async def version():
        return (await store.owner(id=owner.id)).version

    assert await version() == 1
    seen = [1]
    for act, value in (
        ("edit_owner", {"name": "Eve"}),
        ("set_groups", {"groups": ["staff"]}),
        ("set_organisations", {"organisations": ["acme"]}),
        ("set_owner_enabled", {"enabled": False}),
    ):
        for _ in range(2):  # the second changes nothing
            async with store.change(actor="test") as change:
                await getattr(change, act)(owner.id, **value)
        seen.append(await version())
    assert seen == [1, 2, 3, 4, 5]
    async with store.change(actor="test") as change:
        await change.confirm_owner(owner.id)
        await change.set_password(owner.id, "hash", must_change=False)
    assert await version() == 5
