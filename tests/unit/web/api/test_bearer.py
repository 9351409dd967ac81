"""A token that is refused by the gateway itself leaves in the audit what a refused check leaves."""

import json

from gateway.core.token import Kind, compose, parse
from tests.unit.web.api import test_tokens
from tests.unit.web.api.test_tokens import TOKENS, by, make

at = test_tokens.at


async def test_the_use_of_a_stale_secret_here_is_in_the_audit_too(at, installed):
    made = (await make(at, scopes=["gateway"])).json
    assert (await by(at, "bob", "POST", f"{TOKENS}/{made['token']}/rotate", json={})).status == 200
    for path in ("/api/v1/me", "/api/v1/token"):
        assert (await by(at, made["secret"], "GET", path)).status == 401, path
    await at.refusals.flush(whole=True)
    ((detail, address, subject),) = installed.rows(
        "SELECT detail, address, subject_id FROM audit WHERE action = 'stale_secret_used'"
    )
    told = json.loads(detail)
    assert (told["count"], told["host"], address) == (2, "gateway.example.org", "192.0.2.7")
    assert made["token"].endswith(subject)


async def test_what_is_no_token_is_counted_and_what_may_be_used_is_not(at, installed):
    live = (await make(at, scopes=["gateway"])).json["secret"]
    assert (await by(at, live, "GET", "/api/v1/me")).status == 200
    before = installed.rows("SELECT count(*) FROM audit")
    await at.refusals.flush(whole=True)
    assert installed.rows("SELECT count(*) FROM audit") == before
    assert (await by(at, "tgp_nothing", "GET", "/api/v1/me")).status == 401
    await at.refusals.flush(whole=True)
    ((detail,),) = installed.rows("SELECT detail FROM audit WHERE action = 'refused_unknown'")
    assert json.loads(detail)["count"] == 1


async def test_an_old_or_wrong_secret_that_is_to_be_revoked_is_in_the_audit_and_ends_nothing(at, installed):
    made = (await make(at, scopes=["gateway"])).json
    rotated = (await by(at, "bob", "POST", f"{TOKENS}/{made['token']}/rotate", json={})).json["secret"]
    other = (await make(at, name="other")).json["secret"]
    mixed = compose("tg", Kind.PERSONAL, made["token"].removeprefix("tgp_"), parse(other.encode(), brand="tg").secret)
    for presented in (made["secret"], mixed.reveal(), "nonsense"):
        answer = await at.ask("POST", "/api/v1/token/revoke", data={"token": presented})
        assert (answer.status, answer.json) == (200, {})
    await at.refusals.flush(whole=True)
    rows = installed.rows("SELECT action, subject_id, detail FROM audit WHERE actor = 'gateway'")
    told = {(action, subject): json.loads(detail) for action, subject, detail in rows}
    token_id = made["token"].removeprefix("tgp_")
    stale, wrong = told["stale_secret_used", token_id], told["token_refused", token_id]
    assert (stale["count"], stale["host"]) == (1, "gateway.example.org")
    assert (wrong["count"], wrong["reason"]) == (1, "wrong_secret")
    assert sum(detail["count"] for (action, _), detail in told.items() if action == "refused_unknown") == 1
    assert (await by(at, rotated, "GET", "/api/v1/me")).status == 200


async def test_whoever_ends_their_own_token_leaves_no_refusal(at, installed):
    live = (await make(at, scopes=["gateway"])).json["secret"]
    for _ in range(2):  # the second time it has ended, by the same secret
        assert (await at.ask("POST", "/api/v1/token/revoke", data={"token": live})).status == 200
    before = installed.rows("SELECT count(*) FROM audit")
    await at.refusals.flush(whole=True)
    assert installed.rows("SELECT count(*) FROM audit") == before


async def test_each_network_waits_for_hashes_in_a_lane_of_its_own(at, monkeypatch):
    lanes = []
    run = at.front.desk.hashing.run

    async def seen(work, lane=None):
        lanes.append(lane)
        return await run(work, lane)

    first, second = [(await make(at, name=name, scopes=["gateway"])).json["secret"] for name in ("one", "two")]
    monkeypatch.setattr(at.front.desk.hashing, "run", seen)
    for address, token in (("192.0.2.7", first), ("198.51.100.9", second)):
        answer = await by(at, token, "GET", "/api/v1/me", headers={"X-Forwarded-For": address})
        assert answer.status == 200
    assert lanes == [bytes([192, 0, 2, 7]), bytes([198, 51, 100, 9])]
    assert (await make(at, name="three")).status == 201
    bob = (await at.front.desk.store.owner(login="bob")).owner
    assert lanes[2:] == [bob.id]
