"""What a token opens is told by the decision itself, for every route, from every address."""

import random
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from gateway.auth import reach
from gateway.auth.owners import create_owner, set_enabled
from gateway.auth.power import holder
from gateway.auth.reach import token_reach
from gateway.auth.reach_requests import Judge, Sample
from gateway.auth.refused import Refused
from gateway.auth.token_stops import suspend_tokens
from gateway.auth.tokens import create_token
from gateway.core.decision import Allow
from gateway.core.evidence import Proven
from gateway.core.owner import OwnerKind
from gateway.core.power import Actor, How
from tests.installation import CONFIG
from tests.unit.auth.signing_in import ROOT

ROUTES = """\
  - {name: early, host: two.example.org, path: /a, methods: [GET], deny: true}
  - {name: later, host: two.example.org, path: /a, methods: [POST], deny: true}
  - {name: shadowed, host: two.example.org, path: /a, methods: [POST, GET], authenticated: true}
  - {name: partly, host: two.example.org, path: /a, authenticated: true}
  - {name: office, host: "*.example.org", path: "/office/**", from: ["10.0.0.0/8", "2001:db8::/32"], scopes: rest}
  - {name: office-else, host: "*.example.org", path: "/office/**", deny: true}
  - {name: desk, host: app.example.org, path: /desk, from: ["10.0.0.0/8"], public: true}
  - {name: desk-else, host: app.example.org, path: /desk, authenticated: true}
  - {name: narrow, host: app.example.org, path: /narrow, authenticated: true, networks: ["10.1.0.0/16", "192.0.2.0/24"]}
  - {name: staff, host: app.example.org, path: /staff, authenticated: true, groups: [admins]}
  - {name: windows, host: win.example.org, path: "/Home/{login}/*", authenticated: true, paths: windows}
  - {name: odd, host: odd.example.org, path: "/a%3Bb/é/**/end", methods: [PROPFIND], authenticated: true}
  - {name: everywhere, host: "*", path: "/x", scopes: {any: [rest, write]}}
"""


@pytest.fixture
async def at(installed):
    """An installation with these routes, where bob (staff) has tokens."""
    routes = ROUTES.replace("any_host: 1, ", "")
    installed.config.write_text(
        CONFIG.replace("users: [admins]", "users: [admins], explain: [admins]") + routes, "utf-8"
    )
    async with installed.desk() as desk:
        await create_owner(desk, actor=ROOT, kind=OwnerKind.USER, login="bob", groups=("staff",))
        yield desk


async def make(desk, login="bob", name="ci", scopes=("rest",), kind=OwnerKind.USER, **more):
    made = await create_token(desk, actor=ROOT, owner_kind=kind, login=login, name=name, scopes=scopes, **more)
    return made.token.id


async def reached(desk, token_id, address=None, actor=ROOT, **more):
    where = None if address is None else ip_address(address)
    policy = desk.settings.policy()
    found = await token_reach(desk, policy, actor=actor, reference=token_id, address=where, **more)
    return {one.route.name: one for one in found.routes}


def said(found):
    return {name: ("opens" if one.opens else one.reason and one.reason.value) for name, one in found.items()}


async def test_every_route_is_told_with_whether_it_opens_and_why(at):
    token_id = await make(at)
    assert said(await reached(at, token_id, "10.1.2.3")) == {
        "public": "opens",
        "closed": "route_denies",
        "read": "opens",
        "write": "insufficient_scope",
        "machine": "kind",
        "inside": "opens",
        "own": "opens",
        "early": "route_denies",
        "later": "route_denies",
        "shadowed": None,
        "partly": "opens",
        "office": "opens",
        "office-else": "route_denies",
        "desk": "opens",
        "desk-else": None,
        "narrow": "opens",
        "staff": "group",
        "windows": "opens",
        "odd": "opens",
        "everywhere": "opens",
    }


async def test_a_route_that_another_takes_everything_from_names_that_one(at):
    found = (await reached(at, await make(at)))["shadowed"]
    assert (found.opens, found.reason, found.decided_by.name) == (False, None, "early")
    assert found.sample == "GET two.example.org/a"


async def test_from_which_networks_it_opens_is_told_whatever_the_address(at):
    token_id = await make(at, networks=("10.1.2.0/24", "192.0.0.0/16", "2001:db8:1::/48"))
    for address in (None, "10.1.2.3", "192.0.2.7", "203.0.113.1", "2001:db8:1::1"):
        found = await reached(at, token_id, address)
        told = {name: None if one.opens_from is None else [*map(str, one.opens_from)] for name, one in found.items()}
        assert told["public"] is None
        assert told["read"] == ["10.1.2.0/24", "192.0.0.0/16", "2001:db8:1::/48"]
        assert told["office"] == ["10.1.2.0/24", "2001:db8:1::/48"]
        assert told["narrow"] == ["10.1.2.0/24", "192.0.2.0/24"]
        assert told["inside"] == ["10.1.2.0/24"]
        assert told["write"] == told["closed"] == []
        opens = {name for name, one in found.items() if one.opens}
        assert ("read" in opens) == (address not in {None, "203.0.113.1"})
        assert ("office" in opens) == (address in {"10.1.2.3", "2001:db8:1::1"})
        if not found["office"].opens:
            told_why = {None: "no_address", "192.0.2.7": None, "203.0.113.1": None}[address]
            assert said(found)["office"] == told_why
            assert (found["office"].decided_by is None) == (address is None)


