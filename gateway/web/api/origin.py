"""The addresses under which the portal is reached, and whether a request comes from a page of theirs."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from gateway.web.api.problem import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Origin(NamedTuple):
    """One of `public_url`: as browsers write it in `Origin`, and the values of `Host` that mean it."""

    text: str
    host: str
    written: frozenset[str]
    is_secure: bool


@lru_cache(maxsize=8)
def origins(public_urls: tuple[str, ...]) -> tuple[Origin, ...]:
    """The origins of the URLs, the canonical one first."""
    return tuple(map(_origin, public_urls))


def asked_origin(request: web.Request, public_urls: tuple[str, ...]) -> Origin | None:
    """The origin that this request's one `Host` names; None for a stranger's."""
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1:
        return None
    return next((one for one in origins(public_urls) if hosts[0].lower() in one.written), None)


def refuse_cross_site(request: web.Request, origin: Origin) -> None:
    """Refuse what would act with a session's cookie and does not say that it comes from this very origin.

    Browsers say so with every request that changes something; another program says it by `Origin`. The `Host` has been
    looked at before, so a page of another name that resolves here gets nowhere either (corpus M19, M20).
    """
    if request.method in SAFE_METHODS:
        return
    said, site = request.headers.getall("Origin", []), request.headers.getall("Sec-Fetch-Site", [])
    if (said and said != [origin.text]) or (site and site != ["same-origin"]) or not (said or site):
        raise Problem(
            "cross_site",
            "the request does not come from this address",
            mend=f"send it from a page of it, or with the header Origin: {origin.text}",
        )


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}[parts.scheme]
    name = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    is_standard = parts.port in {None, standard}
    host = name if is_standard else parts.netloc
    written = frozenset({name, f"{name}:{standard}"} if is_standard else {parts.netloc})
    return Origin(
        text=f"{parts.scheme}://{host}", host=parts.hostname or "", written=written, is_secure=parts.scheme == "https"
    )
