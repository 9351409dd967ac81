"""nginx (`auth_request`): how it asks and what it understands.

nginx asks with the headers that our printed config sets and no others. It understands 2xx, 401 and 403: any other
status becomes a 500 for the client, so that a denial with another status is told as 403 with the true one beside it.
"""

from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers
from gateway.web.check.forwarded import gather
from gateway.web.check.installation import Files, Installation

_BODY_HEADERS = frozenset({b"content-type", b"content-language", b"content-length"})


class Nginx:
    """X-Original-Method, X-Original-URI, Host and a single X-Forwarded-For; answers 200, 401 or 403, never a body."""

    name = "nginx"
    carries_body = False
    carries_form = False

    def facts(self, headers: Headers) -> Facts | BadFacts:
        """The four facts. X-Forwarded-For is `$remote_addr`: a list there is a client's word that got through."""
        facts = gather(
            headers,
            method=b"x-original-method",
            uri=b"x-original-uri",
            host=b"host",
            forwarded_for=b"x-forwarded-for",
        )
        if isinstance(facts, Facts) and b"," in facts.forwarded_for:
            return BadFacts("x-forwarded-for is a list, must be one address")
        return facts

    def reply(self, answer: Answer) -> Answer:
        """200 with an empty body, or 401 or 403 with `X-Auth-Status`, no body and at most one WWW-Authenticate line.

        nginx shows the client a page of its own, and a body would make it drop the connection to us after every
        denial. Challenges are joined into one line, since nginx 1.22 relays only the first.
        """
        if answer.status == 200:
            return Answer(status=200, headers=answer.headers)
        status = 401 if answer.status == 401 else 403
        headers = [
            (name, value)
            for name, value in answer.headers
            if name.lower() not in _BODY_HEADERS and name.lower() != b"www-authenticate"
        ]
        challenges = [value for name, value in answer.headers if name.lower() == b"www-authenticate"]
        if challenges:
            headers.append((b"WWW-Authenticate", b", ".join(challenges)))
        headers.append((b"X-Auth-Status", str(answer.status).encode("ascii")))
        return Answer(status=status, headers=tuple(headers))


def render(installation: Installation) -> Files:
    """The parts of nginx's config: for the http block, for the server block, for each location with an app.

    The location's part is there for each way to reach an app: proxy_pass, fastcgi_pass, uwsgi_pass.
    """
    address = installation.dialled(unix=True, proxy="nginx")
    handed_in = "\n".join(
        f"    proxy_set_header {name} ${_variable('http_', name)};" for name in installation.for_gateway
    )
    kept = "\n".join(
        f"auth_request_set ${_variable('tg_', name)} ${_variable('upstream_http_', name)};"
        for name in installation.for_app
    )
    handed_on = "\n".join(f"proxy_set_header {name} ${_variable('tg_', name)};" for name in installation.for_app)
    # Identity takes 3 kB at most, an Authorization or Cookie that is handed back up to 8 kB each.
    buffer_kb = 32 if installation.strips_cookies else 16
    return {
        "http.conf": _HTTP.format(address=address),
        "server.conf": _SERVER.format(handed_in=handed_in, kept=kept, kb=buffer_kb, busy_kb=2 * buffer_kb),
        "location.conf": _LOCATION.format(handed_on=handed_on),
        "fastcgi.conf": _parameters(installation, "fastcgi"),
        "uwsgi.conf": _parameters(installation, "uwsgi"),
    }


def _parameters(installation: Installation, protocol: str) -> str:
    names = installation.for_app
    handed_on = [f"{protocol}_param HTTP_{_variable('', name).upper()} ${_variable('tg_', name)};" for name in names]
    # A route's identity set fills one of these; the others are empty.
    login = "".join(f"${_variable('tg_', name)}" for name in installation.login_headers)
    if login:
        handed_on.append(f"{protocol}_param REMOTE_USER {login};")
    return _PARAMETERS.format(protocol=protocol, handed_on="\n".join(handed_on))


def _variable(prefix: str, header: str) -> str:
    return f"{prefix}{header.lower().replace('-', '_')}"


_HTTP = """\
# Token Gateway for nginx, part 1 of 3: once, in the http block:
#
#     http {{
#         include token-gateway/http.conf;
#         ...
#
# Printed by `token-gateway proxy-config nginx`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.

# A named upstream with keepalive: only so does nginx ask many checks over one connection.
upstream token_gateway {{
    server {address};
    keepalive 32;
}}

# Many apps read X_Auth_User and X.Auth.User as X-Auth-User. nginx drops such headers unless it is told otherwise. If it
# says "duplicate" here, it was: move that line into the server block that needs it, and not into a guarded one.
underscores_in_headers off;
ignore_invalid_headers on;
"""

