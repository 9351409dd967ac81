"""Traefik (`forwardAuth`): how it asks and what it understands."""

from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers
from gateway.web.check.forwarded import forwarded_facts, relayed


class Traefik:
    """X-Forwarded-Method, -Uri, -Host and -For; relays status, headers and body of a denial."""

    name = "traefik"
    carries_body = True

    def facts(self, headers: Headers) -> Facts | BadFacts:
        """The four facts, each exactly once."""
        return forwarded_facts(headers)

    def reply(self, answer: Answer) -> Answer:
        """The answer whole; a 200 without a body."""
        return relayed(answer)
