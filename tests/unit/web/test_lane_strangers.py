"""A refusal of a wrong token is given from memory only where judging the head anew would give the very same one.

Each case has the lane learn heads with wrong tokens until it refuses them from memory. Then one thing is another, and
the next check has to be judged by it. What is right is allowed all the while.
"""

from dataclasses import replace

import pytest

from gateway.auth.hashing import hash_token_secret
from gateway.core.limits import Rate
from gateway.core.network import Networks
from gateway.core.reason import Reason
from gateway.core.route import Access
from gateway.core.token import ENTROPY_BYTES, SECRET_WIDTH, Kind, Secret, compose, new_secret
from gateway.web.check.trust import Trust
from tests.builders import a_policy, a_route
from tests.house import BOUND
from tests.lanes import LOOPBACK, Listener, Pipe, head, parsed, values

ROUTES = (
    a_route("/public/**", access=Access.PUBLIC),
    a_route("/query/**", credentials=("bearer", "query:auth_token")),
    a_route("/machine/**", credentials=("bearer", "header:X-API-Key")),
    a_route("/browser/**", challenge=("basic",)),
    a_route("/**"),
)


class Gate:
    """A listener of the fast lane, a token, and as many wrong ones as are asked for."""

    def __init__(self, house):
        self.house = house
        self.listener = Listener(house, LOOPBACK)
        self.service, self.strangers = self.listener.service, self.listener.server.lane.strangers
        self.service.settings = replace(self.service.settings, policy=a_policy(*ROUTES))
        self.token, self.right = house.keep()
        self.pipe = Pipe(self.listener)
        self.made = 0

    def wrong(self):
        """Another wrong secret under the id of the token."""
        self.made += 1
        secret = new_secret(self.made.to_bytes(ENTROPY_BYTES, "big"))
        return compose("tg", Kind.PERSONAL, self.token.id, secret).reveal().encode()

    async def ask(self, token=b"", path="/api/x", *more, method="GET", old=b"", new=b""):
        """The whole answer; `more`: headers behind the facts."""
        if self.pipe.has_ended or self.pipe.is_closed:
            self.pipe = Pipe(self.listener)
        raw = head(
            "/check/traefik",
            (b"X-Forwarded-Method", b"GET"),
            (b"X-Forwarded-Uri", path.encode()),
            (b"X-Forwarded-Host", b"app.example.org"),
            (b"X-Forwarded-For", b"10.1.2.3"),
            *more,
            (b"Authorization", b"Bearer " + (token or self.wrong())),
            method=method,
        )
        return await self.pipe.ask(raw.replace(old, new) if old else raw)

    async def status(self, *args, **more):
        return parsed(await self.ask(*args, **more))[0]

    async def learn(self, path="/api/x", *more):
        """Have such heads refused from memory."""
        for _ in range(4):
            assert await self.status(b"", path, *more) == 401
        given = self.strangers.given
        assert await self.status(b"", path, *more) == 401
        assert self.strangers.given == given + 1

    def reason(self):
        return self.listener.counts[-1][1]


@pytest.fixture
async def gate(house):
    made = Gate(house)
    assert await made.status(made.right) == 200
    await made.learn()
    return made


async def test_a_refusal_from_memory_is_the_one_that_was_judged(house):
    gate = Gate(house)
    await gate.ask(gate.right)
    answers = [await gate.ask() for _ in range(6)]
    assert gate.strangers.given
    assert len({answer.partition(b"Date:")[0] for answer in answers}) == 1


async def test_every_refusal_from_memory_is_measured_and_noted(gate):
    before = len(gate.listener.counts)
    await gate.listener.refusals.flush(whole=True)
    gate.house.store.refusals.clear()
    for _ in range(5):
        await gate.ask()
    assert gate.listener.counts[before:] == [("traefik", Reason.WRONG_SECRET)] * 5
    await gate.listener.refusals.flush(whole=True)
    (noted,) = gate.house.store.refusals
    assert (noted.token_id, noted.count, noted.last_address) == (gate.token.id, 5, "10.1.2.3")


async def test_the_right_token_passes_in_the_very_head_that_others_are_refused_in(gate):
    for _ in range(3):
        assert await gate.status(gate.right) == 200
        assert await gate.status() == 401


async def test_failures_are_limited_from_memory_too_and_the_right_token_is_not(gate):
    limits = replace(gate.service.settings.limits, failures=Rate(burst=8, period_s=1000))
    gate.service.settings = replace(gate.service.settings, limits=limits)
    gate.service.limits._clock = gate.house.clock
    answers = [parsed(await gate.ask()) for _ in range(12)]
    assert [status for status, _, _ in answers] == [401] * 8 + [429] * 4
    assert values(answers[-1][1], b"retry-after") == [b"1000"]
    given = gate.strangers.given
    assert await gate.status() == 429
    assert gate.strangers.given == given + 1
    assert await gate.status(gate.right) == 200


async def test_a_secret_that_becomes_right_is_allowed_at_once(gate):
    wrong = gate.wrong()
    assert await gate.status(wrong) == 401
    record, secret = gate.house.store.records[gate.token.id], Secret(wrong.split(b"_")[2][:SECRET_WIDTH].decode())
    tag = gate.house.keyring.current.tag(secret.reveal())
    added = replace(record.secrets[0], hash=hash_token_secret(secret), tag=tag, row=record.secrets[0].row + 1)
    gate.house.store.records[gate.token.id] = replace(record, secrets=(added,))
    gate.house.feed.append("token", gate.token.id)
    gate.house.clock.advance(BOUND)
    assert await gate.status(wrong) == 200
    assert await gate.status(gate.right) == 401


