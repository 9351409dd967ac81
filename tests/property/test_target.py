"""Targets hold for any bytes: a value and never an exception, and no server's reading of the path is missed.

The servers here are models of their own, written on bytes and without a look at `gateway.core.readings`.
"""

import posixpath
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.core.network import Networks
from gateway.core.readings import MAX_READINGS, read
from gateway.core.target import Malformed, Target, client_address, parse_host, parse_target, plain_path, segments_of

Segments = tuple[str, ...]

TOKENS = (
    *(b"/", b"a", b"public", b"admin", b".", b"..", b"//", b";", b";a=b", b"\\", b"#", b"%2f", b"%2F", b"%5c", b"%2e"),
    *(b"%2E%2e", b"%252e", b"%252f", b"%255c", b"%25", b"%00", b"\x00", b"\t", b"%0d%0a", b"%zz", b"%", b"%u002e"),
    *(b"%c0%ae", b"%c0%af", b"%e0%80%af", b"%c1%1c", b"%ff", b"\xff", b"\xc3\xa9", b"%C3%A9", b"%20", b"%3b", b"%23"),
    *(b"%3f", b"~1", b":", b"a.", b"%41"),
)
PLAIN = re.compile(rb"(/[a-z]+)*/?(\?[!-~]*)?").fullmatch
paths = st.lists(st.sampled_from(TOKENS), max_size=7).map(lambda parts: b"/" + b"".join(parts))


def target_of(path: bytes) -> Target | Malformed:
    return parse_target(
        method=b"GET", uri=path, host=b"app.example", forwarded_for=b"::1", skip=Networks(()), preflight=False
    )


@given(paths | st.binary(max_size=40) | st.from_regex(rb"(/[a-z.]{0,3}){1,4}(\?[a-z?=]*)?", fullmatch=True))
def test_a_path_that_is_plain_is_the_one_reading_that_a_target_has_of_it(uri: bytes) -> None:
    path, whole = plain_path(uri), target_of(uri)
    if path is not None:
        assert isinstance(whole, Target)
        assert (path, whole.query) == uri.partition(b"?")[::2]
        assert [tuple(segments_of(path))] == [reading.segments for reading in whole.readings]
        assert (whole.leniences, whole.windows_irregular, whole.path) == (frozenset(), False, path.decode())
    else:
        assert isinstance(whole, Malformed) or b"%" in uri or not PLAIN(uri)


# --- any bytes ------------------------------------------------------------------------------------------------------

facts = st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass"))
like_addresses = st.lists(st.sampled_from([b"192.0.2.1", b"::1", b"[::1]", b":80", b"%e", b",", b" ", b"x"])).map(
    b"".join
)
like_hosts = st.lists(
    st.sampled_from([b"a", b"A-_", b".", b":", b"443", b"[", b"]", b"::1", b"@", b"%41", b"xn--"])
).map(b"".join)


@given(
    method=facts | st.sampled_from([b"GET", b"OPTIONS"]),
    uri=facts | paths | st.binary(max_size=200).map(lambda raw: b"/" + raw),
    host=facts | like_hosts,
    forwarded_for=facts | like_addresses,
    preflight=st.booleans(),
)
def test_any_bytes_are_a_target_or_malformed(
    method: bytes, uri: bytes, host: bytes, forwarded_for: bytes, preflight: bool
) -> None:
    target = parse_target(
        method=method,
        uri=uri,
        host=host,
        forwarded_for=forwarded_for,
        skip=Networks.of(["192.0.2.0/24"]),
        preflight=preflight,
    )
    if isinstance(target, Malformed):
        assert target.detail.isascii()
        return
    assert target.path.isascii()
    assert target.path.isprintable()
    assert 1 <= len(target.readings) <= MAX_READINGS
    assert len(set(target.readings)) == len(target.readings)
    assert target.leniences or len(target.readings) == 1
    assert target.preflight <= (target.method == "OPTIONS")


@given(like_hosts | st.from_regex(rb"[A-Za-z0-9_-]{1,9}(\.[A-Z]{1,3}){0,3}\.?(:80)?", fullmatch=True))
def test_a_canonical_host_is_its_own_canonical_form(raw: bytes) -> None:
    host = parse_host(raw)
    assert host is None or parse_host(host.encode("ascii")) == host == host.lower()


