"""Targets: what is well-formed, what is plain, and what servers could read in several ways (corpus B1, H02)."""

import pytest

from gateway.core.network import Networks
from gateway.core.readings import LENIENCES
from gateway.core.routes import Match, RouteTable
from gateway.core.target import Malformed, Target, client_address, parse_host, parse_target
from tests.builders import a_route, a_target

NOWHERE = Networks(())


def parse(
    uri: bytes = b"/", *, method: bytes = b"GET", host: bytes = b"app.example.org", preflight: bool = False
) -> Target | Malformed:
    return parse_target(
        method=method, uri=uri, host=host, forwarded_for=b"192.0.2.1", skip=NOWHERE, preflight=preflight
    )


def target_of(uri: bytes) -> Target:
    target = parse(uri)
    assert isinstance(target, Target)
    return target


def paths(uri: bytes) -> set[str]:
    return {"/" + "/".join(reading.segments) for reading in target_of(uri).readings}


# --- well-formed or not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PROPFIND", b"M-SEARCH", b"VERSION-CONTROL", b"X_1", b"A" * 32])
def test_a_method_is_an_upper_case_token(method: bytes) -> None:
    target = parse(method=method)
    assert isinstance(target, Target)
    assert target.method == method.decode()


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(b"", id="H02-empty"),
        pytest.param(b"get", id="H02-lower-case"),
        pytest.param(b"GET ", id="H02-trailing-space"),
        pytest.param(b" GET", id="H02-leading-space"),
        pytest.param(b"GET,DELETE", id="H02-list"),
        pytest.param("G\u0395T".encode(), id="H02-greek"),
        pytest.param(b"G" * 300, id="H02-300-characters"),
        pytest.param(b"GET\n", id="newline"),
        pytest.param(b"GET\x00", id="nul"),
        pytest.param(b"1GET", id="digit-first"),
        pytest.param(b"\xff", id="not-ascii"),
    ],
)
def test_every_other_method_is_malformed(method: bytes) -> None:
    assert isinstance(parse(method=method), Malformed)


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        (b"app.example.org", "app.example.org"),
        (b"App.EXAMPLE.org", "app.example.org"),
        (b"app.example.org.", "app.example.org"),
        (b"app.example.org:80", "app.example.org"),
        (b"app.example.org:443", "app.example.org"),
        (b"app.example.org.:8443", "app.example.org"),
        (b"my_app", "my_app"),
        (b"xn--BCHER-KVA.example", "xn--bcher-kva.example"),
        (b"192.0.2.1:8080", "192.0.2.1"),
        (b"[::1]", "[::1]"),
        (b"[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]"),
    ],
)
def test_a_host_has_one_spelling(raw: bytes, host: str) -> None:
    assert parse_host(raw) == host


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"app@evil", id="P21-userinfo"),
        pytest.param(b"app:99999", id="P21-port-too-large"),
        pytest.param(b"[::1", id="P21-open-bracket"),
        pytest.param(b"", id="P21-empty"),
        pytest.param(b"app\\@evil", id="P21-backslash"),
        pytest.param(b"https://app", id="P21-scheme"),
        pytest.param(b"a,b", id="E6-two-hosts-joined"),
        pytest.param(b"a b", id="space"),
        pytest.param(b"app\t", id="tab"),
        pytest.param(b"app\x00", id="nul"),
        pytest.param(b"app\n", id="newline"),
        pytest.param(b"app:", id="empty-port"),
        pytest.param(b"app:0", id="port-zero"),
        pytest.param(b"app:080", id="port-with-leading-zero"),
        pytest.param(b"app:80:80", id="two-ports"),
        pytest.param(b"app:+80", id="signed-port"),
        pytest.param("app:\u0668\u0660".encode(), id="arabic-port"),
        pytest.param(b".", id="dot"),
        pytest.param(b".app", id="leading-dot"),
        pytest.param(b"app..", id="two-trailing-dots"),
        pytest.param(b"a..b", id="empty-label"),
        pytest.param(b"*.app", id="wildcard"),
        pytest.param(b"app/x", id="path"),
        pytest.param(b"app?x", id="query"),
        pytest.param(b"app#x", id="fragment"),
        pytest.param(b"app%2eorg", id="escape"),
        pytest.param("b\u00fccher.example".encode(), id="raw-utf-8"),
        pytest.param("app\u3002org".encode(), id="ideographic-dot"),
        pytest.param(b"\xff", id="not-utf-8"),
        pytest.param(b"::1", id="address-without-brackets"),
        pytest.param(b"[::1%eth0]", id="zone"),
        pytest.param(b"[::1]x", id="after-the-bracket"),
        pytest.param(b"[:::1]", id="no-address-in-brackets"),
        pytest.param(b"[1.2.3.4]", id="v4-in-brackets"),
        pytest.param(b"a" * 64, id="label-too-long"),
        pytest.param(b".".join([b"a" * 63] * 4), id="name-too-long"),
    ],
)
def test_what_is_not_one_host_makes_the_target_malformed(raw: bytes) -> None:
    assert parse_host(raw) is None
    assert isinstance(parse(host=raw), Malformed)


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param(b"", id="P18-empty"),
        pytest.param(b"  ", id="P18-spaces"),
        pytest.param(b"*", id="P18-asterisk"),
        pytest.param(b"a", id="P18-relative"),
        pytest.param(b"?x", id="P18-query-alone"),
        pytest.param(b"#x", id="fragment-alone"),
        pytest.param(b"http://app.example.org/x", id="P20-absolute-form"),
        pytest.param(b"\\admin", id="backslash-first"),
        pytest.param(b"%2fadmin", id="encoded-slash-first"),
        pytest.param(b" /admin", id="space-first"),
        pytest.param(b"\xff", id="not-ascii"),
        pytest.param(b"/" + b"a" * 16_384, id="one-byte-too-long"),
    ],
)
def test_a_uri_that_does_not_begin_with_a_slash_or_is_too_long_is_malformed(uri: bytes) -> None:
    assert isinstance(parse(uri), Malformed)


