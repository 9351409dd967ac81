"""Users and applications by the API: who may do what, what is told, and that nobody loses what another has done."""

import asyncio
import json
import re

import pytest
from sqlalchemy import text

from gateway.cli.application import application_app
from gateway.cli.user import user_app
from gateway.web.api.resources.owner_groups import OPERATIONS as OF_GROUPS
from gateway.web.api.resources.owners import OPERATIONS as OF_OWNERS
from gateway.web.api.resources.people import OPERATIONS as OF_PEOPLE
from tests.unit.auth.signing_in import GOOD, OTHER
from tests.unit.web.api.managing import managing

ROWS = (*OF_OWNERS, *OF_GROUPS, *OF_PEOPLE)
NOBODY = "0123456789abcdef"
USER_CHANGES = [
    ("POST", "/api/v1/users", {"login": "new"}),
    ("PATCH", "/api/v1/users/{bob}", {"name": "B"}),
    ("PUT", "/api/v1/users/{bob}/groups", {"groups": []}),
    ("POST", "/api/v1/users/{bob}/groups", {"add": ["guests"]}),
    ("POST", "/api/v1/users/{bob}/disable", None),
    ("POST", "/api/v1/users/{bob}/enable", None),
    ("PUT", "/api/v1/users/{bob}/password", {"password": OTHER}),
    ("POST", "/api/v1/users/{eve}/confirm", None),
    ("DELETE", "/api/v1/users/{bob}/sessions", None),
    ("DELETE", "/api/v1/users/{bob}", None),
]
USER_READS = [
    ("GET", "/api/v1/users", None),
    ("GET", "/api/v1/users/{bob}", None),
    ("GET", "/api/v1/users/{bob}/groups", None),
    ("GET", "/api/v1/users/{bob}/sessions", None),
]
APP_OPERATIONS = [
    ("GET", "/api/v1/applications", None),
    ("GET", "/api/v1/applications/{backup}", None),
    ("GET", "/api/v1/applications/{backup}/groups", None),
    ("POST", "/api/v1/applications", {"login": "new"}),
    ("PATCH", "/api/v1/applications/{backup}", {"name": "B"}),
    ("PUT", "/api/v1/applications/{backup}/groups", {"groups": []}),
    ("POST", "/api/v1/applications/{backup}/groups", {"add": ["guests"]}),
    ("POST", "/api/v1/applications/{backup}/disable", None),
    ("POST", "/api/v1/applications/{backup}/enable", None),
    ("DELETE", "/api/v1/applications/{backup}", None),
]
GIVES_POWER = [
    one
    for one in USER_CHANGES + APP_OPERATIONS
    if one[0] in {"PATCH", "PUT"} or (one[0] == "POST" and "disable" not in one[1])
]


@pytest.fixture
async def at(installed):
    async with managing(installed) as made:
        yield made


def sent(body):
    return {} if body is None else {"json": body}


@pytest.mark.parametrize(
    ("operations", "others", "needed"),
    [
        pytest.param(USER_READS + USER_CHANGES, ("plain", "apps"), "users", id="users"),
        pytest.param(APP_OPERATIONS, ("plain", "desk"), "applications", id="applications"),
    ],
)
async def test_who_lacks_the_permission_is_told_it_alike_for_who_is_there_and_who_is_not(
    at, operations, others, needed
):
    for method, path, body in operations:
        for who in others:
            answer = await at.ask(who, method, path, **sent(body))
            assert (answer.status, answer.code) == (403, "permission"), path
            assert answer.json["mend"] == f"that needs the permission {needed}"
            absent = re.sub(r"\{\w+\}", NOBODY, path)
            assert (await at.ask(who, method, absent, **sent(body))).raw == answer.raw
        assert (await at.ask("anonymous", method, path, **sent(body))).code == "no_credential"


async def test_foreign_deleted_and_missing_are_one_answer(at):
    removed = at.owners["carol"].id
    assert (await at.ask("boss", "DELETE", "/api/v1/users/{carol}?wait=false")).status == 200
    for method, path, body in USER_READS + USER_CHANGES:
        answers = set()
        for whom in (NOBODY, removed, at.owners["backup"].id, "bob", "%00", "x" * 300) if "{" in path else ():
            answer = await at.ask("desk", method, path.replace("{bob}", whom).replace("{eve}", whom), **sent(body))
            assert (answer.status, answer.code) == (404, "not_found"), (path, whom)
            answers.add(answer.raw)
        assert len(answers) <= 1, path


