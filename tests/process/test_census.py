"""What the portal's pages tell of all processes: hits of routes add up, and outlive a process and a reload."""

import http.client
import json
import os
import re
import signal

import pytest

from tests.process.serving import Serving
from tests.process.test_workers import allow, children, until

HOST = "gateway.example.org"
PASSWORD = "copper lantern zebra kiosk"
PERMISSIONS = "permissions: {own_tokens: [staff, admins], users: [admins], explain: [admins]}"


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "two workers"])
def serving(installation, request):
    made = Serving(installation, *request.param)
    made.write(PERMISSIONS, without="permissions:")
    installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=PASSWORD)
    made.start()
    yield made
    assert made.stop() == 0, made.log.read_text()


class Administrator:
    """Alice, who has signed in."""

    def __init__(self, serving):
        self.serving = serving
        body = json.dumps({"login": "alice", "password": PASSWORD})
        sent = {"Content-Type": "application/json", "Origin": f"https://{HOST}"}
        answer, _ = self.ask("POST", "/api/v1/session", body, sent)
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.portal, timeout=10)
        try:
            connection.request(method, path, body, {"Host": HOST, **(headers or {})})
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def page(self, path):
        answer, text = self.ask("GET", path, headers={"Cookie": self.cookie})
        assert answer.status == 200, text
        return text

    def hits(self):
        """The hits of each route, by name."""
        rows = re.findall(
            r'href="/routes/\d+">([^<]+)</a>.*?data-label="Hits"[^>]*><span>([^<]+)', self.page("/routes"), re.DOTALL
        )
        return {name: int(hits) for name, hits in rows}


def test_hits_and_processes_are_told_of_all_and_outlive_reloads(serving):
    at, token = Administrator(serving), serving.installation.token()
    assert set(at.hits().values()) == {0}
    allow(serving, token, 12)
    assert serving.ask("nothing")[0] == 401
    assert at.hits()["read"] == 13
    assert at.hits()["write"] == 0
    text = at.page("/health")
    assert "All processes answer, and reach the store." in text
    if serving.words:
        for name, pid in children(serving).items():
            assert name in text
            assert f"<span>{pid}</span>" in text
        old = children(serving)["worker-1"]
        os.kill(old, signal.SIGKILL)
        until(lambda: children(serving).get("worker-1", old) != old)
    else:
        assert f"<span>{serving.process.pid}</span>" in text
    assert at.hits()["read"] == 13
    serving.write(f"{PERMISSIONS}\n", without="permissions:")
    config = serving.installation.config.read_text("utf-8").replace("name: write", "name: renamed")
    serving.installation.config.write_text(config, "utf-8")
    serving.installation.ok("reload")
    allow(serving, token, 2)
    hits = at.hits()
    assert (hits["read"], hits["renamed"], "write" in hits) == (15, 0, False)
    until(lambda: "All processes answer" in at.page("/health"))