async def test_what_is_told_of_addresses_is_what_the_decision_says_of_each(at):
    record = await at.store.load_token(await make(at, networks=("10.1.0.0/20", "192.0.2.0/25", "2001:db8::/40")))
    policy = at.settings.policy()
    judge = Judge(policy, Proven.of(record, record.secrets[0]), at.now())
    dice = random.Random(4)
    edges = ["10.0.255.255", "10.1.0.0", "10.1.15.255", "10.1.16.0", "192.0.2.0", "192.0.2.127", "192.0.2.128"]
    addresses = [ip_address(text) for text in edges] + [
        ip_address(dice.choice(["10.1.", "10.0.", "192.0."]) + f"{dice.randrange(256)}.{dice.randrange(256)}")
        for _ in range(60)
    ]
    for route in policy.table.routes:
        told = reach.reached(judge, route, None)
        if told.decided_by is not None:
            continue
        method, _, rest = told.sample.partition(" ")
        host, slash, path = rest.partition("/")
        for address in addresses:
            decision = judge.decide(Sample(method, host, slash + path), address)
            if decision.route is not route and decision.route is not None:
                continue  # an earlier one decides
            opens = isinstance(decision, Allow)
            expected = told.opens_from is None or any(address in block for block in told.opens_from)
            assert opens == expected, (route.name, address)


async def test_a_route_behind_one_that_takes_some_addresses_opens_from_the_others(at):
    found = await reached(at, await make(at), "10.1.2.3")
    assert (found["desk-else"].opens, found["desk-else"].opens_from) == (False, None)
    assert found["desk-else"].decided_by.name == "desk"
    assert said(await reached(at, await make(at, name="o"), "192.0.2.7"))["desk-else"] == "opens"


async def test_a_wildcard_host_is_asked_with_a_host_of_the_token(at):
    found = await reached(at, await make(at, hosts=("mail.example.org",)), "10.1.2.3")
    assert found["office"].sample == "GET mail.example.org/office/any"
    assert found["everywhere"].sample == "GET mail.example.org/x"
    assert said(found)["read"] == "host"


async def test_a_token_that_is_stopped_opens_nothing_and_each_route_says_why(at):
    token_id = await make(at)
    await suspend_tokens(replace(at, waits=False), actor=ROOT, references=[token_id])
    found = said(await reached(at, token_id, "10.1.2.3"))
    assert [found.pop(name) for name in ("public", "desk", "closed", "early", "later", "office-else")] == [
        *["opens"] * 2,
        *["route_denies"] * 4,
    ]
    assert set(found.values()) == {"suspended", None}
    other = await make(at, name="other")
    await set_enabled(replace(at, waits=False), actor=ROOT, kind=OwnerKind.USER, login="bob", enabled=False)
    assert said(await reached(at, other))["read"] == "owner_disabled"


async def test_an_application_opens_what_takes_its_kind(at):
    await create_owner(at, actor=ROOT, kind=OwnerKind.APPLICATION, login="nightly", groups=("admins",))
    found = said(await reached(at, await make(at, "nightly", kind=OwnerKind.APPLICATION)))
    assert (found["machine"], found["staff"]) == ("opens", "opens")


async def test_pages_hold_each_route_once(at, monkeypatch):
    token_id, names, after = await make(at), [], -1
    monkeypatch.setattr(reach, "SCANNED", 4)
    policy = at.settings.policy()
    while after is not None:
        page = await token_reach(at, policy, actor=ROOT, reference=token_id, after=after, limit=3)
        assert len(page.routes) <= 3
        names += [one.route.name for one in page.routes]
        after = page.after
    assert names == [route.name for route in policy.table.routes]
    beyond = await token_reach(at, policy, actor=ROOT, reference=token_id, after=10**9)
    assert (beyond.routes, beyond.after) == ((), None)


async def test_a_page_ends_after_so_many_decisions(at, monkeypatch):
    token_id = await make(at, networks=[f"10.{number}.0.0/16" for number in range(64)])
    monkeypatch.setattr(reach, "MAX_ASKED", 50)
    policy = at.settings.policy()
    page = await token_reach(at, policy, actor=ROOT, reference=token_id)
    assert [one.route.name for one in page.routes] == ["public", "closed", "read"]
    assert page.after == 2


async def test_who_may_not_explain_learns_of_no_route_that_stays_shut(at):
    token_id = await make(at)
    record = await at.store.load_token(token_id)
    found = await token_reach(at, at.settings.policy(), actor=_session(record.owner), reference=token_id)
    assert not found.is_whole
    assert {one.route.name for one in found.routes} == {
        "public",
        "read",
        "inside",
        "own",
        "office",
        "desk",
        "desk-else",
        "narrow",
        "partly",
        "windows",
        "odd",
        "everywhere",
    }
    assert all(one.decided_by is None for one in found.routes)


async def test_the_token_of_somebody_else_is_not_there(at):
    record = await at.store.load_token(await make(at))
    await create_owner(at, actor=ROOT, kind=OwnerKind.USER, login="carol", groups=("staff",))
    foreign = await make(at, "carol")
    robot = await make(at, name="robot")
    deaf = holder(at, Proven.of(*[(one := await at.store.load_token(robot)), one.secrets[0]]))
    for actor, code in ((_session(record.owner), "not_found"), (deaf, "gateway_scope")):
        with pytest.raises(Refused) as caught:
            await token_reach(at, at.settings.policy(), actor=actor, reference=foreign)
        assert caught.value.code == code


def _session(owner):
    return Actor(name=owner.login, how=How.SESSION, owner=owner)


async def test_an_expired_token_says_so(at):
    token_id = await make(at, expires=timedelta(days=1))
    tomorrow = replace(at, now=lambda: at.now() + timedelta(days=2))
    assert said(await reached(tomorrow, token_id))["read"] == "expired"