async def test_what_gives_power_asks_for_the_password_when_it_was_typed_too_long_ago(at):
    async with at.at.front.desk.store.change(actor="test") as change:
        await change._turn.execute(text("UPDATE sessions SET proof_at = created_at - 3600000000"))
    for method, path, body in GIVES_POWER:
        answer = await at.ask("boss", method, path, **sent(body))
        assert (answer.status, answer.code) == (403, "needs_proof"), path
    assert (await at.ask("boss", "POST", "/api/v1/users/{bob}/disable?wait=false")).status == 200  # takes it away
    proof = await at.at.ask("POST", "/api/v1/session/proof", cookie=at.cookies["boss"], json={"password": GOOD})
    assert proof.status == 200
    for method, path, body in GIVES_POWER:
        answer = await at.ask("boss", method, path, **sent(body))
        assert answer.status in {200, 201} or answer.code == "login_taken", path


async def test_a_person_is_made_seen_and_found(at):
    body = {
        "login": "team/a@b:c+d",
        "name": "Dána Example",
        "email": "d@example.org",
        "groups": ["staff", "guests"],
        "organisations": ["acme"],
    }
    made = await at.ask("boss", "POST", "/api/v1/users", json=body)
    assert made.status == 201
    one = made.headers["Location"]
    assert one == f"/api/v1/users/{made.json['id']}"
    seen = await at.ask("boss", "GET", one)
    assert (seen.json, seen.headers["ETag"]) == (made.json, made.headers["ETag"])
    assert {key: seen.json[key] for key in body} == body | {"groups": ["guests", "staff"]}
    assert (seen.json["kind"], seen.json["enabled"], seen.json["sso"]) == ("user", True, False)
    assert (await at.ask("boss", "GET", seen.json["tokens"])).json == {"items": [], "next": None}
    found = await at.ask("boss", "GET", "/api/v1/users?login=TEAM%2Fa%40b:c%2Bd")
    assert [item["id"] for item in found.json["items"]] == [made.json["id"]]


async def test_a_list_shows_those_that_pass_everything_given(at):
    body = {"login": "dora", "name": "Dora D", "email": "dd@example.org", "organisations": ["acme"]}
    made = await at.ask("boss", "POST", "/api/v1/users", json=body)
    assert (await at.ask("desk", "POST", f"/api/v1/users/{made.json['id']}/disable?wait=false")).status == 200
    for query, logins in {
        "search=EXAMPLE.org": ["dora"],
        "search=%25": [],
        "search=_": [],
        "search=Dora+D": ["dora"],
        "group=desk": ["desk"],
        "group=staff&sso=true": ["eve"],
        "organisation=acme": ["dora"],
        "organisation=Acme": [],
        "enabled=false": ["dora"],
        "enabled=true&search=dor": [],
        "login=EVE": ["eve"],
        "login=ev": [],
        "sso=true": ["eve"],
    }.items():
        found = await at.ask("desk", "GET", f"/api/v1/users?{query}")
        assert ([item["login"] for item in found.json["items"]], found.json["next"]) == (logins, None), query


async def test_pages_keep_their_filter_and_nothing_moves_them(at):
    found, path, pages = [], "/api/v1/users?enabled=true&sso=false&limit=2", 0
    while path is not None:
        page = await at.ask("desk", "GET", path)
        assert page.status == 200
        found += [item["login"] for item in page.json["items"]]
        path, pages = page.json["next"], pages + 1
        if pages == 1:
            for login in ("aaron", "zoe"):
                assert (await at.ask("desk", "POST", "/api/v1/users", json={"login": login})).status == 201
    assert found == ["alice", "apps", "bob", "boss", "carol", "desk", "plain", "zoe"]
    assert (await at.ask("apps", "GET", "/api/v1/applications?cursor=" + "x")).code == "bad_cursor"


