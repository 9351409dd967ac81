"""Only listed transports count; in them everything counts; two different values are never chosen between."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.credential import Ambiguous, NoCredential, Presented, header_names, present

ALL = ("bearer", "token", "basic", "header:Auth-Token", "header:X-API-Key")


def basic(user: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    ("value", "token", "user"),
    [
        pytest.param(b"Bearer TOK", b"TOK", None, id="bearer"),
        pytest.param(b"bearer TOK", b"TOK", None, id="T03-lower"),
        pytest.param(b"BEARER TOK", b"TOK", None, id="T03-upper"),
        pytest.param(b"token TOK", b"TOK", None, id="R03-token"),
        pytest.param(basic("alice", "TOK"), b"TOK", b"alice", id="R02-basic"),
        pytest.param(basic("", "TOK"), b"TOK", b"", id="R02-empty-user"),
        pytest.param(basic("a", "b:c"), b"b:c", b"a", id="T15-first-colon"),
    ],
)
def test_each_scheme_presents_its_token(value, token, user):
    assert present([(b"Authorization", value)], ALL) == Presented(token=token, basic_user=user)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"Bearer  TOK", id="T04-two-spaces"),
        pytest.param(b"Bearer\tTOK", id="T04-tab"),
        pytest.param(b"Bearer", id="T04-bare"),
        pytest.param(b"Bearer ", id="T04-nothing-behind"),
        pytest.param(b"\xff\xfe", id="T06-bytes"),
        pytest.param(b"Basic " + b64encode(b"no colon"), id="T15-no-colon"),
        pytest.param(b"Basic ", id="T15-empty"),
        pytest.param(b"Basic !!!!", id="T15-not-base64"),
        pytest.param(b"Basic " + b64encode(b"a:TOK").rstrip(b"="), id="T15-padding-missing"),
        pytest.param(b"Basic YTpUT0t=", id="T13-trailing-bits"),
        pytest.param(b"Basic " + b"A" * 1_000_000, id="T15-1MB"),
        pytest.param(b"Bearer " + b"A" * 1_000_000, id="T11-1MB"),
    ],
)
def test_a_broken_value_of_a_listed_scheme_counts_and_is_no_token(value):
    assert present([(b"Authorization", value)], ALL) == Presented(token=b"")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(b"Authorization", b"Bearer a"), (b"Authorization", b"Bearer b")], id="T01-two-authorizations"),
        pytest.param([(b"Authorization", b"Bearer b"), (b"Authorization", b"Bearer a")], id="T01-other-order"),
        pytest.param([(b"Authorization", b"Bearer a"), (b"Authorization", b"Negotiate x")], id="T01-foreign-second"),
        pytest.param([(b"Authorization", b"Bearer a"), (b"X-API-Key", b"b")], id="two-transports"),
        pytest.param([(b"X-API-Key", b"a"), (b"x-api-key", b"b")], id="one-header-twice"),
        pytest.param([(b"Authorization", b"Bearer"), (b"X-API-Key", b"a")], id="broken-beside-good"),
        pytest.param([(b"X-API-Key", b""), (b"Auth-Token", b"a")], id="empty-beside-good"),
    ],
)
def test_two_different_values_are_ambiguous(headers):
    assert isinstance(present(headers, ALL), Ambiguous)


def test_the_same_value_twice_is_one():
    headers = [(b"Authorization", basic("alice", "TOK")), (b"X-API-Key", b"TOK"), (b"Auth-Token", b"TOK")]
    assert present(headers, ALL) == Presented(token=b"TOK", basic_user=b"alice")
    assert present(headers[::-1], ALL) == Presented(token=b"TOK", basic_user=b"alice")


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        pytest.param((b"Authorization", b"Negotiate YII"), ALL, id="foreign-scheme"),
        pytest.param((b"Authorization", b"BearerTOK"), ALL, id="T04-no-space"),
        pytest.param((b"Authorization", b"Basic YTpU"), ("bearer",), id="basic-not-listed"),
        pytest.param((b"X-API-Key", b"TOK"), ("bearer",), id="header-not-listed"),
        pytest.param((b"X_API_Key", b"TOK"), ALL, id="H07-underscore"),
        pytest.param((b"X.API.Key", b"TOK"), ALL, id="H07-dot"),
        pytest.param((b"Proxy-Authorization", b"Bearer TOK"), ALL, id="T21-proxy-authorization"),
        pytest.param((b"Cookie", b"token=TOK"), ALL, id="T19-cookie"),
    ],
)
def test_what_the_route_does_not_list_is_not_looked_at(header, credentials):
    assert isinstance(present([header], credentials), NoCredential)


def test_the_value_of_a_header_is_taken_whole():
    assert present([(b"x-api-key", b"Bearer TOK")], ALL) == Presented(token=b"Bearer TOK")


def test_header_names_are_those_that_present_looks_at():
    assert header_names(ALL) == {b"authorization", b"auth-token", b"x-api-key"}
    assert header_names(("header:X-API-Key",)) == {b"x-api-key"}


def test_a_presented_value_does_not_show_itself():
    assert "TOK" not in repr(Presented(token=b"TOK"))


NAMES = st.sampled_from([b"Authorization", b"authorization", b"X-API-Key", b"Auth-Token", b"Cookie"])
VALUES = st.one_of(
    st.binary(max_size=60), st.sampled_from([b"Bearer a", b"token a", b"a", b"Basic YTph", b"Basic OmE="])
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_any_headers_give_a_credential_and_their_order_does_not_matter(headers):
    forward, backward = present(headers, ALL), present(headers[::-1], ALL)
    assert type(forward) is type(backward)
    if isinstance(forward, Presented) and isinstance(backward, Presented):
        assert forward.token == backward.token