def test_a_malformed_fact_is_never_repeated() -> None:
    for target in (
        parse(b"s3cret"),
        parse(method=b"s3cret"),
        parse(host=b"s3cret@x"),
        parse(b"/s3cret" + b"//x" * 2_000),
    ):
        assert isinstance(target, Malformed)
        assert "s3cret" not in target.detail


def test_a_preflight_is_one_only_as_options() -> None:
    for method, preflight in ((b"OPTIONS", True), (b"GET", False)):
        target = parse(method=method, preflight=True)
        assert isinstance(target, Target)
        assert target.preflight is preflight


# --- client address -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (b"192.0.2.1", "192.0.2.1"),
        (b"203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (b"garbage,192.0.2.1", "192.0.2.1"),
        (b"192.0.2.1:5000", "192.0.2.1"),
        (b"[2001:db8::1]:5000", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:DB8::1", "2001:db8::1"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"[fe80::1%eth0]:5000", "fe80::1"),
        (b"::ffff:192.0.2.1", "192.0.2.1"),
        (b"::ffff:c000:201", "192.0.2.1"),
        (b"[::ffff:192.0.2.1]:5000", "192.0.2.1"),
        (b"\t192.0.2.1 ", "192.0.2.1"),
    ],
)
def test_the_client_is_the_last_element_without_port_and_zone(forwarded_for: bytes, address: str) -> None:
    assert str(client_address(forwarded_for, NOWHERE)) == address


@pytest.mark.parametrize(
    "forwarded_for",
    [
        *(b"", b",", b"192.0.2.1,", b"unknown", b"unix:", b"192.0.2.256", b"192.0.2", b"192.0.02.1", b"0x7f.0.0.1"),
        *(
            b"[192.0.2.1]",
            b"192.0.2.1:",
            b"192.0.2.1:x",
            b"192.0.2.1:123456",
            b"192.0.2.1%eth0",
            b"192.0.2.1;192.0.2.2",
        ),
        *(b"::1]", b"[::1", b"::g", b":::", b"::1%", b"1::2::3"),
        *("\u0661.1.1.1".encode(), b"\xff", b"192.0.2.1\x00", b"192.0.2.1\n", b'"192.0.2.1"'),
    ],
)
def test_garbage_is_no_address(forwarded_for: bytes) -> None:
    assert client_address(forwarded_for, NOWHERE) is None


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        pytest.param(b"192.0.2.1, 10.0.0.2", "192.0.2.1", id="one-proxy"),
        pytest.param(b"1.1.1.1, 192.0.2.1, 10.0.0.3, ::ffff:10.0.0.2", "192.0.2.1", id="two-proxies-one-mapped"),
        pytest.param(b"10.0.0.9", "10.0.0.9", id="nothing-but-a-proxy"),
        pytest.param(b"10.0.0.9, 10.0.0.2", "10.0.0.9", id="proxies-all-the-way"),
        pytest.param(b"192.0.2.1", "192.0.2.1", id="no-proxy"),
    ],
)
def test_further_proxies_are_passed_over_from_the_right(forwarded_for: bytes, address: str) -> None:
    assert str(client_address(forwarded_for, Networks.of(["10.0.0.0/8"]))) == address