async def test_the_second_of_two_who_edit_one_user_is_told_and_changes_nothing(at):
    version = (await at.ask("desk", "GET", "/api/v1/users/{bob}")).headers["ETag"]
    seen = {"If-Match": version}
    answers = await asyncio.gather(
        at.ask("desk", "PATCH", "/api/v1/users/{bob}", json={"name": "First"}, headers=seen),
        at.ask("boss", "PATCH", "/api/v1/users/{bob}", json={"email": "b@example.org"}, headers=seen),
        at.ask("boss", "PUT", "/api/v1/users/{bob}/groups", json={"groups": ["guests"]}, headers=seen),
    )
    assert sorted(answer.status for answer in answers) == [200, 412, 412]
    assert {answer.code for answer in answers if answer.status == 412} == {"changed_meanwhile"}
    assert (await at.ask("desk", "DELETE", "/api/v1/users/{bob}", headers=seen)).status == 412
    now = await at.ask("desk", "GET", "/api/v1/users/{bob}")
    (done,) = [answer for answer in answers if answer.status == 200]
    assert now.headers["ETag"] == done.headers["ETag"] != version
    assert {key: done.json[key] for key in now.json} == now.json


@pytest.mark.parametrize("body", [{"name": "B"}, {"groups": []}], ids=["edit", "groups"])
async def test_who_replaces_says_what_they_have_seen(at, body):
    path, method = ("/api/v1/users/{bob}", "PATCH") if "name" in body else ("/api/v1/users/{bob}/groups", "PUT")
    answer = await at.ask("boss", method, path, json=body, headers={"If-Match": None})
    assert (answer.status, answer.code) == (428, "precondition_required")


async def test_an_edit_changes_what_is_given_and_leaves_the_rest(at):
    first = {"name": "Bob Example", "email": "b@example.org", "organisations": ["acme", "example"]}
    done = await at.ask("desk", "PATCH", "/api/v1/users/{bob}", json=first)
    assert done.status == 200
    assert done.json["changed"] is True
    assert done.json["effective_after_s"] >= 0.1
    assert done.json["effective_everywhere_by"] is None
    again = await at.ask("desk", "PATCH", "/api/v1/users/{bob}", json={"name": "Bob Example"})
    assert (again.json["changed"], again.json["effective_after_s"]) == (False, None)
    less = await at.ask("desk", "PATCH", "/api/v1/users/{bob}?wait=false", json={"organisations": [], "email": ""})
    assert (less.json["name"], less.json["email"], less.json["organisations"]) == ("Bob Example", "", [])
    assert less.json["effective_everywhere_by"] is not None
    null = await at.ask("desk", "PATCH", "/api/v1/users/{bob}", json={"name": None})
    assert (null.status, null.json["errors"][0]["pointer"]) == (422, "/name")


async def test_groups_are_set_as_a_whole_or_some_more_and_less_and_those_from_elsewhere_stay(at):
    await at.at.front.sessions.sign_in_elsewhere(login="eve", groups=frozenset({"guests"}))
    before = await at.ask("boss", "GET", "/api/v1/users/{eve}/groups")
    assert before.json == {"local": ["staff"], "sso": ["guests"]}
    seen = {"If-Match": before.headers["ETag"]}
    done = await at.ask("boss", "PUT", "/api/v1/users/{eve}/groups", json={"groups": ["desk"]}, headers=seen)
    assert (done.json["added"], done.json["removed"], done.json["groups"]) == (["desk"], ["staff"], ["desk", "guests"])
    assert done.json["effective_after_s"] is not None
    body = {"add": ["staff"], "remove": ["desk", "admins"]}
    done = await at.ask("boss", "POST", "/api/v1/users/{eve}/groups?wait=false", json=body)
    assert (done.json["added"], done.json["removed"]) == (["staff"], ["desk"])
    assert done.json["effective_everywhere_by"] is not None
    after = await at.ask("boss", "GET", "/api/v1/users/{eve}/groups")
    assert (after.json, after.headers["ETag"]) == ({"local": ["staff"], "sso": ["guests"]}, done.headers["ETag"])


async def test_nobody_gives_a_power_that_they_lack(at):
    for method, path, body in (
        ("POST", "/api/v1/users", {"login": "new", "groups": ["admins"]}),
        ("PUT", "/api/v1/users/{bob}/groups", {"groups": ["admins"]}),
        ("POST", "/api/v1/users/{bob}/groups", {"add": ["admins"]}),
        ("POST", "/api/v1/users/{desk}/groups", {"add": ["admins"]}),
        ("PATCH", "/api/v1/users/{boss}", {"email": "desk@example.org"}),
        ("PUT", "/api/v1/users/{boss}/password", {"password": OTHER}),
        ("POST", "/api/v1/users/{boss}/enable", None),
    ):
        answer = await at.ask("desk", method, path, **sent(body))
        assert (answer.status, answer.code) == (403, "borrowed_power"), path
        assert "any_tokens, applications" in answer.json["detail"]
    assert (await at.ask("desk", "GET", "/api/v1/users?group=admins")).json["items"][0]["login"] == "alice"
    assert len((await at.ask("desk", "GET", "/api/v1/users?group=admins")).json["items"]) == 2


