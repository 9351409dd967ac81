"""The walk and the route table by the API, as at the command line; no secret is tried there."""

import pytest

from tests.installation import handle
from tests.unit.web.api.watching import SETTINGS, watching

EXPLAIN, ROUTES = "/api/v1/explain", "/api/v1/routes"
API = "https://app.example.org/api/items"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"method": "GET", "url": API}, id="a-stranger"),
        pytest.param({"method": "GET", "url": "https://app.example.org/public/x"}, id="public"),
        pytest.param({"method": "GET", "url": "https://app.example.org/closed/x"}, id="denied"),
        pytest.param({"method": "GET", "url": "https://other.example.org"}, id="no-route"),
        pytest.param({"method": "GET", "url": "https://app.example.org/public/../api/x"}, id="ambiguous"),
        pytest.param({"method": "GET", "url": API, "token": "own"}, id="allowed"),
        pytest.param({"method": "POST", "url": API, "token": "own", "address": "192.0.2.7"}, id="scope-missing"),
        pytest.param({"method": "GET", "url": "https://app.example.org/inside", "token": "own"}, id="no-address"),
        pytest.param({"method": "OPTIONS", "url": API, "preflight": True}, id="preflight"),
    ],
)
async def test_the_answer_is_the_one_of_the_command_line(installed, asked):
    async with watching(installed) as at:
        asked = dict(asked)
        words = ["explain", asked["method"], asked["url"], "--json"]
        if "token" in asked:
            asked["token"] = handle(await at.token("ci", "bob"))
            words += ["--token-id", asked["token"]]
        words += ["--ip", asked["address"]] if "address" in asked else []
        words += ["--preflight"] if "preflight" in asked else []
        found = await at.ask("POST", EXPLAIN, json=asked)
        assert found.status == 200
        assert found.json == (await at.run(*words)).json


async def test_of_the_tokens_of_others_it_tells_only_who_may_see_them(installed):
    async with watching(installed) as at:
        others = handle(await at.token())
        asked = {"method": "GET", "url": API}
        found = [await at.ask("POST", EXPLAIN, json=asked | {"token": name}) for name in (others, "tgp_00000000000")]
        assert [(one.status, one.code) for one in found] == [(404, "not_found")] * 2
        first, second = (
            one.raw.replace(name.partition("_")[2].encode(), b"x")
            for one, name in zip(found, (others, "tgp_00000000000"), strict=True)
        )
        assert first == second
        refused = await at.ask("POST", EXPLAIN, who="eve", json=asked)
        assert (refused.status, refused.code) == (403, "permission")


async def test_a_secret_is_neither_tried_nor_repeated(installed):
    by_url = '  - {name: url, host: u.example.org, path: /**, scopes: rest, credentials: ["query:auth_token"]}\n'
    async with watching(installed, SETTINGS + by_url) as at:
        token = await at.token("ci", "bob")
        url = "https://u.example.org/x"
        assert (await at.ask("POST", EXPLAIN, json={"method": "GET", "url": url})).json["reason"] == "no_credential"
        for asked, field in (({"url": url, "token": token}, "token"), ({"url": f"{url}?auth_token={token}"}, "url")):
            found = await at.ask("POST", EXPLAIN, json={"method": "GET"} | asked)
            assert (found.status, found.code) == (422, "secret_given")
            assert found.json["errors"][0]["pointer"] == f"/{field}"
            assert token.encode() not in found.raw


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"method": "GET", "url": "app.example.org/x"}, 422, "bad_value"),
        ({"method": "GET", "url": ""}, 422, "bad_value"),
        ({"method": "GET", "url": API, "token": "x"}, 422, "bad_value"),
        ({"method": "GET"}, 422, "invalid_fields"),
        ({"method": "G" * 33, "url": API}, 422, "invalid_fields"),
        ({"method": "GET", "url": "https://x/" + "y" * 8190}, 422, "invalid_fields"),
        ({"method": "GET", "url": API, "secret": "x"}, 422, "invalid_fields"),
    ],
)
async def test_what_is_no_question_is_refused(installed, asked, status, code):
    async with watching(installed) as at:
        found = await at.ask("POST", EXPLAIN, json=asked)
    assert (found.status, found.code) == (status, code)


async def test_the_routes_come_in_order_and_in_pages_as_the_command_line_has_them(installed):
    async with watching(installed) as at:
        rows, path = [], f"{ROUTES}?limit=3"
        while path:
            page = await at.ask("GET", path)
            assert page.status == 200
            rows += page.json["items"]
            path = page.json["next"]
        assert rows == (await at.ok("routes", "--json")).json
        assert [row["order"] for row in rows] == list(range(1, len(rows) + 1))
        refused = await at.ask("GET", ROUTES, who="eve")
        assert (refused.status, refused.code) == (403, "permission")
        bad = await at.ask("GET", f"{ROUTES}?cursor=WyJhdWRpdCIsMV0")
        assert (bad.status, bad.code) == (400, "bad_cursor")
