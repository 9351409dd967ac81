"""How real servers read a path: models in our own words, on bytes, without a look at `gateway.core.readings`.

Each gives the segments that the server's routing or its files go by, decoded; None where it answers 400 by itself. The
models of nginx, aiohttp and Go (Caddy) are held against the real ones: `test_servers`, and among the stories.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

Segments = tuple[str, ...]
Server = Callable[[bytes], Segments | None]

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def segments(path: bytes) -> Segments:
    """The parts of a path without its first slash."""
    return tuple(path.decode("utf-8", "surrogateescape").removeprefix("/").split("/"))


def resolved(path: bytes, *, above_root: bool = True) -> bytes | None:
    """Without dot segments (RFC 3986 section 5.2.4). `above_root` False: None for a path that climbs out."""
    kept: list[bytes] = []
    parts = path.removeprefix(b"/").split(b"/")
    for part in parts:
        if part == b"..":
            if not kept and not above_root:
                return None
            del kept[-1:]
        elif part != b".":
            kept.append(part)
    if parts[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/" + b"/".join(kept)


def nginx(path: bytes) -> Segments | None:
    """ngx_http_parse_complex_uri: one pass that decodes, merges slashes and climbs; `#` ends the path.

    An escape is decoded on the way, so that `%2f` separates and `%2e` climbs; NUL and bad escapes are a 400.
    """
    path = path.partition(b"#")[0]
    if _BAD_ESCAPE.search(path) or b"%00" in path or re.search(rb"[\x00-\x20\x7f]", path):
        return None
    climbed = resolved(re.sub(b"/+", b"/", unquote_to_bytes(path)), above_root=False)
    return None if climbed is None else segments(climbed)


_RUN = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


def yarl(path: bytes) -> str:
    """Unquoted as aiohttp does it: escapes that make no UTF-8 stay escapes, and so does a `%` that begins none."""

    def unquoted(run: re.Match[bytes]) -> bytes:
        text = unquote_to_bytes(run[0]).decode("utf-8", "surrogateescape")
        escapes, at = run[0], 0
        kept = []
        for letter in text:
            size = len(letter.encode("utf-8", "surrogateescape"))
            is_text = not "\udc80" <= letter <= "\udcff"
            kept.append(letter.encode() if is_text else escapes[3 * at : 3 * at + 3])
            at += size
        return b"".join(kept)

    return _RUN.sub(unquoted, path).decode("utf-8", "surrogateescape")


def aiohttp(path: bytes) -> Segments | None:
    """Split before it is decoded: a resource's `{part}` holds a decoded slash as data."""
    if re.search(rb"[\x00-\x20\x7f]", path):
        return None
    return tuple(yarl(part) for part in path.partition(b"#")[0][1:].split(b"/"))


def aiohttp_decoded(path: bytes) -> Segments | None:
    """`request.path`, split by the app."""
    if re.search(rb"[\x00-\x20\x7f]", path):
        return None
    return tuple(yarl(path.partition(b"#")[0]).removeprefix("/").split("/"))


def php_fastcgi(path: bytes) -> Segments | None:
    """A script that nginx hands SCRIPT_NAME: decoded and resolved, then an open() that ends at NUL."""
    found = nginx(path)
    return found if found is None else segments(b"/" + "/".join(found).encode("utf-8", "surrogateescape"))


def php_request_uri(path: bytes) -> Segments | None:
    """A front controller with its own routing: parse_url(REQUEST_URI), then rawurldecode, then split."""
    if path.startswith(b"//"):
        path = b"/" + path[2:].partition(b"/")[2]  # parse_url takes the first name for a host
    return segments(unquote_to_bytes(path.partition(b"#")[0]))


def php_lenient(path: bytes) -> Segments | None:
    """The same, and then the file of that name: dots resolved by the file system, slashes merged, cut at NUL."""
    decoded = unquote_to_bytes(path.partition(b"#")[0]).partition(b"\0")[0]
    return segments(resolved(re.sub(b"/+", b"/", decoded)) or b"/")


def tomcat(path: bytes) -> Segments | None:
    """CoyoteAdapter: parameters cut off while still encoded, decoded, `\\` to `/`, merged, resolved; NUL is a 400.

    As it is set where apps want encoded slashes (`encodedSolidusHandling="decode"`).
    """
    bare = b"/".join(part.partition(b";")[0] for part in path.split(b"/"))
    if _BAD_ESCAPE.search(bare) or b"%00" in bare:
        return None
    decoded = re.sub(b"/+", b"/", unquote_to_bytes(bare).replace(b"\\", b"/"))
    climbed = resolved(decoded, above_root=False)
    return None if climbed is None else segments(climbed)


def servlet(path: bytes) -> Segments | None:
    """An app on Tomcat that takes getRequestURI() apart: resolved with the parameters on, cut, decoded, resolved."""
    cut = b"/".join(part.partition(b";")[0] for part in (resolved(path) or b"/").split(b"/"))
    return segments(resolved(re.sub(b"/+", b"/", unquote_to_bytes(cut))) or b"/")


def go(path: bytes) -> Segments | None:
    """net/http: `URL.Path` is decoded once; a bad escape or a control is a 400; a raw `#` is data.

    FileServer and ServeMux clean it (`path.Clean`): merged, resolved, a slash at the end where one was.
    """
    if re.search(rb"[\x00-\x20\x7f]", path) or not path.startswith(b"/"):
        return None
    if _BAD_ESCAPE.search(path):
        return None
    decoded = unquote_to_bytes(path)
    clean = resolved(re.sub(b"/+", b"/", decoded)) or b"/"
    return segments(clean)


def go_path(path: bytes) -> Segments | None:
    """`URL.Path` itself, as hand-written routers split it."""
    if re.search(rb"[\x00-\x20\x7f]", path) or _BAD_ESCAPE.search(path) or not path.startswith(b"/"):
        return None
    return segments(unquote_to_bytes(path))


def go_escaped(path: bytes) -> Segments | None:
    """`URL.EscapedPath()` split and then decoded: ServeMux since Go 1.22, and chi."""
    if re.search(rb"[\x00-\x20\x7f]", path) or _BAD_ESCAPE.search(path) or not path.startswith(b"/"):
        return None
    parts = path[1:].split(b"/")
    return tuple(unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in parts)


def iis(path: bytes) -> Segments | None:
    """http.sys and the file system below: decoded, `\\` to `/`, resolved; case and ends do not count."""
    decoded = re.sub(b"/+", b"/", unquote_to_bytes(path.partition(b"#")[0]).replace(b"\\", b"/"))
    names = segments(resolved(decoded) or b"/")
    return tuple(name.partition(":")[0].rstrip(". ").lower() for name in names)


SERVERS: tuple[Server, ...] = (
    *(nginx, aiohttp, aiohttp_decoded, php_fastcgi, php_request_uri, php_lenient, tomcat, servlet),
    *(go, go_path, go_escaped),
)