async def test_nobody_stops_who_holds_more_than_they_do(at):
    session = (await at.ask("desk", "GET", "/api/v1/users/{boss}/sessions")).json["items"][0]["id"]
    for method, path, body in (
        ("POST", "/api/v1/users/{boss}/disable", None),
        ("DELETE", "/api/v1/users/{boss}", None),
        ("DELETE", "/api/v1/users/{boss}/sessions", None),
        ("DELETE", f"/api/v1/users/{{boss}}/sessions/{session}", None),
        ("PUT", "/api/v1/users/{boss}/groups", {"groups": []}),
        ("POST", "/api/v1/users/{boss}/groups", {"remove": ["admins"]}),
    ):
        answer = await at.ask("desk", method, path, **sent(body))
        assert (answer.status, answer.code) == (403, "borrowed_power"), path
        assert "boss, who holds more than you do: any_tokens, applications" in answer.json["detail"]
    assert (await at.ask("boss", "GET", "/api/v1/me")).json["groups"] == ["admins"]
    assert (await at.ask("boss", "POST", "/api/v1/users/{desk}/disable")).status == 200


async def test_the_last_who_manages_people_neither_goes_nor_gives_that_up(at):
    assert (await at.ask("boss", "POST", "/api/v1/users/{desk}/disable")).status == 200
    for method, path, body in (
        ("POST", "/api/v1/users/{boss}/disable", None),
        ("DELETE", "/api/v1/users/{boss}", None),
        ("PUT", "/api/v1/users/{boss}/groups", {"groups": ["staff"]}),
        ("POST", "/api/v1/users/{boss}/groups", {"remove": ["admins"]}),
    ):
        answer = await at.ask("boss", method, path, **sent(body))
        assert (answer.status, answer.code) == (409, "would_lock_out"), path
        assert "boss is the last who can sign in and do it" in answer.json["detail"]
    assert (await at.ask("boss", "POST", "/api/v1/users/{boss}/groups", json={"add": ["staff"]})).status == 200
    assert (await at.ask("boss", "POST", "/api/v1/users/{bob}/groups", json={"add": ["desk"]})).status == 200
    assert (await at.ask("boss", "DELETE", "/api/v1/users/{boss}")).status == 200


async def test_one_sees_oneself_and_changes_nothing_of_it(at):
    seen = await at.ask("plain", "GET", "/api/v1/users/{plain}")
    assert (seen.status, seen.json["login"]) == (200, "plain")
    assert (await at.ask("plain", "GET", "/api/v1/users/{plain}/groups")).json["local"] == ["staff"]
    for method, path, body in USER_CHANGES:
        if "{bob}" in path and "sessions" not in path:
            answer = await at.ask("plain", method, path.replace("{bob}", "{plain}"), **sent(body))
            assert (answer.status, answer.code) in {(403, "permission"), (403, "needs_old_password")}, path
    assert (await at.ask("plain", "GET", "/api/v1/users/{plain}")).json == seen.json


async def test_an_initial_password_opens_nothing_but_its_own_change_and_ends_the_sessions(at):
    before = (await at.at.sign_in()).cookie
    done = await at.ask("desk", "PUT", "/api/v1/users/{carol}/password", json={"password": OTHER})
    assert (done.status, done.json) == (200, {"login": "carol", "must_change": True, "sessions_ended": 0})
    first = await at.at.sign_in("carol", OTHER)
    assert first.json["must_change"] is True
    assert (await at.at.ask("GET", "/api/v1/me", cookie=first.cookie)).code == "password_must_change"
    own = await at.ask("boss", "PUT", "/api/v1/users/{boss}/password", json={"password": OTHER})
    assert own.code == "needs_old_password"
    sso = await at.ask("boss", "PUT", "/api/v1/users/{eve}/password", json={"password": OTHER})
    assert (sso.status, sso.code) == (409, "signs_in_elsewhere")
    weak = await at.ask("boss", "PUT", "/api/v1/users/{carol}/password", json={"password": "hunter2"})
    assert (weak.code, weak.json["errors"][0]["pointer"]) == ("weak_password", "/password")
    bob = await at.ask("boss", "PUT", "/api/v1/users/{bob}/password", json={"password": OTHER})
    assert bob.json["sessions_ended"] == 1
    assert (await at.at.ask("GET", "/api/v1/me", cookie=before)).code == "session_ended"


