"""An Allow is given again only while all that it stands on is as it was; counted, limited and measured each time.

Each case first has the lane give the answer from memory twice over: to the same head, and to another path on the same
route. Then one thing changes, and the next check has to be judged.
"""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.auth.limits import RateLimits
from gateway.core.limits import Rate
from gateway.core.network import Networks
from gateway.core.owner import TokenRecord
from gateway.core.reason import Reason
from gateway.core.route import Access
from gateway.web.check import service as module
from gateway.web.check.trust import Trust
from tests.builders import NOW, a_policy, a_route, a_stored_secret
from tests.house import BOUND
from tests.lanes import LOOPBACK, Listener, Pipe, a_check, parsed

NOBODY = Trust(Networks(()), unix=False)


class Street:
    """A listener of the fast lane, one token, one connection."""

    def __init__(self, house, monkeypatch, **over):
        self.house = house
        self.listener = Listener(house, LOOPBACK)
        self.service, self.lane = self.listener.service, self.listener.server.lane
        self.token, self.presented = house.keep(**over)
        self.pipe = Pipe(self.listener)
        self.decided = 0

        def counting(*args, **kwargs):
            self.decided += 1
            return decide(*args, **kwargs)

        decide = module.decide
        monkeypatch.setattr(module, "decide", counting)

    def raw(self, path="/api/x", *, old=b"", new=b""):
        made = a_check(path)[:-2] + b"Authorization: Bearer " + self.presented + b"\r\n\r\n"
        return made.replace(old, new) if old else made

    async def ask(self, path="/api/x", **change):
        """The status of one check."""
        return parsed(await self.pipe.ask(self.raw(path, **change)))[0]

    async def settle_in(self):
        """Have the answer in both memories, and see that they are used."""
        for _ in range(6):
            assert await self.ask("/api/x") == 200
        given, decided = self.given(), self.decided
        assert await self.ask("/api/x") == 200
        assert await self.ask("/api/z") == 200
        assert (self.given(), self.decided) == ((given[0] + 1, given[1] + 1), decided)

    def given(self):
        """How many answers the two memories gave."""
        return self.lane.repeated.given, self.lane.alike.given

    async def judged(self, status, reason):
        """Both memories let go: the next checks are judged, and this is what comes of them."""
        given = self.given()
        for path in ("/api/x", "/api/other"):
            assert (await self.ask(path), self.listener.counts[-1][1]) == (status, reason)
            if self.pipe.has_ended:
                self.pipe = Pipe(self.listener)
        assert self.given() == given


@pytest.fixture
async def street(house, monkeypatch):
    made = Street(house, monkeypatch)
    await made.settle_in()
    return made


def owner_changed(street, **over):
    record = street.house.store.records[street.token.id]
    owner = replace(record.owner, **over)
    street.house.store.records[street.token.id] = replace(record, owner=owner)
    street.house.feed.append("owner", owner.id)


CHANGES = [
    pytest.param(lambda s: s.house.change(s.token, revoked_at=NOW), 401, Reason.REVOKED, id="revoke"),
    pytest.param(lambda s: s.house.change(s.token, suspended_at=NOW), 401, Reason.SUSPENDED, id="suspend"),
    pytest.param(
        lambda s: s.house.change(s.token, networks=Networks.of(["192.0.2.0/24"])), 403, Reason.NETWORK, id="network"
    ),
    pytest.param(lambda s: s.house.change(s.token, hosts=frozenset({"x.org"})), 403, Reason.HOST, id="host"),
    pytest.param(lambda s: owner_changed(s, enabled=False), 401, Reason.OWNER_DISABLED, id="owner-disabled"),
]


@pytest.mark.parametrize(("change", "status", "reason"), CHANGES)
async def test_a_change_is_seen_by_the_first_check_after_the_wait(street, change, status, reason):
    change(street)
    street.house.clock.advance(BOUND + 0.01)
    await street.judged(status, reason)


async def test_a_deleted_token_is_gone(street):
    del street.house.store.records[street.token.id]
    street.house.feed.append("token", street.token.id)
    street.house.clock.advance(BOUND + 0.01)
    await street.judged(401, Reason.UNKNOWN_TOKEN)


async def test_a_gap_in_the_feed_takes_everything_back(street):
    street.house.store.records.clear()
    street.house.feed.complete = False
    street.house.clock.advance(BOUND + 0.01)
    await street.judged(401, Reason.UNKNOWN_TOKEN)


async def test_a_lease_that_cannot_be_renewed_takes_everything_back(street):
    street.house.feed.is_away = True
    street.house.clock.advance(BOUND + 0.01)
    await street.judged(503, Reason.UNAVAILABLE)


async def test_a_reload_takes_everything_back(street):
    policy = a_policy(a_route("/api/**", access=Access.DENY))
    street.service.settings = replace(street.service.settings, policy=policy)
    await street.judged(403, Reason.ROUTE_DENIES)


async def test_a_peer_that_is_no_longer_trusted_gets_nothing_from_memory(street):
    street.listener.door.trust = NOBODY
    await street.judged(403, Reason.UNTRUSTED_PEER)


