"""Lines to paste that try a new token on the routes it opens: the same programs as in docs/how-to.md.

The token stands in them as it is: they are part of the one page that shows it. None puts it into another program's
command line, which `ps` would show to everybody on the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.auth.reach import Reached, token_reach
from gateway.auth.tokens import Minted
from gateway.core.reason import Reason
from gateway.web.portal.page import Visit

ROUTES = 3
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLines:
    """One route with a request that it opens, and the lines by program: `curl`, `netrc`, `git`, `pip`, ..."""

    route: str
    url: str
    host: str
    lines: Mapping[str, str]


async def lines_for(visit: Visit, minted: Minted) -> Sequence[RouteLines]:
    """The lines for the first routes that open to the token and not to everybody; none when there are none yet."""
    found = await token_reach(
        visit.desk,
        visit.here.policy,
        actor=visit.actor,
        reference=minted.token.id,
        address=visit.client,
        limit=_LOOKED_AT,
    )
    asked = [one for one in found.routes if one.is_of_use and one.reason not in {None, Reason.PUBLIC}]
    # Those that open from here before those that open elsewhere, and reading, which does no harm, before the rest.
    asked.sort(key=lambda one: (not one.opens, not one.sample.startswith("GET ")))
    return [_lines(one, minted.whole.reveal(), minted.owner.login) for one in asked[:ROUTES]]


def _lines(reached: Reached, token: str, login: str) -> RouteLines:
    method, _, where = reached.sample.partition(" ")
    host = where.partition("/")[0]
    url = f"https://{where}"
    asks = f" -X {method}" if method != "GET" else ""
    takes = reached.route.credentials
    lines = {}
    if "bearer" in takes:
        lines["curl"] = f"""curl -sS --fail-with-body{asks} -K - {url} <<'END'
header = "Authorization: Bearer {token}"
END"""
    if "basic" in takes:
        lines["netrc"] = f"machine {host} login {login} password {token}"
        lines["git"] = f"""git credential approve <<'END'
protocol=https
host={host}
username={login}
password={token}
END"""
        lines["pip"] = f"""[global]
index-url = https://__token__:{token}@{host}/simple/"""
    if "bearer" in takes:
        lines["python"] = f"""import urllib.request

request = urllib.request.Request("{url}", method="{method}")
request.add_unredirected_header("Authorization", "Bearer {token}")
print(urllib.request.urlopen(request, timeout=30).read())"""
        lines["powershell"] = f"""$token = ConvertTo-SecureString '{token}' -AsPlainText -Force
Invoke-RestMethod {url} -Method {method.capitalize()} -Authentication Bearer -Token $token"""
    return RouteLines(route=reached.route.name, url=url, host=host, lines=lines)
