"""Introspection (RFC 7662): what a token is worth by itself, and nothing else about what is worth nothing."""

import asyncio
import contextlib
import json
from ipaddress import ip_address

import pytest

from gateway.web.api.limit import REQUESTS, SERVICE
from gateway.web.api.problem import Problem
from tests.installation import handle
from tests.unit.web.api.watching import watching

PATH = "/api/v1/introspect"
NOTHING = {"active": False}


async def about(at, token, **more):
    """What bob is told of a token."""
    return (await at.ask("POST", PATH, data={"token": token} | more)).json


async def test_a_token_is_told_as_the_rfc_says_and_that_is_no_use_of_it(installed):
    async with watching(installed) as at:
        token = await at.token("ci", "alice", "rest", "write")
        ((owner, made, ends),) = installed.rows("SELECT owner_id, created_at, expires_at FROM tokens WHERE name = 'ci'")
        found = await at.ask("POST", PATH, data={"token": token})
        assert (found.status, found.headers["Cache-Control"]) == (200, "no-store")
        assert found.json == {
            "active": True,
            "scope": "rest write",
            "username": "alice",
            "token_type": "Bearer",
            "exp": ends // 1_000_000,
            "iat": made // 1_000_000,
            "sub": owner,
            "iss": "https://gateway.example.org",
            "jti": handle(token),
            "kind": "personal",
            "groups": ["admins"],
        }
        assert await about(at, token, token_type_hint="refresh_token") == found.json
        assert await about(at, f" {token}\n") == found.json
        assert installed.rows("SELECT total FROM usage") == [(0,)]


async def test_what_is_worth_nothing_is_told_alike_whatever_it_is(installed):
    async with watching(installed) as at:
        over = {name: (await at.token(name)) for name in ("revoked", "suspended", "rotated")}
        await at.ok("token", "revoke", handle(over["revoked"]))
        (await at.ok("token", "suspend", handle(over["suspended"])))
        (await at.ok("token", "rotate", handle(over["rotated"])))
        live = await at.token("live")
        unknown = "tgp_00000000000_" + live.rsplit("_", 1)[1]
        for token in (*over.values(), live[:-1] + "x", unknown, "x", "1-14-0123456789abcdef0123456789abcdef", "\u00e4"):
            assert await about(at, token) == NOTHING
        short = await at.ok(
            "token", "create", "--user", "alice", "--name", "short", "--scope", "rest", "--expires", "1s"
        )
        await asyncio.sleep(1)
        assert await about(at, short.out.strip()) == NOTHING


async def test_the_tokens_of_a_disabled_owner_do_not_count_until_the_owner_is_enabled_again(installed):
    async with watching(installed) as at:
        token = await at.token()
        (await at.ok("user", "disable", "alice"))
        assert await about(at, token) == NOTHING
        (await at.ok("user", "enable", "alice"))
        await asyncio.sleep(0.2)  # what gives is not waited for: it is seen within the lease
        assert (await about(at, token))["active"] is True


async def test_hosts_and_networks_count_and_are_not_passed_over_where_nobody_tells_them(installed):
    async with watching(installed) as at:
        words = ("token", "create", "--user", "alice", "--scope", "rest")
        inside = (await at.ok(*words, "--name", "inside", "--network", "10.0.0.0/8")).out.strip()
        there = (await at.ok(*words, "--name", "there", "--host", "*.example.org")).out.strip()
        for token, more, active in (
            (inside, {}, False),
            (inside, {"address": "192.0.2.7"}, False),
            (inside, {"address": "10.1.2.3"}, True),
            (inside, {"address": "::ffff:10.1.2.3"}, True),
            (there, {}, False),
            (there, {"host": "app.example.com"}, False),
            (there, {"host": "APP.example.org:443"}, True),
        ):
            assert (await about(at, token, **more))["active"] is active, more
        assert (await about(at, there, host="app.example.org"))["aud"] == ["*.example.org"]


async def test_an_old_secret_counts_until_its_grace_ends_and_the_new_one_is_not_used_by_asking(installed):
    async with watching(installed) as at:
        old = await at.token()
        new = (await at.ok("token", "rotate", handle(old), "--grace", "1h")).out.strip()
        assert (await about(at, old))["exp"] < (await about(at, new))["exp"]
        second = await at.token("second")
        newer = (await at.ok("token", "rotate", handle(second), "--until-used")).out.strip()
        assert (await about(at, newer))["active"] is True
        assert (await about(at, second))["active"] is True


async def test_a_service_asks_by_its_own_token_and_only_with_the_permission_and_the_scope(installed):
    async with watching(installed) as at:
        (await at.ok("app", "add", "service", "--group", "staff"))
        (await at.ok("app", "add", "other", "--group", "guests"))
        create = ("token", "create", "--name", "t", "--scope")
        service = (await at.ok(*create, "gateway", "--app", "service")).out.strip()
        other = (await at.ok(*create, "gateway", "--app", "other")).out.strip()
        plain = (await at.ok("token", "create", "--name", "p", "--scope", "rest", "--app", "service")).out.strip()
        token = await at.token()
        found = await at.bearer(service, "POST", PATH, data={"token": token})
        assert (found.status, found.json["username"]) == (200, "alice")
        itself = await at.bearer(service, "POST", PATH, data={"token": service})
        assert (itself.json["kind"], itself.json["username"]) == ("application", "service")
        for who, code in ((other, "permission"), (plain, "gateway_scope")):
            refused = await at.bearer(who, "POST", PATH, data={"token": token})
            assert (refused.status, refused.code) == (403, code)
        nobody = await at.ask("POST", PATH, who="nobody", data={"token": token})
        assert (nobody.status, nobody.code) == (401, "no_credential")
        eve = await at.ask("POST", PATH, who="eve", data={"token": token})
        assert (eve.status, eve.code) == (403, "permission")


