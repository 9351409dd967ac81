"""Traefik (`forwardAuth`): how it asks and what it understands."""

from gateway.core.form import MAX_BYTES
from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers
from gateway.web.check.forwarded import forwarded_facts, relayed
from gateway.web.check.installation import Files, Installation, distinct

_ABOUT_A_FORM = ("Content-Type", "Content-Encoding")


class Traefik:
    """X-Forwarded-Method, -Uri, -Host and -For; relays status, headers and body of a denial."""

    name = "traefik"
    carries_body = True
    carries_form = True

    def facts(self, headers: Headers) -> Facts | BadFacts:
        """The four facts, each exactly once."""
        return forwarded_facts(headers)

    def reply(self, answer: Answer) -> Answer:
        """The answer whole; a 200 without a body."""
        return relayed(answer)


def render(installation: Installation) -> Files:
    """The middleware for the file provider; its comment has the lines of the static config that go with it."""
    forms = bool(installation.form_routes)
    handed_in = (*installation.for_gateway, *_ABOUT_A_FORM) if forms else installation.for_gateway
    middleware = _MIDDLEWARE.format(
        address=installation.dialled(unix=False, proxy="Traefik"),
        handed_in=_yaml_list(distinct(handed_in)),
        handed_on=_yaml_list(installation.for_app),
    )
    return {"middleware.yaml": middleware + _BODY.format(most=MAX_BYTES) if forms else middleware}


def _yaml_list(names: tuple[str, ...]) -> str:
    return "\n".join(f"          - {name}" for name in names)


_MIDDLEWARE = """\
# Token Gateway for Traefik 3.7 or later: a file of the file provider (dynamic configuration).
# Printed by `token-gateway proxy-config traefik`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.
#
# These lines go with it, in the static configuration (traefik.yaml):
#
#     entryPoints:
#       web:
#         address: ":80"
#         http:
#           middlewares: [token-gateway@file]
#           aliasHeadersStrategy: reject
#     providers:
#       file:
#         directory: /etc/traefik/dynamic
#
# On the entry point the gateway is asked about every request of every router, and before any router's own middleware:
# behind a stripPrefix it would be told another path than the one the client asked for. Say which paths are public in
# the gateway's routes. aliasHeadersStrategy: many apps read X_Auth_User and X.Auth.User as X-Auth-User; Traefik answers
# such requests with 400 (`delete` drops the headers instead).

http:
  middlewares:
    token-gateway:
      forwardAuth:
        address: "http://{address}/check/traefik"

        # The facts (X-Forwarded-Method, -Uri, -Host, -For) are Traefik's own word and never the client's.
        trustForwardHeader: false

        # What the gateway decides by. Nothing else of the client's request goes along, so that nothing forged can.
        authRequestHeaders:
{handed_in}

        # The app gets these from the gateway's answer and never from the client: the credential, which is absent unless
        # the route says `authorization: keep`, and the identity. Traefik deletes what the answer leaves out.
        authResponseHeaders:
{handed_on}

        # A refusal is a small page; a redirect goes to the client as the gateway wrote it.
        maxResponseBodySize: 65536
        preserveLocationHeader: true
"""

_BODY = """
        # Some route takes a token from a form (`form:NAME`), so that every request's body goes along. Traefik keeps it
        # in memory, and answers a larger one itself with 401, on every route: see docs/url-and-form-tokens.md.
        forwardBody: true
        maxBodySize: {most}
"""
