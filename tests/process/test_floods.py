"""A flood of wrong tokens, from elsewhere or one's own network: holders pass, log and audit stay small."""

import http.client
import os
import threading
import time

import pytest

from gateway.core.token import Kind, compose, new_id, new_secret

OFFICE, ELSEWHERE = "203.0.113.5", "198.51.100.9"


def unknown() -> str:
    """Well-formed, and of nobody."""
    return compose("tg", Kind.PERSONAL, new_id(os.urandom(64)), new_secret(os.urandom(64))).reveal()


def wrong_for(token: str):
    """Makes wrong secrets for a real id."""
    token_id = token.split("_")[1][:11]
    return lambda: compose("tg", Kind.PERSONAL, token_id, new_secret(os.urandom(64))).reveal()


class Client:
    """Asks over one connection, from one address."""

    def __init__(self, serving, address):
        self.connection = http.client.HTTPConnection("127.0.0.1", serving.check, timeout=10)
        self.facts = {
            "X-Forwarded-Method": "GET",
            "X-Forwarded-Uri": "/api/x",
            "X-Forwarded-Host": "app.example.org",
            "X-Forwarded-For": address,
        }

    def ask(self, token, path="/api/x"):
        """Status and reason."""
        asked = self.facts | {"X-Forwarded-Uri": path, "Authorization": f"Bearer {token}"}
        self.connection.request("GET", "/check/traefik", headers=asked)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("X-Auth-Reason")


class Flood:
    """Wrong tokens from one address, as fast as one connection takes them, while the block runs."""

    def __init__(self, serving, address, make):
        self.client, self.make, self.answers = Client(serving, address), make, []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.is_set():
            self.answers.append(self.client.ask(self.make()))

    def __enter__(self):
        self.thread.start()
        while len(self.answers) < 200:
            time.sleep(0.005)
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(10)
        self.client.connection.close()


@pytest.fixture
def holder(serving):
    """Somebody in the office."""
    made = Client(serving, OFFICE)
    yield made
    made.connection.close()


@pytest.fixture
def tokens(serving):
    return [serving.installation.token(f"t{number}") for number in range(4)]


@pytest.mark.parametrize("address", [OFFICE, ELSEWHERE], ids=["from the same network", "from elsewhere"])
@pytest.mark.parametrize("kind", ["unknown ids", "a real id"])
def test_holders_pass_with_tokens_known_and_new_while_a_network_floods(serving, holder, tokens, address, kind):
    known, *new = tokens
    assert holder.ask(known)[0] == 200
    with Flood(serving, address, unknown if kind == "unknown ids" else wrong_for(known)) as flood:
        for token in new:
            assert holder.ask(token)[0] == 200, "also for the first time, when it is read and hashed"
        assert {holder.ask(known)[0] for _ in range(50)} == {200}
        made = serving.installation.token("made meanwhile")
        assert holder.ask(made)[0] == 200
    assert set(flood.answers) == {(401, "invalid_token"), (429, "limited")}
    assert flood.answers[:60] == [(401, "invalid_token")] * 60
    assert flood.answers.count((401, "invalid_token")) < 100


def counted(serving):
    """The metrics, by name and labels."""
    _, _, body = serving.get(serving.ops, "/metrics")
    return dict(line.rsplit(" ", 1) for line in body.decode().splitlines() if not line.startswith("#"))


def test_each_short_way_of_the_lane_is_counted_by_itself(serving, holder, tokens):
    paths = [*("/api/x",) * 8, *(f"/api/{number}" for number in range(6))]
    for path in paths:
        assert holder.ask(tokens[0], path)[0] == 200
    for _ in range(6):
        assert holder.ask(unknown())[0] == 401
    found = {
        way: float(counted(serving)[f"token_gateway_{way}_heads_total"]) for way in ("repeated", "alike", "stranger")
    }
    assert all(found.values()), found
    assert found["repeated"] + found["alike"] < len(paths), "the first one was judged"
    assert found["alike"] >= 6
    assert found["stranger"] < 6


def test_a_flood_writes_little_into_log_and_audit_and_is_counted(serving, tokens):
    with Flood(serving, ELSEWHERE, unknown) as flood:
        pass
    assert sum(event == "refused" for event in serving.events()) <= 200
    lines = counted(serving)
    checks = {name: float(value) for name, value in lines.items() if name.startswith("token_gateway_checks_total")}
    assert sum(checks.values()) == len(flood.answers)
    assert lines['token_gateway_cache_entries{cache="failing_networks"}'] == "1.0"
    assert serving.stop() == 0
    rows = serving.installation.ok("audit", "list", "--actor", "gateway", "--json").json
    unknown_rows = [row for row in rows if row["action"] == "refused_unknown"]
    assert sum(row["detail"]["count"] for row in unknown_rows) == len(flood.answers)
    assert len(unknown_rows) <= 2, "one a minute"


def test_a_route_lets_a_token_pass_as_often_as_it_says(serving, holder):
    serving.write(without="name: read,")
    text = serving.installation.config.read_text("utf-8")
    route = '  - {name: read, host: app.example.org, path: "/api/**", methods: [GET], scopes: rest, rate: 3/h}\n'
    serving.installation.config.write_text(text.replace("  - {name: write,", f"{route}  - {{name: write,"), "utf-8")
    serving.stop()
    serving.start()
    one, other = serving.installation.token("one"), serving.installation.token("other")
    assert [holder.ask(one) for _ in range(4)] == [(200, None)] * 3 + [(429, "limited")]
    assert holder.ask(other)[0] == 200
    status, headers, _ = serving.ask(one)
    assert (status, 1100 < int(headers["retry-after"]) <= 1200) == (429, True)
    _, headers, _ = serving.get(
        serving.check,
        "/check/nginx",
        {
            "Host": "app.example.org",
            "X-Original-Method": "GET",
            "X-Original-URI": "/api/x",
            "X-Forwarded-For": OFFICE,
            "Authorization": f"Bearer {one}",
        },
    )
    assert (headers["x-auth-status"], headers["x-auth-reason"]) == ("429", "limited")
    assert int(headers["retry-after"]) > 1100
    serving.stop()
    rows = serving.installation.ok("audit", "list", "--actor", "gateway", "--json").json
    (row,) = [row for row in rows if row["action"] == "token_refused"]
    assert (row["detail"]["reason"], row["detail"]["count"]) == ("limited", 3)
