"""`token-gateway store`: what the operator types, and what is there afterwards."""

import asyncio
import contextlib
import sqlite3
import stat

import pytest

from gateway.store import SqliteFeed
from tests.installation import an_installation, handle


@pytest.fixture
def installed(tmp_path, tmp_path_factory):
    """A fresh installation."""
    return an_installation(tmp_path_factory.getbasetemp() / "installed-for-store", tmp_path / "gateway")


def test_backup_prints_the_copy_and_names_the_key_file_to_keep_with_it(installed):
    copy = installed.folder / "copy.db"
    ran = installed.ok("store", "backup", str(copy))
    assert ran.out.strip() == str(copy)
    assert f"keep {installed.folder / 'token-gateway.key'} with it" in ran.err
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_backup_never_overwrites(installed):
    copy = installed.folder / "copy.db"
    copy.write_text("mine")
    ran = installed.run("store", "backup", str(copy))
    assert ran.code == 2
    assert ran.err == f"token-gateway: {copy}: is there already; choose another name\n"
    assert copy.read_text() == "mine"


def test_restore_brings_back_what_was_there_and_reaches_those_who_follow(installed):
    copy = installed.folder / "copy.db"
    installed.ok("store", "backup", str(copy))
    installed.ok("user", "add", "bob")
    feed = SqliteFeed(installed.database)
    ran = installed.ok("store", "restore", str(copy), "--json")
    assert feed.poll().complete is False
    feed.close()
    assert ran.json["epoch"] == installed.ok("store", "info", "--json").json["epoch"]
    assert (ran.json["tokens_live_again"], ran.json["owners_enabled_again"]) == ([], [])
    assert "anew" not in ran.err
    assert installed.rows("SELECT login FROM owners") == [("alice",)]
    assert installed.rows("SELECT actor, action FROM audit ORDER BY seq DESC LIMIT 1")[0][1] == "store_restored"


def test_restore_names_what_was_stopped_since_and_is_not_any_more(installed):
    for login in ("bob", "eve", "dan"):
        installed.ok("user", "add", login, "--group", "staff")
    names = ("revoked", "suspended", "kept", "gone before")
    ids = {name: handle(installed.token(name)) for name in names}
    of_bob = handle(installed.token("of bob", "bob"))
    installed.ok("token", "revoke", ids["gone before"])
    copy = installed.folder / "copy.db"
    installed.ok("store", "backup", str(copy))
    installed.ok("token", "revoke", ids["revoked"])
    installed.ok("token", "suspend", ids["suspended"])
    installed.ok("user", "delete", "bob", "--yes")
    installed.ok("user", "disable", "eve")
    installed.ok("token", "revoke", handle(installed.token("later")))
    ran = installed.ok("store", "restore", str(copy), "--json")
    assert ran.json["tokens_live_again"] == sorted([ids["revoked"], ids["suspended"], of_bob])
    assert ran.json["owners_enabled_again"] == ["bob", "eve"]
    assert "enabled again, though disabled or deleted after it: bob, eve; disable them anew" in ran.err
    assert ids["revoked"] in ran.err
    assert ids["kept"] not in ran.err + ran.out


def test_restore_over_what_cannot_tell_says_so(installed):
    copy = installed.folder / "copy.db"
    installed.ok("store", "backup", str(copy))
    installed.token()
    with contextlib.closing(sqlite3.connect(installed.database)) as connection, connection:
        connection.execute("ALTER TABLE tokens RENAME TO somewhere_else")
    ran = installed.ok("store", "restore", str(copy), "--json")
    assert (ran.json["tokens_live_again"], ran.json["owners_enabled_again"]) == (None, None)
    assert "tokens revoked after that backup was made are live again; revoke them anew" in ran.err


def test_restore_of_what_is_not_ours_is_one_line_and_changes_nothing(installed):
    source = installed.folder / "source.db"
    source.write_bytes(b"garbage" * 500)
    before = installed.on_disk()
    ran = installed.run("store", "restore", str(source))
    mend = "name a file that `token-gateway store backup` made"
    assert (ran.code, ran.err) == (2, f"token-gateway: {source}: not a SQLite database; {mend}\n")
    assert installed.on_disk() == before


def test_info_tells_file_schema_and_epoch_for_people_and_for_scripts(installed):
    told = installed.ok("store", "info").out
    document = installed.ok("store", "info", "--json").json
    assert document["path"] == str(installed.database)
    assert (document["users"], document["tokens"], document["schema"]) == (1, 0, document["schema_known"])
    for shown in (str(installed.database), document["epoch"], document["keys"][0]):
        assert shown in told


def test_the_audit_of_a_restored_store_verifies(installed):
    copy = installed.folder / "copy.db"
    installed.ok("store", "backup", str(copy))
    installed.ok("store", "restore", str(copy))

    async def verdict():
        async with installed.desk() as desk:
            return await desk.store.verify_audit()

    assert asyncio.run(verdict()).fault == ""
