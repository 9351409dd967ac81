"""Signing in and out by the API: the secret is in the cookie alone, and nothing of it works from elsewhere."""

import pytest

from tests.installation import CONFIG
from tests.unit.auth.signing_in import GOOD, OTHER
from tests.unit.web.api.portal import ORIGIN, portal

SESSION = "/api/v1/session"


async def test_who_signs_in_has_a_session_and_its_secret_is_in_the_cookie_alone(installed):
    async with portal(installed) as at:
        signed = await at.sign_in()
        assert signed.status == 201
        name, _, value = signed.cookie.partition("=")
        assert name == "__Host-token-gateway"
        assert set(signed.headers["Set-Cookie"].split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
        assert len(value) == 43
        assert value.encode() not in signed.raw
        seen = await at.ask("GET", SESSION, cookie=signed.cookie)
        assert (seen.status, seen.json["login"], seen.json["how"]) == (200, "bob", "password")
        assert (seen.json["must_change"], seen.json["address"]) == (False, "192.0.2.7")
        assert value.encode() not in seen.raw
        assert seen.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in seen.headers


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(installed):
    async with portal(installed) as at:
        wrong = [
            await at.sign_in("bob", OTHER),
            await at.sign_in("nobody"),
            await at.sign_in("b\nb"),
            await at.sign_in(""),
        ]
        assert {(one.status, one.raw) for one in wrong} == {(403, wrong[0].raw)}
        assert wrong[0].code == "sign_in"
        assert all("Set-Cookie" not in one.headers for one in wrong)


async def test_signing_in_again_and_changing_the_password_give_another_secret_and_end_the_old_one(installed):
    async with portal(installed) as at:
        first = await at.sign_in()
        second = await at.sign_in(cookie=first.cookie)
        assert second.cookie != first.cookie
        gone = await at.ask("GET", SESSION, cookie=first.cookie)
        assert (gone.status, gone.code) == (401, "session_ended")
        assert "Max-Age=0" in gone.headers["Set-Cookie"]
        change = {"current": GOOD, "new": OTHER}
        changed = await at.ask("PUT", "/api/v1/me/password", cookie=second.cookie, json=change)
        assert changed.status == 200
        assert changed.cookie not in {first.cookie, second.cookie}
        assert (await at.ask("GET", SESSION, cookie=second.cookie)).status == 401
        assert (await at.ask("GET", SESSION, cookie=changed.cookie)).status == 200
        assert (await at.sign_in()).code == "sign_in"
        assert (await at.sign_in(password=OTHER)).status == 201


async def test_signing_out_ends_the_session_and_removes_the_cookie(installed):
    async with portal(installed) as at:
        signed = await at.sign_in()
        out = await at.ask("DELETE", SESSION, cookie=signed.cookie)
        assert (out.status, out.raw) == (204, b"")
        assert "Max-Age=0" in out.headers["Set-Cookie"]
        assert (await at.ask("GET", SESSION, cookie=signed.cookie)).status == 401


async def test_the_password_is_typed_again_for_what_needs_it(installed):
    async with portal(installed) as at:
        signed = await at.sign_in()
        wrong = await at.ask("POST", f"{SESSION}/proof", cookie=signed.cookie, json={"password": OTHER})
        assert (wrong.status, wrong.code) == (403, "sign_in")
        right = await at.ask("POST", f"{SESSION}/proof", cookie=signed.cookie, json={"password": GOOD})
        assert (right.status, right.json["needs_proof"]) == (200, False)


async def test_before_an_initial_password_is_changed_it_opens_nothing_else(installed):
    async with portal(installed) as at:
        await at.front.user("new", must_change=True)
        signed = await at.sign_in("new")
        assert signed.json["must_change"] is True
        for method, path in (("GET", "/api/v1/me"), ("GET", "/api/v1/me/sessions"), ("DELETE", "/api/v1/me/sessions")):
            refused = await at.ask(method, path, cookie=signed.cookie)
            assert (refused.status, refused.code) == (403, "password_must_change")
        assert (await at.ask("GET", SESSION, cookie=signed.cookie)).status == 200
        change = {"current": GOOD, "new": OTHER}
        changed = await at.ask("PUT", "/api/v1/me/password", cookie=signed.cookie, json=change)
        assert (changed.status, changed.json["must_change"]) == (200, False)
        assert (await at.ask("GET", "/api/v1/me", cookie=changed.cookie)).status == 200


async def test_a_weak_password_is_refused_with_what_to_do(installed):
    async with portal(installed) as at:
        signed = await at.sign_in()
        weak = await at.ask("PUT", "/api/v1/me/password", cookie=signed.cookie, json={"current": GOOD, "new": "short"})
        assert (weak.status, weak.code) == (422, "weak_password")
        assert weak.json["mend"]


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        pytest.param({}, True, id="its-own-page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="its-own-page-in-a-new-browser"),
        pytest.param({"Origin": None, "Sec-Fetch-Site": "same-origin"}, True, id="without-origin"),
        pytest.param({"Origin": "https://evil.example"}, False, id="another-page"),
        pytest.param({"Origin": "null"}, False, id="a-sandbox"),
        pytest.param({"Origin": "http://gateway.example.org"}, False, id="without-tls"),
        pytest.param({"Origin": f"{ORIGIN}:8443"}, False, id="another-port"),
        pytest.param({"Origin": f"{ORIGIN}.evil.example"}, False, id="a-longer-name"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="a-neighbour-that-lies-in-origin"),
        pytest.param({"Origin": None, "Sec-Fetch-Site": "cross-site"}, False, id="cross-site"),
        pytest.param({"Origin": None, "Sec-Fetch-Site": "none"}, False, id="none"),
        pytest.param({"Origin": None}, False, id="nothing-said"),
    ],
)
async def test_no_page_of_another_origin_acts_with_the_cookie(installed, headers, is_let_in):  # M19
    async with portal(installed) as at:
        signed = await at.sign_in()
        ended = await at.ask("DELETE", "/api/v1/me/sessions", cookie=signed.cookie, headers=headers)
        assert ended.status == (200 if is_let_in else 403)
        assert is_let_in or ended.code == "cross_site"
        again = await at.sign_in(headers=headers)  # nor signs anybody in as somebody else
        assert again.status == (201 if is_let_in else 403)
        seen = await at.ask("GET", SESSION, cookie=signed.cookie, headers=headers)
        assert seen.status == 200
        assert "Access-Control-Allow-Origin" not in seen.headers