@given(st.ip_addresses(), st.ip_addresses())
def test_the_nearest_client_is_read_whatever_came_before_it(client: object, forged: object) -> None:
    address = client_address(f"{forged}, {client}".encode(), Networks(()))
    assert address in {client, getattr(client, "ipv4_mapped", None)}


# --- plain paths ----------------------------------------------------------------------------------------------------


@given(st.text("aZ09-_.~!$&'()*+,=:@/", max_size=30).map(lambda text: b"/" + text.encode()) | paths)
def test_the_short_way_for_plain_paths_agrees_with_the_long_way(path: bytes) -> None:
    target, found = target_of(path), read(path)
    if found is None:
        assert isinstance(target, Malformed)
        return
    assert isinstance(target, Target)
    assert (target.readings, target.leniences) == found
    names = [name for reading in target.readings for name in reading.segments]
    assert target.windows_irregular == any(re.search(r"[. ]\Z|:|~[0-9]", name) for name in names)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1), min_size=1)
)
def test_text_that_is_percent_encoded_byte_by_byte_comes_back(names: list[str]) -> None:
    assume(not any(name in {".", ".."} or re.search(r"%[0-9A-Fa-f]{2}|%u|\\|\.", name) for name in names))
    target = target_of(b"".join(b"/" + b"".join(b"%%%02x" % byte for byte in name.encode()) for name in names))
    assert isinstance(target, Target)
    assert [reading.segments for reading in target.readings] == [tuple(names)]
    assert target.leniences == frozenset()


# --- servers --------------------------------------------------------------------------------------------------------


def split(path: bytes) -> Segments:
    return tuple(path.decode("utf-8", "surrogateescape").removeprefix("/").split("/"))


def without_dots(path: bytes) -> bytes:
    """RFC 3986, section 5.2.4, as it is written there."""
    rest, out = path, b""
    while rest:
        if rest.startswith(b"/./") or rest == b"/.":
            rest = b"/" + rest[3:]
        elif rest.startswith(b"/../") or rest == b"/..":
            rest, out = b"/" + rest[4:], out.rpartition(b"/")[0]
        else:
            segment, slash, tail = rest[1:].partition(b"/")
            out, rest = out + b"/" + segment, slash + tail
    return out


def cleaned(path: bytes) -> bytes:
    """Like Go's ServeMux: merged, without dots, and a slash at the end only where there was one."""
    clean = b"/" + posixpath.normpath(path).lstrip(b"/")
    return clean + b"/" if path.endswith(b"/") and clean != b"/" else clean


def merged(path: bytes) -> bytes:
    return re.sub(b"/+", b"/", path)


def without_parameters(path: bytes) -> bytes:
    return b"/".join(segment.partition(b";")[0] for segment in path.split(b"/"))


def nginx(path: bytes) -> Segments | None:
    path = path.split(b"#")[0]
    if re.search(rb"%(?![0-9a-fA-F]{2})|%00", path):
        return None  # 400
    return split(without_dots(merged(unquote_to_bytes(path))))


def nginx_without_merge_slashes(path: bytes) -> Segments | None:
    return split(without_dots(unquote_to_bytes(path.split(b"#")[0])))


def wsgi(path: bytes) -> Segments | None:
    return split(unquote_to_bytes(path))


def go_mux(path: bytes) -> Segments | None:
    return split(cleaned(unquote_to_bytes(path)))


def tomcat(path: bytes) -> Segments | None:
    decoded = unquote_to_bytes(without_parameters(path)).replace(b"\\", b"/")
    return split(without_dots(merged(decoded)))


def spring(path: bytes) -> Segments | None:
    return split(merged(unquote_to_bytes(without_parameters(without_dots(path)))))


def iis(path: bytes) -> Segments | None:
    decoded = unquote_to_bytes(unquote_to_bytes(path)).replace(b"\\", b"/")
    return split(without_dots(merged(decoded)))


def iis_with_unicode_escapes(path: bytes) -> Segments | None:
    """The two bugs of 2000 and 2001: `%u002e`, and `%c1%1c` for a backslash."""
    decoded = unquote_to_bytes(path.replace(b"%u002e", b"."))
    careless = re.sub(
        rb"[\xc0\xc1](.)", lambda m: bytes([((m[0][0] & 3) << 6 | m[1][0] & 0x3F) & 0x7F]), decoded, flags=re.DOTALL
    )
    return split(without_dots(careless.replace(b"\\", b"/")))


