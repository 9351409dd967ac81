"""The mail section: a password that is read and never shown, and nothing in clear by mistake."""

import pickle

import pytest

from gateway.config import ConfigInvalid
from gateway.config.reader import read
from gateway.config.show import effective, to_yaml

REST = "public_url: https://gateway.example.org\nroutes: []\n"
CANARY = "Quiet Lantern 7x!"


def settings(folder, words):
    """The settings with this `mail`."""
    return read(f"{REST}mail: {{from: gw@example.org, {words}}}\n".encode(), path=folder / "gw.yaml", env={})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "password").write_text(CANARY + "\n")
    (tmp_path / "password").chmod(0o640)
    return tmp_path


def test_the_password_is_read_and_shown_nowhere(folder):
    found = settings(folder, "host: smtp.example.org, user: gw, password_file: password")
    assert found.mail.password_file.secret.reveal() == CANARY
    assert effective(found)["mail"]["password_file"] == str(folder / "password")
    assert all(CANARY not in text for text in (to_yaml(found), repr(found), str(effective(found))))


def test_it_can_be_handed_to_another_process(folder):
    found = settings(folder, "host: smtp.example.org, user: gw, password_file: password")
    handed = pickle.loads(pickle.dumps(found))
    assert handed.mail == found.mail
    assert handed.mail.password_file.secret.reveal() == CANARY


@pytest.mark.parametrize(
    ("security", "port"), [("starttls", 587), ("tls", 465), ("none, plain_to: smtp.example.org", 25)]
)
def test_each_security_has_its_usual_port(folder, security, port):
    found = settings(folder, f"host: SMTP.example.org, security: {security}")
    assert (found.mail.host, found.mail.port_number) == ("smtp.example.org", port)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", '"::1"', "127.8.8.8"])
def test_to_this_machine_mails_and_passwords_may_go_in_clear(folder, host):
    assert settings(folder, f"host: {host}, security: none, user: gw, password_file: password").mail.security == "none"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "host: a.example.org, security: none, plain_to: a.example.org, user: gw, password_file: password",
            "a password is never sent in clear to another machine",
        ),
        ("host: localhost.example.org, security: none", "in clear"),
        ("host: 0.0.0.0, security: none", "in clear"),
        ("host: localhost, timeout: 61s", "is longer than 1m"),
    ],
    ids=["a password in clear", "nearly localhost", "no loopback", "too patient"],
)
def test_what_must_not_be_is_refused(folder, words, said):
    with pytest.raises(ConfigInvalid, match=said):
        settings(folder, words)


@pytest.mark.parametrize("held", ["", "\n", "two\nlines\n", "ü\n", " x\n", "x" * 1025])
def test_a_password_file_that_is_not_one_line_is_refused_and_not_repeated(folder, held):
    (folder / "password").write_text(held)
    with pytest.raises(ConfigInvalid) as refused:
        settings(folder, "host: localhost, user: gw, password_file: password")
    assert "is not one line of printable ASCII" in str(refused.value)
    assert "xxxx" not in str(refused.value)
