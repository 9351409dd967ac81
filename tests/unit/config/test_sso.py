"""`portal.sso`: secrets that are read and never shown, and groups by either name."""

import pickle

import pytest

from gateway.config import ConfigInvalid
from gateway.config.reader import read
from gateway.config.show import effective, to_yaml

REST = "public_url: https://gateway.example.org\nroutes: []\ngroups: [staff, admins]\n"
CANARY = "Quiet-Lantern-7x-of-forty-characters-long"


def settings(folder, words):
    """The settings with this `portal.sso`."""
    return read(f"{REST}portal: {{sso: {{{words}}}}}\n".encode(), path=folder / "gw.yaml", env={})


@pytest.fixture
def folder(tmp_path):
    for name, held in (("one", CANARY), ("two", CANARY[::-1]), ("short", CANARY[:31])):
        (tmp_path / name).write_text(held + "\n")
        (tmp_path / name).chmod(0o640)
    return tmp_path


BY_SECRET = "from: 10.0.0.5, secret_header: {secret_file: [one, two]}"


def test_the_secrets_are_read_and_shown_nowhere(folder):
    found = settings(folder, BY_SECRET)
    assert [one.secret.reveal() for one in found.portal.sso.secret_header.secret_file] == [CANARY, CANARY[::-1]]
    for text in (to_yaml(found), repr(found), str(effective(found))):
        assert CANARY not in text
        assert CANARY[::-1] not in text
    assert pickle.loads(pickle.dumps(found)).portal == found.portal


@pytest.mark.parametrize(
    "words",
    [
        BY_SECRET + ", groups: keep",
        "socket: sso.sock, groups: [staff], headers: {name: Remote-Name}",
        'socket: {unix: sso.sock, mode: "0600", group: www-data}, separator: bar, create: true',
        'socket: "unix:/run/sso.sock", groups: {Domain Users: staff}, sign_out_url: "https://a.example.org/out?x=1"',
    ],
    ids=["secret", "socket", "mode", "mapping"],
)
def test_what_is_shown_of_it_loads_again_and_means_the_same(folder, words):
    found = settings(folder, words)
    assert read(to_yaml(found).encode(), path=folder / "gw.yaml", env={}).portal == found.portal


def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated(folder):
    with pytest.raises(ConfigInvalid) as refused:
        settings(folder, "from: 10.0.0.5, secret_header: {secret_file: [one, short]}")
    assert "secret_file[1]: 'short' holds fewer than 32 characters; make one with: openssl rand -hex 32" in str(
        refused.value
    )
    assert CANARY[:31] not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused(folder):
    (folder / "one").chmod(0o644)
    with pytest.raises(ConfigInvalid, match="others can read or write 'one'; chmod o-rwx it"):
        settings(folder, BY_SECRET)


def test_a_list_grants_what_it_names_and_a_mapping_what_it_stands_for(folder):
    assert settings(folder, "socket: s").portal.sso.grants == {}
    assert settings(folder, "socket: s, groups: staff").portal.sso.grants == {"staff": "staff"}
    mapped = settings(folder, "socket: s, groups: {Führung: admins, all: staff, more: staff}").portal.sso
    assert mapped.grants == {"Führung": "admins", "all": "staff", "more": "staff"}
    kept = settings(folder, "socket: s, groups: keep").portal.sso
    assert (kept.keeps_groups, kept.grants) == (True, {})
