"""How bytes become heads in the fast lane: in any pieces, behind one another, too slow, too many, and for nobody."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.keyring import add_key, load
from gateway.web import caps
from tests.effort import examples
from tests.house import House
from tests.lanes import LANES, LOOPBACK, Listener, Pipe, a_check, answered, head, parsed, values


@pytest.fixture
async def pipe(house):
    """A connection of the fast lane, in memory."""
    made = Pipe(Listener(house, LOOPBACK))
    yield made
    made.close()


def with_token(path, token):
    return a_check(path)[:-2] + b"Authorization: Bearer " + token + b"\r\n\r\n"


async def test_a_head_cut_at_any_place_is_one_head(house):
    token, presented = house.keep()
    await house.ask(presented)
    listener = Listener(house, LOOPBACK)
    raw = with_token("/api/x", presented)
    whole = answered(await Pipe(listener).ask(raw))
    for at in range(1, len(raw)):
        pipe = Pipe(listener)
        pipe.feed(raw[:at])
        assert pipe.written == b""
        pipe.feed(raw[at:])
        assert answered(pipe.written) == whole
    byte_by_byte = Pipe(listener)
    for at in range(len(raw)):
        byte_by_byte.feed(raw[at : at + 1])
    assert answered(byte_by_byte.written) == whole
    await listener.usage.write()
    assert [(use.token_id, use.count) for use in house.store.uses] == [(token.id, len(raw) + 1)]


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A listener whose token is in memory, with its loop."""
    folder = tmp_path_factory.mktemp("street")
    add_key(folder / "key")
    house, loop = House(load(folder / "key")), asyncio.new_event_loop()

    async def start():
        _, presented = house.keep()
        await house.ask(presented)
        heads = [
            with_token("/api/x", presented), a_check("/api/x"), a_check("/public/x"), head("/nope"), b"\r\n",
            with_token("/admin/x", presented), a_check("/api/y").replace(b"GET /check", b"HEAD /check"),
        ]  # fmt: skip
        return Listener(house, LOOPBACK), heads

    yield loop, *loop.run_until_complete(start())
    loop.close()
    house.pool.close()


@given(data=st.data())
@settings(max_examples=examples(60))
def test_heads_behind_one_another_are_answered_in_turn_however_they_are_cut(street, data):
    loop, listener, heads = street
    chosen = data.draw(st.lists(st.sampled_from(heads), min_size=1, max_size=6))
    raw = b"".join(chosen)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))

    async def run():
        alone = b"".join([asked(one) for one in chosen if one != b"\r\n"])
        together = asked(*(raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)))
        return statuses(together), statuses(alone)

    def asked(*pieces):
        pipe = Pipe(listener)
        for piece in pieces:
            pipe.feed(piece)
        pipe.close()  # there is room for so many
        return pipe.written

    together, apart = loop.run_until_complete(run())
    assert together == apart


def statuses(raw):
    """Status lines alone: behind an answer to HEAD there is no body to count."""
    return [line.split()[1] for line in raw.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


async def test_what_comes_behind_an_unanswered_check_waits_and_is_not_read_on(house, pipe):
    _, presented = house.keep()
    house.store.gate = asyncio.Event()
    pipe.feed(with_token("/api/x", presented) + a_check("/public/x"))
    await asyncio.sleep(0)
    assert (pipe.written, pipe.is_reading) == (b"", False)
    house.store.gate.set()
    for _ in range(200):
        await asyncio.sleep(0.005)
        if len(answered(pipe.written)) == 2:
            break
    assert [status for status, _, _ in answered(pipe.written)] == [200, 200]
    assert pipe.is_reading


async def test_a_peer_that_takes_no_answers_is_asked_nothing_more(pipe):
    connection = pipe.get_protocol()
    connection.pause_writing()
    pipe.feed(a_check("/public/x"))
    assert (pipe.written, pipe.is_reading) == (b"", False)
    connection.resume_writing()
    assert len(answered(pipe.written)) == 1
    assert pipe.is_reading


async def test_a_peer_that_never_takes_its_answers_is_cut_off(pipe, monkeypatch):
    monkeypatch.setattr(caps, "WRITE_DEADLINE_S", 0.02)
    pipe.get_protocol().pause_writing()
    await asyncio.sleep(0.06)
    assert pipe.is_closed


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x16\x03\x01\x02", id="tls-hello"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n", id="D02-bare-lf"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"y" * caps.MAX_HEAD, id="endless-head"),
    ],
)
async def test_what_cannot_become_a_head_is_refused_before_the_deadline(pipe, raw):
    pipe.feed(raw)
    ((status, pairs, body),) = answered(pipe.written)
    assert (status, body, values(pairs, b"connection")) == (400, b"malformed\n", [b"close"])
    assert pipe.has_ended
    pipe.feed(a_check("/public/x"))
    assert len(answered(pipe.written)) == 1, "nothing after it is answered"


