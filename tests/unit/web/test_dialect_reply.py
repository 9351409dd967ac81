"""Each proxy's answer: what it relays arrives, what it cannot carry is told another way, a denial is never a 2xx."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.check.dialect import Answer
from gateway.web.check.dialects import DIALECTS

BASE = ((b"Cache-Control", b"no-store"),)
IDENTITY = (*BASE, (b"X-Auth-User", b"alice"), (b"X-Auth-Groups", b""))
PAGE = b"<!doctype html><title>Refused</title>"


def denial(status: int, *more: tuple[bytes, bytes], body: bytes = PAGE) -> Answer:
    headers = (*BASE, (b"X-Auth-Reason", b"limited"), (b"Content-Type", b"text/html"), *more)
    return Answer(status=status, headers=headers, body=body)


def values(answer: Answer, name: bytes) -> list[bytes]:
    return [value for key, value in answer.headers if key.lower() == name]


@pytest.mark.parametrize("name", DIALECTS)
def test_an_allow_is_200_without_body_and_keeps_every_header(name: str) -> None:
    for body in (b"", b"ok"):
        reply = DIALECTS[name].reply(Answer(status=200, headers=IDENTITY, body=body))
        assert reply == Answer(status=200, headers=IDENTITY, body=b"")


@pytest.mark.parametrize(
    ("true", "told"), [(400, 403), (401, 401), (403, 403), (404, 403), (429, 403), (500, 403), (503, 403), (302, 403)]
)
def test_nginx_is_told_401_or_403_and_the_true_status_beside_it(true: int, told: int) -> None:
    reply = DIALECTS["nginx"].reply(denial(true, (b"Retry-After", b"3")))
    assert reply.status == told
    assert values(reply, b"x-auth-status") == [str(true).encode()]
    assert values(reply, b"x-auth-reason") == [b"limited"]
    assert values(reply, b"retry-after") == [b"3"]


def test_nginx_gets_no_body_since_it_would_drop_its_connection_to_us() -> None:
    reply = DIALECTS["nginx"].reply(denial(403))
    assert reply.body == b""
    assert values(reply, b"content-type") == []


def test_nginx_gets_one_challenge_line_that_names_every_scheme() -> None:
    two = ((b"WWW-Authenticate", b'Basic realm="x"'), (b"www-authenticate", b'Bearer realm="x"'))
    reply = DIALECTS["nginx"].reply(denial(401, *two))
    assert values(reply, b"www-authenticate") == [b'Basic realm="x", Bearer realm="x"']


def test_an_nginx_allow_carries_no_status_header() -> None:
    assert values(DIALECTS["nginx"].reply(Answer(status=200, headers=IDENTITY)), b"x-auth-status") == []


@pytest.mark.parametrize("name", ["traefik", "caddy"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 503])
def test_traefik_and_caddy_relay_a_denial_as_it_is(name: str, status: int) -> None:
    answer = denial(status, (b"Retry-After", b"3"), (b"WWW-Authenticate", b'Bearer realm="x"'))
    assert DIALECTS[name].reply(answer) == answer


@pytest.mark.parametrize("name", DIALECTS)
@given(status=st.integers(100, 599).filter(lambda status: status != 200), body=st.binary(max_size=8))
def test_only_a_decided_200_is_ever_a_2xx(name: str, status: int, body: bytes) -> None:
    reply = DIALECTS[name].reply(Answer(status=status, headers=BASE, body=body))
    assert not 200 <= reply.status < 300


@pytest.mark.parametrize("name", DIALECTS)
def test_the_registry_names_each_dialect_as_it_names_itself(name: str) -> None:
    assert DIALECTS[name].name == name
    assert DIALECTS[name].carries_body is (name != "nginx")
