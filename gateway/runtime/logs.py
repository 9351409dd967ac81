"""Logs: structured lines on stderr, JSON for machines or readable for a terminal; both escape what they show."""

import asyncio
import contextlib
import io
import json
import logging
import queue
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

WAITING_LINES = 10_000  # a reader of the log that stalls costs us these, then lines, and never an answer


class _Stderr(io.TextIOBase):
    """The standard error of the moment, written to by a thread: the loop never waits for whoever reads the log.

    What does not fit into the queue is dropped and counted; what cannot be written (closed, full) is let go.
    """

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue(WAITING_LINES)
        self._dropped = 0
        threading.Thread(target=self._write_lines, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1
        return len(text)

    def flush(self) -> None:
        """Nothing: lines are written as they come. `drain` waits for them."""

    def drain(self, timeout_s: float) -> None:
        """Wait until every line is written, or the time is over."""
        until = time.monotonic() + timeout_s
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.002)

    def _write_lines(self) -> None:
        while True:
            text = self._lines.get()
            with contextlib.suppress(OSError, ValueError):
                if self._dropped:
                    dropped, self._dropped = self._dropped, 0
                    sys.stderr.write(f"{dropped} log lines were dropped: whoever reads them is too slow\n")
                sys.stderr.write(text)
                sys.stderr.flush()
            self._lines.task_done()


_stderr: _Stderr | None = None


def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The loop's exception handler: kind and place, since asyncio's own words quote the exception's values."""
    structlog.get_logger("loop").error("unhandled in the loop", exc_info=context.get("exception"))


def drain(timeout_s: float = 2.0) -> None:
    """Wait for the last lines; for the end of the program."""
    if _stderr is not None:
        _stderr.drain(timeout_s)


def set_up(*, level: str, as_json: bool, process: str = "") -> None:
    """Send the logs of the program and of its libraries to stderr, from `level` on.

    `process` is named on every line, where several write to the same log.
    """
    global _stderr  # noqa: PLW0603  # one for the process, like the stream that it stands before
    _stderr = _stderr or _Stderr()
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions_without_values,
    ]
    if process:
        shared.append(_Named(process))
    renderer: structlog.typing.Processor = _json if as_json else _line
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _stderr)),
        cache_logger_on_first_use=False,  # allowed checks log nothing, and a cached logger outlives its configuration
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(_stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    # aiohttp's own words about a bad head can hold a piece of it, and so a token.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)


class _Named:
    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"process": self._process, **event}


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    """One object a line, in ASCII: what happened first, then with what."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return json.dumps({**first, **event}, ensure_ascii=True, default=repr)


def _line(_: WrappedLogger, __: str, event: EventDict) -> str:
    """One readable line: time, level, event, key=value. Control characters are escaped by repr."""
    moment = str(event.pop("timestamp", ""))[:19].replace("T", " ")
    level, words, trace = event.pop("level", ""), event.pop("event", ""), event.pop("traceback", None)
    pairs = " ".join(f"{key}={_plain(value)}" for key, value in event.items() if value != "")
    tail = "" if not trace else "\n" + "\n".join(f"    {frame}" for frame in trace)
    words = str(words) if str(words).isascii() and str(words).isprintable() else ascii(words)
    return f"{moment} {level:<8} {words}{'  ' if pairs else ''}{pairs}{tail}"


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and " " not in text else ascii(text)


def _exceptions_without_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say where an exception came from, never with what values: a message can quote the input that it choked on."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    kind, trace = _unpack(info)
    event["exception"] = kind
    event["traceback"] = [
        f"{frame.filename.rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)
    ]
    return event


def _unpack(info: object) -> tuple[str, TracebackType | None]:
    if isinstance(info, BaseException):
        return type(info).__name__, info.__traceback__
    if isinstance(info, tuple) and info[0] is not None:
        return info[0].__name__, info[2]
    kind, _, trace = sys.exc_info()
    return ("" if kind is None else kind.__name__), trace
