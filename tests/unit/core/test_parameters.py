"""A token in a query: the exact name, once, and nothing beside it that another server could take for it."""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.credential import Ambiguous, NoCredential, Presented, agree, form_names, present, query_names
from gateway.core.parameters import MAX_PARAMETERS, is_like, urlencoded

NAMES = frozenset({b"auth_token"})


@pytest.mark.parametrize(
    ("query", "token"),
    [
        pytest.param(b"auth_token=TOK", b"TOK", id="R05-alone"),
        pytest.param(b"a=1&auth_token=TOK&b=2", b"TOK", id="R05-among-others"),
        pytest.param(b"auth%5ftoken=TOK", b"TOK", id="name-decoded-once"),
        pytest.param(b"auth_token=%54OK", b"TOK", id="value-decoded-once"),
        pytest.param(b"auth_token=%2554OK", b"%54OK", id="value-not-decoded-twice"),
        pytest.param(b"auth_token=T+K", b"T+K", id="plus-stays"),
        pytest.param(b"auth_token=a=b", b"a=b", id="first-equals-sign"),
        pytest.param(b"auth_token=T%3BK", b"T;K", id="encoded-semicolon-is-data"),
        pytest.param(b"auth_token=", b"", id="empty-counts"),
        pytest.param(b"auth_token", b"", id="bare-counts"),
        pytest.param(b"auth_token=" + b"A" * 9000, b"", id="too-long"),
        pytest.param(b"login_mode=form&auth_token=TOK", b"TOK", id="R06-login-mode-is-tolerated"),
        pytest.param(b"auth_token=TOK&login_mode=basic", b"TOK", id="R06-and-never-obeyed"),
        pytest.param(b"&&auth_token=TOK&", b"TOK", id="empty-pairs"),
    ],
)
def test_the_exact_name_presents_its_value(query, token):
    assert urlencoded(query, NAMES) == Presented(token=token)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Auth_Token=TOK", id="other-case"),
        pytest.param(b"auth%255ftoken=TOK", id="encoded-twice"),
        pytest.param(b"xauth_token=TOK&auth_tokens=TOK", id="longer-names"),
        pytest.param(b"a=auth_token=TOK", id="in-a-value"),
        pytest.param(b"auth_token%3DTOK", id="encoded-equals-sign"),
        pytest.param(b"a=1%26auth_token=TOK", id="encoded-ampersand"),
        pytest.param(b"login_mode=token", id="R06-login-mode-alone"),
        pytest.param(b"a=1;b=2", id="semicolon-without-the-name"),
    ],
)
def test_another_name_is_not_looked_at(query):
    assert isinstance(urlencoded(query, NAMES), NoCredential)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"auth_token=a&auth_token=b", id="doubled"),
        pytest.param(b"auth_token=a&auth_token=a", id="doubled-alike"),
        pytest.param(b"auth_token=a&auth%5Ftoken=a", id="doubled-encoded"),
        pytest.param(b"auth_token[]=a", id="list"),
        pytest.param(b"auth_token=a&auth_token[]=b", id="beside-a-list"),
        pytest.param(b"auth_token=a&auth_token[0]=b", id="beside-an-index"),
        pytest.param(b"auth_token=a&auth_token%5B%5D=b", id="beside-an-encoded-list"),
        pytest.param(b"auth_token=a;x=1", id="semicolon-behind"),
        pytest.param(b"x=1;auth_token=a", id="semicolon-before"),
        pytest.param(b"auth_token=a&x=1;y=2", id="semicolon-elsewhere"),
        pytest.param(b"auth_token=a&auth.token=b", id="php-dot"),
        pytest.param(b"auth_token=a&auth+token=b", id="php-plus"),
        pytest.param(b"auth_token=a&auth%20token=b", id="php-space"),
        pytest.param(b"auth_token=a&%20auth_token=b", id="php-leading-space"),
        pytest.param(b"auth_token=a&auth[token=b", id="php-bracket"),
        pytest.param(b"auth_token=a&auth_token%00x=b", id="php-nul"),
        pytest.param(b"auth_token=a" + b"&x=1" * MAX_PARAMETERS, id="more-than-servers-read"),
        pytest.param(b"x=1" + b";x=1" * MAX_PARAMETERS, id="more-than-is-looked-at"),
        pytest.param(b"auth_token=a&" + b"+" * 1100 + b"auth_token=b", id="php-many-leading-spaces"),
        pytest.param(b"auth_token=a&%61uth%5Btoken=b", id="php-bracket-encoded"),
        pytest.param(b"auth_token=a&auth_token%5bx=b", id="php-bracket-behind-encoded"),
    ],
)
def test_what_servers_could_read_differently_is_ambiguous(query):
    assert isinstance(urlencoded(query, NAMES), Ambiguous)


