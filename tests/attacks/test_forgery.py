"""H: methods, forged facts, forged identity, and what else of a client's headers might be believed."""

import unicodedata

import pytest

from gateway.core.identity import encode
from gateway.core.naming import label_flaw, name_flaw
from gateway.core.network import Networks
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.trust import Trust
from tests.attacks.corpus import attack, spelled
from tests.attacks.gate import EVERY_DIALECT, Gate, bearer, head, opened, parsed
from tests.builders import an_owner

EVERY_METHOD_HEADER = (b"X-HTTP-Method-Override", b"X-Method-Override", b"X-HTTP-Method", b"_method")
METHODS = spelled(
    H02=[
        *(
            b"",
            b"get",
            b"Get",
            b"GET x",
            b"GET,DELETE",
            b"GET, GET",
            b"GET\tX",
            b"G\xce\x95T",
            b"A" * 300,
            b"*",
            b"\x00",
        ),
        *(b"GET/", b"1GET", b"-GET", b"GET\xff", b"GET\xc2\xa0", b"GET;x", b"\xef\xbc\xa7ET", b"GET\\", b"'GET'"),
    ]
)


@attack("H01")
@pytest.mark.parametrize("name", EVERY_METHOD_HEADER)
async def test_a_named_method_is_not_the_method(gate, name):
    token = bearer(gate.token())
    assert (await gate.check(b"/api/x", token, (name, b"DELETE"))).status == 200
    assert (await gate.check(b"/api/x?_method=DELETE&method=DELETE", token)).status == 200
    assert (await gate.check(b"/api/x?_method=GET", token, (name, b"GET"), method=b"DELETE")).status == 403


@pytest.mark.parametrize("methods", METHODS)
async def test_what_is_no_method_passes_nowhere(gate, methods):
    token = bearer(gate.token())
    for method in methods:
        for dialect in EVERY_DIALECT:
            for path in (b"/api/x", b"/public/x", b"/loose/x"):
                answered = await gate.check(path, token, method=method, dialect=dialect)
                assert answered.status >= 400 or answered.status == 0, (method, dialect, path)


@attack("H02")
@pytest.mark.parametrize("method", [b"GET ", b" GET", b"GET\t"])
async def test_a_blank_at_a_methods_edge_is_no_method_where_it_arrives(gate, method):
    """Between sockets, HTTP cuts blanks off a header's value; whoever hands them over all the same is refused."""
    facts = ((b"x-forwarded-method", method), (b"x-forwarded-uri", b"/public/x"))
    facts += ((b"x-forwarded-host", b"app.example.org"), (b"x-forwarded-for", b"10.1.2.3"))
    assert (await gate.service.check(DIALECTS["traefik"], facts)).status >= 400


@attack("H02")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_the_method_of_the_check_itself_stands_for_nothing(gate, dialect):
    name = b"X-Original-Method" if dialect == "nginx" else b"X-Forwarded-Method"
    assert (await gate.check(b"/public/x", dialect=dialect, without=name)).status >= 400
    assert (await gate.check(b"/api/x", bearer(gate.token()), method=b"DELETE", dialect=dialect)).status == 403


@attack("H03")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
@pytest.mark.parametrize("second", [b"GET", b"DELETE", b"get", b""])
async def test_a_fact_that_comes_twice_is_refused_even_if_it_says_the_same(gate, dialect, second):
    kind = b"Original" if dialect == "nginx" else b"Forwarded"
    for name, value in ((b"-Method", second), (b"-URI", b"/public/x"), (b"-uri", b"/public/y")):
        doubled = (b"X-" + kind + name, value)
        assert (await gate.check(b"/public/x", doubled, dialect=dialect)).status >= 400
    assert (await gate.check(b"/public/x", (b"X-Forwarded-For", b"10.0.0.1"), dialect=dialect)).status >= 400


