"""Both lanes, the same bytes: what the fast lane takes, the aiohttp lane answers alike; what is refused, both refuse.

Alike is: status, headers, body, what is counted, which use, which refusal for the audit. In memory, so that many heads
can be tried.
"""

import asyncio
import re
from base64 import b64encode
from itertools import count

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.auth.keyring import add_key, load
from tests.effort import examples
from tests.house import House
from tests.lanes import LANES, LOOPBACK, Listener, Pipe, answered

MALFORMED = (400, b"malformed\n")
# Beyond what both parsers refuse, the fast lane takes only such a line: aiohttp is given what llhttp made of it.
PLAIN_LINE = re.compile(rb"[A-Z-]+ /[^ \r\n]* HTTP/1\.[01]\r\n")


class Twins:
    """One token, and a listener of each lane that knows it."""

    def __init__(self, folder):
        add_key(folder / "key")
        self.house = House(load(folder / "key"))
        self.token, self.presented = self.house.keep()
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self._start())

    async def _start(self):
        self.lanes = {lane: Listener(self.house, LOOPBACK, lane) for lane in LANES}
        await self.house.ask(self.presented)

    def ask(self, raw):
        """What each lane makes of the bytes: the answers, whether it hung up, and everything that was noted."""
        return {lane: self.loop.run_until_complete(self._ask(listener, raw)) for lane, listener in self.lanes.items()}

    async def _ask(self, listener, raw):
        store, counted = self.house.store, len(listener.counts)
        pipe = Pipe(listener)
        pipe.feed(raw)
        answers = answered(await pipe.settle())
        hung_up = pipe.has_ended
        pipe.close()
        await asyncio.sleep(0)
        store.uses.clear()
        store.refusals.clear()
        store.unknown.clear()
        await listener.usage.write()
        await listener.refusals.flush(whole=True)
        noted = (list(listener.counts[counted:]), list(store.uses), list(store.refusals), list(store.unknown))
        return answers, hung_up, noted

    def close(self):
        self.loop.close()
        self.house.pool.close()


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    made = Twins(tmp_path_factory.mktemp("twins"))
    yield made
    made.close()


def bytes_of(*choices):
    return st.sampled_from([choice if isinstance(choice, bytes) else choice.encode() for choice in choices])


PATHS = bytes_of(
    "/api/x", "/public/x", "/keep/x", "/bare/x", "/browser/x", "/cors/x", "/machine/x", "/admin/x", "/", "//admin/x",
    "/public/../admin/x", "/a%2fb", "/a%00", "/api/x?token=1", "*", "a", "", "/caf\u00e9", "/a#b", "/api/" + "y" * 300,
)  # fmt: skip
METHODS = bytes_of("GET", "HEAD", "POST", "OPTIONS", "get", "", "GET,DELETE", "PURGE")
HOSTS = bytes_of("app.example.org", "APP.example.org:443", "other.example.org", "a,b", "[::1", "")
ADDRESSES = bytes_of("10.1.2.3", "1.2.3.4, 10.1.2.3", "::ffff:10.0.0.1", "fe80::1%eth0", "nonsense", "", "10.1.2.3:80")
NEUTRAL = (
    b"User-Agent: Go-http-client/1.1", b"Accept: text/html,*/*", b"Accept: */*", b"Accept-Encoding: gzip",
    b"Expect: 100-continue", b"Upgrade: websocket", b"Connection: Upgrade", b"Connection: close",
    b"Connection: keep-alive", b"Connection: Authorization", b"Content-Length: 0", b"Content-Length: 00",
    b"Cookie: sid=1", b"X-API-Key: theirs", b"Origin: https://a.example", b"Access-Control-Request-Method: GET",
    b"X_Forwarded_Uri: /public/x", b"X-Original-URI: /public/x", b"X-Forwarded-Method: DELETE", b"Forwarded: for=1",
    b"Content-Type: a/b", b"Content-Type: a/b", b"ETag: x", b"X-Empty:", b"X-Padded: \t a \t", b"X-High: \xff\xfe",
    b"Host: other", b"X-HTTP-Method-Override: DELETE",
)  # fmt: skip


