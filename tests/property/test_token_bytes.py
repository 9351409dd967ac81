"""A token is read in exactly one spelling: whatever is read writes itself back, and no damaged one is read."""

import os

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.rt_token import MAX_COST, MIN_COST, parse_rt_hash, parse_rt_token
from gateway.core.token import ALPHABET, Kind, compose, handle, new_id, new_secret, parse, parse_handle

kinds = st.sampled_from(Kind)
entropy = st.binary(min_size=64, max_size=64)
GOOD = compose("tg", Kind.PERSONAL, new_id(os.urandom(64)), new_secret(os.urandom(64))).reveal().encode()
like_tokens = st.lists(
    st.sampled_from([b"tg", b"p", b"a", b"_", b"tgp_", GOOD[4:15], GOOD[16:], GOOD[:20], GOOD[20:], b"\n", b" ", b"\0"])
    | st.sampled_from([bytes([ord(character)]) for character in ALPHABET]),
    max_size=60,
).map(b"".join)


@given(kinds, entropy, entropy)
def test_what_is_made_is_read_back_whole(kind, id_entropy, secret_entropy):
    token_id, secret = new_id(id_entropy), new_secret(secret_entropy)
    parsed = parse(compose("tg", kind, token_id, secret).reveal().encode(), brand="tg")
    assert parsed is not None
    assert (parsed.kind, parsed.id, parsed.secret) == (kind, token_id, secret)
    assert parse_handle(handle("tg", kind, token_id), brand="tg") == (kind, token_id)


@given(st.binary(max_size=80) | like_tokens | st.just(GOOD))
def test_whatever_is_read_as_a_token_writes_itself_back(raw):
    parsed = parse(raw, brand="tg")
    if parsed is not None:
        assert compose("tg", parsed.kind, parsed.id, parsed.secret).reveal().encode() == raw
        assert parse(raw, brand="zz") is None


@given(entropy, st.lists(st.tuples(st.integers(0, 53), st.binary(max_size=2)), min_size=1, max_size=3))
def test_no_damaged_token_is_a_token(made_of, damage):
    """Nor is one in another case: the checksum is over the very bytes. Of random ones, 2**-32 slip through."""
    good = compose("tg", Kind.PERSONAL, new_id(made_of), new_secret(made_of)).reveal().encode()
    raw = bytearray(good)
    for at, put in damage:
        raw[at : at + 1] = put
    assume(bytes(raw) != good)
    assert parse(bytes(raw), brand="tg") is None
    assert parse(good.swapcase(), brand="tg") is None


@given(st.text(max_size=40) | st.from_regex(r"[a-z]{2}[pa]_[0-9A-Za-z]{10,12}\n?", fullmatch=True))
def test_whatever_is_read_as_a_handle_writes_itself_back(text):
    found = parse_handle(text, brand="tg")
    assert found is None or handle("tg", *found) == text


@given(st.binary(max_size=60) | st.from_regex(rb"1-[0-9]{1,20}-[0-9a-fA-F]{31,33}\n?", fullmatch=True))
def test_whatever_is_read_as_a_token_of_request_tracker_writes_itself_back(raw):
    found = parse_rt_token(raw)
    assert found is None or f"1-{found.user_id}-{found.secret.reveal()}".encode() == raw


@given(st.text(max_size=80) | st.from_regex(r"!bcrypt![0-9]{2}![./A-Za-z0-9]{52,54}\n?", fullmatch=True))
def test_whatever_is_read_as_a_hash_of_request_tracker_writes_itself_back_and_is_payable(text):
    found = parse_rt_hash(text)
    if found is not None:
        assert f"!bcrypt!{found.cost:02}!{found.salt}{found.digest}" == text
        assert MIN_COST <= found.cost <= MAX_COST