@pytest.mark.parametrize("forwarded_for", [b"garbage, 10.0.0.2", b", 10.0.0.2", b"10.0.0.2," * 5_000 + b"10.0.0.2"])
def test_garbage_behind_further_proxies_is_no_address(forwarded_for: bytes) -> None:
    assert client_address(forwarded_for, Networks.of(["10.0.0.0/8"])) is None


# --- plain paths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "segments"),
    [
        (b"/", ("",)),
        (b"/a", ("a",)),
        (b"/a/", ("a", "")),
        (b"/api/v1/items", ("api", "v1", "items")),
        (b"/.well-known/x..y/...a", (".well-known", "x..y", "...a")),
        (b"/~alice/a:b@c!$&'()*+,=-_", ("~alice", "a:b@c!$&'()*+,=-_")),
        (b'/a"b|c[d]{e}^`<>', ('a"b|c[d]{e}^`<>',)),
        (b"/caf\xc3\xa9", ("caf\u00e9",)),
        (b"/caf%C3%A9", ("caf\u00e9",)),
        (b"/caf%c3%a9", ("caf\u00e9",)),
        (b"/A%41", ("AA",)),
        (b"/a%20b", ("a b",)),
        (b"/a+b", ("a+b",)),
        (b"/50%25", ("50%",)),
        (b"/50%25%20off", ("50% off",)),
        (b"/%3b%23%3f%3B", (";#?;",)),
        (b"/a%3f/b?c", ("a?", "b")),
    ],
)
def test_a_plain_path_has_one_reading(uri: bytes, segments: tuple[str, ...]) -> None:
    target = target_of(uri)
    assert [reading.segments for reading in target.readings] == [segments]
    assert target.leniences == frozenset()


@pytest.mark.parametrize(
    ("uri", "query"),
    [(b"/a", b""), (b"/a?", b""), (b"/a?b=1", b"b=1"), (b"/a?b?c", b"b?c"), (b"/a?../x//;\\%2f#y", b"../x//;\\%2f#y")],
)
def test_the_query_begins_at_the_first_question_mark_and_stays_raw(uri: bytes, query: bytes) -> None:
    target = target_of(uri)
    assert target.query == query
    assert [reading.segments for reading in target.readings] == [("a",)]


def test_the_path_for_logs_is_printable_and_has_no_query() -> None:
    assert target_of(b"/a?token=x").path == "/a"
    assert target_of(b"/a%0a\n\x1b[2J\xe2\x80\xae\\x?y").path == "/a%0a\\x0a\\x1b[2J\\xe2\\x80\\xae\\x5cx"


@pytest.mark.parametrize(
    ("uri", "segment"),
    [
        pytest.param("/e\u0301", "e\u0301", id="P23-no-nfc"),
        pytest.param("/\u00e9", "\u00e9", id="P23-no-nfd"),
        pytest.param("/\u2025", "\u2025", id="P24-two-dot-leader"),
        pytest.param("/\uff0e\uff0e\uff0f", "\uff0e\uff0e\uff0f", id="P24-fullwidth"),
        pytest.param("/\u2024\u2024", "\u2024\u2024", id="P24-one-dot-leaders"),
        pytest.param("/ADMIN", "ADMIN", id="P10-case-is-kept"),
    ],
)
def test_text_is_never_normalised(uri: str, segment: str) -> None:
    assert [reading.segments for reading in target_of(uri.encode()).readings] == [(segment,)]


