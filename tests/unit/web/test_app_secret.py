"""R34: an app that insists on a credential of its own gets that, and nothing that the client sent, or a refusal."""

import json

import pytest
import structlog

from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.core.app_secret import AppSecret
from gateway.core.decision import Allow, choose, decide
from gateway.core.evidence import Proven
from gateway.core.network import Networks
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.route import Access
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService, CheckSettings
from tests.builders import NOW, a_policy, a_route, a_stored_secret, a_target, a_token, an_owner

SHARED = AppSecret(source="/etc/rt.secret", shared=b"token 1-14-CANARY")
EACH = AppSecret(source="/etc/rt", by_login={"alice": b"token alice-CANARY", "Bob": b"token bob-CANARY"})
ROUTES = (
    a_route("/shared/**", app_secret=SHARED, allow_preflight=True),
    a_route("/each/**", app_secret=EACH),
    a_route("/public/**", access=Access.PUBLIC, credentials=(), authorization="strip"),
    a_route("/plain/**"),
    a_route("/admin/**", access=Access.SCOPES, any_of=frozenset({"admin"}), app_secret=SHARED),
    a_route("/machine/**", credentials=("header:X-API-Key",), app_secret=SHARED),
)


class Checks:
    """A check service, asked without sockets; the answers' headers as a list of pairs."""

    def __init__(self, house) -> None:
        self.house = house
        self.service = CheckService(
            CheckSettings(policy=a_policy(*ROUTES), skip=Networks(()), realm="Test", support_contact=""),
            authenticator=house.authenticator,
            usage=UsageCounter(house.store, house.faults.append),
            refusals=Refusals(house.store, clock=house.clock.now, fault=house.faults.append),
            metrics=self,
            clock=house.clock.now,
        )

    def checked(self, *_) -> None:
        """The metrics are not what this is about."""

    async def ask(self, path: str, *headers, dialect="traefik", method=b"GET"):
        name = b"X-Original-" if dialect == "nginx" else b"X-Forwarded-"
        facts = [
            (name + b"Method", method),
            (name + b"URI", path.encode()),
            (b"Host" if dialect == "nginx" else name + b"Host", b"app.example.org"),
            (b"X-Forwarded-For", b"10.1.2.3"),
        ]
        return await self.service.check(DIALECTS[dialect], [*facts, *headers])


@pytest.fixture
def checks(house):
    return Checks(house)


def bearer(presented: bytes) -> tuple[bytes, bytes]:
    return (b"Authorization", b"Bearer " + presented)


def authorization(answer) -> list[bytes]:
    return [value for name, value in answer.headers if name.lower() in {b"authorization", b"x-api-key"}]


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
async def test_the_app_gets_its_own_credential_once_and_not_the_clients(checks, dialect):
    _, token = checks.house.keep()
    for path, own in (("/shared/x", b"token 1-14-CANARY"), ("/each/x", b"token alice-CANARY")):
        answer = await checks.ask(path, bearer(token), (b"Cookie", b"a=1"), dialect=dialect)
        assert (answer.status, authorization(answer)) == (200, [own])
        assert token not in b"".join(value for _, value in answer.headers)
        assert (b"X-Auth-User", b"alice") in answer.headers
    answer = await checks.ask("/machine/x", (b"X-API-Key", token), (b"Authorization", b"Basic Zm9yZ2VkOng="))
    assert authorization(answer) == [b"token 1-14-CANARY"]
    assert authorization(await checks.ask("/plain/x", bearer(token))) == []


@pytest.mark.parametrize("login", ["carol", "bob", "ALICE", "..", ".", "alice/x"])
async def test_an_owner_without_one_is_refused_and_gets_nobody_elses(checks, login):
    _, token = checks.house.keep(an_owner(login))
    answer = await checks.ask("/each/x", bearer(token))
    assert (answer.status, authorization(answer)) == (403, [])
    assert (b"X-Auth-Reason", b"no_app_secret") in answer.headers


async def test_refusals_public_routes_and_preflights_never_carry_it(checks):
    _, token = checks.house.keep()
    preflight = ((b"Origin", b"https://a.example"), (b"Access-Control-Request-Method", b"GET"))
    answers = [
        await checks.ask("/shared/x"),
        await checks.ask("/shared/x", bearer(b"tgp_wrong")),
        await checks.ask("/admin/x", bearer(token)),
        await checks.ask("/public/x", bearer(token)),
        await checks.ask("/shared/x", *preflight, bearer(token), method=b"OPTIONS"),
    ]
    assert [answer.status for answer in answers] == [401, 401, 403, 200, 200]
    assert [authorization(answer) for answer in answers] == [[]] * 5


async def test_no_log_and_no_repr_shows_it(checks):
    _, token = checks.house.keep(an_owner("carol"))
    with structlog.testing.capture_logs() as logs:
        await checks.ask("/each/x", bearer(token))
        await checks.ask("/admin/x", bearer(token))
    assert len(logs) == 2
    owner = an_owner()
    evidence = Proven(token=a_token(owner), owner=owner, secret=a_stored_secret(a_token(owner)))
    decision = walk(a_policy(*ROUTES), "/shared/x", evidence, [])
    assert isinstance(decision, Allow)
    assert "CANARY" not in json.dumps(logs) + repr(decision) + repr(ROUTES)


def walk(policy, path, evidence, steps):
    class Recorder:
        def step(self, name, broken, words):
            steps.append((name, broken, words))

    demands = choose(policy, a_target(path))
    assert isinstance(demands, tuple)
    return decide(policy, a_target(path), demands, evidence, NOW, Recorder())


def test_explain_says_where_it_comes_from_and_never_what_it_is():
    for login, path, step in (
        ("alice", "/shared/x", (None, "Authorization: from /etc/rt.secret")),
        ("alice", "/each/x", (None, "Authorization: from /etc/rt")),
        ("carol", "/each/x", (Reason.NO_APP_SECRET, "nothing for carol in /etc/rt")),
    ):
        owner, steps = an_owner(login), []
        token = a_token(owner)
        decision = walk(a_policy(*ROUTES), path, Proven(token=token, owner=owner, secret=a_stored_secret(token)), steps)
        assert steps[-1] == ("app credential", *step)
        assert isinstance(decision, Allow) is (step[0] is None)
    assert OUTSIDE[Reason.NO_APP_SECRET].status == 403


def test_two_readings_with_two_credentials_are_refused():
    policy = a_policy(
        a_route("/a/b", app_secret=SHARED, lenient=frozenset({"encoded_slash"})),
        a_route("/**", app_secret=EACH, lenient=frozenset({"encoded_slash"})),
    )
    refused = choose(policy, a_target("/a%2fb"))
    assert refused.reason is Reason.AMBIGUOUS_REQUEST
