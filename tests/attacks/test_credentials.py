"""T: credentials that are not one, not ours, not spelled as we spell them, or in a place where we do not look."""

import json
import os
import time
from base64 import b64encode, urlsafe_b64encode

import pytest

from gateway.core.rt_token import parse_rt_token
from gateway.core.token import parse
from tests.attacks.corpus import attack, spelled
from tests.attacks.gate import EVERY_DIALECT, bearer
from tests.builders import a_presented, a_token, an_owner

ID_BEGINS, SECRET_BEGINS, CRC_BEGINS = 4, 16, 48


def authorization(value: bytes) -> tuple[bytes, bytes]:
    return b"Authorization", value


def basic(user_and_password: bytes) -> tuple[bytes, bytes]:
    return authorization(b"Basic " + b64encode(user_and_password))


@attack("T01")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_two_authorization_headers_are_refused_in_both_orders(gate, dialect):
    good, other = bearer(gate.token()), bearer(gate.token())
    for bad in (other, authorization(b"Bearer bad"), authorization(b""), authorization(good[1].lower()), basic(b"a:b")):
        for pair in ((good, bad), (bad, good), (good, bad, good)):
            assert (await gate.check(b"/api/x", *pair, dialect=dialect)).status in {400, 401, 403}, pair
    joined = authorization(good[1] + b", " + other[1])
    assert (await gate.check(b"/api/x", joined, dialect=dialect)).status == 401


@attack("T03")
@pytest.mark.parametrize("scheme", [b"bearer", b"BEARER", b"BeArEr", b"token", b"TOKEN"])
async def test_the_case_of_the_scheme_does_not_matter(gate, scheme):
    assert (await gate.check(b"/api/x", authorization(scheme + b" " + gate.token()))).status == 200


@attack("T04")
@pytest.mark.parametrize(
    "form",
    [
        b"Bearer  %b",
        b"Bearer\t%b",
        b"Bearer%b",
        b"Bearer %b x",
        b"Bearer \xc2\xa0%b",
        b"Bearer,%b",
        b"Bearer: %b",
        b"Bearer=%b",
        b'Bearer "%b"',
        b"Bearer %b,",
        b"Bearer %b;",
        b"Bearer %b\xc2\xa0",
        b"Bearer token=%b",
        b"%b",
    ],
)
async def test_one_blank_stands_between_scheme_and_token_and_nothing_else(gate, form):
    assert (await gate.check(b"/api/x", authorization(form.replace(b"%b", gate.token())))).status in {401, 403}


@attack("T04")
@pytest.mark.parametrize("value", [b"Bearer", b"Bearer ", b"", b" ", b"Basic", b"token", b"Bearer \t", b"Negotiate x"])
async def test_a_scheme_alone_is_no_credential(gate, value):
    assert (await gate.check(b"/api/x", authorization(value))).status == 401


def changed(token: bytes, at: int, new: bytes, width: int = 1) -> bytes:
    return token[:at] + new + token[at + width :]


WRONG = {
    "T06": lambda token: [
        b"\xff\xfe",
        "\u00e9".encode(),
        token[:-1] + b"\xff",
        token + b"\xc3",
        changed(token, 20, b"\xc3\xa9"),
        b"\x80" * 54,
        changed(token, 3, b"\xef\xbc\xbf"),
    ],
    "T07": lambda token: [
        changed(token, ID_BEGINS, "\uff11".encode()),
        changed(token, SECRET_BEGINS, "\u0661".encode()),
        changed(token, SECRET_BEGINS, "\u0430".encode()),
        token.decode().translate({ord("t"): "\u0442", ord("p"): "\u0440"}).encode(),
        "".join(chr(ord(letter) + 0xFEE0) for letter in token.decode()).encode(),
    ],
    "T08": lambda token: [
        changed(token, CRC_BEGINS, b"000000", 6),
        token[:CRC_BEGINS] + token[CRC_BEGINS:][::-1],
        *(changed(token, at, token[at : at + 2][::-1], 2) for at in (5, 20, 40) if token[at] != token[at + 1]),
        changed(token, 30, b"A" if token[30:31] != b"A" else b"B"),
    ],
    "T11": lambda token: [
        b"tgp_",
        token[:SECRET_BEGINS],
        token[: SECRET_BEGINS - 1],
        token[:-1],
        token + b"A",
        b"A" + token,
        token * 2,
        token + b"A" * 8000,
        token.replace(b"_", b"__"),
        token.replace(b"_", b""),
        b"tga_" + token[4:],
        b"xxp_" + token[4:],
    ],
    "T12": lambda token: [token.lower(), token.upper(), token.swapcase(), b"TGP" + token[3:]],
    "T13": lambda token: [
        b64encode(token),
        urlsafe_b64encode(token),
        token + b"=",
        token + b"==",
        changed(token, SECRET_BEGINS, b"-"),
        changed(token, SECRET_BEGINS, b"+"),
        changed(token, SECRET_BEGINS, b"/"),
        token.replace(b"_", b"%5F"),
        b"%74" + token[1:],
        token[:30] + b" " + token[30:],
    ],
}


