"""Identity values leave as printable ASCII that no proxy splits, joins or drops."""

import string
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.identity import FIELDS, IdentityHeader, IdentitySets, encode, encode_list
from tests.builders import a_token, an_owner

SETS = {
    "default": (
        IdentityHeader(name="X-Auth-User", field="login"),
        IdentityHeader(name="X-Auth-Groups", field="groups"),
    ),
    "grafana": (
        IdentityHeader(name="X-WEBAUTH-USER", field="login"),
        IdentityHeader(name="x-auth-user", field="token"),
    ),
}


def headers(set_name="default", sets=SETS, owner=None, token=None):
    owner = owner or an_owner()
    found = IdentitySets(sets).headers(set_name, owner=owner, token=token or a_token(owner), brand="tg")
    return None if found is None else dict(found)


def test_every_header_of_every_set_is_there_once_and_empty_where_the_set_has_no_value():
    found = headers("default", owner=an_owner(groups=("admins", "staff")))
    assert found == {b"X-Auth-User": b"alice", b"X-Auth-Groups": b"admins,staff", b"X-WEBAUTH-USER": b""}


def test_one_header_named_by_two_sets_in_two_spellings_is_one_header():
    token = a_token()
    assert headers("grafana", token=token)[b"X-Auth-User"] == b"tgp_" + token.id.encode()


def test_nobody_has_every_header_empty():
    assert dict(IdentitySets(SETS).nobody) == {b"X-Auth-User": b"", b"X-Auth-Groups": b"", b"X-WEBAUTH-USER": b""}


def test_a_set_may_say_which_groups_it_forwards():
    sets = {"default": (IdentityHeader(name="G", field="groups", only=frozenset({"staff"})),)}
    assert headers(sets=sets, owner=an_owner(groups=("admins", "staff"))) == {b"G": b"staff"}


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_has_a_value(field):
    owner = an_owner(name="A", email="a@example.org", organisations=("o",))
    assert headers(sets={"default": (IdentityHeader(name="F", field=field),)}, owner=owner)[b"F"]


def test_too_large_an_identity_is_refused_and_never_cut():
    assert headers(owner=an_owner(groups=tuple(f"group-{n:04}" for n in range(400)))) is None


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        pytest.param("alice\r\nX-Auth-Scopes: admin", b"alice%0D%0AX-Auth-Scopes:%20admin", id="H18-crlf"),
        pytest.param("a\x00b", b"a%00b", id="H18-nul"),
        pytest.param("a\u2028b", b"a%E2%80%A8b", id="H18-line-separator"),
        pytest.param("jürgen", b"j%C3%BCrgen", id="H20-umlaut"),
        pytest.param("a\u202eb", b"a%E2%80%AEb", id="H20-rtl"),
        pytest.param("adm\udcffin", b"adm%ED%B3%BFin", id="lone-surrogate-is-never-dropped"),
        pytest.param("100%", b"100%25", id="percent"),
    ],
)
def test_hostile_values_are_encoded(text, sent):
    assert encode(text) == sent


def test_a_comma_inside_a_member_of_a_list_is_no_separator():
    assert encode_list(["a,b", "c"]) == b"a%2Cb,c"


def test_names_keep_inner_spaces_and_no_outer_ones():
    assert encode(" my ci job ", keep_spaces=True) == b"%20my ci job%20"


PRINTABLE = set(string.printable.encode()) - set(b"\t\n\r\x0b\x0c %") | {ord("%")}


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_becomes_printable_ascii_and_can_be_decoded_again(text):
    sent = encode(text)
    assert set(sent) <= PRINTABLE
    assert unquote_to_bytes(sent) == text.encode("utf-8", "surrogatepass")


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_two_different_texts_are_never_sent_as_one_value(text):
    assert unquote_to_bytes(encode(text, keep_spaces=True)) == text.encode("utf-8", "surrogatepass")