async def test_a_reload_is_heeded_by_the_next_refusal(gate):
    policy = a_policy(a_route("/api/**", access=Access.DENY))
    gate.service.settings = replace(gate.service.settings, policy=policy)
    assert (await gate.status(), gate.reason()) == (403, Reason.ROUTE_DENIES)


async def test_a_peer_that_is_no_longer_trusted_is_refused_for_that(gate):
    gate.listener.door.trust = Trust(Networks(()), unix=False)
    assert (await gate.status(), gate.reason()) == (403, Reason.UNTRUSTED_PEER)


async def test_a_lease_that_cannot_be_renewed_is_no_refusal_of_the_token(gate):
    gate.house.feed.is_away = True
    gate.house.clock.advance(BOUND + 0.01)
    assert (await gate.status(), gate.reason()) == (503, Reason.UNAVAILABLE)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/public/x", 200, Reason.PUBLIC),
        ("/query/x", 401, Reason.WRONG_SECRET),
        ("/query/x?auth_token=other", 400, Reason.AMBIGUOUS_REQUEST),
        ("/api/../public/x", 400, Reason.AMBIGUOUS_REQUEST),
        ("/browser/x", 401, Reason.WRONG_SECRET),
    ],
)
async def test_another_path_is_judged_by_its_own_route(gate, path, status, reason):
    for _ in range(4):
        assert (await gate.status(b"", path), gate.reason()) == (status, reason)
        assert await gate.status() == 401
    answered = parsed(await gate.ask(b"", path))
    schemes = [value.split()[0] for value in values(answered[1], b"www-authenticate")]
    assert (b"Basic" in schemes) == (path == "/browser/x")


async def test_a_second_credential_makes_it_ambiguous_however_often_the_first_was_refused(gate):
    await gate.learn("/machine/x")
    for _ in range(4):
        answered = await gate.status(b"", "/machine/x", (b"X-API-Key", b"other"))
        assert (answered, gate.reason()) == (400, Reason.AMBIGUOUS_REQUEST)


async def test_the_same_token_in_two_places_teaches_nothing_about_another_one(gate):
    same = gate.wrong()
    for _ in range(4):
        assert await gate.status(same, "/machine/x", (b"X-API-Key", same)) == 401
    for _ in range(3):
        answered = await gate.status(b"", "/machine/x", (b"X-API-Key", same))
        assert (answered, gate.reason()) == (400, Reason.AMBIGUOUS_REQUEST)


async def test_a_browsers_page_and_a_programs_line_are_kept_apart(gate):
    page = (b"Accept", b"text/html")
    await gate.learn("/api/x", page)
    for _ in range(2):
        assert b"<html" in (await gate.ask(b"", "/api/x", page)).lower()
        assert b"<html" not in (await gate.ask()).lower()


async def test_a_head_request_gets_no_body_from_memory(gate):
    for _ in range(5):
        answered = await gate.ask(method="HEAD")
        assert answered.endswith(b"\r\n\r\n")
        assert b"401" in answered.partition(b"\r\n")[0]


AWRY = [
    pytest.param(b"Authorization: Bearer ", b"Authorization: Bearer  ", id="two spaces"),
    pytest.param(b"\r\n\r\n", b"\t\r\n\r\n", id="a tab behind it"),
    pytest.param(b"\r\n\r\n", b"\r\n folded: yes\r\n\r\n", id="folded over two lines"),
    pytest.param(b"\r\n\r\n", b"\rX: y\r\n\r\n", id="a carriage return in it"),
    pytest.param(b"\r\n\r\n", b"\nX: y\r\n\r\n", id="a bare line feed"),
    pytest.param(b"\r\n\r\n", b"\0\r\n\r\n", id="a NUL behind it"),
    pytest.param(b"Authorization: ", b"authorization : ", id="a space before the colon"),
    pytest.param(b"Authorization: ", b"Authorization: Bearer x\r\nauthorization: ", id="the header twice"),
    pytest.param(b"X-Forwarded-Host: ", b"x-forwarded-uri: /public/x\r\nX-Forwarded-Host: ", id="the URI twice"),
    pytest.param(b"X-Forwarded-For: ", b"Content-Length: 3\r\nX-Forwarded-For: ", id="a body"),
]


@pytest.mark.parametrize(("old", "new"), AWRY)
@pytest.mark.parametrize("right", [True, False], ids=["right token", "wrong token"])
async def test_a_head_that_is_awry_is_never_answered_as_a_plain_one_was(gate, old, new, right):
    given = gate.strangers.given, gate.listener.server.lane.alike.given
    for _ in range(4):
        raw = gate.right if right else gate.wrong()
        pipe, gate.pipe = gate.pipe, Pipe(gate.listener)
        pipe.close()
        await gate.ask(raw, old=old, new=new)
    assert (gate.strangers.given, gate.listener.server.lane.alike.given) == given


async def test_what_is_kept_is_bounded_and_holds_no_token(gate):
    gate.strangers.kept.capacity = 8
    sent = gate.wrong()
    for number in range(20):
        for _ in range(3):
            await gate.ask(sent, "/api/x", (b"X-Made-Up", b"%d" % number))
    assert len(gate.strangers.kept) == 8
    for key, asker in gate.strangers.kept._recent.items():
        known = [getattr(asker, name) for name in asker.__slots__]
        assert sent[16:48] not in repr((key, known)).encode()


async def test_who_holds_a_token_passes_on_the_connection_of_one_who_guesses(gate):
    await gate.learn()
    for _ in range(4):
        assert await gate.status(gate.right) == 200
        assert await gate.status(gate.wrong()) == 401
        assert await gate.status(gate.wrong()) == 401
        assert await gate.status(gate.right, "/api/another") == 200