@st.composite
def heads(draw, presented):
    """A check, mostly well-formed; each fact and each header may be one that is not."""
    dialect = draw(st.sampled_from(["nginx", "traefik", "caddy"]))
    method, path = draw(METHODS.filter(bool)), draw(st.just(b"/check/" + dialect.encode()) | bytes_of("/nope", "*"))
    version = draw(bytes_of("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"))
    original = dialect == "nginx"
    facts = [
        (b"X-Original-Method" if original else b"X-Forwarded-Method", draw(METHODS)),
        (b"X-Original-URI" if original else b"X-Forwarded-Uri", draw(PATHS)),
        (b"Host" if original else b"X-Forwarded-Host", draw(HOSTS)),
        (b"X-Forwarded-For", draw(ADDRESSES)),
    ]
    if not original:
        facts.append((b"Host", b"gw"))
    if draw(st.integers(0, 9)) == 0:
        del facts[draw(st.integers(0, len(facts) - 1))]
    lines = [name + b": " + value for name, value in facts]
    credentials = (
        b"Authorization: Bearer " + presented, b"authorization: bearer " + presented, b"Authorization: Bearer x",
        b"Authorization: Basic " + b64encode(b"alice:" + presented), b"Authorization: Basic " + b64encode(b"bob:x"),
        b"Authorization: Bearer  " + presented, b"Authorization: Bearer", b"Authorization: Digest a=b",
        b"X-API-Key: " + presented,
    )  # fmt: skip
    lines += draw(st.lists(st.sampled_from(credentials), max_size=2))
    lines += draw(st.lists(st.sampled_from(NEUTRAL), max_size=5))
    lines = draw(st.permutations(lines))
    return b"\r\n".join([method + b" " + path + b" " + version, *lines]) + b"\r\n\r\n"


@st.composite
def damaged(draw, presented):
    """A head with a few bytes put in, taken out or changed."""
    head = bytearray(draw(heads(presented)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(head) - 1))
        odd = draw(
            st.sampled_from([b"", b"\0", b"\n", b"\r", b"\r\n", b" ", b"\t", b":", b"\xff", b"\x7f", b"A", b";"])
        )
        head[at : at + draw(st.integers(0, 1))] = odd
    return bytes(head)


def is_malformed(raw, answer):
    """Whether it is the fixed answer to malformed heads, which for HEAD comes without its body."""
    status, _, body = answer
    return (status, body) == MALFORMED or (raw.startswith(b"HEAD ") and (status, body) == (MALFORMED[0], b""))


def check(twins, raw):
    """The invariant, for any bytes."""
    found = twins.ask(raw)
    (fast, fast_closed, fast_noted), (slow, slow_closed, slow_noted) = (found[lane] for lane in LANES)
    refused = bool(fast) and (fast[0][0], fast[0][2]) == MALFORMED
    assert len(fast) <= 1 or raw.count(b"\r\n\r\n") > 1
    if refused:
        assert fast_closed
        assert fast_noted == ([], [], [], [])
        taken = bool(slow) and not is_malformed(raw, slow[0])
        assert not taken or PLAIN_LINE.match(raw.lstrip(b"\r\n")) is None
    elif fast:
        assert (fast, fast_closed, fast_noted) == (slow, slow_closed, slow_noted)
    else:
        assert not slow or is_malformed(raw, slow[0])


@given(data=st.data())
@settings(max_examples=examples(150))
def test_a_head_that_the_fast_lane_takes_is_answered_counted_and_noted_alike_in_both(twins, data):
    check(twins, data.draw(heads(twins.presented)))


@given(data=st.data())
@settings(max_examples=examples(150))
def test_a_damaged_head_is_refused_by_both_or_answered_alike(twins, data):
    raw = data.draw(damaged(twins.presented))
    assume(raw.count(b"\r\n\r\n") == 1)
    check(twins, raw)


@given(st.binary(max_size=200))
@example(b"\r\n\r\n")
@example(b"\x16\x03\x01\x02\x00\x01")
@example(b"GET / HTTP/1.1\n\n")
@settings(max_examples=examples(100))
def test_no_bytes_at_all_break_the_lane_or_are_allowed(twins, raw):
    answers, _, noted = twins.ask(raw)["fast"]
    assert all(status >= 400 for status, _, _ in answers)
    assert noted == ([], [], [], [])


fresh = count()  # a path that came before is a repeated head
URIS = st.binary(min_size=1, max_size=30).map(lambda raw: b"/api/" + raw) | PATHS | st.just(b"/" + b"y" * 9_000)