_SERVER = """\
# Token Gateway for nginx, part 2 of 3: in each server block that the gateway guards, before all else:
#
#     server {{
#         server_name app.example.org;
#         include token-gateway/server.conf;
#         location / {{
#             include token-gateway/location.conf;
#             proxy_pass http://127.0.0.1:8080;
#         }}
#     }}
#
# Every path of the server is asked about. Say which ones are public in the gateway's routes, not with
# `auth_request off`: nginx picks a location by another reading of the path than the app's.
# Printed by `token-gateway proxy-config nginx`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.

satisfy all;  # `satisfy any` beside `allow` would skip the gateway
auth_request /_token_gateway;

# A rewrite further down in the server block is applied to the question too, and would send it to the app, whose 200
# would be an Allow: this comes first and ends it.
if ($uri = /_token_gateway) {{ break; }}

# What the gateway answers: kept for location.conf. A header that it leaves out leaves its variable empty.
{kept}

# Why a request was refused, for the client. 403 stands for every status that nginx cannot relay; X-Auth-Status has it.
auth_request_set $tg_reason $upstream_http_x_auth_reason;
auth_request_set $tg_status $upstream_http_x_auth_status;
auth_request_set $tg_retry_after $upstream_http_retry_after;
add_header X-Auth-Reason $tg_reason always;
add_header X-Auth-Status $tg_status always;
add_header Retry-After $tg_retry_after always;

location = /_token_gateway {{
    internal;
    auth_request off;

    # HTTP/1.1 and an empty Connection keep the connection to the gateway open.
    proxy_pass http://token_gateway/check/nginx;
    proxy_method GET;
    proxy_http_version 1.1;
    proxy_set_header Connection "";

    # Nothing of the client's request goes along but what is listed here, so that nothing forged can.
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    client_max_body_size 0;  # counted again here: a large upload would fail as 500

    # The facts. $host, not $http_host: an absolute-form request may name another host than the one nginx serves.
    # $request_uri, not $uri: that would be /_token_gateway.
    proxy_set_header Host $host;
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Original-URI $request_uri;
    proxy_set_header X-Forwarded-For $remote_addr;

    # What the gateway decides by.
{handed_in}

    # A gateway that does not answer in time is a refusal.
    proxy_connect_timeout 1s;
    proxy_send_timeout 1s;
    proxy_read_timeout 2s;

    # An answer is a head only; room for the identity and for an Authorization that is handed back.
    proxy_buffer_size {kb}k;
    proxy_buffers 4 {kb}k;
    proxy_busy_buffers_size {busy_kb}k;

    # Not inherited from outside: a page, a cache or a store in here could turn a refusal, or silence, into a 200.
    proxy_intercept_errors off;
    error_page 598 /_token_gateway;  # any line of its own stops the inherited ones; nothing answers 598
    proxy_cache off;
    proxy_store off;
}}
"""

_LOCATION = """\
# Token Gateway for nginx, part 3 of 3: in every location with a proxy_pass, beside it:
#
#     location / {{
#         include token-gateway/location.conf;
#         proxy_pass http://127.0.0.1:8080;
#     }}
#
# It must be in the location itself: one proxy_set_header there makes nginx forget all those of the server block. That
# holds for yours too: have `proxy_set_header Host $host;` and the like in the location, or include them there.
# Printed by `token-gateway proxy-config nginx`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.

satisfy all;
auth_request /_token_gateway;

# The app gets these from the gateway's answer and never from the client: the identity, and the credential, which is
# empty unless the route says `authorization: keep`. nginx does not send a header whose value is empty.
{handed_on}
"""

_PARAMETERS = """\
# Token Gateway for nginx, instead of location.conf where a location has a {protocol}_pass; after {protocol}_params:
#
#     location / {{
#         include {protocol}_params;
#         include token-gateway/{protocol}.conf;
#         {protocol}_pass unix:/run/app.sock;
#     }}
#
# proxy_set_header does nothing for such an app: with location.conf it would get the client's headers as they came.
# Printed by `token-gateway proxy-config nginx`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.

satisfy all;
auth_request /_token_gateway;

# The app gets these from the gateway's answer and never from the client: nginx leaves out a client's header whose name
# stands here. REMOTE_USER must come after {protocol}_params: Debian sets it from the client's own, unproven Basic name.
{handed_on}
"""
