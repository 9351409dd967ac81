"""Any bytes are a form, or are refused with one Problem; any address to return to is ours, or the first page."""

import asyncio
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st
from yarl import URL

from gateway.core.naming import holds_token
from gateway.web.api.problem import Problem
from gateway.web.portal.form import CONTENT, MAX_FIELDS, ONCE, SECRETS, Form, read_form
from gateway.web.portal.own_path import HOME, own_path, sign_in_path

ORIGIN = "https://gateway.example.org"
TOKEN = "tgp_00000000001_" + "a" * 38


class Asked:
    """What `read_form` reads of a request."""

    def __init__(self, body, content_type=CONTENT):
        self.headers = {}
        self.body, self.content_type = body, content_type

    async def read(self):
        return self.body


def read(body, content_type=CONTENT) -> Form:
    return asyncio.run(read_form(Asked(body, content_type)))


pieces = st.one_of(
    st.sampled_from(
        ["name", "=", "&", ";", "%", "%C3%A9", "%ED%A0%80", "%00", "+", "once", "proof", "\r\n", "%0D%0A", TOKEN]
    ),
    st.text(max_size=6),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
bodies = st.one_of(st.binary(max_size=60), st.lists(pieces, max_size=12).map(b"".join))


@given(bodies)
@example(b"&" * 600)
@example(b"a=1&" * MAX_FIELDS)
@example(b"name=%FF")
@example(b"name=a%0D%0D%0Ab")
@example("name=\u00e9".encode())
def test_any_bytes_are_a_form_or_one_problem(body):
    try:
        form = read(body)
    except Problem as problem:
        refused = problem.code
    else:
        refused = ""
    event(refused or "a form")
    if refused:
        assert refused == "bad_request"
        return
    assert form.given is not None
    assert sum(map(len, form.given.values())) <= MAX_FIELDS
    for name, all_ in form.given.items():
        for value in (name, *all_):
            value.encode()  # text that can be stored, shown and logged: no lone half of a character
        assert not any("\r\n" in value for value in all_)
        if name in SECRETS:
            assert (form.value(name), form.values(name)) == ("", set())
    assert len(form.nonce) == 22


@given(bodies)
def test_what_waits_for_a_sign_in_is_no_password_no_token_and_no_mark(body):
    try:
        form = read(body)
    except Problem:
        return
    kept = form.kept()
    assert not {name for name, _ in kept} & (SECRETS | {ONCE})
    assert not any(holds_token(text) for pair in kept for text in pair)
    form.forget_tokens()
    assert not any(holds_token(value) for all_ in (form.given or {}).values() for value in all_)


fields = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=20)), max_size=20)


@given(fields)
def test_a_form_that_a_browser_sent_is_read_as_it_was_typed(typed):
    assume(not any("\r" in value or "\ud800" <= part <= "\udfff" for pair in typed for value in pair for part in value))
    form = read(urlencode([(name, value.replace("\n", "\r\n")) for name, value in typed]).encode())
    assert form.given == {name: [value for other, value in typed if other == name] for name, _ in typed}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "multipart/form-data", "APPLICATION/X"])
def test_another_content_is_no_form(kind):
    with pytest.raises(Problem) as refused:
        read(b"a=b", kind)
    assert refused.value.code == "unsupported_media_type"


odd = st.sampled_from(
    [
        *(
            "/",
            "//",
            "\\",
            ".",
            "..",
            "/./",
            "/../",
            "@",
            ":",
            ";",
            "?",
            "#",
            "%",
            "%2f",
            "%5c",
            "%2e%2e",
            "%09",
            "%00",
        ),
        *(
            "\t",
            "\n",
            "\r",
            " ",
            "\x00",
            "\u2044",
            "\uff0f",
            "\u3002",
            "https:",
            "javascript:",
            "evil.example",
            "tokens",
        ),
        *("sign-in", "sign-out", "api", "static", "[", "]", "^", "|", TOKEN, "\ud800", "users", "to=", "&", "=", "+"),
    ]
)
addresses = st.one_of(
    st.text(max_size=30),
    st.lists(odd, max_size=8).map("".join),
    st.lists(odd, max_size=6).map(lambda all_: "/" + "".join(all_)),
)


@given(addresses)
@example("//evil.example")
@example("/\\evil.example")
@example("/tokens?to=//evil.example")
@example("/.//evil.example")
@example("/.;")
def test_wherever_one_returns_to_every_parser_finds_a_path_of_ours(text):
    found = own_path(text)
    event("kept" if found == text else "the first page")
    assert found in {text, HOME}
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    path, _, query = found.partition("?")
    for url in (URL(ORIGIN).join(URL(found, encoded=True)), URL(ORIGIN + found, encoded=True)):
        assert (str(url.origin()), url.raw_path, url.raw_query_string, url.raw_fragment) == (ORIGIN, path, query, "")
    for whole in (urljoin(f"{ORIGIN}/sign-in", found), urljoin(f"{ORIGIN}/a/b?c", found), ORIGIN + found):
        parts = urlsplit(whole)
        assert (f"{parts.scheme}://{parts.netloc}", parts.query, parts.fragment) == (ORIGIN, query, "")
        assert parts.path.rstrip(";") == path.rstrip(";")  # `urljoin` drops parameters that are empty
    assert not holds_token(found)
    assert path.split("/")[1] not in {"sign-in", "sign-out", "api", "static", "token"}


@given(addresses)
def test_the_address_of_the_sign_in_carries_on_what_it_was_given_and_no_more(text):
    address = sign_in_path(text)
    path, _, query = address.partition("?")
    assert path == "/sign-in"
    assert dict(parse_qsl(query)).get("to", HOME) == own_path(text)
    assert own_path(own_path(text)) == own_path(text)
