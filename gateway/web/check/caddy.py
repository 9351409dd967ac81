"""Caddy (`forward_auth`): how it asks and what it understands."""

from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers
from gateway.web.check.forwarded import forwarded_facts, relayed
from gateway.web.check.installation import Files, Installation


class Caddy:
    """X-Forwarded-Method, -Uri, -Host and -For; relays status, headers and body of a denial."""

    name = "caddy"
    carries_body = True
    carries_form = False

    def facts(self, headers: Headers) -> Facts | BadFacts:
        """The four facts, each exactly once."""
        return forwarded_facts(headers)

    def reply(self, answer: Answer) -> Answer:
        """The answer whole; a 200 without a body."""
        return relayed(answer)


# Caddy hands in all of the client's headers. The gateway reads none of these; taken out, they cannot make the head of a
# check larger than the gateway takes, and a log in between shows less.
_NEEDLESS = ("Cookie", "Forwarded", "Referer", "User-Agent", "X-Original-*", "X-Real-Ip")


def render(installation: Installation) -> Files:
    """A snippet that each guarded site imports."""
    address = installation.dialled(unix=True, proxy="Caddy")
    asked = {name.lower() for name in installation.for_gateway}
    needless = [name for name in _NEEDLESS if name.lower() not in asked]
    forged = [name for name in installation.identity_headers if name.lower() not in asked]
    return {
        "token-gateway.caddy": _SNIPPET.format(
            address=address.replace("unix:", "unix/", 1) if address.startswith("unix:") else address,
            guarded="|".join(installation.for_app),
            deleted="\n".join(f"\t\theader_up -{name}" for name in (*needless, *forged)),
            handed_on="\n".join(f"\t\t\t{name}" for name in installation.for_app),
        )
    }


_SNIPPET = """\
# Token Gateway for Caddy 2.11.2 or later. Import the file, and the snippet in each site that the gateway guards:
#
#	import token-gateway.caddy
#	app.example.org {{
#		import token-gateway
#		reverse_proxy 127.0.0.1:8080
#	}}
#
# At the top of the site it is asked about every path. Say which ones are public in the gateway's routes, not with a
# matcher: Caddy matches another reading of the path than the app's.
# Printed by `token-gateway proxy-config caddy`. Print it again when listen.check or identity change, or, of a
# route, credentials, cookies or allow_preflight.

(token-gateway) {{
	# A client may list headers in Connection for the next hop to drop: the identity would not reach the app.
	@token-gateway-dropped header_regexp Connection (?i)(?:^|[\\s,])(?:{guarded})(?:[\\s,]|$)
	request_header @token-gateway-dropped -Connection

	forward_auth {address} {{
		# The `?` drops the client's query.
		uri /check/caddy?

		# The path as the client sent it, also where a rewrite or handle_path came first.
		header_up X-Forwarded-Uri {{http.request.orig_uri}}

		# Never read by the gateway.
{deleted}

		# The app gets these from the gateway's answer and never from the client: the credential, which is absent unless
		# the route says `authorization: keep`, and the identity. Caddy deletes what the answer leaves empty or out.
		copy_headers {{
{handed_on}
		}}

		# A gateway that does not answer in time is a refusal.
		transport http {{
			dial_timeout 1s
			response_header_timeout 2s
		}}
	}}
}}
"""
