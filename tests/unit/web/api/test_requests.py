"""What every operation refuses before its handler runs: whoever it is about, all that is wrong, and never a 5xx."""

import asyncio
import gzip
import json
from collections.abc import Sequence

import pytest
from pydantic import Field

from gateway.auth.refused import Refused
from gateway.store import StoreError, StoreUnavailable
from gateway.web.api.limit import FAILURES, REQUESTS
from gateway.web.api.model import Body, Page, PageQuery, View
from gateway.web.api.operation import IfMatch, Needs, Operation, Reply
from gateway.web.api.problem import Problem
from gateway.web.api.reading import read_bytes
from tests.unit.web.api.portal import HOST, ORIGIN, portal


class Thing(Body):
    """A body with fields of several kinds."""

    name: str = Field(max_length=10)
    count: int = Field(default=0, ge=0, le=9)
    is_on: bool = False
    scopes: Sequence[str] = Field(default=(), max_length=3)


class Things(PageQuery):
    """A query with a filter."""

    state: str | None = Field(default=None, max_length=10)


class ThingView(View):
    """What was read."""

    said: str


async def make(ask):
    thing = ask.body(Thing)
    return Reply(status=201, body=ThingView(said=f"{thing.name} {thing.count}"), version=1)


async def edit(ask):
    return Reply(body=ThingView(said=str(ask.expected_version)), version=7)


async def show_all(ask):
    query = ask.query(Things)
    place = ask.place("things", int) or [0]
    last = place[0] + query.limit
    more = ask.next_page("things", last) if last < 5 else None
    return Reply(
        body=Page[ThingView](items=[ThingView(said=str(one)) for one in range(place[0], min(last, 5))], next=more)
    )


async def wait(ask):
    await asyncio.sleep(0.2)
    return Reply(body=ThingView(said=str(ask.attempt and ask.attempt.key.key_hash[:4])))


async def fail(ask):
    match ask.part("how"):
        case "away":
            raise StoreUnavailable("SECRETCANARY")
        case "broken":
            raise StoreError("the database is damaged")
        case "bug":
            raise RuntimeError("SECRETCANARY")
        case "refused":
            raise Refused("bad_value", field="name", message="the name is empty", mend="give it one")
    raise AssertionError


def row(name, method, path, handler, **more):
    values = {"summary": "S", "answers": {200: ThingView}, "needs": Needs.ANY_SESSION, "tag": "t"}
    return Operation(name=name, method=method, path=path, handler=handler, **(values | more))


ROWS = (
    row("make", "POST", "/api/things", make, needs=Needs.NOTHING, body=Thing),
    row("edit", "PATCH", "/api/things/{id}", edit, needs=Needs.NOTHING, if_match=IfMatch.REQUIRED),
    row("end", "DELETE", "/api/things/{id}", edit, needs=Needs.NOTHING, if_match=IfMatch.OPTIONAL),
    row("list", "GET", "/api/things", show_all, needs=Needs.NOTHING, query=Things),
    row("fail", "GET", "/api/fail/{how}", fail, needs=Needs.NOTHING),
)


@pytest.fixture
async def at(installed):
    async with portal(installed, operations=ROWS) as made:
        yield made


def raw(body, kind="application/json"):
    return {"data": body, "headers": {"Content-Type": kind}}


async def test_a_body_that_is_good_arrives(at):
    for kind in ("application/json", "application/json; charset=utf-8", 'APPLICATION/JSON; charset="UTF-8"'):
        made = await at.ask("POST", "/api/things", **raw(b'{"name": "a", "count": 3, "scopes": ["x"]}', kind))
        assert (made.status, made.json) == (201, {"said": "a 3"})
        assert made.headers["ETag"] == '"v1"'


