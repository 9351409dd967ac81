"""`serve --workers`: processes of their own for checks and for the portal, and a parent that keeps them."""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from gateway.store.lock import FileLock
from tests.installation import handle
from tests.process.serving import Serving


def children(serving):
    """The processes under the parent, by name."""
    found = {}
    for line in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(line.read_text().rpartition(")")[2].split()[1]) == serving.process.pid:
                words = line.with_name("cmdline").read_text().split("\0")
                found[words[words.index("gateway.runtime.child") + 1]] = int(line.parent.name)
        except (OSError, ValueError):
            continue
    return found


def is_there(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds, seconds=15.0):
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)
    return found


def metric(serving, name):
    """The value of one sample; None when it is not there."""
    body = serving.get(serving.ops, "/metrics")[2].decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", body, re.MULTILINE)
    return None if found is None else float(found[1])


@pytest.fixture
def two(installation):
    """Two check workers and the portal."""
    made = Serving(installation, "--workers", "2")
    made.start()
    yield made
    for pid in children(made).values():
        os.kill(pid, signal.SIGCONT)
    assert made.stop() == 0, made.log.read_text()


def allow(serving, token, times=1):
    for _ in range(times):
        assert serving.ask(token)[0] == 200


class Held:
    """A connection to the check listener; it stays with the worker that took it."""

    made: ClassVar[list["Held"]] = []

    def __init__(self, serving):
        self.made.append(self)
        self.connection = http.client.HTTPConnection("127.0.0.1", serving.check, timeout=10)

    def ask(self, token):
        facts = {"Method": "GET", "Uri": "/api/x", "Host": "app.example.org", "For": "192.0.2.7"}
        headers = {f"X-Forwarded-{name}": value for name, value in facts.items()}
        self.connection.request("GET", "/check/traefik", headers={**headers, "Authorization": f"Bearer {token}"})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


@pytest.fixture(autouse=True)
def _none_is_left():
    yield
    while Held.made:
        Held.made.pop().connection.close()


