"""`serve` as a process: it starts whole or not at all, follows changes of others, and leaves nothing behind."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

from gateway.auth.keyring import add_key
from tests.installation import handle
from tests.process.serving import Serving


def refused(serving):
    """Start something that must not start; its words."""
    process = serving.begin()
    assert process.wait(20) == 2, serving.log.read_text()
    words = serving.log.read_text()
    assert "Traceback" not in words
    return words


def snapshot(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix not in {".log", ".lock"}}


def test_a_token_made_by_the_command_passes_and_its_revocation_is_seen_when_the_command_returns(serving):
    token = serving.installation.token()
    status, headers, _ = serving.ask(token)
    assert (status, headers["x-auth-user"]) == (200, "alice")
    for name in ("one", "two", "three"):
        other = serving.installation.token(name)
        assert serving.ask(other)[0] == 200
        serving.installation.ok("token", "revoke", handle(other))
        assert serving.ask(other)[0] == 401, "the first check after the command returned"
    assert serving.ask(token)[0] == 200


def test_a_disabled_owner_and_a_rotated_secret_are_refused_when_the_command_returns(serving):
    serving.installation.ok("user", "add", "bob", "--group", "staff")
    token = serving.installation.token("ci", "bob")
    assert serving.ask(token)[0] == 200
    fresh = serving.installation.ok("token", "rotate", handle(token)).out.strip()
    assert serving.ask(token)[0] == 401
    assert serving.ask(fresh)[0] == 200
    serving.installation.ok("user", "disable", "bob")
    status, headers, _ = serving.ask(fresh)
    assert (status, headers["x-auth-reason"]) == (401, "owner_disabled")
    serving.installation.ok("user", "enable", "bob")
    time.sleep(0.11)
    assert serving.ask(fresh)[0] == 200


def test_uses_are_counted_and_written_when_it_stops(serving):
    token = serving.installation.token()
    for _ in range(7):
        assert serving.ask(token)[0] == 200
    assert serving.stop() == 0
    shown = serving.installation.ok("token", "show", handle(token), "--json").json
    assert serving.installation.rows("SELECT total, since_rotation, last_address FROM usage") == [(7, 7, "192.0.2.7")]
    assert "192.0.2.7" in str(shown)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_signal_with_0_and_leaves_no_socket(serving, number):
    assert stat.S_ISSOCK(serving.socket.stat().st_mode)
    assert serving.stop(number) == 0
    assert not serving.socket.exists()
    events = serving.events()
    assert events[-2:] == ["audit head", "stopped"]
    assert [event for event in events if event != "audit head"][-2:] == ["draining", "stopped"]


def test_a_connection_that_is_held_open_does_not_hold_up_the_end(serving):
    with socket.create_connection(("127.0.0.1", serving.check)) as held:
        held.sendall(b"GET /check/traefik HTTP/1.1\r\nHost:")
        started = time.monotonic()
        assert serving.stop() == 0
        assert time.monotonic() - started < 10


def test_the_unix_socket_has_its_mode_and_answers(serving):
    assert stat.S_IMODE(serving.socket.stat().st_mode) == 0o660
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(serving.socket))
        client.sendall(b"GET /check/caddy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_stale_socket_is_replaced_and_one_in_use_is_not(installation):
    first = Serving(installation)
    first.start()
    first.stop(signal.SIGKILL)
    assert first.socket.exists()
    first.start()
    second = Serving(installation)
    assert "already in use" in refused(second)
    assert first.ready() == 200
    first.stop()


def test_a_reload_takes_all_of_a_valid_configuration_and_nothing_of_a_broken_one(serving):
    token = serving.installation.token()
    assert serving.ask(token, "/later/x")[0] == 403
    serving.write('  - {name: later, host: app.example.org, path: "/later/**", authenticated: true}\n')
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("reloaded")
    assert serving.ask(token, "/later/x")[0] == 200
    serving.write("  - {name: later, host: [}\n")
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("reload refused, the old configuration stays")
    assert serving.ask(token, "/later/x")[0] == 200


def test_what_needs_a_restart_is_named_at_a_reload(serving):
    serving.check = 1
    serving.write()
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("changed, but takes a restart")
    serving.process.send_signal(signal.SIGHUP)
    for _ in range(200):
        if serving.events().count("changed, but takes a restart") == 2:
            return
        time.sleep(0.02)
    raise AssertionError("a second reload does not say so again")


def test_headers_that_the_proxies_do_not_know_are_named_at_a_reload(serving):
    text = serving.base().replace("X-Auth-User: login,", "X-Auth-User: login, X-Remote-Boss: login,")
    serving.installation.config.write_text(text)
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("reloaded")
    (line,) = [line for line in serving.lines() if "headers" in line]
    assert line["headers"] == ["X-Remote-Boss"]
    assert line["run"] == "token-gateway proxy-config"


def test_ops_tells_health_and_metrics_and_nothing_about_tokens(serving):
    token = serving.installation.token()
    serving.ask(token)
    serving.ask(None)
    assert serving.get(serving.ops, "/health/live")[0] == 200
    status, headers, body = serving.get(serving.ops, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert b'token_gateway_checks_total{dialect="traefik",reason="token",status="200"} 1.0' in body
    assert b'token_gateway_checks_total{dialect="traefik",reason="no_credential",status="401"} 1.0' in body
    assert handle(token).encode()[4:] not in body
    assert serving.get(serving.ops, "/check/traefik")[0] == 404


HELD_IMPORT = """
import os, sys, time
class Held:
    def find_spec(self, name, path=None, target=None):
        while name == "gateway.runtime.portal" and not os.path.exists({go!r}):
            time.sleep(0.01)