async def test_every_field_that_is_wrong_is_named_at_once(at):
    body = {"nmae": "a", "count": "3", "is_on": 1, "scopes": [1, "b", "c", "d"], "a/b~c": 0}
    answer = await at.ask("POST", "/api/things", json=body)
    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    found = {error["pointer"]: error["detail"] for error in answer.json["errors"]}
    assert {"/name", "/nmae", "/count", "/is_on", "/a~1b~0c"} <= set(found)
    assert any(pointer.startswith("/scopes") for pointer in found)
    assert found["/name"] == "is missing"
    assert found["/count"] == "is not a whole number"
    mends = {error["pointer"]: error.get("mend") for error in answer.json["errors"]}
    assert mends["/nmae"] == "did you mean name?"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param(raw(b'{"name": "a"}', "text/plain"), 415, "unsupported_media_type", id="M07-text-plain"),
        pytest.param(
            raw(b'{"name": "a"}', "application/json; charset=utf-16"), 415, "unsupported_media_type", id="utf16"
        ),
        pytest.param(raw(b"name=a", "application/x-www-form-urlencoded"), 415, "unsupported_media_type", id="form"),
        pytest.param(
            {
                "data": gzip.compress(b'{"name": "a"}'),
                "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            },
            415,
            "unsupported_media_type",
            id="D21-gzip",
        ),
        pytest.param(raw(b""), 400, "bad_json", id="empty"),
        pytest.param(raw(b'{"name": "a", "name": "b"}'), 400, "bad_json", id="twice"),
        pytest.param(raw(b'{"name": NaN}'), 400, "bad_json", id="nan"),
        pytest.param(raw(b'{"name": "\\ud800"}'), 400, "bad_json", id="surrogate"),
        pytest.param(raw(b"[" * 10_000), 400, "bad_json", id="deep"),
        pytest.param(raw(b"[]"), 422, "invalid_fields", id="list"),
        pytest.param(raw(b"null"), 422, "invalid_fields", id="null"),
        pytest.param(raw(b'{"name": "' + b"a" * 11 + b'"}'), 422, "invalid_fields", id="long"),
        pytest.param(raw(b'{"name": "a", "count": 10}'), 422, "invalid_fields", id="range"),
        pytest.param(raw(b'{"name": "a", "count": 1.0}'), 422, "invalid_fields", id="float"),
        pytest.param(raw(b'{"name": null}'), 422, "invalid_fields", id="null-field"),
        pytest.param(raw(b'{"name": "' + b"a" * 20_000 + b'"}'), 413, "too_large", id="huge"),
        pytest.param(
            raw(b"{" + b",".join(b'"k%d": 1' % number for number in range(1500)) + b"}"),
            422,
            "invalid_fields",
            id="many",
        ),
    ],
)
async def test_a_body_that_is_none_is_refused(at, sent, status, code):
    answer = await at.ask("POST", "/api/things", **sent)
    assert (answer.status, answer.code) == (status, code)
    assert len(answer.json.get("errors", ())) <= 50


async def test_no_value_of_a_body_is_repeated(at):
    answer = await at.ask("POST", "/api/things", json={"name": "SECRETCANARY-longer-than-ten", "count": "SECRETCANARY"})
    assert b"SECRETCANARY" not in answer.raw


async def test_a_body_or_a_query_where_none_is_read_is_refused(at):
    assert (await at.ask("DELETE", "/api/things/1", data=b"x")).code == "bad_request"
    assert (await at.ask("DELETE", "/api/things/1?force=1")).code == "bad_query"
    assert (await at.ask("DELETE", "/api/things/1")).status == 200


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("limit=0", {"limit"}),
        ("limit=201", {"limit"}),
        ("limit=x&state=" + "a" * 11, {"limit", "state"}),
        ("limit=1&limit=2", {"limit"}),
        ("lmit=1", {"lmit"}),
        ("cursor=" + "a" * 600, {"cursor"}),
        ("cursor=nonsense", {"cursor"}),
        ("state=%ff", set()),
        ("&".join(f"a{number}=1" for number in range(40)), set()),
    ],
)
async def test_query_parameters_that_are_wrong_are_named(at, query, names):
    answer = await at.ask("GET", f"/api/things?{query}")
    assert answer.status == 400
    assert answer.code in {"bad_query", "bad_cursor"}
    assert {error["parameter"] for error in answer.json.get("errors", ())} == names


async def test_a_list_is_read_to_its_end_by_its_links_which_keep_the_question(at):
    found, path = [], "/api/things?limit=2&state=live"
    while path is not None:
        answer = await at.ask("GET", path)
        assert answer.status == 200
        found += [item["said"] for item in answer.json["items"]]
        path = answer.json["next"]
        assert path is None or {"limit=2", "state=live"} < set(path.partition("?")[2].split("&"))
    assert found == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("method", "tags", "answer"),
    [
        ("PATCH", [], (428, "precondition_required")),
        ("PATCH", ['"v3"'], (200, "3")),
        ("PATCH", ["*"], (200, "None")),
        ("PATCH", ['W/"v3"'], (200, "0")),
        ("PATCH", ['"v03"'], (200, "0")),
        ("PATCH", ['"v' + "9" * 40 + '"'], (200, "0")),
        ("PATCH", ['"v1", "v2"'], (200, "0")),
        ("PATCH", ['"v1"', '"v2"'], (400, "bad_request")),
        ("DELETE", [], (200, "None")),
        ("DELETE", ['"v3"'], (200, "3")),
    ],
)
async def test_who_edits_says_what_they_have_seen(at, method, tags, answer):
    """The use case gets the version; 0, which none has, where the tag is none of ours."""
    from multidict import CIMultiDict

    headers = CIMultiDict({"Host": HOST, "Origin": ORIGIN, "X-Forwarded-For": "192.0.2.7"})
    for tag in tags:
        headers.add("If-Match", tag)
    async with at.client.request(method, "/api/things/1", headers=headers) as got:
        body = await got.json(content_type=None)
    assert (got.status, body.get("code", body.get("said"))) == answer
    assert got.status != 200 or got.headers["ETag"] == '"v7"'


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("away", 503, "unavailable"),
        ("broken", 503, "unavailable"),
        ("bug", 500, "internal_error"),
        ("refused", 422, "bad_value"),
    ],
)
async def test_what_goes_wrong_inside_is_told_to_nobody(at, how, status, code):
    answer = await at.ask("GET", f"/api/fail/{how}")
    assert (answer.status, answer.code) == (status, code)
    assert b"SECRETCANARY" not in answer.raw
    assert ("Retry-After" in answer.headers) is (status == 503)
    if how == "refused":
        assert answer.json["errors"] == [{"pointer": "/name", "detail": "the name is empty", "mend": "give it one"}]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/things/", 404, None),
        ("GET", "/api/things//", 404, None),
        ("GET", "/api/Things", 404, None),
        ("PUT", "/api/things", 405, {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/api/things", 405, {"GET", "HEAD", "POST"}),
        ("GET", "/api/things/1", 405, {"DELETE", "PATCH"}),
    ],
)
async def test_what_is_not_there_is_a_problem_that_says_what_is(at, method, path, status, allow):
    answer = await at.ask(method, path)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert allow is None or set(answer.headers["Allow"].split(",")) == allow