async def test_no_password_is_hashed_for_who_may_not_set_it(at, monkeypatch):
    ran = []
    monkeypatch.setattr(type(at.at.front.pool), "run", lambda *_: ran.append(1))
    for who, whom in (("plain", "plain"), ("plain", "bob"), ("desk", "boss"), ("boss", "boss"), ("desk", "eve")):
        path = f"/api/v1/users/{{{whom}}}/password"
        assert (await at.ask(who, "PUT", path, json={"password": OTHER})).status in {403, 409}
    assert ran == []


async def test_a_disabled_person_is_out_at_once_and_back_when_enabled(at):
    cookie = (await at.at.sign_in()).cookie
    done = await at.ask("desk", "POST", "/api/v1/users/{bob}/disable")
    assert (done.json["enabled"], done.json["changed"]) == (False, True)
    assert done.json["effective_after_s"] >= 0.1
    assert (await at.at.ask("GET", "/api/v1/me", cookie=cookie)).code == "session_ended"
    again = await at.ask("desk", "POST", "/api/v1/users/{bob}/disable")
    assert (again.status, again.json["changed"]) == (200, False)
    back = await at.ask("desk", "POST", "/api/v1/users/{bob}/enable")
    assert (back.json["enabled"], back.json["changed"]) == (True, True)
    assert (await at.at.sign_in()).status == 201


async def test_who_is_deleted_is_gone_for_good_and_the_login_with_them(at):
    done = await at.ask("desk", "DELETE", "/api/v1/users/{bob}")
    assert (done.json["login"], done.json["tokens_revoked"]) == ("bob", 0)
    assert done.json["effective_after_s"] >= 0.1
    assert (await at.ask("desk", "GET", "/api/v1/users?search=bob")).json["items"] == []
    for path in ("/api/v1/users", "/api/v1/applications"):
        again = await at.ask("boss", "POST", path, json={"login": "BOB"})
        assert (again.status, again.code) == (409, "login_taken")
        assert again.json["errors"][0]["pointer"] == "/login"


async def test_the_single_sign_on_is_spoken_for_and_local_people_are_not(at):
    done = await at.ask("desk", "POST", "/api/v1/users/{eve}/confirm")
    assert (done.status, done.json["login"]) == (200, "eve")
    assert done.json["confirmed_at"] > at.owners["eve"].confirmed_at.isoformat()
    assert (await at.ask("desk", "POST", "/api/v1/users/{bob}/confirm")).code == "signs_in_here"


async def test_sessions_of_others_are_seen_and_ended_one_or_all(at):
    cookies = [(await at.at.sign_in()).cookie for _ in range(3)]
    found = (await at.ask("desk", "GET", "/api/v1/users/{bob}/sessions")).json["items"]
    assert len(found) == 3
    assert all(cookie.partition("=")[2] not in str(found) for cookie in cookies)
    ended = await at.ask("desk", "DELETE", f"/api/v1/users/{{bob}}/sessions/{found[0]['id']}")
    assert ended.status == 204
    again = await at.ask("desk", "DELETE", f"/api/v1/users/{{bob}}/sessions/{found[0]['id']}")
    assert (again.status, again.code) == (404, "not_found")
    foreign = (await at.ask("boss", "GET", "/api/v1/users/{desk}/sessions")).json["items"][0]["id"]
    assert (await at.ask("desk", "DELETE", f"/api/v1/users/{{bob}}/sessions/{foreign}")).status == 404
    assert (await at.ask("desk", "DELETE", "/api/v1/users/{bob}/sessions")).json == {"ended": 2}
    for cookie in cookies:
        assert (await at.at.ask("GET", "/api/v1/me", cookie=cookie)).code == "session_ended"
    assert (await at.ask("desk", "GET", "/api/v1/me")).status == 200


