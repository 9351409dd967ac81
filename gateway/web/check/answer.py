"""From a decision to the answer that every dialect starts from: headers complete and safe; denials quote no input."""

from functools import lru_cache

from gateway.core.decision import Allow, Challenge, Deny
from gateway.core.headers import SingleHeaders
from gateway.core.policy import Policy
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.routes import Route
from gateway.web.check import refusal
from gateway.web.check.dialect import Answer, Headers

NO_STORE = (b"Cache-Control", b"no-store")
_NOSNIFF = (b"X-Content-Type-Options", b"nosniff")
_PLAIN = (b"Content-Type", b"text/plain; charset=utf-8")


def allowed(decision: Allow, headers: Headers, policy: Policy) -> Answer:
    """200, empty, every identity header once; what the route lets through to the app is echoed from `headers`.

    Beside the credential of its own that the route has for the app, nothing of the client's is echoed but cookies.
    """
    own = () if decision.app_authorization is None else ((b"Authorization", decision.app_authorization),)
    return Answer(status=200, headers=(*decision.headers, *own, *_kept(decision, headers, policy), NO_STORE))


def accepts_html(headers: Headers) -> bool:
    """Whether a refusal may be a page."""
    return any(b"text/html" in value.lower() for name, value in headers if name.lower() == b"accept")


def refused(
    decision: Deny | Challenge, *, wants_html: bool, realm: str, support_contact: str, portal: str = ""
) -> Answer:
    """The refusal: status, one stable code, a challenge where another credential may help, and a page for browsers.

    The page names whom to ask, and where tokens are made, if anywhere.
    """
    retry_after_s = decision.retry_after_s if isinstance(decision, Deny) else 1
    house = realm, support_contact, portal
    return _refusal(decision.reason, decision.route, house, decision.proven, wants_html, retry_after_s)


@lru_cache(maxsize=4096)
def _refusal(
    reason: Reason,
    route: Route | None,
    house: tuple[str, str, str],
    proven: bool,
    wants_html: bool,
    retry_after_s: int,
) -> Answer:
    realm, support_contact, portal = house
    outside = OUTSIDE[reason]
    code = outside.proven if proven else outside.stranger
    answered = [NO_STORE, _NOSNIFF, (b"X-Auth-Reason", code.encode("ascii"))]
    if route is not None:
        challenge = _challenge(route, reason, realm, for_browser=wants_html)
        if challenge:
            answered.append((b"WWW-Authenticate", challenge))
    if outside.status in {429, 503}:
        answered.append((b"Retry-After", b"%d" % retry_after_s))
    if wants_html:
        body = refusal.page(outside.status, code, support_contact, portal)
        return Answer(status=outside.status, headers=(*answered, *refusal.HEADERS), body=body)
    return Answer(status=outside.status, headers=(*answered, _PLAIN), body=code.encode("ascii") + b"\n")


def echoes(route: Route, headers: Headers, policy: Policy) -> bool:
    """Whether an Allow on this route repeats any of these headers."""
    names = _echoed(route, policy)
    if not names:
        return False
    if isinstance(headers, SingleHeaders):
        return not names.isdisjoint(headers.values)
    return any(name.lower() in names for name, _ in headers)


def _echoed(route: Route, policy: Policy) -> frozenset[bytes]:
    """The client's own credential headers, for routes that leave them to the app; shipped configs copy them over."""
    names: frozenset[bytes] = frozenset()
    if route.app_secret is None and route.authorization == "keep":
        names = policy.credential_headers
    if policy.strips_cookies and route.cookies == "keep":
        names |= {b"cookie"}
    return names


def _kept(decision: Allow, headers: Headers, policy: Policy) -> tuple[tuple[bytes, bytes], ...]:
    names = _echoed(decision.route, policy)
    if not names:
        return ()
    return tuple(pair for pair in headers if pair[0].lower() in names and _is_writable(pair[1]))


def _is_writable(value: bytes) -> bool:
    """Whether a value can be written as it came. One that cannot is left out, which takes it from the app."""
    try:
        return value.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


@lru_cache(maxsize=4096)
def _challenge(route: Route, reason: Reason, realm: str, *, for_browser: bool) -> bytes:
    """One line naming each scheme that the route accepts (RFC 9110 section 11.6.1, RFC 6750 section 3).

    A browser that asks for a page is not shown its own password box, unless the route asks for that by `challenge`.
    """
    status = OUTSIDE[reason].status
    if status == 401:
        schemes = route.challenge or tuple(name for name in ("basic", "bearer") if name in route.credentials)
        if for_browser and not route.challenge:
            schemes = tuple(name for name in schemes if name != "basic")
        error = "" if reason is Reason.NO_CREDENTIAL else ', error="invalid_token"'
    elif reason is Reason.INSUFFICIENT_SCOPE and "bearer" in route.credentials:
        schemes, error = ("bearer",), ', error="insufficient_scope"'
    else:
        return b""
    parts = []
    for scheme in schemes:
        parameters = f'realm="{realm}"' + (', charset="UTF-8"' if scheme == "basic" else error)
        parts.append(f"{scheme.capitalize()} {parameters}")
    return ", ".join(parts or [f'Token realm="{realm}"']).encode("ascii")