@pytest.mark.parametrize("wrong", spelled(**WRONG))
async def test_a_token_has_one_spelling_and_another_costs_neither_store_nor_hash(gate, wrong):
    token = gate.token()
    for value in wrong(token):
        if value == token:
            continue
        for headers in ((bearer(value),), (basic(b"alice:" + value),)):
            answered = await gate.check(b"/api/x", *headers)
            assert answered.status in {400, 401}, value
        assert (await gate.check(b"/machine/x", (b"X-API-Key", value))).status in {400, 401}, value
    assert gate.house.store.loads == 0
    assert len(gate.house.authenticator._verified.refuted) == 0
    assert (await gate.check(b"/api/x", bearer(token))).status == 200


@attack("T11")
async def test_a_megabyte_for_a_token_is_refused_by_its_length(gate):
    for size in (9_000, 20_000, 1_000_000):
        assert (await gate.check(b"/api/x", bearer(b"tgp_" + b"A" * size))).status in {0, 400, 401, 431}
        assert (await gate.check(b"/api/x", basic(b"alice:" + b"A" * size))).status in {0, 400, 401, 431}
    assert gate.house.store.loads == 0


@attack("T09")
async def test_an_unknown_id_and_a_wrong_secret_are_one_answer_and_neither_is_hashed(gate):
    known, _ = gate.house.keep()
    wrong, _ = a_presented(known)
    unknown, _ = a_presented(a_token())
    hashed = []
    gate.house.pool.run = lambda *work, **_: hashed.append(work)
    one, other = [await gate.check(b"/api/x", bearer(value)) for value in (wrong, unknown)]
    assert (one.status, one.body, _dateless(one)) == (other.status, other.body, _dateless(other))
    assert hashed == []


def _dateless(answered):
    return sorted(pair for pair in answered.headers if pair[0] != b"date")


