"""Long lists, a page at a time: every row once, whatever is written meanwhile."""

from datetime import timedelta

from gateway.core.owner import LOCAL, SSO, OwnerKind
from gateway.store import OwnerFilter, TokenFilter, TokenPlace
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


async def test_owners_are_those_that_pass_everything_given(store):
    ann = an_owner("Ann/x", name="Ann 100%", email="ann@Example.org", groups=("staff",), organisations=("acme",))
    ben = an_owner("ben", name="B_n", groups=("admins",), sso=True)
    off = an_owner("off", groups=(), enabled=False, organisations=("acme",))
    async with store.change(actor="test") as change:
        for owner in (ann, ben, off, an_owner("gone", groups=("staff",)), an_owner("app", kind=OwnerKind.APPLICATION)):
            await change.add_owner(owner)
        await change.set_groups(ben.id, ["staff"], source=SSO)
        await change.delete_owner((await change.owner(login="gone")).owner.id)

    async def found(**wanted):
        page = await store.owner_page(OwnerKind.USER, OwnerFilter(**wanted), limit=9)
        return [entry.owner.login for entry in page.rows]

    assert await found() == ["Ann/x", "ben", "off"]
    assert await found(login="ANN/X") == ["Ann/x"]
    assert await found(text="ann") == await found(text="EXAMPLE") == await found(text="100%") == ["Ann/x"]
    assert await found(text="_") == ["ben"]
    assert await found(text="%n") == []
    assert await found(group="staff") == ["Ann/x", "ben"]
    assert await found(group="Staff") == []
    assert await found(organisation="acme", enabled=False) == ["off"]
    assert await found(enabled=True) == ["Ann/x", "ben"]
    assert (await found(sso=True), await found(sso=False)) == (["ben"], ["Ann/x", "off"])
    assert await store.groups(ben.id) == {LOCAL: ("admins",), SSO: ("staff",)}


async def test_tokens_come_once_each_by_age_also_those_of_one_moment(store):
    owner = an_owner()
    made = [a_token(owner, created_at=NOW + timedelta(seconds=number // 3)) for number in range(8)]
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        for token in made:
            await change.add_token(token, a_stored_secret(token))
    wanted = [token.id for token in sorted(made, key=lambda token: (token.created_at, token.id))]
    for limit in (1, 2, 3, 8, 9):
        for newest_first in (False, True):
            found, after = [], None
            while True:
                page = await store.token_page(TokenFilter(), after=after, limit=limit, newest_first=newest_first)
                found += [entry.token.id for entry in page.rows]
                after = page.after
                if after is None:
                    break
            assert found == (wanted[::-1] if newest_first else wanted)
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