async def test_an_expiry_is_kept_to_the_instant(house, monkeypatch):
    street = Street(house, monkeypatch, expires_at=NOW + timedelta(seconds=10))
    await street.settle_in()
    house.clock.advance(9.99)
    assert await street.ask() == 200
    house.clock.advance(0.01)
    await street.judged(401, Reason.EXPIRED)


async def test_the_end_of_a_grace_is_kept_to_the_instant(house, monkeypatch):
    street = Street(house, monkeypatch)
    record = house.store.records[street.token.id]
    old = replace(record.secrets[0], ends_at=NOW + timedelta(seconds=10))
    house.store.records[street.token.id] = replace(record, secrets=(a_stored_secret(street.token), old))
    await street.settle_in()
    house.clock.advance(10)
    await street.judged(401, Reason.STALE_SECRET)


async def test_a_new_secrets_first_use_is_no_answer_from_memory(house, monkeypatch):
    street = Street(house, monkeypatch)
    record = house.store.records[street.token.id]
    old = a_stored_secret(street.token, ends_at=NOW + timedelta(days=7), ended_by_use_of=record.secrets[0].row)
    house.store.records[street.token.id] = TokenRecord(
        token=record.token, owner=record.owner, secrets=(*record.secrets, old)
    )
    await house.ask(street.presented)
    known = street.service.recall(street.lane.dialects[b"/check/traefik"], [*facts(), auth(street)])
    assert known is None, "the store has to end the older secret first"


def facts():
    lines = a_check("/api/x").split(b"\r\n")[1:-2]
    return [tuple(line.split(b": ", 1)) for line in lines]


def auth(street):
    return (b"authorization", b"Bearer " + street.presented)


async def test_a_turn_that_is_taken_here_takes_everything_back_at_once(street):
    street.service._authenticator._turns_taken += 1
    decided = street.decided
    assert await street.ask() == 200
    assert street.decided == decided + 1


OTHERS = [
    pytest.param(b"10.1.2.3", b"10.1.2.4", 403, Reason.NETWORK, id="address"),
    pytest.param(b"app.example.org", b"api.example.org", 403, Reason.HOST, id="host"),
    pytest.param(b"/api/x", b"/admin/x", 403, Reason.INSUFFICIENT_SCOPE, id="route"),
    pytest.param(b"/api/x", b"/home/bob/x", 403, Reason.LOGIN, id="login"),
    pytest.param(b"/api/x", b"/deny/../api/x", 403, Reason.AMBIGUOUS_REQUEST, id="readings"),
    pytest.param(b"X-Forwarded-For: 10.1.2.3\r\n", b"", 400, Reason.BAD_FACTS, id="missing-fact"),
]


@pytest.mark.parametrize(("old", "new", "status", "reason"), OTHERS)
async def test_what_a_decision_depends_on_is_never_taken_from_another_check(
    house, monkeypatch, old, new, status, reason
):
    over = {"networks": Networks.of(["10.1.2.3"]), "hosts": frozenset({"app.example.org"})}
    street = Street(house, monkeypatch, **over)
    routes = (
        a_route(
            "/admin/**", hosts=("app.example.org", "api.example.org"), access=Access.SCOPES, any_of=frozenset({"a"})
        ),
        a_route("/home/{login}/**"),
        a_route("/**", hosts=("app.example.org", "api.example.org")),
    )
    street.service.settings = replace(street.service.settings, policy=a_policy(*routes))
    await street.settle_in()
    assert await street.ask("/home/alice/x") == 200
    found = await street.ask(old=old, new=new)
    expected = 400 if reason is Reason.AMBIGUOUS_REQUEST else status
    assert (found, street.listener.counts[-1][1]) == (expected, reason)


async def test_another_basic_user_is_judged_on_the_same_token(house, monkeypatch):
    street = Street(house, monkeypatch)
    await street.settle_in()
    old = b"Bearer " + street.presented
    for user, status in ((b"alice", 200), (b"alice", 200), (b"bob", 401), (b"", 200)):
        assert await street.ask(old=old, new=b"Basic " + b64encode(user + b":" + street.presented)) == status


async def test_an_answer_that_repeats_the_clients_headers_is_not_given_to_others(house, monkeypatch):
    street = Street(house, monkeypatch)
    cookie = b"\r\nCookie: sid="
    for sid in (b"1", b"2", b"1", b"3"):
        got = await street.pipe.ask(street.raw(old=b"\r\n\r\n", new=cookie + sid + b"\r\n\r\n"))
        assert b"cookie: sid=" + sid in got.lower()


async def test_every_answer_from_memory_is_counted_and_measured(street):
    await street.listener.usage.write()
    street.house.store.uses.clear()
    del street.listener.counts[:]
    hits = street.house.authenticator.hits
    for path in ("/api/x", "/api/x", "/api/new", "/api/x"):
        await street.ask(path)
    await street.listener.usage.write()
    (use,) = street.house.store.uses
    assert (use.token_id, use.count, use.last_address) == (street.token.id, 4, "10.1.2.3")
    assert street.listener.counts == [("traefik", Reason.TOKEN)] * 4
    assert street.house.authenticator.hits == hits + 4


