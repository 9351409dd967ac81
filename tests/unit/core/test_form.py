"""A token in a form: both encodings, strictly; what could be read in two ways is refused, and no bytes raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.credential import Ambiguous, NoCredential, Presented
from gateway.core.form import form_type, read_form

LISTED = ("bearer", "form:auth_token")
URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=XX"


def part(name: str, value: str, *more: str, end: str = "") -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"{end}', *more]
    return ("--XX\r\n" + "\r\n".join(lines) + f"\r\n\r\n{value}\r\n").encode()


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XX--\r\n"


TOKEN = part("auth_token", "TOK")
FILE = part("doc", "\r\n\r\n--X", "Content-Type: text/plain", end='; filename="a.txt"')


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(URLENCODED, b"auth_token=TOK", id="R04-urlencoded"),
        pytest.param(URLENCODED + b"; charset=UTF-8", b"x=1&auth_token=TOK", id="R04-charset"),
        pytest.param(MULTIPART, multipart(TOKEN), id="R04-multipart"),
        pytest.param(MULTIPART, multipart(FILE, TOKEN, part("x", "")), id="R04-beside-a-file"),
        pytest.param(b'Multipart/Form-Data;boundary="XX"', multipart(TOKEN)[:-2], id="quoted-boundary"),
        pytest.param(
            MULTIPART,
            multipart(part("auth_token", "TOK", "Content-Type: text/plain", "Content-Transfer-Encoding: 8bit")),
            id="java-clients",
        ),
        pytest.param(MULTIPART, multipart(part("login_mode", "basic"), TOKEN), id="R06-login-mode"),
    ],
)
def test_the_exact_field_presents_its_value(content_type, body):
    assert form_type([(b"Content-Type", content_type)]) == content_type
    assert read_form(content_type, body, LISTED) == Presented(token=b"TOK")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(URLENCODED, b"", id="empty"),
        pytest.param(URLENCODED, b"x=1", id="other-field"),
        pytest.param(MULTIPART, multipart(), id="no-parts"),
        pytest.param(MULTIPART, multipart(part("Auth_Token", "TOK")), id="other-case"),
        pytest.param(MULTIPART, multipart(part("auth%5ftoken", "TOK")), id="multipart-names-are-not-encoded"),
    ],
)
def test_a_form_without_the_field_holds_no_credential(content_type, body):
    assert isinstance(read_form(content_type, body, LISTED), NoCredential)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(multipart(TOKEN, TOKEN), id="doubled"),
        pytest.param(multipart(TOKEN, part("auth_token[]", "b")), id="beside-a-list"),
        pytest.param(multipart(TOKEN, part("auth.token", "b")), id="php-dot"),
        pytest.param(multipart(part("auth_token", "TOK", end='; filename="t"')), id="as-a-file"),
        pytest.param(multipart(part("auth_token", "TOK", end='; name="x"')), id="two-names"),
        pytest.param(multipart(part("x", "TOK", end="; name*=utf-8''auth_token")), id="rfc-5987-name"),
        pytest.param(multipart(part('auth_token\\"', "TOK")), id="escaped-quote"),
        pytest.param(multipart(TOKEN).replace(b'"', b""), id="unquoted-name"),
        pytest.param(
            multipart(part("auth_token", "VE9L", "Content-Transfer-Encoding: base64")), id="transfer-encoding"
        ),
        pytest.param(multipart(part("auth_token", "TOK", "Content-Disposition: form-data")), id="two-dispositions"),
        pytest.param(multipart(part("auth_token", "TOK", "X-Odd: 1")), id="unknown-header"),
        pytest.param(multipart(part("auth_token", "TOK", "Content-Type: a\r\n b")), id="folded-header"),
        pytest.param(b"preamble\r\n" + multipart(TOKEN), id="preamble"),
        pytest.param(multipart(TOKEN) + b"epilogue", id="epilogue"),
        pytest.param(multipart(TOKEN)[:-4], id="not-ended"),
        pytest.param(multipart(TOKEN).replace(b"\r\n", b"\n"), id="bare-lf"),
        pytest.param(multipart(part("x", "a\n--XX\nb"), TOKEN), id="boundary-behind-a-bare-lf"),
        pytest.param(multipart(part("x", "--XX--"), TOKEN), id="boundary-inside-a-line"),
        pytest.param(multipart(TOKEN).replace(b"--XX\r\n", b"--XX \r\n"), id="padded-boundary"),
        pytest.param(b"--XX--\r\n" + multipart(TOKEN), id="ended-twice"),
        pytest.param(b"", id="empty"),
        pytest.param(multipart(*[part("x", "")] * 1001), id="more-parts-than-servers-read"),
    ],
)
def test_a_multipart_form_that_could_be_read_in_two_ways_is_ambiguous(body):
    assert isinstance(read_form(MULTIPART, body, LISTED), Ambiguous)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(b"Content-Type", URLENCODED), (b"content-type", b"text/plain")], id="two-types"),
        pytest.param([(b"Content-Type", URLENCODED), (b"Content-Encoding", b"gzip")], id="compressed"),
        pytest.param([(b"Content-Type", URLENCODED + b"; charset=utf-16")], id="utf-16"),
        pytest.param([(b"Content-Type", URLENCODED + b", text/plain")], id="list"),
        pytest.param([(b"Content-Type", b"multipart/form-data")], id="no-boundary"),
        pytest.param([(b"Content-Type", MULTIPART + b"; boundary=YY")], id="two-boundaries"),
        pytest.param([(b"Content-Type", b"multipart/form-data; boundary=")], id="empty-boundary"),
        pytest.param([(b"Content-Type", b"multipart/mixed; boundary=XX")], id="multipart-mixed"),
    ],
)
def test_a_form_that_is_announced_in_two_ways_is_ambiguous(headers):
    assert isinstance(form_type(headers), Ambiguous)


@pytest.mark.parametrize("headers", [[], [(b"Content-Type", b"application/json")], [(b"Content-Type", b"text/plain")]])
def test_a_body_of_another_type_is_no_form(headers):
    assert isinstance(form_type(headers), NoCredential)


PIECES = st.sampled_from(
    [b"--XX", b"--", b"\r\n", b"\n", b"\r\n\r\n", b'Content-Disposition: form-data; name="auth_token"', b"TOK", TOKEN]
)


@given(st.one_of(st.binary(max_size=80), st.lists(PIECES, max_size=14).map(b"".join)))
def test_any_bytes_give_a_credential(body):
    for content_type in (URLENCODED, MULTIPART):
        assert isinstance(read_form(content_type, body, LISTED), Presented | NoCredential | Ambiguous)


@given(st.lists(st.sampled_from([TOKEN, FILE, part("x", "1"), part("auth_token", "b")]), max_size=5))
def test_the_order_of_the_parts_does_not_matter(parts):
    forward, backward = (read_form(MULTIPART, multipart(*order), LISTED) for order in (parts, parts[::-1]))
    assert forward == backward
