"""The pages about the gateway itself: groups, routes, health. Who may see them, and what they say."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from gateway.auth.census import CacheSeen, Census, ProcessSeen
from tests.installation import CONFIG
from tests.unit.web.api.portal import portal

OLD = "permissions: {own_tokens: [staff, admins], any_tokens: [admins], users: [admins]}"
NEW = "permissions: {own_tokens: [everyone], users: [admins, desk], applications: [apps], explain: [watch]}"
GROUPS = "groups: [staff, admins, guests, desk, apps, watch]"
SINCE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WELL = ProcessSeen(
    name="worker-1",
    pid=4711,
    began_at=SINCE,
    restarts=2,
    configuration=3,
    is_accepting=True,
    has_store=True,
    is_cached=False,
    heard_s=0.5,
)


def counted(*processes, **routes) -> Census:
    return Census(
        began_at=SINCE,
        configuration=3,
        processes=processes,
        caches=[CacheSeen(name="verified", entries=12, capacity=50000, hits=750, misses=250, evictions=0)],
        checks={"token": 999, "no_credential": 1234567},
        routes=routes,
        lease_age_s=0.0213,
        hashing_queue=0,
        connections=7,
        mails_sent=0,
        mails_failed=0,
    )


def configured(installed, more=""):
    text = CONFIG.replace(OLD, NEW).replace("groups: [staff, admins, guests]", GROUPS)
    installed.config.write_text(text + more, "utf-8")


async def visitor(at, login, *groups):
    await at.front.user(login, *groups)
    cookie = (await at.sign_in(login)).cookie

    async def get(path):
        return await at.ask("GET", path, cookie=cookie)

    return get


def rows(page) -> dict[str, str]:
    """The rows of the tables, by their header, as text."""
    found = {}
    for row in re.findall(r'<tr role="row">(.*?)</tr>', page.text, re.DOTALL):
        head = re.search(r'<th scope="row"[^>]*>(.*?)</th>', row, re.DOTALL)
        if head:
            name = " ".join(re.sub(r"<[^>]+>", " ", head[1]).split())
            found.setdefault(name, " ".join(re.sub(r"<[^>]+>", " ", row).split()))
    return found


async def test_groups_are_listed_with_members_and_power_for_the_kinds_that_one_manages(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "dee", "desk", "staff")
        page = await get("/groups")
        told = rows(page)
        assert list(told)[:6] == ["staff", "admins", "guests", "desk", "apps", "watch"]
        assert told["staff"] == "staff 2 -"
        assert told["desk"] == "desk 1 manage people"
        assert told["watch"] == "watch 0 ask why a request passes or not; see the routes, and how the gateway is"
        assert told["own_tokens"].endswith("everybody")
        assert told["introspect"].endswith("nobody")
        assert 'href="/users?group=staff"' in page.text
        assert "/applications?group" not in page.text
        apps = await (await visitor(at, "appie", "apps"))("/groups")
        assert ("/users?group" in apps.text, rows(apps)["staff"]) == (False, "staff 0 -")
        assert (await (await visitor(at, "pete", "staff"))("/groups")).status == 403


async def test_a_group_that_is_not_declared_any_more_is_still_seen_while_somebody_is_in_it(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "dee", "desk")
        async with at.front.desk.store.change(actor="test") as change:
            bob = (await change.owner(login="bob")).owner
            await change.set_groups(bob.id, frozenset({"staff", "former"}))
        told = rows(await get("/groups"))
        assert told["former not declared any more"].endswith("1 -")
        page = await get(f"/users/{bob.id}/groups")
        assert "Not in the configuration any more" in page.text


async def test_routes_stand_in_their_order_with_what_they_ask_for_and_their_hits(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        at.census[0] = counted(WELL, read=41, closed=2)
        page = await get("/routes")
        told = rows(page)
        assert list(told) == ["public", "closed", "read", "write", "machine", "inside", "own"]
        assert "app.example.org/api/** GET HEAD" in told["read"]
        assert "no. 3, line" in told["read"]
        assert told["read"].endswith("rest 41")
        assert told["write"].endswith("all of rest write 0")
        assert "application tokens only" in told["machine"]
        assert "from 10.0.0.0/8" in told["inside"]
        assert told["public"].endswith("everybody 0")
        assert told["closed"].endswith("nobody 2")
        assert "7 routes in all." in page.text
        for query, names in (
            ("search=API", ["read", "write"]),
            ("search=dav.example.org/{login}", ["own"]),
            ("access=deny", ["closed"]),
            ("use=unused&search=api", ["write"]),
            ("after=5", ["inside", "own"]),
            ("search=nothing", []),
        ):
            assert list(rows(await get(f"/routes?{query}"))) == names, query
        assert 'rel="prev"' in (await get("/routes?after=5")).text
        assert (await get("/routes?after=x")).status == 200
        assert (await (await visitor(at, "dee", "desk"))("/routes")).status == 403


async def test_hits_that_nobody_can_tell_are_not_called_none(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        page = await get("/routes")
        assert "The hits are not known at this moment" in page.text
        assert rows(page)["read"].endswith("rest -")
        assert "not known at this moment" in (await get("/routes/3")).text


async def test_many_routes_are_paged_and_searched(installed):
    many = "".join(f'  - {{name: n{n}, host: h{n}.example.org, path: "/<b>/**", public: true}}\n' for n in range(250))
    configured(installed, many)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        at.census[0] = counted(WELL)
        first = await get("/routes?search=example")
        assert (len(rows(first)), 'href="/routes?search=example&after=100"' in first.text) == (100, True)
        assert b"/<b>/" not in first.raw
        last = rows(await get("/routes?search=example&after=200"))
        assert (len(last), list(last)[-1]) == (57, "n249")
        assert list(rows(await get("/routes?search=h249."))) == ["n249"]


async def test_a_route_tells_all_that_it_says_and_leads_to_an_explanation(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        at.census[0] = counted(WELL, write=3)
        page = await get("/routes/4")
        for words in ("All of the scopes", "no. 4, written in line", "token-gateway.yaml", "taken away", "POST"):
            assert words in page.text, words
        assert 'href="/explain?route=write&host=app.example.org"' in page.text
        for order in ("0", "8", "x", "-1", "9" * 30):
            missing = await get(f"/routes/{order}")
            assert (missing.status, "There is no such route" in missing.text) == (404, True), order


async def test_health_tells_of_processes_caches_store_and_audit(installed):
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        at.census[0] = counted(WELL)
        page = await get("/health")
        told = rows(page)
        assert "All processes answer" in page.text
        assert told["worker-1"].split()[:3] == ["worker-1", "answers", "4711"]
        assert "75 %" in told["verified"]
        assert list(told)[-2:] == ["no_credential", "token"]
        assert told["no_credential"].endswith("1,234,567")
        assert "0.021 s" in page.text
        assert "names no mail server" in page.text
        head = await at.front.desk.store.audit_head()
        assert head.mac.hex()[:16] in page.text
        assert head.mac.hex()[:17] not in page.text
        assert (await (await visitor(at, "dee", "desk"))("/health")).status == 403


async def test_health_says_what_is_the_matter_with_a_process(installed):
    ill = {
        "is starting": replace(WELL, pid=None, configuration=0),
        "says nothing": replace(WELL, heard_s=11.0),
        "takes no connections": replace(WELL, is_accepting=False),
        "does not reach the store": replace(WELL, has_store=False),
        "without store, from memory": replace(WELL, has_store=False, is_cached=True),
        "takes over the configuration": replace(WELL, configuration=2),
    }
    configured(installed)
    async with portal(installed) as at:
        get = await visitor(at, "wanda", "watch")
        for words, process in ill.items():
            at.census[0] = counted(WELL, replace(process, name="worker-2"))
            page = await get("/health")
            assert words in rows(page)["worker-2"], words
            assert "One process is not well." in page.text
        at.census[0] = None
        assert "does not answer. Checks may go on" in (await get("/health")).text
