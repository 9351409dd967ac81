"""What is presented was sent: a credential is one value of the request, whole, and never one of two.

Held against readings of their own: every value that any server could take from the listed places.
"""

import base64
import contextlib
from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.credential import NoCredential, Presented, present
from gateway.core.form import form_type, read_form
from gateway.core.parameters import urlencoded

LISTED = ("bearer", "token", "basic", "header:X-API-Key")
ONE, OTHER = b"tgp_one", b"tgp_other"


def basic(pair: bytes) -> bytes:
    return b"Basic " + base64.b64encode(pair)


spaces = st.sampled_from([b" ", b"  ", b"\t", b"", b", "])
schemes = st.sampled_from([b"Bearer", b"bearer", b"token", b"Basic", b"Digest", b""])
secrets = st.sampled_from([ONE, OTHER, b"", b"x:y", b"a, b", b"\xff"])
values = st.tuples(schemes, spaces, secrets).map(b"".join) | secrets.map(lambda one: basic(b"u:" + one)) | secrets
names = st.sampled_from([b"Authorization", b"AUTHORIZATION", b"X-API-Key", b"x_api_key", b"Cookie", b"X-Other"])
headers = st.lists(st.tuples(names, values), max_size=4)


def could_be_read(sent: list[tuple[bytes, bytes]]) -> set[bytes]:
    """Every value that some server takes from the listed places."""
    found: set[bytes] = set()
    for name, value in sent:
        if name.lower() == b"x-api-key":
            found.add(value)
        elif name.lower() == b"authorization":
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() in {b"bearer", b"token"}:
                found.add(rest)
            elif scheme.lower() == b"basic":
                with contextlib.suppress(ValueError):
                    found.add(base64.b64decode(rest, validate=True).partition(b":")[2])
    return found


@given(headers)
def test_a_token_that_is_presented_is_the_only_one_that_any_server_could_read(sent):
    credential = present(sent, LISTED)
    if isinstance(credential, Presented) and credential.token:
        assert could_be_read(sent) == {credential.token}


@given(headers)
def test_what_stands_in_no_listed_place_presents_nothing(sent):
    elsewhere = [(name, value) for name, value in sent if name.lower() not in {b"authorization", b"x-api-key"}]
    assert isinstance(present(elsewhere, LISTED), NoCredential)


pieces = st.sampled_from(
    [
        b"auth_token",
        b"=",
        b"&",
        ONE,
        OTHER,
        b"%61uth_token",
        b"auth%5Ftoken",
        b"auth.token",
        b"auth_token[]",
        b";",
        b"+",
        b"Auth_Token",
        b"x",
        b"%",
        b"%zz",
        b"\0",
        b"%00",
        b"\xff",
        b" ",
    ]
)
urlencodeds = st.lists(pieces, max_size=10).map(b"".join)


def is_read_as(name: str, by: str) -> bool:
    """Whether PHP, or whoever is as lenient, takes the name for `by`."""
    return name.lstrip(" ").partition("\0")[0].partition("[")[0].translate(str.maketrans(". ", "__")) == by


@given(urlencodeds)
@example(b"auth_token=tgp_one&auth.token=tgp_other")
@example(b"x=1;auth_token=tgp_other&auth_token=tgp_one")
@example(b"auth_token=&;")
def test_a_token_in_a_query_or_form_is_the_only_one_that_any_server_could_read(raw):
    credential = urlencoded(raw, frozenset({b"auth_token"}))
    if not isinstance(credential, Presented):
        return
    for text in (raw, raw.replace(b";", b"&")):  # some servers split at both
        read = parse_qsl(text.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        found = {value for name, value in read if is_read_as(name, "auth_token")}
        assert {value.replace(" ", "+") for value in found} <= {credential.token.decode("latin-1").replace(" ", "+")}


contents = st.lists(st.sampled_from([ONE, OTHER, b"\r\n", b"--XX", b"--", b"\n", b"x", b"\0"]), max_size=4).map(
    b"".join
)
part_heads = st.sampled_from(
    [
        b'Content-Disposition: form-data; name="auth_token"',
        b'Content-Disposition: form-data; name="x"',
        b'content-disposition: form-data; name="auth_token"\r\nContent-Type: text/plain',
        b'Content-Disposition: form-data; name="x"; filename="auth_token"',
        b"Content-Disposition: form-data; name=auth_token",
        b'Content-Disposition: form-data; name="auth_token"\r\nContent-Disposition: form-data; name="x"',
    ]
)
multiparts = st.lists(
    st.tuples(part_heads, contents).map(lambda one: b"--XX\r\n%b\r\n\r\n%b\r\n" % one), max_size=4
).map(lambda parts: b"".join(parts) + b"--XX--\r\n")
MULTIPART = b"multipart/form-data; boundary=XX"


@given(multiparts)
def test_a_token_in_a_multipart_form_is_the_one_that_a_mail_parser_reads(body):
    credential = read_form(MULTIPART, body, ("form:auth_token",))
    if not isinstance(credential, Presented) or not credential.token:
        return
    whole = message_from_bytes(b"Content-Type: " + MULTIPART + b"\r\n\r\n" + body, policy=HTTP)
    parts = [part for part in whole.walk() if part.get_param("name", header="content-disposition") == "auth_token"]
    read = {bytes(part.get_payload(decode=True)) for part in parts}  # type: ignore[arg-type]
    # The parser of mails takes bare line feeds for line ends; a form that has them in the token is no token of ours.
    assert read == {credential.token} or b"\n" in credential.token


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"Content-Type", b"content-type", b"Content-Encoding"]),
            st.sampled_from([MULTIPART, b"application/x-www-form-urlencoded", b"gzip", b"identity", b"text/plain"])
            | st.binary(max_size=30),
        ),
        max_size=3,
    )
)
def test_a_form_is_read_only_where_one_content_type_announces_it(sent):
    found = form_type(sent)
    if isinstance(found, bytes):
        assert [value for name, value in sent if name.lower() == b"content-type"] == [found]
        assert isinstance(read_form(found, b"", ("bearer",)), NoCredential) or b"multipart" in found.lower()
