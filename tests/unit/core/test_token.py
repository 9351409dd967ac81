"""The token format has exactly one spelling per token."""

import os
import pickle
import string

import pytest

from gateway.core.token import (
    ALPHABET,
    Kind,
    Secret,
    compose,
    handle,
    new_id,
    new_secret,
    parse,
    parse_handle,
)


def made(kind: Kind = Kind.PERSONAL, brand: str = "tg") -> bytes:
    return compose(brand, kind, new_id(os.urandom(64)), new_secret(os.urandom(64))).reveal().encode()


@pytest.mark.parametrize("kind", Kind)
def test_a_made_token_is_read_back(kind):
    secret, token_id = new_secret(os.urandom(64)), new_id(os.urandom(64))
    parsed = parse(compose("tg", kind, token_id, secret).reveal().encode(), brand="tg")
    assert parsed is not None
    assert (parsed.kind, parsed.id, parsed.secret) == (kind, token_id, secret)


def test_a_token_has_the_width_and_the_alphabet_of_the_format():
    token = made()
    assert len(token) == 54
    assert set(token.decode()) <= set(string.ascii_letters + string.digits + "_")


def test_every_single_changed_character_is_noticed_by_the_checksum():  # T08
    token = made()
    for place in range(len(token)):
        for other in b"0Az_":
            if token[place] != other:
                assert parse(token[:place] + bytes([other]) + token[place + 1 :], brand="tg") is None


def test_neighbours_swapped_are_noticed():  # T08
    token = made()
    for place in range(4, len(token) - 1):
        swapped = token[:place] + token[place : place + 2][::-1] + token[place + 2 :]
        assert swapped == token or parse(swapped, brand="tg") is None


TOKEN = made()


@pytest.mark.parametrize(
    "presented",
    [
        pytest.param(b"", id="empty"),
        pytest.param(TOKEN[:15], id="T11-handle-only"),
        pytest.param(TOKEN[:-1], id="T11-short-by-one"),
        pytest.param(TOKEN + b"0", id="T11-long-by-one"),
        pytest.param(b"x" * 8192, id="T11-8kB"),
        pytest.param(TOKEN * 20_000, id="T11-1MB"),
        pytest.param(TOKEN.lower(), id="T12-lower"),
        pytest.param(TOKEN.upper(), id="T12-upper"),
        pytest.param(TOKEN + b"\n", id="T13-newline-behind"),
        pytest.param(b"\n" + TOKEN, id="T13-newline-before"),
        pytest.param(TOKEN + b"=", id="T13-padding"),
        pytest.param(TOKEN[:20] + b"\xff\xfe" + TOKEN[22:], id="T06-bytes"),
        pytest.param(TOKEN.decode().replace("_", "＿").encode(), id="T07-full-width"),
        pytest.param(TOKEN[:20] + "٣".encode() + TOKEN[22:], id="T07-arabic-digit"),
        pytest.param(TOKEN[:20] + "а".encode() + TOKEN[22:], id="T07-cyrillic-a"),
        pytest.param(b" " + TOKEN, id="space-before"),
        pytest.param(TOKEN + b" ", id="space-behind"),
        pytest.param(b"xx" + TOKEN[2:], id="other-brand"),
    ],
)
def test_anything_but_the_one_spelling_is_refused(presented):
    assert parse(presented, brand="tg") is None


def test_a_token_of_another_installation_is_refused_even_with_its_right_checksum():
    assert parse(made(brand="ab"), brand="tg") is None


def test_a_secret_shows_itself_nowhere_by_accident():
    secret = Secret("hunter2" * 5)
    shown = f"{secret} {secret!r} {secret!s:>40}" + str([secret]) + repr({"s": secret}) + str(secret)
    assert "hunter2" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)


def test_ids_and_secrets_use_the_whole_alphabet_evenly():
    drawn = "".join(new_secret(os.urandom(64)).reveal() for _ in range(2000))
    share = [drawn.count(char) / len(drawn) for char in ALPHABET]
    assert max(share) < 1.35 / 62  # 64,000 draws: seven standard deviations are 22 %
    assert min(share) > 0.65 / 62


def test_too_little_entropy_is_an_error_not_a_weak_token():
    with pytest.raises(ValueError, match="64 bytes"):
        new_secret(b"short")


def test_a_handle_names_kind_and_id_and_is_read_back():
    assert handle("tg", Kind.APPLICATION, "a" * 11) == "tga_" + "a" * 11
    assert parse_handle("tga_" + "a" * 11, brand="tg") == (Kind.APPLICATION, "a" * 11)
    assert parse_handle("tga_" + "a" * 10, brand="tg") is None
    assert parse_handle("aba_" + "a" * 11, brand="tg") is None