async def test_a_person_of_the_desk_whose_power_was_taken_meanwhile_does_nothing(at):
    body = {"remove": ["desk"]}
    assert (await at.ask("boss", "POST", "/api/v1/users/{desk}/groups", json=body)).status == 200
    assert (await at.ask("desk", "POST", "/api/v1/users/{bob}/disable")).code == "permission"


async def test_groups_are_told_to_who_gives_them_with_the_power_that_each_gives(at):
    for who in ("desk", "apps", "boss"):
        found = (await at.ask(who, "GET", "/api/v1/groups")).json["items"]
        assert [group["name"] for group in found] == ["staff", "admins", "guests", "desk", "apps"]
        powers = {group["name"]: group["permissions"] for group in found}
        assert powers["admins"] == ["any_tokens", "applications", "own_tokens", "users"]
        assert (powers["guests"], powers["desk"]) == ([], ["own_tokens", "users"])
    assert (await at.ask("plain", "GET", "/api/v1/groups")).code == "permission"


async def test_an_application_has_contact_groups_and_organisations_and_no_password(at):
    body = {"login": "nightly", "name": "Nightly export", "email": "ops@example.org", "organisations": ["acme"]}
    made = await at.ask("apps", "POST", "/api/v1/applications", json=body)
    assert (made.status, made.json["kind"]) == (201, "application")
    one = made.headers["Location"]
    assert (await at.ask("apps", "POST", f"{one}/groups", json={"add": ["guests"]})).json["groups"] == ["guests"]
    assert (await at.ask("boss", "PUT", f"{one}/password", json={"password": OTHER})).status == 404
    assert (await at.ask("boss", "GET", one.replace("applications", "users"))).status == 404
    sso = await at.ask("apps", "POST", "/api/v1/applications", json={"login": "x", "sso": True})
    assert (sso.code, sso.json["errors"][0]["pointer"]) == ("invalid_fields", "/sso")
    borrowed = await at.ask("apps", "POST", f"{one}/groups", json={"add": ["desk"]})
    assert borrowed.code == "borrowed_power"
    assert (await at.ask("apps", "DELETE", one)).json["login"] == "nightly"


BAD = {
    "login": ["", "a b", "..", "x" * 65, "ä", "a\nb", "a\x00", "a\x1b[31m", 7, None, ["a"]],
    "name": ["x" * 101, "a\nb", "a\x00b", "\u202e", " a", "\U000e0001", 7, None],
    "email": ["a", "a@b@c", "a@b\r\nBcc: x", "é@example.org", f"{'x' * 250}@b.c", 7, None],
    "groups": [["nope"], ["a b"], ["everyone"], ["\x00"], "staff", [7], ["staff"] * 1001, None],
    "organisations": [["a b"], [""], ["x" * 65], [f"o{number}" for number in range(101)], "acme", [None]],
    "sso": ["yes", 1, None],
    "unknown": [1],
}


@pytest.mark.parametrize("field", BAD)
async def test_a_bad_value_is_refused_with_its_field_named_and_nothing_is_made(at, field):
    for value in BAD[field]:
        ways = [("POST", "/api/v1/users", field, {"login": "new", field: value})]
        if field in {"name", "email", "organisations", "unknown"}:
            ways.append(("PATCH", "/api/v1/users/{bob}", field, {field: value}))
        if field == "groups":
            ways.append(("PUT", "/api/v1/users/{bob}/groups", field, {field: value}))
            ways.append(("POST", "/api/v1/users/{bob}/groups", "add", {"add": value}))
        for method, path, pointer, body in ways:
            answer = await at.ask("boss", method, path, json=body)
            assert answer.status == 422, (path, value)
            assert answer.json["errors"][0]["pointer"].split("/")[1] == pointer
    assert (await at.ask("boss", "GET", "/api/v1/users?login=new")).json["items"] == []
    bob = (await at.ask("boss", "GET", "/api/v1/users/{bob}")).json
    assert (bob["name"], bob["email"], bob["organisations"], bob["groups"]) == ("", "", [], ["staff"])


@pytest.mark.parametrize(
    "raw", [b'{"login": "\\ud800"}', b'{"login": "\xed\xa0\x80"}', b'{"login": "a", "login": "b"}']
)
async def test_half_a_surrogate_pair_and_a_key_twice_are_no_json(at, raw):
    headers = {"Content-Type": "application/json"}
    answer = await at.ask("boss", "POST", "/api/v1/users", data=raw, headers=headers)
    assert (answer.status, answer.code) == (400, "bad_json")