# --- several readings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "leniences", "among"),
    [
        (b"/a%2fb", {"encoded_slash"}, {"/a/b"}),
        (b"/a%2Fb", {"encoded_slash"}, {"/a/b"}),
        (b"/a%5cb", {"encoded_backslash"}, {"/a\\b", "/a/b"}),
        (b"/a\\b", {"backslash"}, {"/a\\b", "/a/b"}),
        (b"/a.%2e", {"encoded_dot"}, {"/a.."}),
        (b"/x%2etxt", {"encoded_dot"}, {"/x.txt"}),
        (b"/a/../b", {"dot_segments"}, {"/a/../b", "/b"}),
        (b"/a/./b", {"dot_segments"}, {"/a/b"}),
        (b"/a/..", {"dot_segments"}, {"/a/..", "/"}),
        (b"/a/b/.", {"dot_segments"}, {"/a/b", "/a/b/"}),
        (b"/../../etc", {"dot_segments"}, {"/etc"}),
        (b"/a//b", {"double_slash"}, {"/a//b", "/a/b"}),
        (b"//a/b", {"double_slash"}, {"//a/b", "/a/b", "/b"}),
        (b"/a//", {"double_slash"}, {"/a/"}),
        (b"/a;x=1/b;y", {"semicolon"}, {"/a;x=1/b;y", "/a/b"}),
        (b"/a%2541", {"double_encoding"}, {"/a%41", "/aA"}),
        (b"/a%00.png", {"control"}, {"/a\x00.png", "/a", "/a.png"}),
        (b"/a%0d%0ab", {"control"}, {"/a\r\nb", "/ab"}),
        (b"/a\tb", {"control"}, {"/a\tb", "/ab"}),
        (b"/a\x01\tb", {"control"}, {"/a\x01b", "/ab"}),
        (b"/a b", {"control"}, {"/a", "/ab"}),
        (b"/a%7f", {"control"}, {"/a"}),
        (b"/a%c0%aeb", {"invalid_utf8"}, {"/a\udcc0\udcaeb", "/a.b", "/ab", "/a\u00c0\u00aeb"}),
        (b"/a\xffb", {"invalid_utf8"}, {"/a\udcffb", "/ab", "/a\u00ffb"}),
        (b"/caf\xc3%a9", {"invalid_utf8"}, {"/caf\u00e9", "/caf"}),
        (b"/a#b", {"fragment"}, {"/a#b", "/a"}),
        (b"/a%zzb", {"bad_escape"}, {"/a%zzb", "/azzb", "/ab"}),
        (b"/a%", {"bad_escape"}, {"/a%", "/a"}),
        (b"/a%2", {"bad_escape"}, {"/a%2", "/a2", "/a"}),
        (b"/a%u0062", {"bad_escape"}, {"/ab"}),
        (b"/a%%32e", {"bad_escape", "double_encoding", "encoded_dot"}, {"/a%2e", "/a."}),
        (b"/a%25%32e", {"double_encoding", "encoded_dot"}, {"/a%2e", "/a."}),
        (b"/a%252fb", {"double_encoding", "encoded_slash"}, {"/a%2fb", "/a/b"}),
        (b"/a%25252fb", {"double_encoding", "encoded_slash"}, {"/a%252fb", "/a%2fb", "/a/b"}),
        (b"/x/..%2fa", {"encoded_slash", "dot_segments"}, {"/a"}),
        (b"/x/..%5c..%5ca", {"encoded_backslash", "dot_segments"}, {"/a"}),
        (b"/x/..;/a", {"semicolon", "dot_segments"}, {"/a", "/x/../a"}),
        (b"/x/..%c0%afa", {"invalid_utf8", "encoded_slash", "dot_segments"}, {"/a"}),
        (b"/x/..%c1%1ca", {"invalid_utf8", "encoded_backslash", "dot_segments", "control"}, {"/a"}),
        (b"/x/%u002e%u002e/a", {"bad_escape", "dot_segments"}, {"/a"}),
        (b"/x/\\../a", {"backslash", "double_slash", "dot_segments"}, {"/a", "/x/a"}),
    ],
)
def test_each_kind_of_ambiguity_is_named_and_read_both_ways(uri: bytes, leniences: set[str], among: set[str]) -> None:
    assert target_of(uri).leniences == leniences
    assert among <= paths(uri)


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        (b"/a%2fb/c", ("a/b", "c")),
        (b"/a/../b", ("a", "..", "b")),
        (b"/a/%2e%2e/b", ("a", "..", "b")),
        (b"//a", ("", "a")),
        (b"/a%252f", ("a%2f",)),
        (b"/a%zz", ("a%zz",)),
        (b"/a%ff", ("a\udcff",)),
        (b"/a#b", ("a#b",)),
    ],
    ids=repr,
)
def test_the_first_reading_is_the_path_decoded_once_and_nothing_else(uri: bytes, plain: tuple[str, ...]) -> None:
    assert target_of(uri).readings[0].segments == plain


