"""`explain` agrees with the check: the same decision for the same request, whatever is asked by whom from where."""

from base64 import b64encode
from itertools import product

import pytest

from gateway.auth.explain import KnownToken, Question, explain
from gateway.auth.refusals import Refusals
from gateway.auth.refused import Refused
from gateway.auth.usage import UsageCounter
from gateway.cli.desk import authenticating
from gateway.core.credential import present
from gateway.core.decision import Allow
from gateway.core.network import Networks
from gateway.core.reason import OUTSIDE, Reason
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.check.settings import is_preflight
from gateway.web.check.traefik import Traefik

ASKED = [
    (host, path)
    for host, paths in {
        b"app.example.org": [
            b"/public/x",
            b"/closed/x",
            b"/api/x",
            b"/machine",
            b"/inside",
            b"/none",
            b"/api/../public/x",
        ],
        b"dav.example.org": [b"/alice/x", b"/bob/x"],
        b"other.example.org": [b"/"],
        b"a b": [b"/"],
    }.items()
    for path in paths
]


class Uncounted:
    """Metrics that nobody reads."""

    def checked(self, dialect: str, reason: Reason) -> None:
        pass


def credentials(token: bytes):
    """Headers that clients send: ours, none, broken, and two at once."""
    return {
        "none": [],
        "bearer": [(b"Authorization", b"Bearer " + token)],
        "basic": [(b"Authorization", b"Basic " + b64encode(b"alice:" + token))],
        "basic of another": [(b"Authorization", b"Basic " + b64encode(b"bob:" + token))],
        "forged": [(b"Authorization", b"Bearer " + token[:-1] + b"?")],
        "two": [(b"Authorization", b"Bearer " + token), (b"Authorization", b"Bearer x")],
        "preflight": [(b"Origin", b"https://x"), (b"Access-Control-Request-Method", b"GET")],
    }


@pytest.fixture
def token(installed):
    """A token of alice's with scope rest."""
    return installed.token()


async def test_the_walk_ends_as_the_check_does(installed, token):
    async with installed.desk() as desk, authenticating(desk) as authenticator:
        policy = desk.settings.policy()
        skip = Networks(())
        service = CheckService(
            CheckSettings(policy=policy, skip=skip, realm="x", support_contact=""),
            authenticator=authenticator,
            usage=UsageCounter(desk.store, fault=print),
            refusals=Refusals(desk.store, clock=desk.now, fault=print),
            metrics=Uncounted(),
            clock=desk.now,
        )
        reasons = set()
        for (host, path), method, address, (name, headers) in product(
            ASKED,
            [b"GET", b"POST", b"OPTIONS"],
            [b"10.1.2.3", b"192.0.2.7", b"unknown"],
            credentials(token.encode()).items(),
        ):
            facts = [
                (b"X-Forwarded-Method", method),
                (b"X-Forwarded-Uri", path),
                (b"X-Forwarded-Host", host),
                (b"X-Forwarded-For", address),
            ]
            answer = await service.check(Traefik(), [*facts, *headers])
            explained = await explain(
                policy,
                Question(
                    method=method,
                    uri=path,
                    host=host,
                    forwarded_for=address,
                    preflight=method == b"OPTIONS" and is_preflight(headers),
                ),
                lambda ways, headers=headers: present(headers, ways),
                skip=skip,
                authenticate=authenticator.authenticate,
                load_token=desk.store.load_token,
                now=desk.now,
            )
            decision = explained.decision
            case = (host, path, method, address, name, decision.reason)
            outside = OUTSIDE[decision.reason]
            assert answer.status == outside.status, case
            if isinstance(decision, Allow):
                assert set(decision.headers) <= set(answer.headers), case
                assert all(step.broken is None for step in explained.steps), case
            else:
                told = outside.proven if decision.proven else outside.stranger
                assert dict(answer.headers)[b"X-Auth-Reason"].decode() == told, case
                assert [step.broken for step in explained.steps if step.broken] == [decision.reason], case
            reasons.add(decision.reason)
    assert len(reasons) >= 13  # the table above really walks down different ways


async def test_a_token_by_its_id_alone_is_taken_as_proven(installed, token):
    async with installed.desk() as desk:

        async def never(_presented, _user):
            raise AssertionError("nothing was presented")

        async def ask(token_id):
            return await explain(
                desk.settings.policy(),
                Question(method=b"GET", uri=b"/api/x", host=b"app.example.org"),
                KnownToken(token_id),
                skip=Networks(()),
                authenticate=never,
                load_token=desk.store.load_token,
                now=desk.now,
            )

        assert (await ask(token[4:15])).decision.reason is Reason.TOKEN
        with pytest.raises(Refused, match="there is no token 00000000000"):
            await ask("0" * 11)