async def test_line_ends_before_a_head_do_not_keep_a_connection_open(house, monkeypatch):
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.03)
    pipe = Pipe(Listener(house, LOOPBACK))
    for _ in range(4):
        pipe.feed(b"\r\n")
        await asyncio.sleep(0.02)
    assert pipe.is_closed


@pytest.mark.parametrize("lane", LANES)
async def test_a_peer_that_leaves_while_its_check_waits_leaves_no_work_and_no_use(house, lane):
    _, presented = house.keep()
    listener = Listener(house, LOOPBACK, lane)
    house.store.gate = asyncio.Event()
    pipe = Pipe(listener)
    pipe.feed(with_token("/api/x", presented))
    for _ in range(5):
        await asyncio.sleep(0)
    assert house.store.loads == 1
    pipe.close()
    for _ in range(5):
        await asyncio.sleep(0)
    house.store.gate.set()
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) == 1
    await listener.usage.write()
    assert house.store.uses == []
    assert listener.counts == []
    assert not listener.door.inside


async def test_an_error_in_the_lane_is_a_refusal_and_the_end_of_the_connection(house, monkeypatch):
    listener = Listener(house, LOOPBACK)

    def broken(*_):
        raise RuntimeError("broken")

    for method in ("recall", "again"):
        pipe = Pipe(listener)
        if method == "again":
            for _ in range(3):
                await pipe.ask(a_check("/public/x"))
        with monkeypatch.context() as patch:
            patch.setattr(listener.service, method, broken)
            status, pairs, _ = parsed(await pipe.ask(a_check("/public/x")))
        assert (status, values(pairs, b"x-auth-reason")) == (403, [b"unavailable"])
        assert pipe.has_ended


async def test_a_drain_answers_the_check_that_waits_and_then_closes(house):
    _, presented = house.keep()
    listener = Listener(house, LOOPBACK)
    await listener.start()
    house.store.gate = asyncio.Event()
    asked = asyncio.create_task(listener.send(with_token("/api/x", presented), until_closed=True))
    idle, quiet = await asyncio.open_connection("127.0.0.1", listener.port)
    quiet.write(a_check("/public/x"))
    await idle.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.05)
    assert house.store.loads == 1
    listener.listening.close()
    draining = asyncio.create_task(listener.server.shutdown(2))
    assert await idle.read() == b"", "a connection without a check is closed"
    house.store.gate.set()
    status, pairs, _ = parsed(await asked)
    assert (status, values(pairs, b"connection")) == (200, [b"close"])
    await draining
    quiet.close()
    assert not listener.door.inside


async def test_a_connection_that_is_handed_on_counts_as_one(house):
    listener = Listener(house, LOOPBACK)
    await listener.start()
    raw = a_check("/public/x")[:-2] + b"Content-Length: 3\r\n\r\nabcGET /"
    status, pairs, _ = parsed(await listener.send(raw, until_closed=True))
    assert (status, values(pairs, b"connection")) == (200, [b"close"])
    await asyncio.sleep(0.02)
    assert (listener.door.accepted, listener.door.inside) == (1, set())
    await listener.stop()
