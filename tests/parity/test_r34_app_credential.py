"""R34: an app that insists on its own credential gets it from a serving process, which never shows it elsewhere."""

import signal

import pytest

from tests.process.serving import Serving

CANARY = "token 1-14-CANARY"
ROUTES = """\
  - {name: shared, host: app.example.org, path: "/rt/**", authenticated: true, authorization: {secret_file: rt}}
  - {name: each, host: app.example.org, path: "/each/**", authenticated: true, authorization: {secret_file: each}}
logs: {level: debug}
"""


@pytest.fixture
def serving(installation):
    write(installation.folder / "rt", CANARY)
    (installation.folder / "each").mkdir()
    write(installation.folder / "each" / "alice", f"{CANARY}-alice")
    made = Serving(installation)
    made.write(ROUTES)
    yield made
    if made.process is not None:
        made.stop()


def write(path, text):
    path.write_text(text + "\n")
    path.chmod(0o640)


def test_r34_one_for_all_one_for_each_login_and_read_anew_at_a_reload(serving):
    installation = serving.installation
    installation.ok("user", "add", "bob", "--group", "staff")
    alice, bob = installation.token(), installation.token("ci", "bob")
    serving.start()

    def given(token, path):
        status, headers, _ = serving.ask(token, path)
        return status, headers.get("authorization"), headers.get("x-auth-reason")

    assert given(alice, "/rt/x") == given(bob, "/rt/x") == (200, CANARY, None)
    assert given(alice, "/each/x") == (200, f"{CANARY}-alice", None)
    assert given(bob, "/each/x") == (403, None, "no_app_secret")
    assert given(None, "/rt/x") == (401, None, "no_credential")
    assert given(alice, "/api/x") == (200, None, None)

    (installation.folder / "rt").chmod(0o644)
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("reload refused, the old configuration stays")
    assert given(alice, "/rt/x") == (200, CANARY, None)

    write(installation.folder / "rt", "Basic bmV3LUNBTkFSWQ==")
    write(installation.folder / "each" / "bob", f"{CANARY}-bob")
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("reloaded")
    assert given(alice, "/rt/x") == (200, "Basic bmV3LUNBTkFSWQ==", None)
    assert given(bob, "/each/x") == (200, f"{CANARY}-bob", None)

    metrics = serving.get(serving.ops, "/metrics")[2].decode()
    assert 'reason="no_app_secret"' in metrics
    assert "CANARY" not in metrics + serving.log.read_text()
    assert "bmV3LUNBTkFSWQ" not in metrics + serving.log.read_text()


def test_r34_commands_say_where_it_comes_from_and_never_what_it_is(serving):
    installation = serving.installation
    installation.ok("user", "add", "bob", "--group", "staff")
    secret = installation.folder / "token"
    said = ""
    for user, code in (("alice", 0), ("bob", 1)):
        secret.write_text(installation.token("ci", user))
        for words in ([], ["--json"]):
            url = "https://app.example.org/each/x"
            ran = installation.run("explain", "GET", url, "--token-file", str(secret), *words)
            assert ran.code == code
            said += ran.out + ran.err
    place = str(installation.folder / "each")
    assert f"Authorization: from {place}" in said
    assert f"nothing for bob in {place}" in said
    for words in (
        ["config", "show"],
        ["config", "show", "--json"],
        ["config", "check"],
        ["routes"],
        ["routes", "--json"],
    ):
        said += installation.ok(*words).out
    for proxy in ("nginx", "traefik", "caddy"):
        said += installation.ok("proxy-config", proxy).out
    assert "CANARY" not in said


def test_r34_a_file_that_is_missing_stops_the_start_and_says_where_it_is_named(serving):
    (serving.installation.folder / "rt").unlink()
    assert serving.begin().wait(20) == 2
    (line,) = serving.log.read_text().splitlines()
    assert "authorization.secret_file: 'rt' does not exist; write the file, or correct the path" in line