@attack("T09")
async def test_the_time_of_a_refusal_does_not_tell_a_known_id_from_an_unknown_one(house):
    """CPU time, the store being the same for both: medians over many, the ids new each time."""
    spent = {}
    for name in ("known", "unknown"):
        tokens = []
        for _ in range(60):
            kept, _ = house.keep(secret=None)
            tokens.append(a_presented(kept if name == "known" else a_token())[0])
        times = []
        for presented in tokens:
            before = time.thread_time_ns()
            await house.ask(presented)
            times.append(time.thread_time_ns() - before)
        spent[name] = sorted(times)[len(times) // 2]
    assert 0.4 < spent["known"] / spent["unknown"] < 2.5, spent


MALFORMED_BASIC = [
    *(b"", b":", b"user:", b":pass", b"user", b"a:b:c", b"\xff\xfe:\xff", b"\x00:\x00", b"a\r\n:b", b"alice:\x7f"),
    *(b"alice", "j\u00fcrgen:x".encode(), "j\u00fcrgen:x".encode("latin-1"), b"a" * 6000 + b":x", b"x:" + b"a" * 6000),
]


@attack("T15")
async def test_malformed_basic_is_refused_in_every_way(gate):
    for pair in MALFORMED_BASIC:
        assert (await gate.check(b"/api/x", basic(pair))).status in {400, 401}, pair
    for raw in (b"!!!", b"YTpi=", b"YTpi\t", b"YTp i", b"YTpi-_", b"=", b"YQ", b"YTpi,YTpi", b"YTpj===", b"\xff"):
        assert (await gate.check(b"/api/x", authorization(b"Basic " + raw))).status in {400, 401}, raw


@attack("T15", "T13")
async def test_basic_in_another_spelling_of_the_same_base64_is_refused(gate):
    token = gate.token()
    for user in (b"alice", b"", b"__token__"):
        encoded = b64encode(user + b":" + token)
        assert (await gate.check(b"/api/x", authorization(b"Basic " + encoded))).status == 200
        for other in (encoded.rstrip(b"=") + b"A", encoded + b"=", encoded + b"\n", encoded.replace(b"=", b"")):
            if other != encoded:
                assert (await gate.check(b"/api/x", authorization(b"Basic " + other))).status in {0, 400, 401}, other


@attack("T15")
async def test_the_user_of_basic_is_the_owner_or_nobody(gate):
    token = gate.token()
    for user in (b"bob", b"alice ", b" alice", b"alice\x00", b"alic\xc3\xa9", b"root", b"ali\xc5\xbfe", b"__TOKEN__"):
        assert (await gate.check(b"/api/x", basic(user + b":" + token))).status in {400, 401, 403}, user


@attack("T17")
async def test_a_token_in_the_url_counts_only_where_the_route_asks_for_it(gate):
    token = gate.token()
    for query in (b"?token=", b"?auth_token=", b"?access_token=", b"?x=1&auth_token=", b"?#auth_token="):
        for path in (b"/api/x", b"/machine/x"):
            assert (await gate.check(path + query + token)).status in {400, 401, 403}, query
    assert (await gate.check(b"/asks/x?auth_token=" + token)).status == 200
    for query in (
        b"?auth.token=",
        b"?auth_token[]=",
        b"?auth%5Ftoken=1&auth_token=",
        b"?;auth_token=",
        b"?AUTH_TOKEN=",
    ):
        assert (await gate.check(b"/asks/x" + query + token)).status in {400, 401, 403}, query
    for path in (b"/api/" + token, b"/api/;t=" + token, b"/api/x%3Bt=" + token):
        await gate.check(path)  # what a client writes into the path is not logged either: the gate holds that


@attack("T19")
async def test_credentials_of_two_people_are_refused_wherever_they_stand(gate):
    alice, bob = gate.token(), gate.token(owner=an_owner("bob"))
    for path, first, second in (
        (b"/machine/x", bearer(alice), (b"X-API-Key", bob)),
        (b"/machine/x", (b"X-API-Key", bob), bearer(alice)),
        (b"/machine/x", (b"X-API-Key", bob), (b"X-API-Key", alice)),
        (b"/asks/x?auth_token=" + bob, bearer(alice), (b"Cookie", b"session=bob")),
        (b"/asks/x?auth_token=" + bob + b"&auth_token=" + alice, (b"X-Y", b""), (b"X-Z", b"")),
    ):
        answered = await gate.check(path, first, second)
        assert answered.status in {400, 401, 403}, (path, first)
        assert answered.all("x-auth-user") == []
    for cookie in (b"session=bob", b"token=" + bob, b"auth_token=" + bob):
        answered = await gate.check(b"/api/x", bearer(alice), (b"Cookie", cookie))
        assert answered.all("x-auth-user") == [b"alice"], "a cookie of the app's is no credential"


@attack("T21")
async def test_proxy_authorization_is_none_of_our_business(gate):
    token = gate.token()
    for value in (b"Bearer " + token, b"Basic " + b64encode(b"alice:" + token)):
        assert (await gate.check(b"/api/x", (b"Proxy-Authorization", value))).status == 401
        assert (await gate.check(b"/api/x", (b"Proxy-Authorization", value), bearer(token))).status == 200


def jwt(header: object, claims: object, signature: bytes = b"") -> bytes:
    def part(value: bytes) -> bytes:
        return urlsafe_b64encode(value).rstrip(b"=")

    return b".".join([part(json.dumps(header).encode()), part(json.dumps(claims).encode()), part(signature)])


@attack("T31")
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "HS256", "kid": "../../dev/null"},
        {"alg": "RS256", "jku": "http://x"},
        {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "RS256", "jwk": {"kty": "oct", "k": ""}},
    ],
    ids=lambda header: header["alg"] + "".join(sorted(set(header) - {"alg"})),
)
async def test_a_json_web_token_is_no_token(gate, header):
    for claims in ({"sub": "alice", "exp": "9"}, {"sub": "alice", "scope": "rest admin", "x": "y" * 6000}):
        value = jwt(header, claims, os.urandom(32))
        assert parse(value, brand="tg") is None
        assert parse_rt_token(value) is None
        for headers in ((bearer(value),), (basic(b"alice:" + value),)):
            assert (await gate.check(b"/api/x", *headers)).status in {400, 401}
    assert gate.house.store.loads == 0
