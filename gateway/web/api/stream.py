"""Answers that are sent as they are read: in constant memory, at the pace of whoever reads them.

What ends before its end has no last chunk, so that a client never takes a part for the whole.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import structlog
from aiohttp import web

log = structlog.get_logger("api")

CHUNK_BYTES = 64 * 1024
READER_DEADLINE_S = 30.0  # for a chunk: who reads more slowly than that is not reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The lines of an answer. `done` is called once, whatever became of them."""

    lines: AsyncIterator[str]
    done: Callable[[], None]
    content_type: str


async def send(request: web.Request, stream: Stream, headers: Mapping[str, str]) -> web.StreamResponse:
    """Answer with the lines. What goes wrong after the first of them ends the connection."""
    response = web.StreamResponse(headers=headers)
    response.content_type = stream.content_type
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            await _write(response, stream.lines)
        await response.write_eof()
    except (OSError, TimeoutError):
        log.info("an answer was not read to its end")
        _cut(request)
    except BaseException:
        _cut(request)
        raise
    finally:
        stream.done()
    return response


async def _write(response: web.StreamResponse, lines: AsyncIterator[str]) -> None:
    chunk = bytearray()
    async for line in lines:
        chunk += line.encode("utf-8")
        if len(chunk) >= CHUNK_BYTES:
            async with asyncio.timeout(READER_DEADLINE_S):
                await response.write(bytes(chunk))
            chunk.clear()
    async with asyncio.timeout(READER_DEADLINE_S):
        await response.write(bytes(chunk))


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
