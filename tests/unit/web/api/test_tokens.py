"""Tokens by the API: made, seen, edited and ended by who may, and told to nobody else."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.auth.owners import create_owner, delete_owner
from gateway.core.owner import OwnerKind
from gateway.core.token import new_id
from gateway.store import Use
from tests.installation import CONFIG
from tests.settled import settled
from tests.unit.auth.signing_in import ROOT
from tests.unit.web.api.portal import portal, serving

TOKENS = "/api/v1/tokens"
MISSING = "tgp_" + new_id(b"\xff" * 64)


async def everybody(at):
    """All but bob, who is there; the cookies of those who are persons."""
    for login, group in (("carol", "staff"), ("boss", "admins"), ("guest", "guests")):
        await at.front.user(login, group)
    app = {"kind": OwnerKind.APPLICATION, "login": "nightly", "groups": ("admins",)}
    await create_owner(at.front.desk, actor=ROOT, **app)
    return {login: (await at.sign_in(login)).cookie for login in ("bob", "carol", "boss", "guest")}


@pytest.fixture
async def at(installed):
    """The API with bob and carol (staff), boss (admins), guest (no permission), and the application `nightly`."""
    text = CONFIG.replace("\nscopes: {", "\nscopes: {gateway: Act in the gateway, ")
    text = text.replace("users: [admins]", "users: [admins], explain: [admins]")
    installed.config.write_text(text, "utf-8")
    cookies = await settled(installed, portal, everybody)
    async with serving(installed) as made:
        made.cookies = dict(cookies)
        yield made


async def by(at, who, method, path, **more):
    """One request of a person, by a session; of a token, when `who` is a whole one; of nobody for an empty one."""
    if who.startswith(("tgp_", "tga_")):
        headers = {"Authorization": f"Bearer {who}", "Origin": None} | more.pop("headers", {})
        return await at.ask(method, path, headers=headers, **more)
    if who and who not in at.cookies:
        at.cookies[who] = (await at.sign_in(who)).cookie
    return await at.ask(method, path, cookie=at.cookies.get(who, ""), **more)


async def make(at, who="bob", name="ci", **fields):
    """A token, made by `who`; the answer."""
    made = await by(at, who, "POST", TOKENS, json={"name": name, "scopes": ["rest"]} | fields)
    assert made.status == 201, made.raw
    return made


async def of_app(at, *scopes):
    """A whole token of the application `nightly`."""
    return (await make(at, "boss", f"app {scopes}", application="nightly", scopes=list(scopes))).json["secret"]


async def edited(at, who, handle, etag="*", **fields):
    return await by(at, who, "PATCH", f"{TOKENS}/{handle}", json=fields, headers={"If-Match": etag})


# What one makes, and sees


async def test_r01_a_token_is_made_for_oneself_and_its_secret_is_told_once(at):
    made = await make(at, name="laptop", networks=["10.0.0.0/8"], hosts=["*.example.org"], expires="30d", idle="2d")
    assert made.headers["Location"] == f"{TOKENS}/{made.json['token']}"
    assert made.headers["Cache-Control"] == "no-store"
    assert made.json["secret"].startswith(made.json["token"] + "_")
    assert made.json["owner"] == {"kind": "user", "login": "bob", "enabled": True}
    seen = await by(at, "bob", "GET", made.headers["Location"])
    assert seen.headers["ETag"] == seen.json["etag"] == '"v1"'
    assert made.json["secret"].encode() not in seen.raw
    same = set(made.json) & set(seen.json)
    assert {name: seen.json[name] for name in same} == {name: made.json[name] for name in same}
    assert (seen.json["state"], seen.json["idle_s"], seen.json["usage"]["last_used_at"]) == ("live", 172800, None)
    (only,) = seen.json["secrets"]
    assert (only["ends_at"], only["until_used"]) == (None, False)


async def test_a_list_has_pages_of_what_passes_every_filter(at):
    for number in range(5):
        await make(at, name=f"n{number}", expires=f"{number + 10}d")
    await make(at, "carol", "Other", scopes=["rest", "write"], expires="80d")
    await make(at, "boss", "app", application="nightly", scopes=["export"], expires="never")

    async def names(query, who="boss", limit=2):
        found, path = [], f"{TOKENS}?limit={limit}{query}"
        while path:
            page = await by(at, who, "GET", path)
            assert page.status == 200, page.raw
            found += [one["name"] for one in page.json["items"]]
            assert len(page.json["items"]) <= limit
            path = page.json["next"]
        return found

    all_of_bob = ["n0", "n1", "n2", "n3", "n4"]
    assert await names("") == [*all_of_bob, "Other", "app"]
    assert await names("", "bob") == await names("&user=BOB") == all_of_bob
    assert await names("&application=nightly") == await names("&kind=application") == ["app"]
    assert await names("&never_expires=true") == ["app"]
    assert await names("&scope=write") == await names("&name=OTH") == ["Other"]
    assert await names("&group=staff&kind=personal") == [*all_of_bob, "Other"]
    assert await names("&organisation=acme") == await names("&state=revoked") == []
    assert await names("&expires_before=11d") == ["n0", "n1"]
    assert await names("&expires_after=13d&user=bob") == ["n4"]
    assert await names("&expires_after=14d") == ["Other"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("user=a&application=b", 422, "bad_value"),
        ("user=bob&kind=application", 422, "bad_value"),
        ("expires_before=soon", 422, "bad_value"),
        ("expires_after=999999d&expires_before=99999999d", 422, "bad_value"),
        ("state=odd", 400, "bad_query"),
        ("limit=0", 400, "bad_query"),
        ("colour=red", 400, "bad_query"),
        ("cursor=x", 400, "bad_cursor"),
        ("user=nobody", 404, "not_found"),
        ("user=%00", 404, "not_found"),
        ("name=%00", 200, None),
    ],
)
async def test_a_question_that_is_none_is_refused_by_name(at, query, status, code):
    found = await by(at, "boss", "GET", f"{TOKENS}?{query}")
    assert (found.status, found.json.get("code")) == (status, code)


# Who may


ACTS = {
    "show": ("GET", "", None),
    "uses": ("GET", "/uses", None),
    "reach": ("GET", "/reach", None),
    "edit": ("PATCH", "?wait=false", {"name": "other"}),
    "suspend": ("POST", "/suspend?wait=false", None),
    "resume": ("POST", "/resume", None),
    "rotate": ("POST", "/rotate?wait=false", {"grace": "1h"}),
    "revoke": ("DELETE", "?wait=false", None),
}


async def acted(at, who, act, handle):
    """What came of it: the status, or the code of the problem."""
    method, rest, body = ACTS[act]
    more = {} if body is None else {"json": body}
    head = {"If-Match": "*"} if method == "PATCH" else {}
    found = await by(at, who, method, f"{TOKENS}/{handle}{rest}", headers=head, **more)
    return found.status if found.status < 400 else found.code


async def test_who_may_do_what_to_whose_token(at):
    robot, deaf = await of_app(at, "gateway", "rest", "write"), await of_app(at, "rest")
    for act in ACTS:
        foreign = (await make(at, "carol", f"of carol, {act}")).json["token"]
        own = (await make(at, "bob", f"of bob, {act}")).json["token"]
        for who, wanted in (
            ("", "no_credential"),
            (deaf, "gateway_scope"),
            ("guest", "not_found"),
            ("bob", "not_found"),
        ):
            assert await acted(at, who, act, foreign) == await acted(at, who, act, MISSING) == wanted, (who, act)
        for who in ("boss", robot):
            assert await acted(at, who, act, MISSING) == "not_found", (who, act)
        assert await acted(at, "bob", act, own) == 200, act
        assert await acted(at, "boss" if act in {"edit", "resume"} else robot, act, foreign) == 200, act
    for path in ("/api/v1/scopes", "/api/v1/token-policy"):
        assert (await by(at, "", "GET", path)).status == 401
        assert (await by(at, deaf, "GET", path)).code == "gateway_scope"
        assert (await by(at, "guest", "GET", path)).status == 200


async def test_a_foreign_token_is_answered_byte_for_byte_as_a_missing_one(at):
    foreign = (await make(at, "carol")).json["token"]
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/suspend"), ("POST", "/resume"), ("GET", "/reach")):
        said = set()
        for handle in (foreign, MISSING):
            found = await by(at, "bob", method, f"{TOKENS}/{handle}{rest}")
            said.add((found.status, found.raw.replace(handle.encode(), b"TOKEN")))
        assert len(said) == 1, (method, rest)


async def test_a_whole_token_in_a_path_is_refused_and_not_repeated(at):
    whole = (await make(at)).json["secret"]
    found = await by(at, "bob", "GET", f"{TOKENS}/{whole}")
    assert (found.status, found.code) == (422, "secret_given")
    assert whole.encode() not in found.raw


async def test_r09_only_holders_of_the_permission_make_tokens_and_for_others_only_those_of_any_tokens(at):
    for who, body, code in (
        ("guest", {}, "permission"),
        ("bob", {"user": "carol"}, "permission"),
        ("bob", {"user": "nobody"}, "permission"),
        ("bob", {"application": "nightly"}, "permission"),
        ("boss", {"user": "guest"}, "permission"),
        ("boss", {"user": "nobody"}, "not_found"),
        ("boss", {"user": "bob", "application": "nightly"}, "bad_value"),
    ):
        found = await by(at, who, "POST", TOKENS, json={"name": "new"} | body)
        assert found.code == code, (who, body)
    made = await make(at, "boss", user="carol")
    assert made.json["owner"]["login"] == "carol"
    assert (await make(at, "boss", "mine")).json["owner"]["login"] == "boss"


async def test_r11_a_session_whose_password_was_typed_long_ago_makes_none_and_may_still_end_one(at, installed):
    made = await make(at)
    ago = 20 * 60 * 1_000_000
    sql(installed, f"UPDATE sessions SET proof_at = proof_at - {ago}")
    found = await by(at, "bob", "POST", TOKENS, json={"name": "new"})
    assert (found.status, found.code) == (403, "needs_proof")
    assert await acted(at, "bob", "rotate", made.json["token"]) == "needs_proof"
    assert await acted(at, "bob", "revoke", made.json["token"]) == 200


async def test_a_token_makes_none_that_reaches_farther_and_chooses_from_its_own_scopes(at):
    robot = await of_app(at, "gateway", "rest")
    found = await by(at, robot, "POST", TOKENS, json={"name": "wide", "user": "bob", "scopes": ["write"]})
    assert (found.code, found.json["errors"][0]["pointer"]) == ("beyond_token", "/scopes")
    chosen = await by(at, robot, "GET", "/api/v1/scopes")
    assert [one["name"] for one in chosen.json["items"]] == ["gateway", "rest"]
    every = await by(at, "bob", "GET", "/api/v1/scopes")
    assert every.json["items"][1] == {"name": "rest", "description": "REST and JSON API"}
    assert len(every.json["items"]) == 4


async def test_the_policy_says_what_is_taken(at):
    rules = (await by(at, "bob", "GET", "/api/v1/token-policy")).json
    assert rules["personal"]["presets"] == rules["application"]["presets"] == ["7d", "30d", "90d", "180d", "365d"]
    for preset in rules["personal"]["presets"]:
        await make(at, name=f"for {preset}", expires=preset)
    assert rules["personal"]["max_s"] == 366 * 86400
    assert rules["application"]["max_s"] is None
    longest = rules["personal"]["max_s"] // 86400
    found = await by(at, "bob", "POST", TOKENS, json={"name": "x", "expires": f"{longest + 1}d"})
    assert (found.status, found.code) == (422, "expiry")
    found = await by(at, "bob", "POST", TOKENS, json={"name": "x", "expires": "never"})
    assert found.code == "expiry"


async def test_who_made_and_ended_a_token_is_told_by_name_also_when_they_are_gone(at):
    made = (await make(at, "boss", user="bob")).json["token"]
    robot = (await make(at, "bob", "robot", scopes=["gateway", "rest"])).json
    by_token = (await make(at, robot["secret"], "by a token")).json["token"]
    await by(at, "boss", "DELETE", f"{TOKENS}/{made}")
    boss = (await at.front.desk.store.owner(login="boss")).owner
    for is_there in (True, False):
        if not is_there:
            await delete_owner(at.front.desk, actor=ROOT, kind=OwnerKind.USER, login="boss")
        shown = (await by(at, "bob", "GET", f"{TOKENS}/{made}")).json
        assert (shown["created_by"], shown["created_by_login"]) == (boss.id, "boss")
        assert (shown["revoked_by"], shown["revoked_by_login"]) == (boss.id, "boss")
    listed = {one["token"]: one for one in (await by(at, "bob", "GET", TOKENS)).json["items"]}
    assert listed[by_token]["created_by"] == f"token:{robot['token']}"
    assert [listed[by_token][name] for name in ("created_by_login", "revoked_by", "revoked_by_login")] == [None] * 3
    assert listed[robot["token"]]["created_by_login"] == "bob"


async def test_of_requests_at_once_only_so_many_make_a_token_as_there_may_be(at, monkeypatch):
    limited_to(at, monkeypatch, personal=2, application=1)
    assert (await by(at, "bob", "GET", "/api/v1/token-policy")).json["personal"]["max_per_owner"] == 2
    await make(at, "bob", "first")
    made = await asyncio.gather(
        *(by(at, "bob", "POST", TOKENS, json={"name": f"no {number}", "scopes": ["rest"]}) for number in range(2))
    )
    assert sorted(one.status for one in made) == [201, 409]
    refused = next(one for one in made if one.status == 409)
    assert refused.code == "too_many_tokens"
    assert "tokens.personal.max_per_owner" in refused.json["mend"]
    assert "bob has 2 tokens" in refused.json["detail"]
    await make(at, "carol", "mine")
    await make(at, "boss", "for an app", application="nightly")
    second = {"name": "another", "application": "nightly", "scopes": ["rest"]}
    assert (await by(at, "boss", "POST", TOKENS, json=second)).code == "too_many_tokens"


async def test_a_suspended_token_counts_and_one_that_has_ended_does_not(at, monkeypatch):
    limited_to(at, monkeypatch, personal=2)
    kept, ended = (await make(at, name="kept")).json, (await make(at, name="ended", expires="1s")).json
    assert (await by(at, "bob", "POST", f"{TOKENS}/{kept['token']}/suspend")).status == 200
    await asyncio.sleep(1)
    assert ended["token"] != (await make(at, name="in its place")).json["token"]
    more = {"name": "more", "scopes": ["rest"]}
    assert (await by(at, "bob", "POST", TOKENS, json=more)).code == "too_many_tokens"
    for path in (f"{kept['token']}/resume", f"{kept['token']}/rotate"):
        assert (await by(at, "bob", "POST", f"{TOKENS}/{path}", json={} if "rotate" in path else None)).status == 200
    assert (await by(at, "bob", "DELETE", f"{TOKENS}/{kept['token']}")).status == 200
    assert (await by(at, "bob", "POST", TOKENS, json=more)).status == 201


async def test_a_request_that_is_sent_again_gets_its_token_also_where_no_further_one_may_be(at, monkeypatch):
    limited_to(at, monkeypatch, personal=1)
    more = {"json": {"name": "once", "scopes": ["rest"]}, "headers": {"Idempotency-Key": "a key of my own"}}
    first, second = [await by(at, "bob", "POST", TOKENS, **more) for _ in range(2)]
    assert (first.status, second.status) == (201, 201)
    assert first.json["token"] == second.json["token"]


async def test_who_has_more_than_there_may_be_keeps_them(at, monkeypatch):
    made = [(await make(at, name=f"no {number}")).json for number in range(3)]
    limited_to(at, monkeypatch, personal=1)
    for one in made:
        assert (await edited(at, "bob", one["token"], name=f"{one['name']} still")).status == 200
    assert (await by(at, "bob", "POST", TOKENS, json={"name": "x", "scopes": ["rest"]})).code == "too_many_tokens"


def limited_to(at, monkeypatch, **most):
    """The policy, with so many tokens an owner."""
    settings = at.front.desk.settings
    kinds = {kind: getattr(settings.tokens, kind).model_copy(update={"max_per_owner": n}) for kind, n in most.items()}
    tokens = settings.tokens.model_copy(update=kinds)
    monkeypatch.setattr(at.front, "desk", replace(at.front.desk, settings=replace(settings, tokens=tokens)))


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/name"),
        ({"name": ""}, 422, "/name"),
        ({"name": "x\u200b"}, 422, "/name"),
        ({"name": "n", "scopes": "rest"}, 422, "/scopes"),
        ({"name": "n", "scopes": ["odd"]}, 422, "/scopes"),
        ({"name": "n", "networks": ["10.0.0.1/8"]}, 422, "/networks"),
        ({"name": "n", "hosts": ["a b"]}, 422, "/hosts"),
        ({"name": "n", "expires": "soon"}, 422, "/expires"),
        ({"name": "n", "expires": "2020-01-01"}, 422, "/expires"),
        ({"name": "n", "expires": "9999-12-31T23:59:59-23:59"}, 422, "/expires"),
        ({"name": "n", "idle": "1h"}, 422, "/idle"),
        ({"name": "n", "idle": "x"}, 422, "/idle"),
        ({"name": "n", "colour": "red"}, 422, "/colour"),
        ({"name": "n", "scopes": ["rest"] * 900}, 201, None),
    ],
    ids=ascii,
)
async def test_a_bad_field_is_named(at, body, status, pointer):
    found = await by(at, "bob", "POST", TOKENS, json=body)
    assert found.status == status, found.raw
    if pointer is not None:
        assert found.json["errors"][0]["pointer"] == pointer


# What changes one


async def test_r22_an_edit_sets_what_is_given_and_leaves_the_rest(at):
    handle = (await make(at, networks=["10.0.0.0/8"], hosts=["a.example.org"], idle="5d")).json["token"]
    done = await edited(at, "bob", handle, '"v1"', name="renamed", scopes=[], expires="2d")
    assert (done.status, done.headers["ETag"], done.json["changed"]) == (200, '"v2"', True)
    assert (done.json["name"], done.json["scopes"], done.json["networks"]) == ("renamed", [], ["10.0.0.0/8"])
    assert done.json["effective_after_s"] > 0.1
    assert done.json["effective_everywhere_by"] is None
    done = await edited(at, "bob", handle, '"v2"', networks=None, hosts=[], idle=None)
    assert (done.json["networks"], done.json["hosts"], done.json["idle_s"]) == (None, None, None)
    assert done.json["effective_after_s"] is None
    assert (await edited(at, "bob", handle, '"v3"')).json["changed"] is False
    for body in ({"name": None}, {"expires": None}, {"scopes": None}):
        assert (await edited(at, "bob", handle, **body)).code == "invalid_fields"


async def test_of_two_who_edit_one_token_the_second_is_told(at):
    handle = (await make(at)).json["token"]
    answers = await asyncio.gather(*(edited(at, "bob", handle, '"v1"', name=f"n{n}") for n in range(4)))
    assert sorted(one.status for one in answers) == [200, 412, 412, 412]
    assert {one.code for one in answers if one.status == 412} == {"changed_meanwhile"}
    late = await by(at, "bob", "DELETE", f"{TOKENS}/{handle}", headers={"If-Match": '"v1"'})
    assert (late.status, late.code) == (412, "changed_meanwhile")
    blind = await by(at, "bob", "PATCH", f"{TOKENS}/{handle}", json={"name": "x"})
    assert (blind.status, blind.code) == (428, "precondition_required")
    assert (await by(at, "bob", "DELETE", f"{TOKENS}/{handle}", headers={"If-Match": '"v2"'})).status == 200


async def test_r21_a_token_is_stopped_resumed_and_ended_for_good(at):
    made = await make(at)
    handle = made.json["token"]

    async def state():
        return (await by(at, "bob", "GET", f"{TOKENS}/{handle}")).json["state"]

    stopped = await by(at, "bob", "POST", f"{TOKENS}/{handle}/suspend")
    assert (stopped.json["already"], await state()) == (False, "suspended")
    assert stopped.json["effective_after_s"] > 0.1
    assert (await by(at, "bob", "POST", f"{TOKENS}/{handle}/suspend")).json["already"] is True
    assert (await by(at, "bob", "POST", f"{TOKENS}/{handle}/resume")).json == {"token": handle, "changed": True}
    assert await state() == "live"
    ended = await by(at, "bob", "DELETE", f"{TOKENS}/{handle}?wait=false")
    assert (ended.json["already"], ended.json["effective_after_s"], await state()) == (False, None, "revoked")
    assert ended.json["effective_everywhere_by"] is not None
    for act, code in (("edit", "revoked"), ("rotate", "revoked"), ("resume", "revoked"), ("revoke", 200)):
        assert await acted(at, "bob", act, handle) == code


async def test_many_are_ended_at_once_each_that_is_there(at):
    handles = [(await make(at, name=f"n{n}")).json["token"] for n in range(3)]
    foreign = (await make(at, "carol")).json["token"]
    body = {"tokens": [handles[0], foreign, MISSING]}
    done = await by(at, "bob", "POST", f"{TOKENS}/revoke", json=body)
    assert (done.json["count"], done.json["not_found"]) == (1, [foreign, MISSING])
    assert done.json["tokens"] == [{"token": handles[0], "already": False}]
    stopped = await by(at, "boss", "POST", f"{TOKENS}/suspend?wait=false", json={"user": "bob"})
    assert (stopped.json["count"], stopped.json["tokens"]) == (2, None)
    ended = await by(at, "bob", "POST", f"{TOKENS}/revoke", json={"user": "bob"})
    assert ended.json["count"] == 2
    for body in ({}, {"tokens": [], "user": "bob"}, {"user": "bob", "application": "nightly"}):
        assert (await by(at, "bob", "POST", f"{TOKENS}/revoke", json=body)).code == "bad_value"
    assert (await by(at, "bob", "POST", f"{TOKENS}/revoke", json={"user": "carol"})).code == "permission"
    assert (await by(at, "carol", "GET", f"{TOKENS}/{foreign}")).json["state"] == "live"


async def test_uses_are_told_by_day_without_a_gap(at):
    made = await make(at)
    store, token_id = at.front.desk.store, made.json["token"].partition("_")[2]
    now = at.front.desk.now()
    for ago, count in ((0, 3), (2, 5), (40, 7)):
        at_that_time = now - timedelta(days=ago)
        await store.record_usage([Use(token_id=token_id, count=count, last_used_at=at_that_time, last_address="")])
    found = await by(at, "bob", "GET", f"{TOKENS}/{made.json['token']}/uses?days=3")
    assert [one["uses"] for one in found.json["items"]] == [5, 0, 3]
    assert found.json["items"][-1]["day"] == now.date().isoformat()
    month = (await by(at, "bob", "GET", f"{TOKENS}/{made.json['token']}/uses")).json["items"]
    assert (len(month), sum(one["uses"] for one in month)) == (30, 8)
    assert (await by(at, "bob", "GET", f"{TOKENS}/{made.json['token']}")).json["usage"]["total"] == 15


async def test_reach_tells_holders_of_explain_every_route_and_others_those_that_open(at):
    handle = (await make(at)).json["token"]
    found = await by(at, "bob", "GET", f"{TOKENS}/{handle}/reach?address=10.1.2.3")
    assert [one["route"] for one in found.json["items"]] == ["public", "read", "inside", "own"]
    assert (found.json["is_whole"], found.json["address"]) == (False, "10.1.2.3")
    every = await by(at, "boss", "GET", f"{TOKENS}/{handle}/reach?limit=3")
    more = await by(at, "boss", "GET", every.json["next"])
    told = {one["route"]: one for one in every.json["items"] + more.json["items"]} if more.json["items"] else {}
    assert every.json["address"] == "192.0.2.7"
    assert (told["closed"]["reason"], told["write"]["reason"]) == ("route_denies", "insufficient_scope")
    bad = await by(at, "bob", "GET", f"{TOKENS}/{handle}/reach?address=x")
    assert (bad.status, bad.code) == (422, "bad_value")


def sql(installed, statement):
    """What no use case does."""
    with closing(sqlite3.connect(installed.database, isolation_level=None, timeout=5)) as connection:
        connection.execute(statement)