async def test_a_bad_query_is_refused_with_its_parameter_named(at):
    long = ["search=" + "x" * 101, "login=" + "x" * 65, "limit=0", "limit=201", "search=a&search=b", "deleted=true"]
    for query in [*long, "search=%00", "search=a%0Ab", "group=a+b", "login=", "enabled=perhaps", "sso=2"]:
        answer = await at.ask("boss", "GET", f"/api/v1/users?{query}")
        assert (answer.status, answer.code) == (400, "bad_query"), query
        assert answer.json["errors"][0]["parameter"] == query.partition("=")[0]
    assert (await at.ask("boss", "GET", "/api/v1/users?search=%ED%A0%80")).code == "bad_query"
    hidden = await at.ask("boss", "GET", "/api/v1/users?search=%E2%80%AE")
    assert (hidden.status, hidden.code) == (422, "bad_value")


SAME = [
    (("user", "add", "a b"), "POST", "/api/v1/users", {"login": "a b"}),
    (("user", "add", "BOB"), "POST", "/api/v1/users", {"login": "BOB"}),
    (("app", "add", "bob"), "POST", "/api/v1/applications", {"login": "bob"}),
    (("user", "add", "new", "--group", "staf"), "POST", "/api/v1/users", {"login": "new", "groups": ["staf"]}),
    (("user", "add", "new", "--name", " x"), "POST", "/api/v1/users", {"login": "new", "name": " x"}),
    (("user", "edit", "bob", "--email", "x"), "PATCH", "/api/v1/users/{bob}", {"email": "x"}),
    (("user", "edit", "bob", "--organisation", ""), "PATCH", "/api/v1/users/{bob}", {"organisations": [""]}),
    (("user", "groups", "bob", "--add", "x"), "POST", "/api/v1/users/{bob}/groups", {"add": ["x"]}),
    (("user", "groups", "bob", "--set", "x"), "PUT", "/api/v1/users/{bob}/groups", {"groups": ["x"]}),
    (
        ("user", "groups", "bob", "--add", "staff", "--remove", "staff"),
        "POST",
        "/api/v1/users/{bob}/groups",
        {"add": ["staff"], "remove": ["staff"]},
    ),
    (("user", "confirm", "bob"), "POST", "/api/v1/users/{bob}/confirm", None),
    (("user", "passwd", "bob", "--stdin"), "PUT", "/api/v1/users/{bob}/password", {"password": "short"}),
    (("user", "passwd", "eve", "--stdin"), "PUT", "/api/v1/users/{eve}/password", {"password": "short"}),
    (("user", "sessions", "bob", "--end", "x"), "DELETE", "/api/v1/users/{bob}/sessions/x", None),
    (("user", "list", "--search", "\u202e"), "GET", "/api/v1/users?search=%E2%80%AE", None),
]


async def test_the_command_line_and_the_api_refuse_in_the_same_words(at, installed):
    for words, method, path, body in SAME:
        answer = await at.ask("boss", method, path, **sent(body))
        ran = await asyncio.to_thread(installed.run, *words, "--json", stdin="short\n")
        said = json.loads(ran.err)["error"]
        assert (answer.code, answer.json["detail"], answer.json.get("mend", "")) == (
            said["code"],
            said["message"],
            said["mend"],
        ), words


def test_the_command_line_and_the_api_do_the_same_to_owners():
    """Nothing is left out but what reads a file of the host, and the choices that its configuration holds."""
    does = {
        "add": {"add"},
        "list": {"list"},
        "show": {"show"},
        "edit": {"edit"},
        "groups": {"show_groups", "set_groups", "change_groups"},
        "disable": {"disable"},
        "enable": {"enable"},
        "delete": {"delete"},
        "passwd": {"set_password"},
        "confirm": {"confirm"},
        "sessions": {"list_sessions", "end_sessions", "end_session"},
        "sync": set(),
    }
    for app, tag in ((user_app, "users"), (application_app, "applications")):
        commands = {command.name for command in app.registered_commands}
        operations = {re.sub(r"_(of_)?(users?|applications?)$", "", row.name) for row in ROWS if row.tag == tag}
        assert operations == set().union(*(does[command] for command in commands))
        assert commands <= set(does)