def test_with_no_name_to_look_for_a_query_holds_nothing():
    assert isinstance(urlencoded(b"a=1;b=2" + b"&x=1" * 2000, frozenset()), NoCredential)


def test_two_names_must_agree():
    both = frozenset({b"auth_token", b"token"})
    assert urlencoded(b"auth_token=a&token=a", both) == Presented(token=b"a")
    assert isinstance(urlencoded(b"auth_token=a&token=b", both), Ambiguous)


def test_a_header_and_a_parameter_must_agree():
    header = present([(b"Authorization", b"Bearer TOK")], ("bearer",))
    assert agree(header, urlencoded(b"auth_token=TOK", NAMES)) == Presented(token=b"TOK")
    for query in (b"auth_token=other", b"auth_token=", b"auth_token[]=TOK"):
        assert isinstance(agree(header, urlencoded(query, NAMES)), Ambiguous)
    basic = Presented(token=b"TOK", basic_user=b"alice")
    assert agree(Presented(token=b"TOK"), basic) == agree(basic, Presented(token=b"TOK")) == basic


def test_each_transport_has_its_own_names():
    listed = ("bearer", "query:auth_token", "form:token", "header:X-Key")
    assert (query_names(listed), form_names(listed)) == ({b"auth_token"}, {b"token"})


PIECES = st.sampled_from(
    [b"auth_token", b"auth%5ftoken", b"Auth_Token", b"auth_token[]", b"=", b"&", b";", b"%", b"+", b"a", b"TOK", b"%00"]
)
QUERIES = st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=12).map(b"".join))


@given(QUERIES)
def test_any_bytes_give_a_credential_and_none_is_made_up(query):
    found = urlencoded(query, NAMES)
    if isinstance(found, Presented):
        assert found.token == b"" or found.token in query or b"%" in query


@given(st.one_of(QUERIES, st.text("auth_token%5fbB.+ []&;=06", max_size=40).map(str.encode)))
def test_a_pair_is_looked_at_exactly_when_its_decoded_name_is_like_the_name(query):
    pairs = re.split(b"[&;]", query)
    like = any(is_like(unquote_to_bytes(pair.partition(b"=")[0]), NAMES) for pair in pairs)
    assert like is not isinstance(urlencoded(query, NAMES), NoCredential)


@given(QUERIES)
def test_the_order_of_the_pairs_does_not_matter(query):
    backward = b"&".join(reversed(query.split(b"&")))
    assert urlencoded(query, NAMES) == urlencoded(backward, NAMES)


@given(QUERIES, st.binary(min_size=1, max_size=40))
def test_beside_anything_at_all_the_token_is_found_or_the_request_is_refused(beside, token):
    mine = b"auth_token=" + quote_from_bytes(token, safe="").encode()
    assert urlencoded(mine, NAMES) == Presented(token=token)
    for query in (mine + b"&" + beside, beside + b"&" + mine):
        assert isinstance(urlencoded(query, NAMES), Ambiguous) or urlencoded(query, NAMES) == Presented(token=token)
