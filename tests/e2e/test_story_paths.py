"""Paths that two servers read differently never reach the app behind a denying route; plain and lenient ones do."""

import pytest

from tests.attacks.corpus import attack
from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import bearer
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

AMBIGUOUS = (
    b"/anything/public/../closed/x",
    b"/anything/public/%2e%2e/closed/x",
    b"/anything/public/.%2E/closed/x",
    b"/anything/public/..%2fclosed/x",
    b"/anything/public/..%2Fclosed%2Fx",
    b"/anything/public/..%5cclosed/x",
    b"/anything/public/..\\closed\\x",
    b"/anything/public/..;/closed/x",
    b"/anything/public;/../closed/x",
    b"/anything/public/%252e%252e/closed/x",
    b"/anything/public/..%252fclosed/x",
    b"//anything/closed/x",
    b"/anything//closed/x",
    b"/anything/./closed/x",
    b"/anything/closed%2fx",
    b"/anything/closed;a=b/x",
    b"/anything/public/%c0%ae%c0%ae/closed/x",
    b"/anything/public/x%00/../../closed/x",
    b"/anything/public/x%0d%0aX-Auth-User:%20admin/../../closed/x",
    b"/anything/public#/../closed/x",
    b"/anything/closed#/public/x",
    b"/anything/public/%zz/../../closed/x",
    b"/anything/closed/\xc3\xa9",
    b"/anything/closed/..%2fpublic/x",
    b"/anything/CLOSED/x",
    b"/ANYTHING/closed/x",
    b"/anything/closed%20/x",
    b"/anything/closed./x",
    b"/anything/closed::$DATA",
    b"/anything/closed%00.png",
    b"/%61nything/closed/x",
    b"/anything/%63losed/x",
    b"a",
    b"?x",
    b"*",
)


def reads_as_closed(target: str) -> bool:
    """Whether an app could read it as a path of /anything/closed: it folds, decodes twice and resolves dots."""
    return "closed" in target.lower()


@attack("P01", "P02", "P03", "P04", "P05", "P06", "P08", "P09", "P10", "P12", "P13", "P14", "P15", "P17", "P18", "P26")
@pytest.mark.parametrize("target", AMBIGUOUS, ids=lambda target: target.decode("latin-1").encode("unicode_escape"))
def test_p01_to_p26_no_spelling_of_a_closed_path_reaches_the_app(
    target: bytes, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    for headers in ((), (bearer(world.tokens["write"]),)):
        reply = ask(target, *headers, host="raw.example.org")
        assert not 200 <= reply.status < 300 or not any(reads_as_closed(seen.target) for seen in app.seen)
        assert reply.status < 500
    assert [seen.target for seen in app.seen if reads_as_closed(seen.target)] == []


@pytest.mark.parametrize(
    "target", ["/anything/api/a%20b", "/anything/api/caf%C3%A9", "/anything/api/a?x=/../y&z=%2f", "/anything/api"]
)
def test_plain_paths_reach_the_app_as_they_were_asked_for(
    target: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    assert ask(target, bearer(world.tokens["read"]), host="raw.example.org").status == 200
    assert [seen.target for seen in app.seen] == [target]


def test_p04_an_encoded_slash_reaches_the_app_where_the_route_is_lenient(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = bearer(world.tokens["read"])
    assert ask("/anything/packages/@scope%2fname", token, host="raw.example.org").status == 200
    assert [seen.target.lower() for seen in app.seen] == ["/anything/packages/@scope%2fname"]
    assert ask("/anything/api/scope%2fname", token, host="raw.example.org").status in {400, 403}
    assert len(app.seen) == 1


@attack("P30")
def test_p30_policy_is_about_the_path_that_the_client_sees_though_the_proxy_takes_a_prefix_off(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    """traefik#13682: behind a stripPrefix or handle_path the gateway would judge another path."""
    assert ask("/mounted/anything/public/x", host="raw.example.org").status == 403
    assert ask("/mounted/anything/api/x", bearer(world.tokens["read"]), host="raw.example.org").status == 403
    assert app.seen == []
    assert ask("/mounted/open/x?y=1", host="raw.example.org").status == 200
    assert [seen.target for seen in app.seen] == ["/open/x?y=1"]


@attack("P28")
def test_p28_the_clients_query_is_no_policy(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    query = f"?token={world.tokens['read']}&policy=public&user=admin&auth_token={world.tokens['read']}"
    assert ask(f"/anything/api/x{query}", host="raw.example.org").status == 401
    assert ask(f"/anything/closed/x{query}", host="raw.example.org").status == 403
    assert app.seen == []


def test_a_path_of_8_kb_is_an_answer_and_not_a_crash(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    assert ask("/anything/closed/" + "x" * 7900, bearer(world.tokens["read"]), host="raw.example.org").status in {
        400,
        403,
        414,
        500,
    }
    assert ask("/anything/api/" + "x" * 4000, bearer(world.tokens["read"]), host="raw.example.org").status == 200
    assert len(app.seen) == 1
