"""R07, R08, R32, R36, R37, and R33's traps: what is kept, and what the pages tell operators."""

import re
from pathlib import Path

import pytest

from gateway.auth import matching as module
from gateway.auth.keyring import add_key, load
from tests.house import House
from tests.installation import handle
from tests.parity.living import changed_secret, secret_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def house(tmp_path):
    """An authenticator around a store in memory."""
    add_key(tmp_path / "key")
    made = House(load(tmp_path / "key"))
    yield made
    made.pool.close()


@pytest.fixture
def verifications(monkeypatch):
    """Counts how often argon2 is asked."""
    calls = []
    real = module.verify_token_secret
    monkeypatch.setattr(module, "verify_token_secret", lambda *args: (calls.append(args), real(*args))[1])
    return calls


def test_r07_a_token_is_kept_as_an_argon2id_hash_and_shown_once(installation) -> None:
    made = installation.ok("token", "create", "--user", "alice", "--name", "ci", "--scope", "rest")
    token = made.out.strip()
    hashes = [value for row in installation.rows("SELECT * FROM secrets") for value in row if isinstance(value, str)]
    assert [value for value in hashes if value.startswith("$argon2id$v=19$m=8192,t=1,p=1$")]
    assert secret_of(token).encode() not in installation.on_disk()
    for words in (("token", "list"), ("token", "show", handle(token)), ("token", "show", handle(token), "--json")):
        ran = installation.ok(*words)
        assert secret_of(token) not in ran.out + ran.err


async def test_r08_a_wrong_token_costs_no_hash_however_many_tokens_there_are(house, verifications) -> None:
    for _ in range(20):
        _, presented = house.keep()
    await house.ask(changed_secret(presented.decode()).encode())
    await house.ask(b"tgp_00000000000_" + presented[16:])
    assert verifications == []
    await house.ask(presented)
    assert len(verifications) == 1


async def test_r08_an_unknown_user_name_costs_what_a_known_one_does(house, verifications) -> None:
    _, presented = house.keep()
    for user in (b"alice", b"nobody", b""):
        await house.ask(changed_secret(presented.decode()).encode(), user)
    assert verifications == []


def test_r32_setting_up_twice_changes_nothing_and_starting_again_neither(installation) -> None:
    token = installation.token()
    before = installation.rows("SELECT * FROM owners"), installation.rows("SELECT * FROM alembic_version")
    assert installation.run("init", str(installation.folder), "--admin", "alice").code != 0
    for _ in range(2):
        installation.ok("token", "list")
    assert (installation.rows("SELECT * FROM owners"), installation.rows("SELECT * FROM alembic_version")) == before
    explained = ("explain", "GET", "https://app.example.org/api/x", "--token-file", "-")
    assert installation.run(*explained, stdin=token).code == 0


def test_r32_a_newer_schema_is_refused(installation) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(installation.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ran = installation.run("token", "list")
    assert ran.code != 0
    assert "newer" in ran.err


def test_r33_the_pages_name_the_traps_of_remote_user() -> None:
    page = (ROOT / "docs" / "nginx.md").read_text("utf-8").partition("## REMOTE_USER")[2]
    for trap in ("**after** `fastcgi_params`", "REMOTE_USER $remote_user", "session cookie outranks", "is empty"):
        assert trap in page


@pytest.mark.parametrize("proxy", ["nginx", "traefik", "caddy"])
def test_r36_the_printed_config_hands_the_credential_to_the_gateway(proxy: str, installation) -> None:
    printed = installation.ok("proxy-config", proxy).out
    assert re.search(
        {"nginx": r"proxy_set_header Authorization \$http_authorization;"}.get(proxy, "Authorization"), printed
    )


def test_r36_the_pages_name_apaches_line() -> None:
    assert "CGIPassAuth On" in (ROOT / "docs" / "nginx.md").read_text("utf-8")


def test_r37_a_new_key_or_a_lost_one_takes_no_token_away(installation) -> None:
    token = installation.token()
    explained = ("explain", "GET", "https://app.example.org/api/x", "--token-file", "-")
    installation.ok("key", "new")
    installation.ok("key", "register")
    assert installation.run(*explained, stdin=token).code == 0
    (installation.folder / "token-gateway.key").unlink()
    installation.ok("key", "new")
    installation.ok("key", "register")
    assert installation.run(*explained, stdin=token).code == 0
