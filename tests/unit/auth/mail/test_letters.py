"""What is in a mail, and what no value can do to one."""

import email
import email.policy
from datetime import timedelta

import pytest

from gateway.auth.mail.letter import House, Letter, confirmation_ends, stale_secret, token_expires, token_made, trial
from gateway.auth.mail.message import UnsendableError, message
from gateway.core.owner import OwnerKind
from tests.builders import NOW, a_token, an_owner

HOUSE = House(
    brand="tg", realm="Acme, Gate", public_url="https://gw.example.org", support_contact="help desk, phone 4711"
)
DAY = timedelta(days=1)
ALICE = an_owner(name="Zoë Ämple 李")
TOKEN = a_token(ALICE, name="bäckup ✓", scopes=frozenset({"rest", "pull"}))
NASTY = "x\r\nBcc: eve@example.org\r\n\r\n\x1b[31m\u202e"
LETTERS = {
    "expires": lambda owner, token: token_expires(HOUSE, owner, token, ends_at=NOW + 7 * DAY, now=NOW),
    "confirmation": lambda owner, _: confirmation_ends(HOUSE, owner, ends_at=NOW + DAY, now=NOW),
    "made": lambda owner, token: token_made(
        HOUSE, owner, token, by=token.name, address="192.0.2.7", at=NOW, rotated=False
    ),
    "rotated": lambda owner, token: token_made(HOUSE, owner, token, by="root", address="", at=NOW, rotated=True),
    "stale": lambda owner, token: stale_secret(
        HOUSE, owner, token, address="192.0.2.7", at=NOW, count=3, host=token.name
    ),
}


def parsed(letter, to="alice@example.org", **over):
    """The message as a mail program reads it."""
    raw = message(HOUSE, letter, **({"sender": "gw@example.org", "to": to, "mark": "m", "at": NOW} | over))
    return raw, email.message_from_bytes(raw, policy=email.policy.default)


@pytest.mark.parametrize("kind", LETTERS)
def test_a_mail_says_which_token_until_when_and_what_to_do(kind):
    raw, read = parsed(LETTERS[kind](ALICE, TOKEN))
    text = read.get_content()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert (read["From"], read["To"]) == ('"Acme, Gate" <gw@example.org>', "alice@example.org")
    assert read["Auto-Submitted"] == "auto-generated"
    assert "Zoë Ämple 李" in text
    assert "https://gw.example.org" in text
    assert "help desk, phone 4711" in text
    assert "    token-gateway " in text
    if kind != "confirmation":
        assert f"tgp_{TOKEN.id}" in text
        assert "bäckup ✓" in text
        assert "bäckup ✓" in read["Subject"]


def test_expiry_is_told_in_words_and_exactly():
    letter = LETTERS["expires"](ALICE, TOKEN)
    assert letter.subject == "Token bäckup ✓ expires in 7 days"
    assert "2026-11-29 12:00:00 UTC" in letter.text


def test_a_token_that_somebody_else_made_says_who_and_from_where():
    letter = token_made(HOUSE, ALICE, TOKEN, by="bob", address="2001:db8::1", at=NOW, rotated=False)
    assert all(word in letter.text for word in ("bob", "2001:db8::1", "pull rest", "2026-11-22 12:00:00 UTC"))


def test_a_stale_secret_is_told_as_a_possible_leak_with_its_place():
    text = LETTERS["stale"](ALICE, TOKEN).text
    assert all(word in text for word in ("192.0.2.7", "2026-11-22 12:00:00 UTC", "take it for a leak"))


def test_an_application_is_named():
    app = an_owner("nightly", kind=OwnerKind.APPLICATION, name="")
    assert "application nightly" in token_expires(HOUSE, app, TOKEN, ends_at=NOW + DAY, now=NOW).text


@pytest.mark.parametrize("kind", LETTERS)
def test_no_value_makes_a_header_a_line_or_a_control_character(kind):
    _, plain = parsed(LETTERS[kind](an_owner(name="x"), a_token(name="x")))
    _, read = parsed(LETTERS[kind](an_owner(name=NASTY), a_token(name=NASTY)))
    assert read.keys() == plain.keys()
    assert "eve@example.org" not in str(read["To"]) + str(read["Bcc"])
    text = read.get_content().replace("\r\n", "\n")
    assert text.count("\n") == plain.get_content().count("\n")
    assert not {"\r", "\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    "bad", ["", "a@b\r\nBcc: c@d", "a b@example.org", "a@example.org, b@example.org", "ä@example.org"]
)
def test_an_address_that_is_none_is_refused(bad):
    with pytest.raises(UnsendableError):
        parsed(trial(HOUSE), to=bad)


@pytest.mark.parametrize("bad", ["a\r\nBcc: b@example.org", "a\nb", "a\x00b", "a\u2028b"])
def test_a_subject_with_a_control_character_is_refused(bad):
    with pytest.raises(UnsendableError):
        parsed(Letter(subject=bad, text="x"))


def test_the_same_mail_has_the_same_id_and_another_has_another():
    ids = [parsed(trial(HOUSE), mark=mark)[1]["Message-ID"] for mark in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@gw.example.org>")
