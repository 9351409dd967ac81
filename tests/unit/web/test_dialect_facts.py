"""Each proxy's four facts: read exactly once from the headers that it sets, and from no other."""

import pytest

from gateway.web.check.dialect import BadFacts, Facts
from gateway.web.check.dialects import DIALECTS

NGINX = (
    (b"Host", b"app.example.org"),
    (b"X-Original-Method", b"GET"),
    (b"X-Original-URI", b"/a/../b%2Fc?x=1"),
    (b"X-Forwarded-For", b"192.0.2.7"),
)
FORWARDED = (
    (b"Host", b"127.0.0.1:9191"),
    (b"X-Forwarded-Method", b"GET"),
    (b"X-Forwarded-Uri", b"/a/../b%2Fc?x=1"),
    (b"X-Forwarded-Host", b"app.example.org"),
    (b"X-Forwarded-For", b"192.0.2.7"),
)
ASKED = {"nginx": NGINX, "traefik": FORWARDED, "caddy": FORWARDED}
FACTS = {
    name: tuple(header for header in headers if name == "nginx" or header[0] != b"Host")
    for name, headers in ASKED.items()
}
EACH_FACT = [(name, header) for name, headers in FACTS.items() for header, _ in headers]
IDS = [f"{name}-{header.decode()}" for name, header in EACH_FACT]
EXPECTED = Facts(method=b"GET", uri=b"/a/../b%2Fc?x=1", host=b"app.example.org", forwarded_for=b"192.0.2.7")


@pytest.mark.parametrize("name", DIALECTS)
def test_the_facts_are_read_as_they_came(name: str) -> None:
    assert DIALECTS[name].facts(ASKED[name]) == EXPECTED


@pytest.mark.parametrize("name", DIALECTS)
def test_names_are_read_in_any_case_and_order(name: str) -> None:
    shuffled = tuple((key.upper(), value) for key, value in reversed(ASKED[name]))
    assert DIALECTS[name].facts(shuffled) == EXPECTED


@pytest.mark.parametrize(("name", "header"), EACH_FACT, ids=IDS)
def test_a_missing_fact_is_never_guessed(name: str, header: bytes) -> None:
    others = tuple(pair for pair in ASKED[name] if pair[0] != header)
    assert DIALECTS[name].facts(others) == BadFacts(f"{header.decode().lower()} came 0 times, must come once")


@pytest.mark.parametrize(("name", "header"), EACH_FACT, ids=IDS)
def test_h03_a_doubled_fact_is_refused_in_both_orders_even_when_equal(name: str, header: bytes) -> None:
    same = dict(ASKED[name])[header]
    for value in (same, b"other"):
        for headers in ((*ASKED[name], (header.lower(), value)), ((header.upper(), value), *ASKED[name])):
            assert DIALECTS[name].facts(headers) == BadFacts(f"{header.decode().lower()} came 2 times, must come once")


@pytest.mark.parametrize(("name", "header"), EACH_FACT, ids=IDS)
@pytest.mark.parametrize("value", [b"", b"a\rb", b"a\nb", b"a\x00b", b"a\tb", b"a\x7fb"], ids=repr)
def test_an_empty_fact_or_one_with_control_characters_is_refused(name: str, header: bytes, value: bytes) -> None:
    headers = tuple((key, value if key == header else other) for key, other in ASKED[name])
    bad = DIALECTS[name].facts(headers)
    assert isinstance(bad, BadFacts)
    assert bad.detail.startswith(header.decode().lower())


@pytest.mark.parametrize(("name", "header"), EACH_FACT, ids=IDS)
def test_the_detail_never_repeats_what_came(name: str, header: bytes) -> None:
    headers = tuple((key, b"SECRET\x00" if key == header else other) for key, other in ASKED[name])
    assert "SECRET" not in repr(DIALECTS[name].facts(headers))


FORGED = (
    b"X-Forwarded-Uri",
    b"X-Forwarded-Method",
    b"X-Forwarded-Host",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Prefix",
    b"X-Original-URI",
    b"X-Original-URL",
    b"X-Original-Method",
    b"X_Original_URI",
    b"X_Forwarded_Uri",
    b"X.Forwarded.Uri",
    b"X-Real-IP",
    b"Forwarded",
    b"True-Client-IP",
    b"X-HTTP-Method-Override",
    b"X-Rewrite-URL",
    b"X-Forwarded-Uri ",
)


@pytest.mark.parametrize("name", DIALECTS)
def test_h05_h06_h07_h10_what_a_client_forges_beside_the_facts_is_not_read(name: str) -> None:
    own = {key.lower() for key, _ in FACTS[name]}
    forged = tuple((key, b"/public") for key in FORGED if key.lower() not in own)
    assert len(forged) > 10
    assert DIALECTS[name].facts((*forged, *ASKED[name], *forged)) == EXPECTED


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("header", [b"x-auth-uri", b"x_forwarded_uri", b"x-rewrite-url"])
def test_no_other_header_stands_in_for_a_missing_uri(name: str, header: bytes) -> None:
    headers = tuple((header if b"uri" in key.lower() else key, value) for key, value in ASKED[name])
    assert isinstance(DIALECTS[name].facts(headers), BadFacts)


@pytest.mark.parametrize("value", [b"203.0.113.9, 192.0.2.7", b"203.0.113.9,192.0.2.7", b",", b"192.0.2.7,"])
def test_nginx_says_one_client_address_and_a_list_is_refused(value: bytes) -> None:
    headers = tuple((key, value if key == b"X-Forwarded-For" else other) for key, other in NGINX)
    assert DIALECTS["nginx"].facts(headers) == BadFacts("x-forwarded-for is a list, must be one address")


@pytest.mark.parametrize("name", ["traefik", "caddy"])
def test_others_may_say_a_list_of_addresses(name: str) -> None:
    headers = tuple((k, b"203.0.113.9, 192.0.2.7" if k == b"X-Forwarded-For" else v) for k, v in FORWARDED)
    facts = DIALECTS[name].facts(headers)
    assert isinstance(facts, Facts)
    assert facts.forwarded_for == b"203.0.113.9, 192.0.2.7"
