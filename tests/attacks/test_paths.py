"""P: no spelling of a path gets in where the plain path would not, whichever proxy asks and whoever is asking."""

import time
from itertools import product

import pytest

from gateway.core.readings import LENIENCES
from gateway.core.route import Access
from gateway.web.check.dialects import DIALECTS
from tests.attacks.corpus import attack, spelled
from tests.attacks.gate import EVERY_DIALECT, Gate, bearer, opened
from tests.builders import a_policy, a_route

DENIED = spelled(
    P01=[
        b"/public/../admin/x",
        b"/public/x/../../admin/x",
        b"/public/../../../../admin/x",
        b"/api/../admin/x",
        b"/api/y/../x",
        b"/admin/x/../../public/y",
        b"/public/.../../../admin",
    ],
    P02=[
        b"/public/%2e%2e/admin/x",
        b"/public/.%2E/admin/x",
        b"/public/%2E./admin/x",
        b"/public/%2e/../admin/x",
        b"/public/%2e%2e",
    ],
    P03=[
        b"/public/..%2fadmin/x",
        b"/public/..%2Fadmin/x",
        b"/public/%2e%2e%2fadmin%2fx",
        b"/public/..%5cadmin/x",
        b"/public/..\\admin\\x",
        b"/admin/..%2fpublic/x",
    ],
    P04=[b"/admin%2fx", b"/admin%2Fx", b"/%2fadmin/x", b"/admin%5cx", b"/public%2f..%2fadmin"],
    P05=[
        b"/public/%252e%252e/admin",
        b"/public/..%252fadmin",
        b"/public/%25252e%25252e/admin",
        b"/public/%2%65%2%65/admin",
        b"/public/%25%32%65%25%32%65/admin",
        b"/%2561dmin/x",
    ],
    P06=[
        b"/public/..;/admin/x",
        b"/public;/../admin",
        b"/admin;a=b/x",
        b"/public/.;x/..;y=1/admin",
        b"/;/admin/x",
        b"/public/%2e%2e;jsessionid=1/admin",
        b"/public/..;%2fadmin",
    ],
    P08=[
        b"//admin/x",
        b"/admin//x",
        b"///admin",
        b"//evil.example/public/../admin",
        b"/%2f/admin",
        b"/public//../admin/x",
    ],
    P09=[b"/./admin/x", b"/admin/./x", b"/admin/.", b"/public/.."],
    P10=[b"/ADMIN/x", b"/Admin/x", "/adm\u0131n/x".encode(), b"/adm%C4%B0n/x", b"/API/x"],
    P12=[
        b"/public/%c0%ae%c0%ae/admin",
        b"/public%c0%afadmin",
        b"/public/..%e0%80%afadmin",
        b"/public/%f0%80%80%ae%f0%80%80%ae/admin",
        b"/public/\xc0\xae\xc0\xae/admin",
        b"/public/..%c1%1cadmin",
        b"/public/%ed%a0%80/../admin",
    ],
    P13=[b"/admin%00.png", b"/public/x%00/../admin", b"/admin%2500", b"/public/.%00./admin"],
    P14=[b"/admin%20", b"/admin.", b"/admin./x", b"/admin::$DATA", b"/ADMINI~1/x", b"/admin%20.%20./x"],
    P15=[b"/public#/../admin", b"/admin#/public", b"/public%23/../admin", b"/public#?/../admin"],
    P17=[
        b"/public/%zz",
        b"/public/%",
        b"/a%2",
        b"/public/%u002e%u002e/admin",
        b"/public/%2x%2e%2e/../admin",
        "/public/%\uff12\uff45".encode(),
    ],
    P18=[b"", b"   ", b"*", b"a", b"?x", b"#/public/x", b"%2fpublic/x", b"../public/x", b"/public/x, /public/y#"],
    P20=[b"http://app.example.org/public/x", b"app.example.org/public/x"],
    P21=[
        b"https://app@evil/x",
        b"https://app:99999/x",
        b"https://[::1/x",
        b"http:///public/x",
        b"ftp://app.example.org/public/x",
        b"https://app\\\\@evil/public/x",
        b":/public/x",
    ],
    P24=["/\uff41dmin/x".encode(), "/public\uff0f..\uff0fadmin".encode(), b"/public%E2%88%95..%E2%88%95admin"],
    P30=[b"/app/admin", b"/app/public/x"],
)


@pytest.mark.parametrize("uris", DENIED)
async def test_nobody_and_no_token_at_all_gets_past_a_spelling(gate, uris):
    credentials = ((), (bearer(gate.token()),), (bearer(gate.token("admin", "rest")),))
    for uri, dialect, headers in product(uris, EVERY_DIALECT, credentials):
        answered = await gate.check(uri, *headers, dialect=dialect)
        assert answered.status >= 400, (uri, dialect, headers)
        assert answered.all("x-auth-user") == []


@pytest.mark.parametrize("uris", DENIED)
async def test_a_table_without_any_lenient_route_refuses_the_same(house, lane, uris):
    """Ambiguous paths are not weighed there; the short way out must refuse no less."""
    strict = a_policy(
        a_route("/public/**", access=Access.PUBLIC), a_route("/admin/**", access=Access.DENY), a_route("/api/**")
    )
    async with opened(Gate(house, lane, policy=strict)) as gate:
        token = bearer(gate.token())
        for uri in uris:
            assert (await gate.check(uri)).status >= 400, uri
            assert (await gate.check(uri, token)).status >= 400, uri


@attack("P18")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_a_check_that_names_no_path_is_refused(gate, dialect):
    name = b"X-Original-URI" if dialect == "nginx" else b"X-Forwarded-Uri"
    assert (await gate.check(b"/public/x", dialect=dialect)).status == 200
    assert (await gate.check(b"/public/x", dialect=dialect, without=name)).status >= 400


