"""Which passwords are refused: what is guessed first, and nothing else."""

import pytest

from gateway.core.password import MAX_LENGTH, normal, password_flaw

CONTEXT = ("alice", "Alice Example", "alice@example.org", "Token Gateway", "gateway.example.org")


def flaw(text):
    return password_flaw(text, context=CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery staple",
        "zebra-kiosk-lantern",
        "Xk29vbQp7-Lm",
        "7391826409375512",
        "früh am Donnersberg, sieben Hühner",
        "незнакомый прохожий",
        "  spaces at both ends  ",
        "password, but only as the beginning of a sentence",
    ],
)
def test_what_nobody_guesses_passes_whatever_it_is_made_of(text):
    assert flaw(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "shorter than 12"),
        ("Xk29vbQp7-L", "shorter than 12"),
        ("\ufdfa", "shorter than 12"),
        ("x" * (MAX_LENGTH + 1), "more than 1024"),
        ("aaaaaaaaaaaaaaaa", "different"),
        ("hunter2hunter2", "again and again"),
        ("Xk29vbQ-Xk29vbQ-Xk2", "again and again"),
        ("password1234", "tried first"),
        ("P4ssw0rd!2026", "tried first"),
        ("Sommer2026!!!!", "tried first"),
        ("qwertyuiop12", "tried first"),
        ("0987654321ab", "tried first"),
        ("1qaz2wsx3edc", "tried first"),
        ("Alice-Example-1", "tried first"),
        ("token.gateway7", "tried first"),
        ("Ａｌｉｃｅ１２３４５６７８", "tried first"),
        ("Xk29vbQp7-Lm\x00", "cannot be typed"),
        ("Xk29vbQp7-Lm\ud800", "cannot be typed"),
    ],
)
def test_what_is_guessed_first_is_refused_in_words_that_do_not_repeat_it(text, says):
    found = flaw(text)
    assert found is not None
    assert says in found.what
    assert not text or text not in f"{found.what} {found.mend}"


def test_the_same_characters_from_another_keyboard_are_the_same_password():
    assert normal("e\u0301tude ６ Å") == normal("\u00e9tude 6 \u212b")
