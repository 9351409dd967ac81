"""nginx (`auth_request`): how it asks and what it understands.

nginx asks with the headers that our printed config sets and no others. It understands 2xx, 401 and 403: any other
status becomes a 500 for the client, so that a denial with another status is told as 403 with the true one beside it.
"""

from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers
from gateway.web.check.forwarded import gather

_BODY_HEADERS = frozenset({b"content-type", b"content-language", b"content-length"})


class Nginx:
    """X-Original-Method, X-Original-URI, Host and a single X-Forwarded-For; answers 200, 401 or 403, never a body."""

    name = "nginx"
    carries_body = False

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