@attack("P20", "H12")
async def test_behind_nginx_the_host_is_host_and_nothing_else(gate):
    forged = ((b"X-Forwarded-Host", b"app.example.org"), (b"X-Original-URL", b"http://app.example.org/public/x"))
    assert (await gate.check(b"/public/x", *forged, dialect="nginx", host=b"internal")).status == 403
    forged = ((b"X-Forwarded-Host", b"evil.example"), (b"X-Original-URL", b"http://evil.example/closed"))
    assert (await gate.check(b"/public/x", *forged, dialect="nginx")).status == 200


HOSTS = spelled(
    P21=[
        b"app.example.org@evil",
        b"evil@app.example.org",
        b"app.example.org:99999",
        b"app.example.org:",
        b"app.example.org:8o",
        b"[::1",
        b"app.example.org,evil",
        b"evil, app.example.org",
        b"app.example.org/public",
        b"app.example.org#evil",
        b"app.example.org\\.evil",
        b"app%2eexample.org",
        b"app.example.org..",
        b".app.example.org",
        b"app .example.org",
        "app\u3002example.org".encode(),
        "\uff41pp.example.org".encode(),
        "app.example.org\u017f".encode(),
        b"",
        b"http://app.example.org",
    ],
)


@pytest.mark.parametrize("hosts", HOSTS)
async def test_a_host_that_two_parsers_read_differently_is_refused(gate, hosts):
    for host, dialect in product(hosts, EVERY_DIALECT):
        assert (await gate.check(b"/public/x", host=host, dialect=dialect)).status >= 400, (host, dialect)


@attack("P21")
@pytest.mark.parametrize("host", [b"APP.example.ORG", b"app.example.org.", b"app.example.org:80", b"app.example.org:1"])
async def test_what_is_surely_the_same_host_has_the_same_routes(gate, host):
    assert (await gate.check(b"/public/x", host=host)).status == 200
    assert (await gate.check(b"/admin/x", bearer(gate.token()), host=host)).status == 403


@attack("P23")
async def test_raw_and_escaped_text_is_one_path_and_another_composition_is_another(house, lane):
    policy = a_policy(a_route("/caf\u00e9/**", access=Access.PUBLIC))
    async with opened(Gate(house, lane, policy=policy)) as gate:
        for same in (b"/caf\xc3\xa9/x", b"/caf%C3%A9/x", b"/c%61f%c3%a9/x"):
            assert (await gate.check(same)).status == 200, same
        for other in ("/cafe\u0301/x".encode(), b"/cafe%CC%81/x", b"/caf\xe9/x", b"/caf%E9/x", b"/cafe/x"):
            assert (await gate.check(other)).status >= 400, other


@attack("P15", "P24")
@pytest.mark.parametrize("data", [b"a%23b", "\u2025".encode(), b"%EF%BC%8E%EF%BC%8E%EF%BC%8Fadmin", b"a%3Bb", b"a%3Fb"])
async def test_what_no_server_reads_as_structure_is_data(gate, data):
    assert (await gate.check(b"/public/" + data)).status == 200
    assert (await gate.check(b"/" + data)).status == 403


@attack("P26")
@pytest.mark.parametrize("line", [b"%0d%0a", b"%0a", b"%0d", b"%E2%80%A8", b"%C2%85", b"%5cr%5cn"])
async def test_line_ends_in_a_path_come_back_in_no_header(gate, line):
    for path in (b"/api/x", b"/public/x"):
        uri = path + line + b"X-Auth-User:%20admin"
        answered = await gate.check(uri, bearer(gate.token()), (b"Accept", b"text/html"))
        assert b"admin" not in b"".join(answered.all("x-auth-user"))
        assert all(b"admin" not in value for _, value in answered.headers)
        assert b"admin" not in answered.body


@attack("P28")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_parameters_of_the_check_itself_steer_nothing(gate, dialect):
    token = gate.token("admin")
    for query in (
        b"?policy=public&user=admin&rd=/public/x",
        b"?token=" + token,
        b"?auth_token=" + token,
        b"?uri=/public/x&X-Forwarded-Uri=/public/x",
        b"?/check/nginx",
    ):
        answered = await gate.check(b"/asks/x", dialect=dialect, at=query)
        assert (answered.status, answered.reason) == (401, "no_credential")
        assert answered.all("location") == []


@attack("P28")
@pytest.mark.parametrize("at", [b"/", b"/public/x", b"%2fx", b"/../traefik", b";x", b"#", b"%00", b"\\", b"."])
async def test_whatever_stands_behind_the_dialect_is_no_check(gate, at):
    assert (await gate.check(b"/public/x", at=at)).status in {0, 400, 404}


@attack("P01", "P05", "P06")
@pytest.mark.parametrize(
    "part", [b"../", b"%2e%2e%2f", b"..;/", b"%25", b"//", b"\\..", b"a%00", b"%c0%ae", b";x=%2f..", b"%u002e/", b"%ff"]
)
async def test_a_path_of_thousands_of_tricks_costs_no_more_than_a_few_milliseconds(gate, part):
    uri = b"/loose/" + part * (8000 // len(part))
    before = time.process_time()
    answered = [await gate.check(uri) for _ in range(4)]
    assert {one.status for one in answered} <= {200, 400, 403}
    assert (time.process_time() - before) / len(answered) < 0.05


def test_the_dialects_are_those_that_the_tests_ask_in():
    assert set(DIALECTS) == set(EVERY_DIALECT) == {"nginx", "traefik", "caddy"}
    assert LENIENCES
