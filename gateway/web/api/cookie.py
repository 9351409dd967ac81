"""The cookie of a session: the one place where its secret travels, and no script of any page can read it."""

from aiohttp import web

from gateway.core.token import Secret
from gateway.web.api.origin import Origin
from gateway.web.api.problem import Problem

# `__Host-` binds it to this one host, by TLS, for all of it: no neighbour under the same domain can plant another
# (RFC 6265bis section 4.1.3.2). Without TLS, which is for this machine alone, browsers do not take such a name.
SECURE, PLAIN = "__Host-token-gateway", "token-gateway"


def cookie_name(origin: Origin) -> str:
    """What the session's cookie is called at this origin."""
    return SECURE if origin.is_secure else PLAIN


def session_secret(request: web.Request, origin: Origin) -> Secret | None:
    """The secret in the session's cookie. Problem `ambiguous_request` for two different ones."""
    wanted = cookie_name(origin)
    found = set()
    for header in request.headers.getall("Cookie", []):
        for part in header.split(";"):
            name, equals, value = part.strip(" \t").partition("=")
            if equals and name == wanted:
                found.add(value)
    if len(found) > 1:
        raise Problem("ambiguous_request", "two different sessions came at once", mend="remove the cookies, sign in")
    return Secret(found.pop()) if found and found != {""} else None


def keep(origin: Origin, secret: Secret) -> str:
    """The `Set-Cookie` that begins a session. It ends with the browser; when it ends here is the session's to say.

    Lax: whoever follows a link from a mail is still signed in; that nothing is changed from elsewhere is asked apart.
    """
    return _set_cookie(origin, secret.reveal())


def drop(origin: Origin) -> str:
    """The `Set-Cookie` that removes it."""
    return _set_cookie(origin, "", "; Max-Age=0")


def _set_cookie(origin: Origin, value: str, more: str = "") -> str:
    secure = "; Secure" if origin.is_secure else ""
    return f"{cookie_name(origin)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}"
