"""What comes to the API besides its path: JSON that two parsers read alike or nobody does, and tags of one spelling."""

import json

import pydantic_core
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import assume, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from gateway.web.api.cursor import BadCursorError, decode, encode
from gateway.web.api.etag import NO_VERSION, etag, expected_version
from gateway.web.api.json_text import BadJsonError, parse
from gateway.web.api.problem import Problem

pieces = st.sampled_from([
    '{', '}', '[', ']', '"', ':', ',', '"a"', '"b"', '\\u0061', '\\ud800', '\\n', '\\', 'NaN', 'Infinity', 'null',
    'true', '1', '-0', '1e5', '1e999', '0x1', '01', '1.', '.5', '9' * 25, ' ', '\n', '\x00', '\ufeff', 'é', '/**/', "'",
])  # fmt: skip
texts = st.lists(pieces, max_size=12).map("".join)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def read(raw):
    """The value, or nothing."""
    try:
        return [parse(raw)]
    except BadJsonError:
        return None


@given(
    texts.map(str.encode)
    | values.map(lambda one: json.dumps(one, ensure_ascii=False).encode())
    | st.binary(max_size=40)
)
def test_what_is_read_as_json_is_what_the_parser_of_the_models_reads(raw):
    """Bodies are read twice, strictly first: whoever gets past that must have written one thing."""
    found = read(raw)
    assume(found is not None)
    assert pydantic_core.from_json(raw) == found[0]


@given(values, st.integers(0, 200), st.binary(max_size=3))
def test_damaged_json_is_a_value_or_one_error(value, at, put):
    raw = bytearray(json.dumps(value).encode())
    raw[at : at + 1] = put
    read(bytes(raw))


def asked(*tags: str) -> int | None:
    headers = CIMultiDict([("If-Match", tag) for tag in tags])
    return expected_version(make_mocked_request("PATCH", "/", headers=headers), is_required=True)


@given(st.integers(1, 10**18 - 1))
def test_a_tag_comes_back_as_its_version(version):
    assert asked(etag(version)) == version


like_tags = st.lists(st.sampled_from(['"', "v", "W/", "*", "1", "0", ",", " ", "é", "٣", '"v1"', "²"]), max_size=7).map(
    "".join
)


@given(like_tags | st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20))
def test_any_tag_is_the_version_that_it_spells_or_one_that_no_row_has(tag):
    version = asked(tag)
    if version is None:
        assert tag.strip(" \t") == "*", "anything else must not change what the client has not seen"
    elif version != NO_VERSION:
        assert tag.strip(" \t") == etag(version)


@given(like_tags, like_tags)
def test_two_tags_are_refused_and_none_is_chosen(one, other):
    with pytest.raises(Problem) as refused:
        asked(one, other)
    assert refused.value.code == "bad_request"


places = st.tuples(st.integers(-(2**63), 2**63 - 1), st.text("abz059", max_size=11))


@given(places, st.integers(0, 60), st.text("ABab01-_=.", max_size=2))
def test_a_damaged_cursor_is_a_place_or_refused_and_no_cursor_is_of_two_lists(place, at, put):
    cursor = encode("tokens", place)
    damaged = cursor[:at] + put + cursor[at + 1 :]
    try:
        number, name = decode("tokens", damaged, int, str)
    except BadCursorError:
        pass
    else:
        assert isinstance(number, int)
        assert isinstance(name, str)
    with pytest.raises(BadCursorError):
        decode("users", cursor, int, str)
