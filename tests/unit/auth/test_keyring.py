"""The key file: one line a key, the current one first, and a clear line for every fault."""

import hmac
import os
import stat

import pytest

from gateway.auth.keyring import KeyFileError, add_key, is_readable_by_others, load


def test_a_new_key_comes_first_and_the_older_ones_stay(tmp_path):
    path = tmp_path / "key"
    first = add_key(path)
    second = add_key(path)
    ring = load(path)
    assert [key.id for key in ring.keys] == [second.id, first.id]
    assert ring.current == second
    assert ring.get(first.id) == first
    assert ring.get("k12345678") is None


def test_the_file_is_for_its_owner_alone(tmp_path):
    add_key(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_file_that_others_may_read_is_known_as_that(tmp_path):
    add_key(tmp_path / "key")
    assert not is_readable_by_others(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    assert is_readable_by_others(tmp_path / "key")


def test_a_new_key_belongs_to_whom_the_old_one_belonged_to(tmp_path):
    add_key(tmp_path / "key")
    if os.geteuid() == 0:
        os.chown(tmp_path / "key", 65534, 65534)
    before = (tmp_path / "key").stat()
    add_key(tmp_path / "key")
    after = (tmp_path / "key").stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_the_keys_for_tags_and_audit_differ_and_the_check_tells_neither(tmp_path):
    key = add_key(tmp_path / "key")
    assert len({key.tag_key, key.audit_key}) == 2
    assert key.check not in key.tag_key.hex() + key.audit_key.hex()


def test_a_tag_depends_on_key_and_secret(tmp_path):
    first, second = add_key(tmp_path / "a"), add_key(tmp_path / "b")
    assert len({first.tag("a" * 32), first.tag("b" * 32), second.tag("a" * 32)}) == 3
    assert len(first.tag("a" * 32)) == 4


def test_a_tag_is_the_first_bytes_of_an_hmac_with_sha256(tmp_path):
    key = add_key(tmp_path / "key")
    secret = "a1" * 16
    assert key.tag(secret) == hmac.digest(key.tag_key, secret.encode(), "sha256")[:4]


def test_a_key_shows_only_its_id(tmp_path):
    key = add_key(tmp_path / "key")
    assert f"{key}" == f"Key({key.id})"


GOOD = "k0123abcd " + "A" * 43


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "holds no key", id="empty"),
        pytest.param("# only a comment\n", "holds no key", id="comment"),
        pytest.param(GOOD + "\n" + GOOD, "there twice", id="twice"),
        pytest.param(GOOD[:-1], ":1: not a key", id="short"),
        pytest.param(GOOD + "=", ":1: not a key", id="padded"),
        pytest.param("# x\nsecret", ":2: not a key", id="foreign-line"),
        pytest.param("ключ", "not a key file", id="not-ascii"),
    ],
)
def test_a_fault_is_named_with_its_line_and_without_the_key(tmp_path, text, words):
    path = tmp_path / "key"
    path.write_text(text, "utf-8")
    with pytest.raises(KeyFileError, match=words) as raised:
        load(path)
    assert "AAAA" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_missing_file_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(KeyFileError, match="token-gateway key new"):
        load(tmp_path / "none")


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(KeyFileError, match="cannot read"):
        load(tmp_path)
