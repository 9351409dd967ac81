"""Logs are one safe line each, and never stand in the way of an answer."""

import io
import json
import logging
import sys
import threading
import time

import pytest
import structlog

from gateway.runtime import logs


@pytest.fixture(autouse=True)
def _as_it_was():
    root = logging.getLogger()
    handlers, level, aiohttp_level = root.handlers[:], root.level, logging.getLogger("aiohttp").level
    before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("aiohttp").setLevel(aiohttp_level)
    structlog.configure(**before)


@pytest.fixture
def written(capsys):
    """What has been written to stderr since the last look."""

    def look():
        logs.drain()
        return capsys.readouterr().err

    return look


HOSTILE = "a\nb\r\x1b[2J\u202e\udcff"


def test_a_json_line_has_time_level_and_event_first_and_is_ascii(written):
    logs.set_up(level="info", as_json=True)
    structlog.get_logger("x").info("refused", path=HOSTILE)
    (line,) = written().splitlines()
    assert list(json.loads(line))[:3] == ["timestamp", "level", "event"]
    assert json.loads(line)["path"] == HOSTILE
    assert line.isascii()


def test_a_console_line_is_one_line_and_escapes_what_a_terminal_would_obey(written):  # L01
    logs.set_up(level="info", as_json=False)
    structlog.get_logger("x").info("refused", path=HOSTILE, empty="")
    (line,) = written().splitlines()
    assert line.isascii()
    assert "\x1b" not in line
    assert "empty" not in line


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_tells_its_place_and_not_its_values(written, as_json):  # L03
    logs.set_up(level="info", as_json=as_json)
    try:
        int("SECRETCANARY")
    except ValueError:
        structlog.get_logger("x").exception("check failed")
        logging.getLogger("lib").exception("lib failed")
    lines = written()
    assert "SECRETCANARY" not in lines
    assert lines.count("ValueError") == 2
    assert "test_logs.py" in lines


def test_a_level_below_the_one_set_is_not_written(written):
    logs.set_up(level="warning", as_json=True)
    structlog.get_logger("x").info("quiet")
    structlog.get_logger("x").warning("loud")
    (line,) = written().splitlines()
    assert "loud" in line


def test_a_closed_stderr_costs_nobody_an_answer(monkeypatch):
    logs.set_up(level="info", as_json=True)
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger("x").info("refused")
    logging.getLogger("lib").warning("words")
    logs.drain()


def test_a_reader_that_stalls_costs_lines_and_never_the_time_of_who_logs(monkeypatch):
    go, shown = threading.Event(), []

    class Stalled(io.StringIO):
        def write(self, text):
            go.wait(10)
            shown.append(text)
            return len(text)

    logs.set_up(level="info", as_json=True)
    logs.drain()
    monkeypatch.setattr(sys, "stderr", Stalled())
    started = time.monotonic()
    for _ in range(logs.WAITING_LINES + 500):
        structlog.get_logger("x").info("refused")
    assert time.monotonic() - started < 5, "nobody waited for the reader"
    go.set()
    logs.drain(10)
    structlog.get_logger("x").info("later")
    logs.drain(10)
    assert any("log lines were dropped" in text for text in shown)
    assert "later" in shown[-1]


def test_aiohttp_does_not_log_heads(written):
    logs.set_up(level="info", as_json=True)
    logging.getLogger("aiohttp.server").error("Bearer SECRETCANARY")
    assert written() == ""