sys.meta_path.insert(0, Held())
"""


def test_checks_are_answered_while_the_portal_is_still_put_together(installation, tmp_path, monkeypatch):
    go, token = tmp_path / "go", installation.token()
    (tmp_path / "sitecustomize.py").write_text(HELD_IMPORT.format(go=str(go)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    serving = Serving(installation)
    process = serving.begin()
    try:
        for _ in range(400):
            assert process.poll() is None, serving.log.read_text()
            with contextlib.suppress(OSError):
                assert serving.ask(token)[0] == 200
                break
            time.sleep(0.05)
        assert "serving" not in serving.events()
        assert serving.ask(token)[0] == 200
        go.touch()
        serving.wait_for("serving")
        assert serving.get(serving.portal, "/api/v1/token", {"Host": "gateway.example.org"})[0] == 401
    finally:
        go.touch()
        assert serving.stop() == 0


def test_an_idle_process_is_small(serving):
    status = Path(f"/proc/{serving.process.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 100 * 1024, resident


def test_no_secret_is_in_the_log_or_the_process_list(serving):
    token = serving.installation.token()
    serving.ask(token)
    serving.ask(token[:-1])
    serving.ask(token, f"/api/x?auth_token={token}")
    serving.ask(token, f"/nowhere?token={token}")
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    serving.stop()
    assert token[16:40] not in serving.log.read_text() + listed


def test_a_store_that_another_holds_locked_still_serves_checks(serving):
    token, cold = serving.installation.token(), serving.installation.token("cold")
    assert serving.ask(token)[0] == 200
    holder = sqlite3.connect(serving.installation.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert serving.ask(token)[0] == 200
    assert serving.ask(cold)[0] == 200
    holder.execute("ROLLBACK")
    holder.close()


def test_a_database_that_is_taken_away_makes_checks_unavailable_and_never_allowed(serving):
    token = serving.installation.token()
    assert serving.ask(token)[0] == 200
    aside = serving.installation.folder / "aside.db"
    serving.installation.database.rename(aside)
    time.sleep(0.15)
    status, headers, _ = serving.ask(token)
    assert (status, headers["x-auth-reason"]) == (503, "unavailable")
    assert serving.ready() == 503
    aside.rename(serving.installation.database)
    assert serving.ask(token)[0] == 200
    assert serving.ready() == 200


class TestRefusals:
    """What cannot be served is refused with one clear line and exit code 2, and nothing is changed."""

    @pytest.fixture
    def serving(self, installation):
        return Serving(installation)

    def test_a_port_in_use(self, serving):
        with socket.create_server(("127.0.0.1", serving.check)):
            before = snapshot(serving.installation.folder)
            words = refused(serving)
        assert f"listen.check[0]: 127.0.0.1:{serving.check} is already in use" in words
        assert words.count("\n") == 1
        assert snapshot(serving.installation.folder) == before

    def test_an_address_that_is_not_here(self, serving):
        serving.write("", without="listen:")
        with serving.installation.config.open("a") as config:
            config.write(f'listen: {{check: ["192.0.2.1:{serving.check}"]}}\n')
        assert "is not an address of this host" in refused(serving)

    def test_a_broken_configuration_tells_every_error_with_its_place(self, serving):
        serving.write(
            "  - {name: left, host: a, path: /a, scopes: nope}\n  - {name: right, host: a, path: b, public: true}\n"
        )
        words = refused(serving)
        unknown, relative = words.splitlines()
        assert unknown.startswith(f"{serving.installation.config}:")
        assert "routes[7].scopes: 'nope'" in unknown
        assert "routes[8].path: 'b'" in relative

    def test_no_key_file(self, serving):
        (serving.installation.folder / "token-gateway.key").unlink()
        assert "`token-gateway key new`" in refused(serving)

    def test_a_key_file_that_cannot_be_read(self, serving):
        (serving.installation.folder / "token-gateway.key").unlink()
        (serving.installation.folder / "token-gateway.key").mkdir()
        assert "cannot read the key file" in refused(serving)

    def test_a_key_that_the_store_does_not_know(self, serving):
        key_file = serving.installation.folder / "token-gateway.key"
        key_file.unlink()
        add_key(key_file)
        assert "`token-gateway key register`" in refused(serving)

    def test_no_database(self, serving):
        serving.installation.database.unlink()
        assert "token-gateway init" in refused(serving)
        assert not serving.installation.database.exists()

    def test_a_file_that_is_no_database(self, serving):
        serving.installation.database.write_bytes(b"certainly not a database" * 100)
        before = snapshot(serving.installation.folder)
        refused(serving)
        assert snapshot(serving.installation.folder) == before

    def test_somebody_elses_database(self, serving):
        serving.installation.database.unlink()
        with sqlite3.connect(serving.installation.database) as other:
            other.execute("CREATE TABLE mine (x)")
        other.close()
        before = snapshot(serving.installation.folder)
        refused(serving)
        assert snapshot(serving.installation.folder) == before

    def test_a_database_of_a_newer_program(self, serving):
        with sqlite3.connect(serving.installation.database) as database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
        assert "9999" in refused(serving)

    def test_another_brand(self, serving):
        text = serving.base().replace("tokens:\n", "tokens:\n  brand: zz\n")
        serving.installation.config.write_text(text)
        assert "tokens.brand" in refused(serving)

    def test_aiohttp_without_its_c_parser(self, serving, monkeypatch):  # D03
        monkeypatch.setenv("AIOHTTP_NO_EXTENSIONS", "1")
        assert "AIOHTTP_NO_EXTENSIONS" in refused(serving)


def test_every_metric_is_documented_and_every_documented_one_is_there(serving):
    serving.ask(None)
    _, _, body = serving.get(serving.ops, "/metrics")
    shown = set(re.findall(r"^# TYPE (\w+) ", body.decode(), re.MULTILINE))
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    assert shown == set(re.findall(r"^\| `(token_gateway_\w+)` \|", page, re.MULTILINE))


def test_refusals_of_a_token_are_one_audit_row_when_it_stops_and_the_log_tells_the_head(serving):
    token = serving.installation.token()
    serving.installation.ok("token", "revoke", handle(token))
    for _ in range(5):
        assert serving.ask(token)[0] == 401
    assert serving.ask(token[:-1] + ("0" if token[-1] != "0" else "1"))[0] == 401
    assert serving.ask(None)[0] == 401
    assert serving.stop() == 0
    refusals = serving.installation.ok("audit", "list", "--actor", "gateway", "--json").json
    of_token = [row for row in refusals if row["action"] == "token_refused"]
    assert sum(row["detail"]["count"] for row in of_token) == 5
    assert len(of_token) <= 2, "one a minute"
    assert {(row["detail"]["reason"], row["detail"]["route"], row["address"]) for row in of_token} == {
        ("revoked", "read", "192.0.2.7")
    }
    (strangers,) = [row for row in refusals if row["action"] == "refused_unknown"]
    assert strangers["detail"]["reasons"] == {"malformed_token": 1}
    assert strangers["detail"]["networks"] == [["192.0.2.7", 1]]
    heads = [line for line in serving.lines() if line["event"] == "audit head"]
    assert [line["seq"] for line in heads] == [1, len(serving.installation.rows("SELECT seq FROM audit"))]
    assert serving.installation.ok("audit", "verify", "--against", str(only_heads(serving))).code == 0


def only_heads(serving):
    """What an operator greps out of the log."""
    lines = [line for line in serving.log.read_text().splitlines() if '"audit head"' in line]
    file = serving.installation.folder / "heads.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file
