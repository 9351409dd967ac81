"""*Explain*: the walk of the one decision, in words; no secret is asked for, tried or repeated."""

from urllib.parse import parse_qs, urlsplit

from gateway.auth.explain import REMEDY
from gateway.core.reason import Reason
from gateway.core.rules import RULES
from gateway.web.portal.reason_words import PHRASES, REMEDIES, reason_words, remedy_words
from gateway.web.portal.walk_words import STEPS
from tests.unit.web.api.portal import look
from tests.unit.web.portal.overseeing import SETTINGS, links, of, overseeing

API = "https://app.example.org/api/items"


async def test_the_walk_is_told_step_by_step_with_route_line_and_remedy(installed):
    async with overseeing(installed) as at:
        token = await at.token("report", "bob", "export")
        asked = await at.send("/explain", method="GET", url=API, token=of(token), address="192.0.2.9")
        assert asked.status == 303
        query = parse_qs(urlsplit(asked.headers["Location"]).query)
        assert query == {"method": ["GET"], "url": [API], "token": [of(token)], "address": ["192.0.2.9"]}
        page = await at.follow(asked)
    line = next(n for n, text in enumerate(SETTINGS.splitlines(), 1) if "name: read" in text)
    assert page.status == 200
    assert "This request is refused: the token lacks a scope" in page.text
    assert f"the route <strong>read</strong>, line {line} of {installed.config.name}<" in page.text
    assert "Use a token that has the scopes which the route asks for." in page.text
    assert "Routes of this host that do not fit" in page.text
    assert [
        page.text.index(word) for word in (">The request ", ">The route ", ">The token ", ">The scopes ")
    ] == sorted(page.text.index(word) for word in (">The request ", ">The route ", ">The token ", ">The scopes "))
    assert f'href="/tokens/{of(token)}"' in page.text
    assert "<code>insufficient_scope</code>" in page.text


async def test_an_allowed_request_shows_what_the_application_is_told(installed):
    async with overseeing(installed) as at:
        token = await at.token("report", "bob", "rest")
        page = await at.get(f"/explain?url={API}&token={of(token)}&address=192.0.2.9")
        assert "This request passes: the token opens it" in page.text
        assert "X-Auth-User" in page.text
        stranger = await at.get(f"/explain?url={API}")
        assert "This request is asked for a token: no token came with it" in stranger.text
        assert "X-Auth-User" not in stranger.text


async def test_the_basic_user_is_judged_as_a_check_judges_it(installed):
    async with overseeing(installed) as at:
        token = of(await at.token("report", "bob", "rest"))
        wrong = await at.get(f"/explain?url={API}&token={token}&basic_user=eve")
        assert "the user name that came with the token is not its own" in wrong.text
        right = await at.get(f"/explain?url={API}&token={token}&basic_user=bob")
        assert "This request passes" in right.text


async def test_a_whole_token_is_refused_in_words_and_never_repeated_whatever_field_it_is_in(installed):
    async with overseeing(installed) as at:
        whole = await at.token()
        for field in ("token", "url", "address", "basic_user", "method"):
            given = {"method": "GET", "url": API, "token": "", "address": ""} | {
                field: f"{API}?key={whole}" if field == "url" else whole
            }
            for answer in (
                await at.send("/explain", **given),
                await at.get("/explain?" + "&".join(f"{name}={value}" for name, value in given.items())),
            ):
                assert "a whole token, with its secret" in answer.text
                assert whole[-30:] not in answer.text
                assert "Location" not in answer.headers


async def test_what_may_be_a_secret_of_another_system_is_not_repeated_either(installed):
    async with overseeing(installed) as at:
        for other, words in (
            ("1-14-5f4dcc3b5aa765d61d8327deb882cf99", "holds a whole token, with its secret"),
            ("xyz-5f4dcc3b5aa765d61d8327deb882cf99", "is not a token's handle"),
        ):
            for page in (
                await at.send("/explain", url=API, token=other),
                await at.get(f"/explain?url={API}&token={other}"),
            ):
                assert (other, page.status in {200, 422}) == (other, True)
                assert words in page.text
                assert other not in page.text
            assert other not in (await at.get(f"/audit?token={other}")).text


async def test_a_lost_session_does_not_carry_a_pasted_token_on(installed):
    async with overseeing(installed) as at:
        whole = await at.token()
        lost = await at.at.send("/explain", url=API, token=whole)
        assert lost.status == 403
        assert API in lost.text
        assert whole[-30:] not in lost.text


ODD = (
    ({"url": "app.example.org"}, "URL is not one"),
    ({"url": API, "token": "tgp_short"}, "a token's handle"),
    ({"url": API, "token": "tgp_AAAAAAAAAAA"}, "no token AAAAAAAAAAA"),
    ({"url": API, "address": "somewhere"}, "is no address"),
    ({"url": f"{API}?{'x' * 2000}"}, "too long"),
)


async def test_what_cannot_be_asked_is_shown_again_with_what_to_mend(installed):
    async with overseeing(installed) as at:
        for given, says in ODD:
            answer = await at.send("/explain", **given)
            page = answer if answer.status != 303 else await at.follow(answer)
            assert says in page.text
            assert given["url"] in page.text


async def test_what_is_typed_is_shown_as_text(installed):
    async with overseeing(installed) as at:
        evil = 'https://app.example.org/"><script>x</script>'
        answer = await at.get("/explain?url=https://app.example.org/%22%3E%3Cscript%3Ex%3C/script%3E")
        assert evil in answer.text
        assert b"<script>x" not in answer.raw


async def test_it_is_for_holders_of_the_permission_alone(installed):
    async with overseeing(installed) as at:
        assert (await at.get("/explain", who="eve")).status == 403
        assert (await at.send("/explain", who="eve", url=API)).status == 403
        assert "/explain" not in links(await at.get("/", who="eve"), "/explain")
        assert "/explain" in links(await at.get("/"), "/explain")


async def test_a_route_of_the_audit_is_asked_about_by_a_path_that_it_stands_for(installed):
    async with overseeing(installed) as at:
        token = of(await at.token())
        page = await at.get(f"/explain?route=own&host=dav.example.org&token={token}&address=192.0.2.9")
        assert 'value="https://dav.example.org/bob/any"' in page.text
        assert "The audit keeps no path" in page.text
        assert "This request passes" in page.text
        assert "The audit keeps no path" not in (await at.get("/explain?route=nothing")).text


def test_every_reason_step_and_remedy_has_words():
    words = look().languages.best("en")
    assert set(PHRASES) == set(Reason)
    assert set(STEPS) >= {rule.name for rule in RULES} | {"request", "route", "path", "credential", "rate"}
    assert {reason: remedy_words(words, reason) for reason in REMEDY} == REMEDY | REMEDIES
    assert remedy_words(words, Reason.TOKEN) == ""
    assert reason_words(words, "of_a_later_version") == "of_a_later_version"
