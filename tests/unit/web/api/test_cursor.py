"""A cursor comes back as the place it was made of; anything else is refused, whatever it is."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.api.cursor import MAX_CURSOR, BadCursorError, decode, encode

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.integers(-(2**63), 2**63 - 1), NAMES)
def test_a_cursor_comes_back_as_its_place(number, name):
    assert decode("tokens", encode("tokens", [number, name]), int, str) == [number, name]


@given(st.text(max_size=80))
def test_any_text_is_a_place_or_one_error(text):
    try:
        decode("tokens", text, int, str)
    except BadCursorError:
        return


def test_a_cursor_fits_its_field():
    assert len(encode("applications", ["x" * 64])) <= MAX_CURSOR
    assert len(encode("tokens", [-(2**63), "x" * 11])) <= MAX_CURSOR


def of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "!!!",
        of("{}"),
        of("[]"),
        of("7"),
        of('["users", 1, "a"]'),
        of('["tokens", 1]'),
        of('["tokens", "1", "a"]'),
        of('["tokens", true, "a"]'),
        of('["tokens", 1.0, "a"]'),
        of('["tokens", 9223372036854775808, "a"]'),
        of('["tokens", 1, "\\ud800"]'),
        of('["tokens", 1, "a\\u0000"]'),
        of('["tokens", 1, "a", 1]'),
        of("[" * 300),
        of('["tokens", NaN, "a"]'),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(cursor):
    with pytest.raises(BadCursorError):
        decode("tokens", cursor, int, str)