FORGED = {
    "H05": (
        (b"X-Forwarded-Uri", b"/public/x"),
        (b"X-Forwarded-Method", b"GET"),
        (b"X-Forwarded-Host", b"evil.example"),
        (b"X-Forwarded-Prefix", b"/public"),
        (b"X-Forwarded-Path", b"/public/x"),
    ),
    "H06": (
        (b"X-Original-URI", b"/public/x"),
        (b"X-Original-URL", b"http://app.example.org/public/x"),
        (b"X-Original-Method", b"GET"),
        (b"X-Rewrite-URL", b"/public/x"),
        (b"X-Envoy-Original-Path", b"/public/x"),
    ),
    "H07": (
        (b"X_Forwarded_Uri", b"/public/x"),
        (b"X.Forwarded.Uri", b"/public/x"),
        (b"X_Forwarded_Method", b"GET"),
        (b"X_Original_URI", b"/public/x"),
        (b"X.Original.Method", b"GET"),
        (b"X_Forwarded_Proto", b"https"),
    ),
    "H11": (
        *((b"X-Forwarded-Proto", value) for value in (b"https", b"HTTPS", b"ws", b"https,http", b"javascript", b"")),
        (b"X-Forwarded-Port", b"99999"),
        (b"X-Forwarded-Ssl", b"on"),
    ),
    "H12": ((b"X-Forwarded-Server", b"evil.example"), (b"X-Host", b"evil.example"), (b"Via", b"1.1 public")),
}


@pytest.mark.parametrize("forged", spelled(**FORGED))
async def test_a_header_that_is_no_fact_of_the_dialect_changes_no_answer(gate, forged):
    token = bearer(gate.token())
    for dialect in EVERY_DIALECT:
        if dialect != "nginx" and forged == FORGED["H05"]:
            continue  # these are the facts themselves there, and then they are doubled
        if dialect == "nginx" and forged == FORGED["H06"]:
            continue
        for extra in (*((one,) for one in forged), forged):
            assert (await gate.check(b"/api/x", *extra, dialect=dialect)).status == 401, (extra, dialect)
            assert (await gate.check(b"/admin/x", token, *extra, dialect=dialect)).status == 403, (extra, dialect)
            assert (await gate.check(b"/api/x", token, *extra, dialect=dialect)).status == 200, (extra, dialect)
            denied = await gate.check(b"/api/x", token, *extra, method=b"DELETE", dialect=dialect)
            assert denied.status == 403, (extra, dialect)


@attack("H07")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_an_alias_does_not_stand_in_for_a_fact_that_is_missing(gate, dialect):
    kind = b"Original" if dialect == "nginx" else b"Forwarded"
    for fact, value in ((b"Method", b"GET"), (b"Uri", b"/public/x")):
        name = b"X-" + kind + b"-" + (b"URI" if fact == b"Uri" and dialect == "nginx" else fact)
        for other in (b"_", b"."):
            alias = (b"X" + other + kind + other + fact, value)
            assert (await gate.check(b"/public/x", alias, dialect=dialect, without=name)).status >= 400


@attack("H07")
async def test_an_alias_of_a_token_header_is_no_credential(gate):
    token = gate.token()
    for name in (b"X_API_Key", b"X.API.Key", b"X-API_Key", b"XAPIKey", b"X-API-Key2"):
        assert (await gate.check(b"/machine/x", (name, token))).status == 401
    assert (await gate.check(b"/machine/x", (b"x-aPi-kEy", token))).status == 200


@attack("H08")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_a_peer_that_is_no_proxy_of_ours_gets_nothing_even_with_a_token(house, lane, dialect):
    async with opened(Gate(house, lane, trust=Trust(Networks.of(["192.0.2.1"]), unix=True))) as gate:
        token = bearer(gate.token())
        claims = ((b"X-Forwarded-For", b"192.0.2.1"), (b"X-Real-IP", b"192.0.2.1"), (b"Forwarded", b"for=192.0.2.1"))
        for path in (b"/public/x", b"/api/x"):
            assert (await gate.check(path, token, dialect=dialect)).status == 403
            assert (await gate.check(path, token, *claims, dialect=dialect)).status == 403
        assert set(gate.untrusted) == {"127.0.0.1"}


@attack("H10")
@pytest.mark.parametrize(
    "name",
    [b"X-Real-IP", b"True-Client-IP", b"CF-Connecting-IP", b"X-Client-IP", b"Forwarded", b"Client-IP", b"X-Envoy"],
)
async def test_the_client_is_where_the_proxy_says_and_nowhere_else(gate, name):
    token = bearer(gate.token())
    claim = (name, b"for=10.1.2.3" if name == b"Forwarded" else b"10.1.2.3")
    assert (await gate.check(b"/inside/x", token, claim, client=b"192.0.2.7")).status == 403
    assert (await gate.check(b"/inside/x", token, (name, b"192.0.2.7"), client=b"10.1.2.3")).status == 200