async def test_every_answer_from_memory_is_held_to_the_rate(house, monkeypatch):
    street = Street(house, monkeypatch)
    policy = a_policy(a_route("/**", rate=Rate(burst=8, period_s=1000)))
    street.service.settings = replace(street.service.settings, policy=policy)
    street.service.limits._clock = house.clock
    await street.settle_in()
    await street.judged(429, Reason.LIMITED)


async def test_answers_from_every_memory_and_judged_ones_are_held_to_one_rate_of_the_token(house, monkeypatch):
    street = Street(house, monkeypatch)
    limits = RateLimits(token=Rate(burst=12, period_s=1000))
    street.service.settings = replace(street.service.settings, limits=limits)
    street.service.limits._clock = house.clock
    await street.settle_in()
    for path in ("/bare/x", "/api/x", "/bare/x", "/api/z"):
        assert await street.ask(path) == 200
    await street.judged(429, Reason.LIMITED)


async def test_the_rate_of_a_token_is_that_of_its_one_bucket_after_it_was_forgotten_and_found_anew(house, monkeypatch):
    street = Street(house, monkeypatch)
    limits = RateLimits(token=Rate(burst=12, period_s=1000), tracked=1)
    street.service.settings = replace(street.service.settings, limits=limits)
    street.service.limits._clock = house.clock
    await street.settle_in()
    street.service.limits.tokens.take(("", "another"), 0.0, limits.token)
    for path in ("/bare/x", "/bare/x", *["/api/x", "/api/z"] * 5):
        assert await street.ask(path) == 200, "it begins at none"
    await street.judged(429, Reason.LIMITED)


async def test_an_asker_whose_uris_lead_to_several_routes_gets_what_stands_on_each(street):
    for _ in range(5):
        for path in ("/bare/x", "/api/x", "/admin/x"):
            status = await street.ask(path)
            assert status == (403 if path == "/admin/x" else 200)


async def test_neither_token_nor_head_is_in_what_is_kept(street):
    secret = street.presented[16:48]
    for path in ("/keep/x", "/public/x"):
        for _ in range(4):
            assert secret in await street.pipe.ask(street.raw(path)), "the route leaves the credential to the app"
    kept = [*street.lane.repeated.kept._recent.items(), *street.service._standings._recent.items()]
    assert kept
    for key, value in kept:
        standing = getattr(value, "standing", value)
        shown = [value, *(getattr(standing, name) for name in standing.__slots__)]
        assert secret not in repr((key, shown)).encode()


async def test_the_same_head_at_another_listener_is_another_head(street):
    one = street.lane.repeated.hasher(("127.0.0.1", 9191))
    other = street.lane.repeated.hasher("/run/gateway.sock")
    for hasher in (one, other):
        hasher.update(street.raw())
    assert one.digest() != other.digest()
    assert len(one.digest()) == 16


async def test_what_is_kept_is_bounded(house, monkeypatch):
    street = Street(house, monkeypatch)
    street.lane.repeated.kept.capacity = street.service._standings.capacity = 5
    for at in range(12):
        for _ in range(2):
            assert await street.ask(old=b"10.1.2.3", new=b"10.1.2.%d" % at) == 200
    assert len(street.lane.repeated.kept) <= 5
    assert len(street.service._standings) <= 5


@pytest.mark.parametrize("is_first", [True, False], ids=["before the fact", "behind the fact"])
async def test_the_uri_is_the_dialects_own_whatever_other_header_names_one(street, is_first):
    policy = a_policy(a_route("/admin/**", access=Access.DENY), a_route("/**"))
    street.service.settings = replace(street.service.settings, policy=policy)

    async def status(fact, other):
        pair = [b"X-Original-URI: " + fact, b"X-Forwarded-Uri: " + other]
        lines = [
            b"GET /check/nginx HTTP/1.1",
            b"Host: app.example.org",
            b"X-Original-Method: GET",
            *(pair[::-1] if is_first else pair),
            b"X-Forwarded-For: 10.1.2.3",
            b"Authorization: Bearer " + street.presented,
        ]
        return parsed(await street.pipe.ask(b"\r\n".join(lines) + b"\r\n\r\n"))[0]

    for number in range(4):
        assert await status(b"/api/x", b"/other/%d" % number) == 200
        assert await status(b"/api/%d" % number, b"/other/x") == 200
        assert await status(b"/admin/x", b"/other/%d" % number) == 403
        assert await status(b"/admin/%d" % number, b"/api/x") == 403
        assert await status(b"/api/x", b"/admin/%d" % number) == 200


async def test_a_token_that_was_idle_too_long_is_not_woken_by_what_is_remembered(house, monkeypatch):
    street = Street(house, monkeypatch, idle=timedelta(days=1))
    await street.settle_in()
    house.clock.advance(timedelta(days=2).total_seconds())
    decided = street.decided
    await street.ask("/api/other")
    assert street.decided > decided, "it was judged, and the store asked"