async def test_head_is_get_without_its_body(at):
    answer = await at.ask("HEAD", "/api/things")
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", f"{HOST}:9190", "127.0.0.1", f"a@{HOST}"])
async def test_another_host_finds_nobody_at_home(at, host):  # M20
    answer = await at.ask("GET", "/api/things", headers={"Host": host})
    assert (answer.status, answer.code) == (421, "misdirected")


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:443"])
async def test_its_own_host_is_at_home_in_every_spelling(at, host):
    assert (await at.ask("GET", "/api/things", headers={"Host": host})).status == 200


async def test_a_network_that_asks_too_much_is_told_to_wait_and_no_other(at):
    for _ in range(REQUESTS.burst):
        assert (await at.ask("GET", "/nothing")).status == 404
    refused = await at.ask("GET", "/api/things")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "limited", "1")
    assert (await at.ask("GET", "/api/things", headers={"X-Forwarded-For": "192.0.2.8"})).status == 200
    at.seconds[0] += 1.0
    assert (await at.ask("GET", "/api/things")).status == 200


async def test_who_guesses_sessions_is_told_to_wait_and_who_has_one_is_not(installed):
    async with portal(installed) as at:
        cookie = (await at.sign_in()).cookie
        guess = "__Host-token-gateway=" + "x" * 43
        codes = [(await at.ask("GET", "/api/v1/session", cookie=guess)).code for _ in range(FAILURES.burst + 1)]
        assert codes == ["session_ended"] * FAILURES.burst + ["limited"]
        assert (await at.ask("GET", "/api/v1/session", cookie=cookie)).status == 200


async def test_the_address_of_an_untrusted_peer_is_its_own_whatever_it_says(installed):
    async with portal(installed, is_trusted=False) as at:
        signed = await at.sign_in(headers={"X-Forwarded-For": "198.51.100.1"})
        assert signed.json["address"] == "127.0.0.1"


async def test_of_two_requests_with_one_key_at_once_one_waits(installed):
    rows = (row("wait", "POST", "/api/v1/wait", wait, needs=Needs.CALLER, is_repeatable=True),)
    from gateway.web.api.operations import all_operations

    async with portal(installed, operations=(*all_operations(), *rows)) as at:
        cookie = (await at.sign_in()).cookie

        async def once(key):
            return await at.ask("POST", "/api/v1/wait", cookie=cookie, headers={"Idempotency-Key": key})

        quoted, bare, other = await asyncio.gather(once('"k"'), once("k"), once("l"))
        assert sorted((quoted.status, bare.status)) == [200, 409]
        assert other.status == 200
        assert (await once("k")).status == 200
        for bad in ("", "é", "x" * 300):
            answer = await at.ask("POST", "/api/v1/wait", cookie=cookie, headers={"Idempotency-Key": bad})
            assert (answer.status, answer.json["errors"][0]["header"]) == (422, "Idempotency-Key")


async def test_a_body_that_does_not_come_is_not_waited_for(at, monkeypatch):
    from gateway.web.api import reading

    monkeypatch.setattr(reading, "BODY_DEADLINE_S", 0.1)

    async def slow():
        yield b'{"name"'
        await asyncio.sleep(2)

    answer = await at.ask("POST", "/api/things", **raw(slow()))
    assert (answer.status, answer.code) == (408, "body_timeout")


async def test_who_hangs_up_before_the_body_is_read_is_no_fault_of_ours():
    class Gone:
        async def read(self):
            raise ConnectionResetError("Connection lost")  # as aiohttp has it once the client is gone

    with pytest.raises(Problem) as told:
        await read_bytes(Gone())
    assert told.value.code == "bad_request"


def test_a_problem_is_json_with_a_type():
    from gateway.web.api.problem import Problem

    body = json.loads(Problem("limited", "d").answer().text)
    assert body == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "limited",
        "detail": "d",
    }