@attack("H10")
@pytest.mark.parametrize(
    "client",
    [
        b"10.1.2.3, 192.0.2.7",
        b"unknown",
        b"_hidden",
        b"10.1.2",
        b"10.1.2.3.4",
        b"0x0a.1.2.3",
        b"010.1.2.3",
        b"10.1.2.3,",
        b"::ffff:192.0.2.7",
        b"10.1.2.3 192.0.2.7",
        b"[10.1.2.3]",
        b"10.1.2.3/8",
        b"167838211",
        "１０.1.2.3".encode(),
    ],
)
async def test_an_address_that_is_none_or_another_is_not_inside(gate, client):
    for dialect in EVERY_DIALECT:
        assert (await gate.check(b"/inside/x", bearer(gate.token()), client=client, dialect=dialect)).status >= 400


@attack("H14")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
@pytest.mark.parametrize("path", [b"/public/x", b"/loose/x", b"/cors/x"])
async def test_where_nobody_has_to_be_anybody_every_identity_header_is_said_empty(gate, dialect, path):
    forged = [
        (name, b"mallory") for name in (b"X-Auth-User", b"x-auth-groups", b"X-WEBAUTH-USER", b"X-Auth-Token-Name")
    ]
    forged += [(b"Origin", b"https://a.example"), (b"Access-Control-Request-Method", b"GET")]
    method = b"OPTIONS" if path == b"/cors/x" else b"GET"
    answered = await gate.check(path, bearer(gate.token()), *forged, dialect=dialect, method=method)
    assert answered.status == 200
    for name in ("x-auth-user", "x-auth-groups", "x-webauth-user", "x-auth-token-name"):
        assert answered.all(name) == [b""]


@attack("H15", "H14")
@pytest.mark.parametrize("name", [b"X-Auth-User", b"X_Auth_User", b"X.Auth.User", b"Remote_User", b"Remote-User"])
async def test_a_forged_identity_never_comes_back_in_an_answer(gate, name):
    answered = await gate.check(b"/api/x", bearer(gate.token()), (name, b"mallory"), (name.lower(), b"mallory"))
    assert (answered.status, answered.all("x-auth-user")) == (200, [b"alice"])
    assert all(b"mallory" not in value for _, value in answered.headers)


@attack("H17")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_a_check_whose_credential_was_dropped_on_the_way_is_a_check_without_one(gate, dialect):
    token = bearer(gate.token())
    assert (await gate.check(b"/api/x", token, dialect=dialect)).status == 200
    for listed in (b"Authorization", b"close, authorization", b"X-Forwarded-Uri, X-Forwarded-For, X-Original-URI"):
        for _ in range(2):
            assert (await gate.check(b"/api/x", (b"Connection", listed), dialect=dialect)).status == 401
    assert (await gate.check(b"/api/x", dialect=dialect)).status == 401


BROKEN_NAMES = [
    "alice\r\nX-Auth-Scopes: admin",
    "a\nb",
    "a\x00b",
    "a\x85b",
    "a\u2028b",
    "adm\udcffin",
    "a\tb",
    "a\x1b[2J",
]


@attack("H18")
@pytest.mark.parametrize("login", BROKEN_NAMES)
async def test_a_name_that_breaks_headers_is_refused_at_the_door_and_harmless_if_it_is_there(gate, login):
    assert label_flaw(login) is not None
    assert name_flaw(login) is not None
    token = gate.token(owner=an_owner(login, groups=("staff\r\nX-Auth-User: root",)))
    raw = await gate.send(
        head(
            b"/check/traefik",
            *((b"Host", b"gateway"), (b"X-Forwarded-Method", b"GET"), (b"X-Forwarded-Uri", b"/api/x")),
            *((b"X-Forwarded-Host", b"app.example.org"), (b"X-Forwarded-For", b"10.1.2.3"), bearer(token)),
        )
    )
    answered = parsed(raw)
    assert answered.status == 200, "an answer that never comes is an Allow to some proxies"
    (user,) = answered.all("x-auth-user")
    assert user == encode(login)
    assert user.decode("ascii").isprintable()
    assert answered.all("x-auth-scopes") == []


