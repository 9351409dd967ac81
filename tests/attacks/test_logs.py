"""L: what logs, metrics and error answers show of an attack."""

import http.client
import io
import json
import logging
import re

import pytest
import structlog

from gateway.runtime import logs
from tests.attacks.corpus import attack
from tests.attacks.gate import CANARY, Gate, bearer, opened

NASTY = [
    "a\nb",
    "a\rb",
    "a\x1b[2Jb",
    "a\u202eb",
    "a\x00b",
    "a\u2028b",
    "a\x85b",
    '"}\n{"event": "forged"}',
    "x" * 65_536,
]


@pytest.fixture
def written():
    """What the program's own logging writes, in both formats."""
    saved = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def lines(as_json, what):
        out = io.StringIO()
        logs.set_up(level="debug", as_json=as_json)
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(out))
        what()
        return out.getvalue()

    yield lines
    structlog.configure(**saved)
    root.handlers[:] = handlers
    root.setLevel(level)


@attack("L01")
@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_whatever_is_logged_is_one_line_of_printable_ascii(written, text, as_json):
    got = written(as_json, lambda: structlog.get_logger("x").info("refused", path=text, user=text, k=[text]))
    assert got.count("\n") == 1
    assert got[:-1].isascii()
    assert got[:-1].isprintable()
    if as_json:
        assert json.loads(got)["event"] == "refused"


@attack("L01")
@pytest.mark.parametrize(
    "uri",
    [b"/api/a%0ab", b"/api/a%1b[2Jb", "/api/a\u202eb".encode(), b"/api/" + b"x" * 15_000, b"/api/a\x7fb", b"/api/%0"],
)
async def test_a_refusal_logs_a_short_printable_path(house, lane, uri):
    async with opened(Gate(house, lane)) as gate:
        with structlog.testing.capture_logs() as lines:
            await gate.check(uri, (b"User-Agent", b"x\xff\x1b[2J"), (b"Referer", b"\xe2\x80\xae"))
    assert lines
    for line in lines:
        text = json.dumps(line, ensure_ascii=False)
        assert text.isascii()
        assert text.isprintable()
        assert len(text) < 1_000


@attack("L03")
async def test_an_exception_inside_is_a_refusal_that_shows_nothing_of_it(house, lane):
    def breaks(*_, **__):
        raise ValueError(f"could not read {CANARY.decode()}")

    gate = Gate(house, lane)
    house.authenticator.authenticate = house.authenticator.recall = breaks
    async with opened(gate, faultless=False):
        answered = await gate.check(b"/api/x", bearer(CANARY))
        assert (answered.status, answered.reason) == (503, "unavailable")
    assert CANARY not in gate.received
    assert gate.reasons == ["internal_error"]


@attack("L03")
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_a_traceback_in_the_log_has_places_and_no_values(written, as_json):
    def breaks(presented):
        raise ValueError(f"not a token: {presented}")

    def logged():
        try:
            breaks(CANARY.decode())
        except ValueError:
            structlog.get_logger("x").exception("failed")

    got = written(as_json, logged)
    assert "ValueError" in got
    assert "breaks" in got
    assert CANARY.decode() not in got


@attack("L05")
def test_paths_users_and_tokens_are_no_labels(serving):
    token = serving.installation.token("counted")
    for number in range(60):
        serving.ask(token if number % 2 else f"wrong{number}", f"/p{number}/{token}", method=f"M{number}")
    connection = http.client.HTTPConnection("127.0.0.1", serving.ops, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    assert not re.search(r"p[0-9]+/|alice|wrong[0-9]|M[0-9]+\"", text)
    assert token[16:] not in text
    assert token[:15] not in text
    assert len(text.splitlines()) < 600