def test_every_leniency_has_a_path_that_needs_it() -> None:
    uris = (b"/%2f", b"/%5c", b"/%2e", b"/..", b"//", b"/\\", b"/;", b"/%2561", b"/%00", b"/%ff", b"/#", b"/%zz")
    assert frozenset().union(*(target_of(uri).leniences for uri in uris)) == LENIENCES


@pytest.mark.parametrize(
    "uri",
    [
        b"/" * 16_000,
        b"/" + b"../" * 5_000,
        b"/" + b"%c0%ae" * 2_000,
        b"/%" + b"25" * 8_000,
        b"/" + b"a//b\\;#%zz%00%c0" * 1_000,
    ],
    ids=["slashes", "dots", "overlong", "escapes", "everything"],
)
def test_a_path_with_too_many_readings_to_weigh_is_malformed(uri: bytes) -> None:
    assert isinstance(parse(uri), Malformed)


@pytest.mark.parametrize(
    "uri", [b"/" + b"a" * 16_383, b"/" + b"%41" * 5_461, b"/" + b"a/" * 8_000], ids=["a", "%41", "a/"]
)
def test_a_long_path_that_is_plain_is_well_formed(uri: bytes) -> None:
    assert len(target_of(uri).readings) == 1


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param(b"/admin./x", id="P14-trailing-dot"),
        pytest.param(b"/admin.", id="P14-trailing-dot-at-the-end"),
        pytest.param(b"/admin%20", id="P14-trailing-space"),
        pytest.param(b"/admin::$DATA", id="P14-stream"),
        pytest.param(b"/PROGRA~1/x", id="short-name"),
        pytest.param(b"/a%2e/x", id="encoded-trailing-dot"),
        pytest.param(b"/admin.%2fx", id="trailing-dot-in-one-reading"),
        pytest.param("/\u212aelvin".encode(), id="kelvin-sign"),
    ],
)
def test_names_that_only_windows_maps_to_a_file_are_noticed(uri: bytes) -> None:
    assert target_of(uri).windows_irregular


@pytest.mark.parametrize("uri", [b"/a.b/c~x/d", b"/.a/~alice", b"/a%20b", "/stra\u00dfe/\u00e9".encode()])
def test_ordinary_names_are_regular_on_windows(uri: bytes) -> None:
    assert not target_of(uri).windows_irregular


# --- the corpus, through a policy -----------------------------------------------------------------------------------

POLICY = (("/public/**", "public"), ("/admin/**", "admin"), ("/api/**", "api"))


def outcome(uri: bytes, *, lenient: bool) -> str:
    """What a policy makes of the path: the name of the one route that every reading leads to, or `deny`."""
    opted = LENIENCES if lenient else frozenset()
    table = RouteTable([a_route(path, name=name, index=at, lenient=opted) for at, (path, name) in enumerate(POLICY)])
    target = parse(uri)
    if isinstance(target, Malformed):
        return "deny"
    found = [table.first_match(target, reading) for reading in target.readings]
    names = {match.route.name if isinstance(match, Match) else "deny" for match in found}
    return "deny" if target.leniences - opted or len(names) > 1 else names.pop()


CORPUS = [
    ("P01", b"/public/../admin/x"),
    ("P02", b"/public/%2e%2e/admin/x"),
    ("P02", b"/public/.%2E/admin/x"),
    ("P03", b"/public/..%2fadmin/x"),
    ("P03", b"/public/..%2F..%2Fadmin/x"),
    ("P05", b"/public/%252e%252e/admin"),
    ("P05", b"/public/..%252fadmin"),
    ("P06", b"/public/..;/admin/x"),
    ("P06", b"/public;/../admin"),
    ("P06", b"/public/..;a=b/admin"),
    ("P08", b"//public/admin/x"),
    ("P08", b"//public//admin/x"),
    ("P09", b"/public/.."),
    ("P09", b"/public/./../admin"),
    ("P12", b"/public/%c0%ae%c0%ae/admin"),
    ("P12", b"/public%c0%afadmin"),
    ("P12", b"/public/..%e0%80%afadmin"),
    ("P13", b"/public/x%00/../../admin"),
    ("P13", b"/public%00/../admin"),
    ("P15", b"/public#/../admin"),
    ("P15", b"/public/x#/../../admin"),
    ("P17", b"/public/%u002e%u002e/admin"),
    ("B1", b"/public/..\\admin"),
    ("B1", b"/public/..%5cadmin"),
    ("B1", b"/public/..%c1%9cadmin"),
    ("B1", b"/public /../admin"),
]


