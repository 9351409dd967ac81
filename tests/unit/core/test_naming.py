"""Values that people write into fields: what passes, and what is refused at the door (corpus H18-H21, M12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.identity import encode
from gateway.core.naming import email_flaw, group_flaw, holds_token, label_flaw, name_flaw, printable, without_tokens

HEADER_BREAKERS = [
    "alice\r\nX-Auth-Scopes: admin",
    "a\nb",
    "a\x00",
    "a\x85",
    "a\u2028b",
    "a\u2029b",
    "\x1b[31m",
    "\x7f",
]
INVISIBLE = [
    "\u202ealice",
    "ali\u200bce",
    "\u2066a",
    "\ufeffa",
    "a\u200d",
    "a\u00adb",
    "\ud800",
    "\ue000",
    "\U000e0041",
]


@pytest.mark.parametrize("text", ["alice", "a", "A.b_c@d+e/f:g-h", "0", "x" * 64, "__token__"])
def test_a_label_of_the_listed_characters_passes(text):
    assert label_flaw(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "x" * 65, "a b", "a,b", "a;b", 'a"b', "a%41", "a\\b", "jürgen", "中", " a", "a ", "a\n", ".", "..", "=cmd|'"],
    ids=ascii,
)
def test_any_other_label_is_refused(text):
    assert label_flaw(text) is not None


@pytest.mark.parametrize(
    "text",
    [*HEADER_BREAKERS, *INVISIBLE],
    ids=ascii,
)
def test_a_label_that_breaks_headers_is_refused_without_being_repeated(text):
    flaw = label_flaw(text)
    assert flaw is not None
    assert f"{flaw.what}{flaw.mend}".isprintable()


def test_a_group_must_not_be_called_everyone():
    assert group_flaw("staff") is None
    assert group_flaw("Everyone") is not None


@pytest.mark.parametrize("text", ["ci", "Jürgen Müller", "中文", "O'Brien, Jr.", "a" * 100, "50 % off", "é", "=1+1"])
def test_a_name_in_any_script_passes(text):
    assert name_flaw(text) is None


@pytest.mark.parametrize(
    "text", ["a" * 101, "a" * 1_000_000, " a", "a ", "a\u00a0b", "a\tb", *HEADER_BREAKERS, *INVISIBLE], ids=ascii
)
def test_a_name_that_breaks_lines_hides_or_deceives_is_refused(text):
    flaw = name_flaw(text)
    assert flaw is not None
    assert f"{flaw.what}{flaw.mend}".isprintable()


def test_a_name_may_be_left_out_only_where_none_is_required():
    assert name_flaw("", required=False) is None
    assert name_flaw("") is not None


@given(st.text(max_size=120))
def test_a_name_that_passes_is_a_header_value_of_less_than_two_kilobytes(text):
    if name_flaw(text) is None:
        assert len(encode(text, keep_spaces=True)) < 2000
        assert printable(text) == text


@pytest.mark.parametrize("text", ["", "a@example.org", "a.b+c@example.org", "o'neil@x", "a@b-c.example"])
def test_an_address_or_none_passes(text):
    assert email_flaw(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b c",
        "a@-b",
        "a@b.",
        ".a@b",
        "a..b@c",
        "a@b\n",
        "ä@b",
        "a@ö",
        "<a@b>",
        "a" * 65 + "@b",
        "a@" + "b" * 260,
        "a@b\r\nBcc: c@d",
    ],
    ids=ascii,
)
def test_what_is_no_address_is_refused(text):
    assert email_flaw(text) is not None


def test_text_from_outside_cannot_move_a_terminals_cursor():
    assert printable("a\x1b[2Jb\u202ec") == "a<U+001B>[2Jb<U+202E>c"


@pytest.mark.parametrize("around", ["{}", "ci {} old", "x{}", "{}x"])
def test_a_whole_token_is_no_name_and_no_login(around):
    """Pasted into the wrong field, it would be in logs, mails, headers and the audit for ever."""
    text = around.format(f"tgp_{'0' * 11}_{'a' * 38}")
    for rule in (name_flaw, label_flaw):
        flaw = rule(text)
        assert flaw is not None
        if rule is name_flaw or " " not in text:
            assert flaw.what == "holds a whole token"
        assert "aaa" not in flaw.what + flaw.mend
    assert name_flaw(f"tgp_{'0' * 11}") is None, "a handle is public"


OURS = "tgp_0123456789a_" + "Ab1" * 12 + "xy"
OF_RT = "1-42-" + "0f" * 16


@pytest.mark.parametrize(("token", "shown"), [(OURS, "tgp_0123456789a_***"), (OF_RT, "1-42-***")])
def test_it_is_no_name_and_no_login_and_is_repeated_only_by_its_handle(token, shown):
    for flaw in (label_flaw, name_flaw):
        found = flaw(token)
        assert found is not None
        assert "whole token" in found.what
    assert holds_token(f"for {token}!")
    assert without_tokens(f"'{token}' and {token}x") == f"'{shown}' and {shown}x"


@pytest.mark.parametrize(
    "text", ["tgp_0123456789a", "1-42", "build-1-42-nightly", "2-42-" + "0f" * 16, "d41d8cd98f00b204" * 2]
)
def test_handles_numbers_and_digests_are_names(text):
    assert name_flaw(text) is None
    assert without_tokens(text) == text