def held_by_each(serving, pids):
    """A connection to each of the workers: while one is stopped, the other takes them."""
    found = {}
    for name, pid in pids.items():
        others = [other for other in pids.values() if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        found[name] = Held(serving)
        assert found[name].ask("nothing") == 401
        for other in others:
            os.kill(other, signal.SIGCONT)
    return found


def workers_of(serving):
    return {name: pid for name, pid in children(serving).items() if name != "portal"}


def test_the_processes_are_two_workers_and_the_portal_and_all_answer(two):
    assert set(children(two)) == {"worker-1", "worker-2", "portal"}
    allow(two, two.installation.token())
    assert two.get(two.portal, "/api/v1/token", {"Host": "gateway.example.org"})[0] == 401
    status, _, body = two.get(two.ops, "/health/ready")
    assert (status, json.loads(body)["workers_ready"]) == (200, 2)


def test_a_check_worker_has_in_it_only_what_checks_take(installation, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, sys\n"
        f"at = lambda: open({str(tmp_path)!r} + f'/{{os.getpid()}}.modules', 'w').write('\\n'.join(sys.modules))\n"
        "atexit.register(at)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    serving = Serving(installation, "--workers", "1")
    serving.start()
    allow(serving, installation.token())
    pids = children(serving)
    assert serving.stop() == 0
    loaded = {name: (tmp_path / f"{pid}.modules").read_text().splitlines() for name, pid in pids.items()}
    others = ("gateway.web.api", "gateway.runtime.portal", "gateway.runtime.supervisor", "gateway.cli", "alembic")
    weights = ("gateway.config", "pydantic", "yaml", "aiohttp", "rich")  # 36 MB and half of its start together
    assert [name for name in loaded["worker-1"] if name.startswith((*others, *weights))] == []
    assert "gateway.web.check.service" in loaded["worker-1"]
    assert "gateway.runtime.portal" in loaded["portal"]


def test_uses_and_metrics_of_all_workers_add_up(two):
    token = two.installation.token()
    held = held_by_each(two, workers_of(two))
    for connection in held.values():
        for _ in range(5):
            assert connection.ask(token) == 200
    sample = 'token_gateway_checks_total{dialect="traefik",reason="token",status="200"}'
    assert metric(two, sample) == 10
    assert two.stop() == 0
    assert two.installation.rows("SELECT total FROM usage") == [(10,)]


@pytest.mark.parametrize("name", ["worker-1", "portal"])
def test_a_killed_process_is_started_again_and_no_counter_falls(two, name):
    token = two.installation.token()
    allow(two, token, 10)
    sample = 'token_gateway_checks_total{dialect="traefik",reason="token",status="200"}'
    counted = metric(two, sample)
    old = children(two)[name]
    os.kill(old, signal.SIGKILL)
    restarted = f'token_gateway_process_restarts_total{{process="{name}"}}'
    until(lambda: metric(two, restarted) == 1 and metric(two, f'token_gateway_process_up{{process="{name}"}}') == 1)
    assert children(two)[name] != old
    assert metric(two, sample) == counted == 10
    allow(two, token, 5)
    assert metric(two, sample) == 15
    assert two.get(two.portal, "/api/v1/token", {"Host": "gateway.example.org"})[0] == 401


def test_a_worker_that_is_told_to_end_drains_and_is_replaced(two):
    token = two.installation.token()
    allow(two, token, 8)
    for pid in workers_of(two).values():
        os.kill(pid, signal.SIGTERM)
        until(lambda pid=pid: not is_there(pid))
    until(lambda: metric(two, "token_gateway_check_connections_open") is not None and len(workers_of(two)) == 2)
    assert two.installation.rows("SELECT total FROM usage") == [(8,)], "written when it ended"
    allow(two, token)


def test_when_the_parent_is_killed_the_children_write_what_they_counted_and_go(installation):
    serving = Serving(installation, "--workers", "2")
    serving.start()
    token = installation.token()
    allow(serving, token, 6)
    pids = children(serving).values()
    assert len(pids) == 3
    serving.stop(signal.SIGKILL)
    until(lambda: not any(map(is_there, pids)))
    assert installation.rows("SELECT total FROM usage") == [(6,)]
    with pytest.raises(ConnectionRefusedError):
        serving.ask(token)
    serving.start()
    allow(serving, token)
    assert serving.stop() == 0


def test_checks_in_flight_are_answered_when_it_ends(two):
    """With the write lock taken by somebody else no check waits; a hash that has begun is waited for."""
    tokens = [two.installation.token(f"t{n}") for n in range(6)]
    answers = []

    def ask(token):
        answers.append(two.ask(token)[0])

    asking = [threading.Thread(target=ask, args=(token,)) for token in tokens]
    connections = [Held(two) for _ in range(4)]
    for connection in connections:
        assert connection.ask(tokens[0]) == 200
    for thread in asking:
        thread.start()
    time.sleep(0.05)
    assert two.stop() == 0
    for thread in asking:
        thread.join()
    assert answers == [200] * 6


def test_a_second_signal_hastens_the_end(installation):
    serving = Serving(installation, "--workers", "2")
    serving.start()
    stopped = workers_of(serving)["worker-1"]
    os.kill(stopped, signal.SIGSTOP)
    began = time.monotonic()
    serving.process.send_signal(signal.SIGTERM)
    serving.wait_for("draining")
    time.sleep(0.2)
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(15) == 0
    assert time.monotonic() - began < 8, "12 s without the second one"
    assert not is_there(stopped)


@pytest.mark.parametrize("missing", ["token-gateway.key", "token-gateway.db"])
def test_what_cannot_start_ends_with_one_line_and_2_and_leaves_no_process(installation, missing):
    (installation.folder / missing).unlink()
    serving = Serving(installation, "--workers", "2")
    process = serving.begin()
    seen = until(lambda: children(serving) or process.poll() is not None)
    assert process.wait(20) == 2
    words = serving.log.read_text()
    assert (words.count("\n"), words.startswith("token-gateway: ")) == (1, True), words
    if isinstance(seen, dict):
        until(lambda: not any(map(is_there, seen.values())))


def test_a_number_of_workers_that_is_none_is_refused(installation):
    for words in ("0", "many", "257", "-1"):
        assert installation.run("serve", "--workers", words).code == 2


class TestReload:
    """One reading for all processes."""

    MORE = '  - {name: later, host: app.example.org, path: "/later/**", authenticated: true}\n'

    @pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "two workers"])
    def serving(self, request, installation):
        made = Serving(installation, *request.param)
        made.start()
        yield made
        assert made.stop() == 0

    def test_the_command_returns_when_every_process_uses_it_and_says_what_changed(self, serving):
        token = serving.installation.token()
        connections = [Held(serving) for _ in range(6)]
        for connection in connections:
            assert connection.ask(token) == 200
        serving.write(self.MORE, without="name: closed")
        done = serving.installation.ok("reload")
        assert "routes added: later\nroutes removed: closed\n" in done.out
        for _ in range(20):
            assert serving.ask(token, "/later/x")[0] == 200
        serving.write('  - {name: later, host: app.example.org, path: "/later/**", deny: true}\n')
        changed = serving.installation.ok("reload", "--json").json
        assert changed["changed"]["changed"] == ["later"]
        assert changed["changed"]["added"] == ["closed"]
        assert changed["generation"] == 3
        assert {serving.ask(token, "/later/x")[0] for _ in range(20)} == {403}

    def test_a_refused_one_tells_every_error_with_its_place_and_changes_nothing(self, serving):
        token = serving.installation.token()
        serving.write(
            self.MORE + "  - {name: left, host: a, path: /a, scopes: nope}\n"
            "  - {name: right, host: a, path: b, public: true}\n"
        )
        done = serving.installation.run("reload")
        assert done.code == 1
        left, right, last = done.err.splitlines()
        assert re.match(rf"{re.escape(str(serving.installation.config))}:\d+:\d+: routes\[8\].scopes: ", left)
        assert "routes[9].path" in right
        assert last == "refused, the old configuration stays"
        found = serving.installation.run("reload", "--json")
        assert (found.code, len(found.json["errors"])) == (1, 2)
        assert serving.ask(token, "/later/x")[0] == 403

    def test_the_brand_cannot_be_changed_and_listeners_take_a_restart(self, serving):
        text = serving.base()
        serving.installation.config.write_text(text.replace("tokens:\n", "tokens:\n  brand: zz\n"))
        done = serving.installation.run("reload")
        assert (done.code, "tokens.brand" in done.err) == (1, True)
        serving.installation.config.write_text(text.replace(f":{serving.portal}", ":1"))
        assert "takes a restart: listen" in serving.installation.ok("reload").err

    def test_a_changed_file_is_read_by_itself_once_it_is_still(self, serving):
        token = serving.installation.token()
        serving.write(self.MORE)
        until(lambda: serving.ask(token, "/later/x")[0] == 200)
        time.sleep(0.1)
        assert serving.events().count("reloaded") == 1

    def test_a_faulty_file_is_refused_once(self, serving):
        serving.write("  - {name: later, host: [}\n")
        serving.wait_for("reload refused, the old configuration stays")