@attack("H20")
@pytest.mark.parametrize("login", ["j\u00fcrgen", "\u4e2d", "a\u202eb", "a\u200bb", "\ufeffa", "a\u00adb", "I\u0307"])
async def test_names_beyond_ascii_leave_percent_encoded(gate, login):
    assert label_flaw(login) is not None
    answered = await gate.check(b"/api/x", bearer(gate.token(owner=an_owner(login))))
    assert answered.all("x-auth-user") == [b"".join(b"%%%02X" % b if b > 0x7E else bytes([b]) for b in login.encode())]


@attack("H20")
def test_no_invisible_character_is_in_any_name():
    unseen = {"Cf", "Cc", "Cs", "Co", "Zl", "Zp"}
    found = [chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) in unseen]
    assert [character for character in found if name_flaw(f"a{character}b") is None] == []
    assert len(found) > 100_000


@attack("H21")
@pytest.mark.parametrize(
    "login", ["a,b", "a;b", 'a"b', " a", "a ", "a b", "a" * 65, "a%b", "a\\b", "a=b", "", ".", ".."]
)
def test_a_login_that_lists_and_quotes_are_made_of_is_refused_at_the_door(login):
    assert label_flaw(login) is not None


@attack("H21")
async def test_an_identity_that_no_proxy_could_carry_is_refused_and_never_cut(gate):
    long = bearer(gate.token(owner=an_owner("x" * 20_000)))
    assert (await gate.check(b"/api/x", long)).status >= 400
    groups = tuple(f"group-{number:03}-{'x' * 50}" for number in range(100))
    assert (await gate.check(b"/api/x", bearer(gate.token(owner=an_owner(groups=groups))))).status >= 400
    assert (await gate.check(b"/api/x", bearer(gate.token(name="n" * 100)))).status == 200


@attack("H21")
async def test_what_separates_the_members_of_a_list_is_in_no_member(gate):
    owner = an_owner(groups=("a,admins", "b"))
    assert (await gate.check(b"/api/x", bearer(gate.token(owner=owner)))).all("x-auth-groups") == [b"a%2Cadmins,b"]


@attack("H22")
@pytest.mark.parametrize("value", [b"100-continue", b"x", b"100-continue, x", b"200-ok"])
async def test_expect_opens_nothing_and_holds_nothing_up(gate, value):
    token = bearer(gate.token())
    for path, headers, ok in ((b"/api/x", (), {401, 417}), (b"/admin/x", (token,), {403, 417})):
        assert (await gate.check(path, *headers, (b"Expect", value))).status in ok
    assert (await gate.check(b"/api/x", token, (b"Expect", b"100-continue"))).status in {100, 200}


PREFLIGHT = ((b"Origin", b"https://a.example"), (b"Access-Control-Request-Method", b"GET"))


@attack("H24")
async def test_only_a_real_preflight_passes_without_a_credential_and_only_where_the_route_says_so(gate):
    assert (await gate.check(b"/cors/x", *PREFLIGHT, method=b"OPTIONS")).status == 200
    for missing in PREFLIGHT:
        assert (await gate.check(b"/cors/x", missing, method=b"OPTIONS")).status >= 400
    for path in (b"/api/x", b"/admin/x", b"/machine/x", b"/nowhere"):
        assert (await gate.check(path, *PREFLIGHT, method=b"OPTIONS")).status >= 400
    for method in (b"GET", b"POST", b"HEAD", b"options"):
        assert (await gate.check(b"/cors/x", *PREFLIGHT, method=method)).status >= 400


@attack("H24")
async def test_a_preflight_is_nobody_whatever_it_brings(gate):
    answered = await gate.check(b"/cors/x", *PREFLIGHT, bearer(gate.token()), method=b"OPTIONS")
    assert (answered.status, answered.all("x-auth-user"), answered.all("authorization")) == (200, [b""], [])


@attack("H26")
@pytest.mark.parametrize("accept", [b"gzip", b"deflate, gzip;q=1.0, *;q=0.5", b"br", b"identity;q=0, gzip"])
async def test_no_answer_is_compressed(gate, accept):
    for headers in ((), (bearer(gate.token()),), ((b"Accept", b"text/html"),)):
        answered = await gate.check(b"/api/x", *headers, (b"Accept-Encoding", accept))
        assert answered.all("content-encoding") == []
        assert answered.all("transfer-encoding") == []
