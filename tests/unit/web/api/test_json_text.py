"""JSON bodies are read as strictly as two programs need to read them alike."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.api.json_text import MAX_DEPTH, BadJsonError, parse

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(PLAIN)
def test_what_any_program_writes_comes_back_as_it_was(value):
    assert parse(json.dumps(value).encode("utf-8")) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_one_error(raw):
    try:
        parse(raw)
    except BadJsonError:
        return


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a": 1, "a": 2}', id="D22-key-twice"),
        pytest.param(b'{"a": 1, "\\u0061": 2}', id="key-twice-in-two-spellings"),
        pytest.param(b'{"x": {"a": 1, "a": 1}}', id="key-twice-inside"),
        pytest.param(b"NaN", id="nan"),
        pytest.param(b"[-Infinity]", id="infinity"),
        pytest.param(b'"\\ud800"', id="half-a-surrogate"),
        pytest.param(b'{"\\udc00": 1}', id="half-a-surrogate-as-key"),
        pytest.param(b'"\xff"', id="not-utf8"),
        pytest.param(b'"\xed\xa0\x80"', id="surrogate-in-utf8"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf16"),
        pytest.param(b"{}{}", id="two-values"),
        pytest.param(b"{'a': 1}", id="not-json"),
        pytest.param(b'{"a": 1,}', id="comma"),
        pytest.param(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), id="deep"),
        pytest.param(b"[" * 16_000, id="very-deep"),
        pytest.param(b'{"a":' * 3_000, id="very-deep-objects"),
        pytest.param(b"1" * 16_000, id="long-number"),
        pytest.param(b"1e" + b"9" * 16_000, id="long-exponent"),
        pytest.param(b'"a\nb"', id="raw-control"),
    ],
)
def test_what_two_programs_could_read_differently_is_refused(raw):
    with pytest.raises(BadJsonError):
        parse(raw)


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b'"\\', b'a"[', b'\\\\"'], ids=repr)
def test_a_text_of_any_shape_is_read_in_time_linear_in_its_length(piece):
    """A string that never ends was looked for again from each quote in it: 0.6 s of the loop's time for one body."""
    raw = b'"' + piece * (16_000 // len(piece))
    began = time.process_time()
    with pytest.raises(BadJsonError):
        parse(raw)
    assert time.process_time() - began < 0.1


def test_brackets_in_a_text_are_text_and_the_deepest_allowed_is_allowed():
    assert parse(b'"' + b"[{" * 100 + b'\\"[["') == "[{" * 100 + '"[['
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert json.dumps(parse(deep)).encode() == deep


def test_no_byte_of_the_text_is_repeated():
    for raw in (b'{"SECRETCANARY": "SECRETCANARY" "', b'{"SECRETCANARY": 1, "SECRETCANARY": 1}', b"SECRETCANARY"):
        with pytest.raises(BadJsonError) as caught:
            parse(raw)
        assert "SECRETCANARY" not in str(caught.value)