@given(uri=URIS, dialect=st.sampled_from([b"traefik", b"caddy", b"nginx"]), doubled=st.booleans())
@example(uri=b"/api/x\r\nX-Forwarded-Uri: /api/y", dialect=b"traefik", doubled=False)
@example(uri=b"/api/x\r\nX-Forwarded-For: 10.0.0.9", dialect=b"traefik", doubled=False)
@example(uri=b"/api/x y", dialect=b"traefik", doubled=False)
@example(uri=b"/api/x ", dialect=b"nginx", doubled=True)
@settings(max_examples=examples(150))
def test_a_head_that_differs_from_known_ones_in_the_uri_alone_is_answered_alike_in_both(twins, uri, dialect, doubled):
    name = b"Original-URI" if dialect == b"nginx" else b"Forwarded-Uri"
    method = b"X-Original-Method" if dialect == b"nginx" else b"X-Forwarded-Method"
    other = b"X-Original-URI: /public/x\r\n" if dialect != b"nginx" else b"X-Forwarded-Uri: /public/x\r\n"

    def raw(uri):
        return (
            b"GET /check/" + dialect + b" HTTP/1.1\r\nHost: app.example.org\r\n" + method + b": GET\r\n"
            b"X-Forwarded-Host: app.example.org\r\nX-Forwarded-For: 10.1.2.3\r\nX-"
            + name + b": " + uri + b"\r\n" + (other if doubled else b"")
            + b"Authorization: Bearer " + twins.presented + b"\r\n\r\n"
        )  # fmt: skip

    for path in (b"/api/one", b"/api/two", b"/api/three"):
        assert twins.ask(raw(path))["fast"][0][0][0] == 200
    alike = twins.lanes["fast"].server.lane.alike
    given = alike.given
    assert twins.ask(raw(b"/api/%d" % next(fresh)))["fast"][0][0][0] == 200
    assert (alike.given > given) is not (doubled and dialect == b"nginx"), "this lane is what is tried here"
    assume(raw(uri).count(b"\r\n\r\n") == 1)  # what comes behind a head, aiohttp reads before it answers
    check(twins, raw(uri))


F = (
    b"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /public/x\r\n"
    b"X-Forwarded-Host: app.example.org\r\nX-Forwarded-For: 10.1.2.3\r\n"
)
LINE = b"GET /check/traefik HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(LINE + F, id="no-host"),
        pytest.param(LINE.replace(b"1.1", b"1.0") + F, id="no-host-1.0"),
        pytest.param(LINE + b"Host: a\r\nHost: a\r\n" + F, id="two-hosts"),
        pytest.param(LINE + b"Host: a\r\nUser-Agent: a\r\nUser-Agent: b\r\n" + F, id="two-of-a-single"),
        pytest.param(b"GET  /check/traefik HTTP/1.1\r\nHost: a\r\n" + F, id="two-spaces"),
        pytest.param(b"GET /check/traefik\r\nHost: a\r\n" + F, id="no-version"),
        pytest.param(b"GET /check/traefik RTSP/1.0\r\nHost: a\r\n" + F, id="rtsp"),
        pytest.param(b"SOURCE /check/traefik ICE/1.0\r\nHost: a\r\n" + F, id="ice"),
        pytest.param(b"GET /check/traefik HTTP/0.9\r\nHost: a\r\n" + F, id="0.9"),
        pytest.param(b"GET /check/traefik HTTP/2.0\r\nHost: a\r\n" + F, id="2.0"),
        pytest.param(b"CONNECT /check/traefik HTTP/1.1\r\nHost: a\r\n" + F, id="connect"),
        pytest.param(LINE + b"Host: a\r\nContent-Length: +0\r\n" + F, id="D01-plus"),
        pytest.param(LINE + b"Host: a\r\nContent-Length:\r\n" + F, id="D01-empty"),
        pytest.param(LINE + b"Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n" + F, id="D01-two"),
        pytest.param(LINE + b"Host: a\r\nTransfer-Encoding: xchunked\r\n" + F, id="D01-xchunked"),
        pytest.param(LINE + b"Host: a\r\nTransfer-Encoding : chunked\r\n" + F, id="D01-space"),
        pytest.param(LINE + b"Host: a\r\n" + b"X: 1\r\n" * 200 + F, id="D08-count"),
        pytest.param(LINE + b"Host: a\r\nX: " + b"y" * 16_385 + b"\r\n" + F, id="D08-field"),
        pytest.param(LINE.replace(b"traefik", b"traefik?" + b"y" * 16_384) + b"Host: a\r\n" + F, id="D08-target"),
        pytest.param(LINE + b"Host: a\r\nX: a\r\n b\r\n" + F, id="D02-fold"),
        pytest.param(LINE + b"Host: a\r\nX: a\nY: b\r\n" + F, id="D02-bare-lf"),
        pytest.param(LINE + b"Host: a\r\nX: a\rY: b\r\n" + F, id="D02-bare-cr"),
        pytest.param(LINE + b"Host: a\r\nX: a\0\r\n" + F, id="D02-nul"),
        pytest.param(LINE + b"Host: a\r\n: a\r\n" + F, id="D02-no-name"),
    ],
)
def test_the_fast_lane_refuses_what_either_parser_lets_through(twins, raw):
    ((answer,), closed, noted) = twins.ask(raw + b"\r\n")["fast"]
    assert (answer[0], answer[2]) == MALFORMED
    assert closed
    assert noted == ([], [], [], [])
    check(twins, raw + b"\r\n")


def test_a_plain_head_is_taken_with_fields_of_the_largest_size(twins):
    raw = LINE + b"Host: a\r\nX: " + b"y" * 16_383 + b"\r\n" + b"Y: 1\r\n" * 190 + F + b"\r\n"
    assert twins.ask(raw)["fast"][0][0][0] == 200
    check(twins, raw)