async def test_two_credentials_are_never_weighed(installed):
    async with portal(installed) as at:
        one, two = await at.sign_in(), await at.sign_in()
        for headers in (
            {"Cookie": f"{one.cookie}; {two.cookie}"},
            {"Cookie": one.cookie, "Authorization": "Bearer tgp_x"},
            {"Cookie": one.cookie, "Authorization": "Basic YTpi"},
        ):
            refused = await at.ask("GET", SESSION, headers=headers)
            assert (refused.status, refused.code) == (400, "ambiguous_request")
        assert (await at.ask("GET", SESSION, cookie=f"{one.cookie}; {one.cookie}; other=1")).status == 200


async def test_a_cookie_by_another_name_or_of_nonsense_is_nobody(installed):
    async with portal(installed) as at:
        value = (await at.sign_in()).cookie.partition("=")[2]
        for cookie, code in (
            ("", "no_credential"),
            (f"token-gateway={value}", "no_credential"),
            (f"__host-token-gateway={value}", "no_credential"),
            ("__Host-token-gateway=", "no_credential"),
            ("__Host-token-gateway=x", "session_ended"),
            (f'__Host-token-gateway="{value}"', "session_ended"),
            ("__Host-token-gateway=" + "x" * 4000, "session_ended"),
        ):
            refused = await at.ask("GET", SESSION, cookie=cookie)
            assert (refused.status, refused.code) == (401, code), cookie
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_one_sees_ones_sessions_and_ends_them_and_no_other(installed):
    async with portal(installed) as at:
        await at.front.user("eve")
        here, there, of_eve = await at.sign_in(), await at.sign_in(), await at.sign_in("eve")
        listed = (await at.ask("GET", "/api/v1/me/sessions", cookie=here.cookie)).json["items"]
        assert [one["is_current"] for one in listed].count(True) == 1
        assert {one["login"] for one in listed} == {"bob"}
        assert len(listed) == 2
        for unknown in (of_eve.json["id"], "nonsense", "%2e%2e", "%00", "%ff", "x" * 300):
            refused = await at.ask("DELETE", f"/api/v1/me/sessions/{unknown}", cookie=here.cookie)
            assert (refused.status, refused.code) == (404, "not_found"), unknown
        ended = await at.ask("DELETE", f"/api/v1/me/sessions/{there.json['id']}", cookie=here.cookie)
        assert ended.status == 204
        assert "Set-Cookie" not in ended.headers
        assert (await at.ask("GET", SESSION, cookie=there.cookie)).status == 401
        await at.sign_in()
        assert (await at.ask("DELETE", "/api/v1/me/sessions", cookie=here.cookie)).json == {"ended": 1}
        mine = await at.ask("DELETE", f"/api/v1/me/sessions/{here.json['id']}", cookie=here.cookie)
        assert "Max-Age=0" in mine.headers["Set-Cookie"]
        assert (await at.ask("GET", SESSION, cookie=of_eve.cookie)).status == 200


async def test_one_sees_who_one_is_and_what_one_may_do(installed):
    async with portal(installed) as at:
        cookie = (await at.sign_in()).cookie
        me = await at.ask("GET", "/api/v1/me", cookie=cookie)
        assert me.status == 200
        assert (me.json["login"], me.json["groups"], me.json["permissions"]) == ("bob", ["staff"], ["own_tokens"])
        assert (me.json["how"], me.json["token"]) == ("session", None)
        assert me.json["token_policy"] == {"default_lifetime_s": 90 * 86400, "max_lifetime_s": 366 * 86400}
        before = me.headers["ETag"]
        async with at.front.desk.store.change(actor="test") as change:
            await change.edit_owner(me.json["id"], name="Bob")
        assert (await at.ask("GET", "/api/v1/me", cookie=cookie)).headers["ETag"] != before


async def test_r38_who_may_have_no_tokens_is_told_who_they_are_and_whom_to_ask(installed):
    installed.config.write_text("support_contact: help desk, phone 4711\n" + CONFIG, "utf-8")
    async with portal(installed) as at:
        await at.front.user("guest", "guests")
        guest = (await at.ask("GET", "/api/v1/me", cookie=(await at.sign_in("guest")).cookie)).json
        assert (guest["login"], guest["permissions"]) == ("guest", [])
        assert guest["support_contact"] == "help desk, phone 4711"
        staff = (await at.ask("GET", "/api/v1/me", cookie=(await at.sign_in()).cookie)).json
        assert staff["permissions"] == ["own_tokens"]