def test_a_worker_that_starts_after_a_reload_has_the_newest_configuration(two):
    token = two.installation.token()
    two.write(TestReload.MORE)
    two.installation.ok("reload")
    for name, pid in workers_of(two).items():
        os.kill(pid, signal.SIGKILL)
        sample = f'token_gateway_process_configuration{{process="{name}"}}'
        until(lambda sample=sample, pid=pid: pid not in children(two).values() and metric(two, sample) == 2)
    for _ in range(20):
        assert two.ask(token, "/later/x")[0] == 200


def test_nobody_to_reload_is_said(installation):
    done = installation.run("reload")
    assert (done.code, "no gateway is running" in done.err) == (2, True)


def test_whoever_says_something_else_to_the_control_socket_gets_no_answer(serving):
    from gateway.runtime.control import address_of

    for words in (b"stop\n", b"x" * 5000, b"reload"):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(address_of(serving.installation.config))
            asking.sendall(words)
            asking.shutdown(socket.SHUT_WR)
            assert asking.recv(100) == b""
    assert "reloaded" not in serving.events()


class TestRevocation:
    """The lease with several workers: nothing is accepted after `revoke` has returned."""

    def test_a_worker_that_was_stopped_meanwhile_refuses_when_it_goes_on(self, two):
        token = two.installation.token()
        pids = workers_of(two)
        held = held_by_each(two, pids)
        for connection in held.values():
            assert connection.ask(token) == 200
        os.kill(pids["worker-1"], signal.SIGSTOP)
        two.installation.ok("token", "revoke", handle(token))
        assert held["worker-2"].ask(token) == 401
        os.kill(pids["worker-1"], signal.SIGCONT)
        assert held["worker-1"].ask(token) == 401

    def test_also_what_was_sent_to_the_stopped_worker_before_it_goes_on(self, two):
        token = two.installation.token()
        pids = workers_of(two)
        held = held_by_each(two, pids)
        assert held["worker-1"].ask(token) == 200
        os.kill(pids["worker-1"], signal.SIGSTOP)
        two.installation.ok("token", "revoke", handle(token))
        threading.Timer(0.2, os.kill, (pids["worker-1"], signal.SIGCONT)).start()
        assert held["worker-1"].ask(token) == 401

    def test_with_a_worker_killed_and_another_in_its_place(self, two):
        token = two.installation.token()
        allow(two, token, 4)
        os.kill(workers_of(two)["worker-1"], signal.SIGKILL)
        two.installation.ok("token", "revoke", handle(token))
        for _ in range(20):
            assert two.ask(token)[0] == 401
            time.sleep(0.02)

    def test_with_the_write_lock_held_by_somebody_else_for_a_second(self, two):
        token, other = two.installation.token(), two.installation.token("other")
        allow(two, token, 4)
        allow(two, other, 4)
        taken, over = threading.Event(), threading.Event()

        def write_for_a_second():
            with FileLock(two.installation.database).held(5.0):
                taken.set()
                over.wait(1.0)

        holder = threading.Thread(target=write_for_a_second)
        holder.start()
        assert taken.wait(5.0)
        began = time.monotonic()
        two.installation.ok("token", "revoke", handle(token))
        assert time.monotonic() - began >= 0.9, "it had to wait"
        assert {two.ask(token)[0] for _ in range(10)} == {401}
        allow(two, other, 4)
        holder.join()


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_serve_cached_for_keeps_known_tokens_passing_while_the_database_is_away_and_no_longer(installation, words):
    serving = Serving(installation, *words)
    serving.start()
    try:
        known = installation.token()
        installation.ok("store", "serve-cached-for", "2s")
        held = [Held(serving) for _ in range(4)]
        for connection in held:
            assert connection.ask(known) == 200
        said = installation.ok("token", "revoke", handle(installation.token("gone")))
        assert "effective everywhere by" in said.out + said.err
        aside = installation.folder / "aside.db"
        installation.database.rename(aside)
        time.sleep(0.3)
        for connection in held:
            assert connection.ask(known) == 200
        status, _, body = serving.get(serving.ops, "/health/ready")
        assert (status, json.loads(body)["store"], json.loads(body)["cached"]) == (200, False, True)
        time.sleep(1.0)
        until(lambda: {connection.ask(known) for connection in held} == {503}, 5)
        assert serving.ready() == 503
        aside.rename(installation.database)
        assert held[0].ask(known) == 200
    finally:
        assert serving.stop() == 0