@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
@pytest.mark.parametrize(("line", "uri"), CORPUS, ids=lambda value: value if isinstance(value, str) else repr(value))
def test_a_path_that_some_server_reads_as_another_is_denied_even_where_leniency_is_opted_in(
    line: str, uri: bytes, lenient: bool
) -> None:
    assert outcome(uri, lenient=lenient) == "deny"


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param(b"/admin%2fx", id="P04"),
        pytest.param(b"/admin%2Fx", id="P04-upper-case"),
        pytest.param(b"/admin;a=b/x", id="P06"),
        pytest.param(b"//admin/x", id="P08-front"),
        pytest.param(b"/admin//x", id="P08"),
        pytest.param(b"///admin", id="P08-three"),
        pytest.param(b"/./admin/x", id="P09-front"),
        pytest.param(b"/admin/./x", id="P09"),
        pytest.param(b"/admin/.", id="P09-end"),
        pytest.param(b"/%c0%ae%c0%ae/admin", id="P12"),
        pytest.param(b"/admin%00.png", id="P13"),
        pytest.param(b"/admin#/public", id="P15"),
        pytest.param(b"/public/%zz", id="P17"),
        pytest.param(b"/public/%", id="P17-alone"),
        pytest.param(b"/public/a%2", id="P17-short"),
        pytest.param(b"/api/x%0d%0aX-Auth-User:%20admin", id="P26"),
        pytest.param(b"/ADMIN/x", id="P10"),
        pytest.param(b"/Admin/x", id="P10-one-letter"),
        pytest.param(b"/admin%20", id="P14-space"),
        pytest.param(b"/admin.", id="P14-dot"),
        pytest.param(b"/admin./x", id="P14-dot-inside"),
        pytest.param(b"/admin::$DATA", id="P14-stream"),
        pytest.param(b"/public/\xff", id="P12-raw"),
        pytest.param(b"/publicity", id="C11-no-prefix-of-a-name"),
        pytest.param(b"/public%2f..", id="C11-encoded"),
        pytest.param(b"/x/public/y", id="C11-anchored"),
        pytest.param(b"/public%0a", id="C11-newline"),
    ],
)
def test_without_leniency_every_irregular_path_is_denied(uri: bytes) -> None:
    assert outcome(uri, lenient=False) == "deny"


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        pytest.param(b"/public%23/../admin", "deny", id="P15-the-dots-still-count"),
        pytest.param(b"/public/%23", "public", id="P15-an-encoded-hash-is-data"),
        pytest.param("/public/\u2025/admin".encode(), "public", id="P24-two-dot-leader"),
        pytest.param("/public/\uff0e\uff0e\uff0fadmin".encode(), "public", id="P24-fullwidth"),
        pytest.param(b"/public/caf\xc3\xa9", "public", id="P23-raw"),
        pytest.param(b"/public/caf%C3%A9", "public", id="P23-encoded"),
        pytest.param(b"/public", "public", id="no-segment"),
        pytest.param(b"/admin/x?/../public", "admin", id="P28-the-query-is-no-path"),
    ],
)
def test_data_stays_data(uri: bytes, route: str) -> None:
    assert outcome(uri, lenient=False) == route


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        (b"/api/group%2fproject", "api"),
        (b"/api/a/../b", "api"),
        (b"/api//x", "api"),
        (b"/api/x;v=1", "api"),
        (b"/api/%ff", "api"),
        (b"/api/50%2525", "api"),
    ],
)
def test_a_leniency_that_is_opted_in_passes_what_every_server_reads_below_the_same_route(
    uri: bytes, route: str
) -> None:
    assert outcome(uri, lenient=True) == route


@pytest.mark.parametrize(
    "path", ["/public/..%2fadmin", "//admin", "/a;b", "/%c0%ae%c0%ae/x", "/a%00", "//%c0%af%ff//%3b" * 8]
)
def test_where_no_route_is_lenient_an_ambiguous_path_is_known_as_that_without_weighing_it(path):
    quick = a_target(path, weigh=False)
    assert quick.leniences
    assert len(quick.readings) == 1


@pytest.mark.parametrize("path", ["/a/b", "/caf%C3%A9", "/a%20b/"])
def test_a_plain_path_is_the_same_with_and_without_weighing(path):
    assert a_target(path, weigh=False) == a_target(path)