@pytest.mark.parametrize("path", [PATH, "/api/v1/token/revoke"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "invalid_request"),
        ("token=", 400, "invalid_request"),
        ("token=%20", 400, "invalid_request"),
        ("token=a&token=a", 400, "invalid_request"),
        ("other=a", 400, "invalid_request"),
        ("token=%ff", 400, "invalid_request"),
        ("&".join(f"x{number}=" for number in range(20)), 400, "invalid_request"),
        ("token=" + "x" * 20_000, 413, "too_large"),
        ("token=" + "x" * 9000, 200, None),
        ("token=a&token_type_hint=access_token", 200, None),
        ("token=a&token_type_hint=unheard_of", 200, None),  # RFC 7009 section 2.2: such a hint is ignored
        ("token=a&unknown=1&unknown=2", 200, None),
    ],
)
async def test_forms_are_read_as_oauth_has_them(installed, path, body, status, code):
    async with watching(installed) as at:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        found = await at.ask("POST", path, data=body, headers=form)
        assert (found.status, found.json.get("code")) == (status, code)
        assert found.json.get("error") == ("invalid_request" if status == 400 else None)  # RFC 6749 section 5.2
        as_json = await at.ask("POST", path, json={"token": "a"})
        assert (as_json.status, as_json.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("field", [{"address": "x"}, {"address": "10.0.0.1, 10.0.0.2"}, {"host": "a b"}])
async def test_a_place_that_is_none_is_refused_and_not_passed_over(installed, field):
    async with watching(installed) as at:
        found = await at.ask("POST", PATH, data={"token": "x"} | field)
    assert (found.status, found.code) == (400, "invalid_request")


async def test_a_flood_of_wrong_tokens_does_not_keep_a_service_from_asking(installed):
    async with watching(installed) as at:
        wrong = await asyncio.gather(*(about(at, f"x{number}") for number in range(200)))
        assert wrong == [NOTHING] * 200
        assert (await about(at, (await at.token())))["active"] is True


async def test_a_service_is_counted_by_its_token_and_not_by_its_network(installed):
    async with watching(installed) as at:
        await at.ok("app", "add", "service", "--group", "staff")
        create = ("token", "create", "--app", "service", "--scope", "gateway", "--name")
        first, second = [(await at.ok(*create, name)).out.strip() for name in ("first", "second")]
        token = await at.token()
        room(at)
        assert (await at.ask("POST", PATH, data={"token": token})).code == "limited"  # bob, by a session
        for service in (first, second):
            found = await at.bearer(service, "POST", PATH, data={"token": token})
            assert (found.status, found.json["active"]) == (200, True)
        for _ in range(SERVICE.burst - 1):
            at.at.limit.service(first.split("_")[1])
        refused = await at.bearer(first, "POST", PATH, data={"token": token})
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "limited", "1")
        assert (await at.bearer(second, "POST", PATH, data={"token": token})).status == 200
        at.at.seconds[0] += SERVICE.period_s
        assert (await at.bearer(first, "POST", PATH, data={"token": token})).status == 200


async def test_who_may_not_ask_is_counted_with_their_network(installed):
    async with watching(installed) as at:
        await at.ok("app", "add", "other", "--group", "guests")
        other = (await at.ok("token", "create", "--app", "other", "--scope", "gateway", "--name", "t")).out.strip()
        plain = await at.token()
        cases = [
            ({"Authorization": f"Bearer {who}"}, code) for who, code in ((other, "permission"), ("x", "invalid_token"))
        ]
        cases += [({"Authorization": f"Bearer {plain}"}, "gateway_scope"), ({}, "no_credential")]
        cases.append(({"Cookie": "__Host-token-gateway=" + "x" * 43}, "session_ended"))
        for headers, code in cases:
            at.at.seconds[0] += REQUESTS.burst * REQUESTS.period_s  # all are forgotten
            assert (await at.ask("POST", PATH, who="nobody", data={"token": "x"}, headers=headers)).code == code
            assert room(at) == REQUESTS.burst - 1, code
            again = await at.ask("POST", PATH, who="nobody", data={"token": "x"}, headers=headers)
            assert again.code == "limited", code


def room(at):
    """How many requests the network still has; it has none after that."""
    taken = 0
    with contextlib.suppress(Problem):
        while True:
            at.at.limit.request(ip_address("192.0.2.7"))
            taken += 1
    return taken


async def test_a_stale_secret_that_a_service_asks_about_is_in_the_audit_as_one_that_was_used(installed):
    async with watching(installed) as at:
        old, live = await at.token("rotated"), await at.token("live")
        await at.ok("token", "rotate", handle(old))
        for token in (old, old, live):
            await about(at, token, host="app.example.org", address="203.0.113.9")
        await about(at, live, host="app.example.org")
        await at.at.refusals.flush(whole=True)
        told = "SELECT detail, address FROM audit WHERE action IN ('stale_secret_used', 'token_refused')"
        ((detail, address),) = installed.rows(told)
        found = json.loads(detail)
        assert (found["count"], found["host"], address) == (2, "app.example.org", "203.0.113.9")
