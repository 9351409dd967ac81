"""D01-D08, D24: malformed and hostile heads. One fixed refusal, the connection closed, nothing of it repeated."""

import asyncio
import os
import subprocess

import pytest

from gateway.web import caps
from tests.attacks.corpus import attack, spelled
from tests.attacks.gate import CANARY, Gate, head, opened, parsed, statuses
from tests.process.serving import COMMAND

FACTS = (
    (b"Host", b"gateway"),
    (b"X-Forwarded-Method", b"GET"),
    (b"X-Forwarded-Uri", b"/public/x"),
    (b"X-Forwarded-Host", b"app.example.org"),
    (b"X-Forwarded-For", b"10.1.2.3"),
)
# A whole check of a public path. Whatever is put in must not leave it an Allow.
WHOLE = head(b"/check/traefik", *FACTS)


def with_lines(*lines: bytes) -> bytes:
    """The public check with these lines before its end."""
    return WHOLE[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def in_place_of(old: bytes, new: bytes) -> bytes:
    """The public check with one piece changed."""
    assert WHOLE.count(old) == 1
    return WHOLE.replace(old, new)


SMUGGLED = b"GET /check/traefik?" + CANARY + b" HTTP/1.1\r\nHost: a\r\n\r\n"
MALFORMED = spelled(
    D01=[
        with_lines(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
        with_lines(b"Transfer-Encoding: chunked", b"Content-Length: 3") + b"0\r\n\r\n" + SMUGGLED,
        with_lines(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n",
        with_lines(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
        with_lines(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
        with_lines(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x") + b"0\r\n\r\n",
        with_lines(b"Content-Length: 1", b"Content-Length: 2") + b"ab",
        with_lines(b"Content-Length: +5") + b"abcde",
        with_lines(b"Content-Length: -1"),
        with_lines(b"Content-Length: 0x5") + b"abcde",
        with_lines(b"Content-Length: 1_0") + b"abcdefghij",
        with_lines(b"Content-Length: 5 5") + b"abcde",
        with_lines(b"Content-Length: " + b"9" * 30),
        with_lines("Content-Length: \u0665".encode()) + b"abcde",
    ],
    D02=[
        with_lines(b"Authorization: Bearer", b" " + CANARY),
        with_lines(b"X: 1", b"\t" + CANARY),
        with_lines(b"X: a\rb" + CANARY),
        with_lines(b"X: " + CANARY + b"\x00"),
        with_lines(b"X\x00: " + CANARY),
        with_lines(b": " + CANARY),
        with_lines(b"Authorization : Bearer " + CANARY),
        with_lines(CANARY),
        with_lines(b"X\xff: " + CANARY),
        with_lines(b"X(: " + CANARY),
        with_lines(b"X: \x01" + CANARY),
        in_place_of(b"GET /check", b"GET\t/check"),
        in_place_of(b"GET /check", b"G\x00ET /check"),
        in_place_of(b"GET /check", b" GET /check"),
        in_place_of(b"traefik HTTP", b"traefik\r HTTP"),
        in_place_of(b"Host: gateway\r\n", b""),
        in_place_of(b"Host: gateway", b"Host: gateway\r\nHost: other"),
        in_place_of(b"Host: gateway", b"Host: gateway\r\nHost: gateway"),
        in_place_of(b"HTTP/1.1\r\n", b"\r\n"),
        in_place_of(b"HTTP/1.1", b"HTTP/2.0"),
        in_place_of(b"HTTP/1.1", b"HTTP/1.2"),
        in_place_of(b"HTTP/1.1", b"HTTP/0.9"),
        in_place_of(b"HTTP/1.1", b"HTTP/01.1"),
        in_place_of(b"HTTP/1.1", b"http/1.1"),
        in_place_of(b"HTTP/1.1", b"HTTP/1.1 " + CANARY),
        in_place_of(b"GET ", b"CONNECT "),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + CANARY,
        b"\x16\x03\x01\x02\x00\x01" + CANARY,
        CANARY * 3 + b"\r\n\r\n",
    ],
    D08=[
        with_lines(*(b"X-%d: 1" % number for number in range(300))),
        with_lines(b"X: " + CANARY * 2000),
        with_lines(CANARY * 2000 + b": x"),
        in_place_of(b"/check/traefik", b"/check/traefik?" + CANARY * 2000),
        in_place_of(b"/check/traefik", b"/check/traefik/" + CANARY * 2000),
    ],
)


@pytest.mark.parametrize("raws", MALFORMED)
async def test_a_malformed_head_is_refused_once_and_the_connection_closed(gate, raws):
    assert parsed(await gate.send(WHOLE)).status == 200
    for raw in raws:
        got = await gate.send(raw, until_closed=True)
        assert statuses(got) in ([], [400], [404], [431]), raw[:300]
        assert gate.hung_up, raw[:300]
    assert "public" not in gate.reasons[1:], "none of them was allowed before the answer was taken back"


@attack("D02")
@pytest.mark.parametrize("end", [b"\n", b"\r"])
async def test_a_head_with_bare_line_ends_is_not_a_head(gate, end):
    got = await gate.send(WHOLE.replace(b"\r\n", end), until_closed=True)
    assert statuses(got) in ([], [400])


@attack("D01")
@pytest.mark.parametrize(
    "announced", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: 100000000"]
)
async def test_what_stands_behind_a_body_is_never_a_second_check(gate, announced):
    for body in (b"", b"abcde", b"5\r\nabcde\r\n0\r\n\r\n"):
        got = await gate.send(with_lines(announced) + body + SMUGGLED + WHOLE, until_closed=True)
        assert len(statuses(got)) == 1


@attack("D01")
async def test_pipelined_checks_are_each_answered_by_their_own_head(gate):
    token = gate.token()
    denied, allowed = WHOLE.replace(b"/public/x", b"/api/x"), with_lines(b"Authorization: Bearer " + token)
    allowed = allowed.replace(b"/public/x", b"/api/x")
    got = await gate.send(denied + allowed + denied + allowed + denied, until_closed=True)
    assert statuses(got) == [401, 200, 401, 200, 401]


@attack("D01", "D02")
async def test_a_check_cut_into_single_bytes_is_the_same_check(gate):
    raw = WHOLE.replace(b"/public/x", b"/api/x")[:-2] + b"Authorization: Bearer %b\r\n\r\n" % gate.token()
    for step in (1, 3, 64):
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        for at in range(0, len(raw), step):
            writer.write(raw[at : at + step])
            if at % 16 == 0:
                await asyncio.sleep(0)
        assert (await asyncio.wait_for(reader.readline(), 2)).split()[1] == b"200"
        writer.close()


@attack("D08")
async def test_heads_as_large_as_honest_proxies_send_are_answered(gate):
    """129 headers and fields beyond 8190 bytes are what aiohttp refuses by itself, and nginx shows a 500 for that."""
    many = with_lines(*(b"X-%d: 1" % number for number in range(150)))
    assert parsed(await gate.send(many)).status == 200
    assert parsed(await gate.send(with_lines(b"X: " + b"x" * 12_000))).status == 200


@attack("D08")
async def test_a_head_whose_fields_are_each_in_bounds_is_refused_for_its_sum(house):
    """In service every head goes through the fast lane's cutter, which has the cap on the whole."""
    async with opened(Gate(house, "fast")) as gate:
        raw = with_lines(*(b"X-%d: %b" % (number, b"x" * 8000) for number in range(40)))
        assert statuses(await gate.send(raw, until_closed=True)) in ([], [400])
        assert gate.hung_up


@attack("D03")
def test_without_the_parser_in_c_nothing_starts(installation):
    done = subprocess.run(
        [COMMAND, "--config", str(installation.config), "serve"],
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "C parser" in done.stderr
    assert "Traceback" not in done.stderr


@attack("D06")
async def test_a_head_that_trickles_is_cut_off_and_others_are_answered_meanwhile(gate, monkeypatch):
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.3)
    held = [await asyncio.open_connection("127.0.0.1", gate.port) for _ in range(60)]
    for at in range(3):
        for _, writer in held:
            writer.write(WHOLE[at : at + 1])
        assert parsed(await gate.send(WHOLE)).status == 200
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.4)
    for reader, writer in held:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 1)
        writer.close()
    assert parsed(await gate.send(WHOLE)).status == 200


@attack("D06")
async def test_a_connection_that_says_nothing_is_cut_off(gate, monkeypatch):
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 1)
    writer.close()


@attack("D07")
async def test_a_thousand_checks_on_one_connection_are_each_judged_and_none_is_kept(gate):
    raw = WHOLE.replace(b"/public/x", b"/api/x")[:-2] + b"Authorization: Bearer %b\r\n\r\n" % gate.token()
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    for number in range(1000):
        writer.write(raw if number % 2 else WHOLE.replace(b"/public/x", b"/admin/x"))
        answered = parsed(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(int(answered.all("content-length")[0]))
        assert answered.status == (200 if number % 2 else 401)
    writer.close()


@attack("D24")
async def test_a_reader_that_never_reads_gets_no_more_than_buffers_hold(gate):
    """Thousands of pipelined checks whose answers nobody takes: they are not all answered into memory."""
    _, writer = await asyncio.open_connection("127.0.0.1", gate.port, limit=1)
    raw = head(b"/check/traefik", *FACTS, (b"Accept", b"text/html")).replace(b"/public/x", b"/api/x") * 200
    asked = 0
    for _ in range(100):
        writer.write(raw)
        asked += 200
        await asyncio.sleep(0.002)
    for _ in range(100):
        before = len(gate.reasons)
        await asyncio.sleep(0.05)
        if len(gate.reasons) == before:
            break
    assert len(gate.reasons) < asked
    assert parsed(await gate.send(WHOLE)).status == 200
    writer.transport.abort()
