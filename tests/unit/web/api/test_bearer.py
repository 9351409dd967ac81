"""A token that is refused by the gateway itself leaves in the audit what a refused check leaves."""

import json

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
