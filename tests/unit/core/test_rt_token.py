"""The tokens of Request Tracker: one spelling each, presented and stored."""

import pytest

from gateway.core.credential import NoCredential, Presented, header_names, present
from gateway.core.rt_token import parse_rt_hash, parse_rt_token

TOKEN = b"1-42-0123456789abcdef0123456789abcdef"
HASH = "!bcrypt!10!ywoFoVoZ7ITEKjb5HRCFwO5a/Pbk44DSkIGuohAZynZb0ZbJy4QVO"


def test_a_token_is_read_into_user_and_secret() -> None:
    read = parse_rt_token(TOKEN)
    assert read is not None
    assert (read.user_id, read.secret.reveal()) == (42, "0123456789abcdef0123456789abcdef")
    assert "0123" not in repr(read)


@pytest.mark.parametrize(
    "presented",
    [
        b"",
        b"2-42-0123456789abcdef0123456789abcdef",
        b"1-0-0123456789abcdef0123456789abcdef",
        b"1-042-0123456789abcdef0123456789abcdef",
        b"1-42-0123456789ABCDEF0123456789ABCDEF",
        b"1-42-0123456789abcdef0123456789abcde",
        b"1-42-0123456789abcdef0123456789abcdef\n",
        b" 1-42-0123456789abcdef0123456789abcdef",
        b"1-" + b"9" * 19 + b"-0123456789abcdef0123456789abcdef",
        "1-٤٢-0123456789abcdef0123456789abcdef".encode(),
    ],
)
def test_any_other_spelling_is_none_of_them(presented: bytes) -> None:
    assert parse_rt_token(presented) is None


def test_a_stored_hash_is_taken_apart() -> None:
    read = parse_rt_hash(HASH)
    assert read is not None
    assert (read.cost, read.salt + read.digest) == (10, HASH[11:])


@pytest.mark.parametrize(
    "stored",
    [
        "",
        HASH.replace("!10!", "!03!"),
        HASH.replace("!10!", "!31!"),
        HASH.replace("bcrypt", "sha512"),
        HASH[:-1],
        HASH + "\n",
        HASH[:-1] + "P",
        HASH.replace("CFwO", "CFwP"),
        "$2b$10$ywoFoVoZ7ITEKjb5HRCFwO5a/Pbk44DSkIGuohAZynZb0ZbJy4QVO",
    ],
)
def test_what_rt_does_not_write_or_nobody_should_pay_for_is_no_hash(stored: str) -> None:
    assert parse_rt_hash(stored) is None


def test_with_rt_listed_the_token_scheme_is_looked_at_for_tokens_of_rt_alone() -> None:
    assert present([(b"Authorization", b"token " + TOKEN)], ("bearer", "rt")) == Presented(token=TOKEN)
    assert present([(b"Authorization", b"Token tgp_x")], ("bearer", "rt")) == NoCredential()
    assert present([(b"Authorization", b"token " + TOKEN)], ("bearer",)) == NoCredential()
    assert header_names(("rt",)) == {b"authorization"}


def test_a_token_of_rt_with_blanks_too_many_is_malformed_and_not_passed_over() -> None:
    assert present([(b"Authorization", b"token  " + TOKEN)], ("rt",)) == Presented(token=b"")