def c_string(path: bytes) -> Segments | None:
    return split(without_dots(unquote_to_bytes(path).split(b"\0")[0]))


def drops_controls(path: bytes) -> Segments | None:
    return split(without_dots(merged(re.sub(rb"[\x00-\x1f\x7f]", b"", unquote_to_bytes(path)))))


def drops_what_is_no_utf8(path: bytes) -> Segments | None:
    return split(cleaned(unquote_to_bytes(path).decode("utf-8", "ignore").encode()))


def overlong(path: bytes) -> Segments | None:
    """A decoder of UTF-8 that computes instead of checking: two and three bytes, when they follow correctly."""
    short = re.sub(rb"([\xc0\xc1])([\x80-\xbf])", _computed, unquote_to_bytes(path))
    return split(without_dots(re.sub(rb"\xe0([\x80\x81])([\x80-\xbf])", _computed, short)))


def _computed(form: re.Match[bytes]) -> bytes:
    return bytes([(form[1][0] & 1) << 6 | form[2][0] & 0x3F])


def whatwg(path: bytes) -> Segments | None:
    """Node's `new URL(request.url, base).pathname`, then decoded by segments, as routers do."""
    path = re.sub(rb"[\t\r\n]", b"", path).split(b"#")[0].replace(b"\\", b"/")
    if path.startswith(b"//"):
        path = b"/" + path[2:].partition(b"/")[2]
    dots = re.sub(rb"(?<=/)(?:\.|%2[eE]){1,2}(?=/|\Z)", lambda m: re.sub(rb"%2[eE]", b".", m[0]), path)
    parts = without_dots(dots).removeprefix(b"/").split(b"/")
    return tuple(unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in parts)


def lenient_about_escapes(path: bytes) -> Segments | None:
    return split(cleaned(unquote_to_bytes(re.sub(b"%(?![0-9a-fA-F]{2})", b"", path))))


SERVERS: tuple[Callable[[bytes], Segments | None], ...] = (
    *(nginx, nginx_without_merge_slashes, wsgi, go_mux, tomcat, spring, iis, iis_with_unicode_escapes, c_string),
    *(drops_controls, drops_what_is_no_utf8, overlong, whatwg, lenient_about_escapes),
)


@given(paths, st.sampled_from(SERVERS))
@example(b"/public/..%2fadmin", nginx)
@example(b"/public/..;/admin", tomcat)
@example(b"/public/%252e%252e%255cadmin", iis)
@example(b"//public/%2e%2e/admin", whatwg)
def test_what_a_server_reads_is_among_the_readings(path: bytes, server: Callable[[bytes], Segments | None]) -> None:
    target = target_of(path)
    assume(isinstance(target, Target))
    assert isinstance(target, Target)
    served = server(path)
    assert served is None or served in {reading.segments for reading in target.readings}


BEFORE_DECODING: tuple[Callable[[bytes], bytes], ...] = (
    *(merged, without_dots, cleaned, without_parameters),
    lambda path: path.replace(b"\\", b"/"),
    lambda path: path.split(b"#")[0],
    lambda path: re.sub(rb"[\x00-\x20\x7f]", b"", path),
    lambda path: path.split(b"\0")[0],
)
AFTER_DECODING: tuple[Callable[[bytes], bytes], ...] = (
    *(merged, without_dots, cleaned, unquote_to_bytes),
    lambda path: path.replace(b"\\", b"/"),
    lambda path: re.sub(rb"[\x00-\x1f\x7f]", b"", path),
    lambda path: path.split(b"\0")[0],
    lambda path: path.decode("utf-8", "ignore").encode(),
)


@given(
    paths,
    st.lists(st.sampled_from(BEFORE_DECODING), max_size=4),
    st.lists(st.sampled_from(AFTER_DECODING), max_size=4),
)
def test_a_server_of_any_steps_in_any_order_reads_one_of_the_readings(
    path: bytes, before: list[Callable[[bytes], bytes]], after: list[Callable[[bytes], bytes]]
) -> None:
    target = target_of(path)
    assume(isinstance(target, Target))
    assert isinstance(target, Target)
    served = path
    for step in (*before, unquote_to_bytes, *after):
        served = step(served)
    assert split(served) in {reading.segments for reading in target.readings}
