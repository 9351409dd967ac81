"""What the proxies share that describe their client's request by X-Forwarded-* and relay an answer whole."""

import re
from dataclasses import replace

from gateway.core.headers import SingleHeaders
from gateway.web.check.dialect import Answer, BadFacts, Facts, Headers, single

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def fact(headers: Headers, name: bytes) -> bytes | BadFacts:
    """A header that must come exactly once, not empty and without control characters; `name` in lower case."""
    value = single(headers, name)
    if not isinstance(value, BadFacts) and _CONTROL.search(value):
        return BadFacts(f"{name.decode()} holds a control character")
    return value


def gather(headers: Headers, *, method: bytes, uri: bytes, host: bytes, forwarded_for: bytes) -> Facts | BadFacts:
    """The four facts from the four headers named, or the first fault. No other header is looked at."""
    if isinstance(headers, SingleHeaders):
        found = headers.values.get
        facts = Facts(found(method, b""), found(uri, b""), found(host, b""), found(forwarded_for, b""))
        if all(facts) and _CONTROL.search(b"".join(facts)) is None:
            return facts
    values: list[bytes] = []
    for name in (method, uri, host, forwarded_for):
        value = fact(headers, name)
        if isinstance(value, BadFacts):
            return value
        values.append(value)
    return Facts(method=values[0], uri=values[1], host=values[2], forwarded_for=values[3])


def forwarded_facts(headers: Headers) -> Facts | BadFacts:
    """The facts of Traefik and Caddy: X-Forwarded-Method, -Uri, -Host and -For, each exactly once.

    X-Forwarded-For may be a list; its last element is the proxy's own word.
    """
    return gather(
        headers,
        method=b"x-forwarded-method",
        uri=b"x-forwarded-uri",
        host=b"x-forwarded-host",
        forwarded_for=b"x-forwarded-for",
    )


def relayed(answer: Answer) -> Answer:
    """The answer for a proxy that relays status, headers and body of whatever is not 2xx, and allows on any 2xx.

    A 200 is emptied, since a body would cost the proxy its connection to us. Any other 2xx would be an Allow that
    nobody decided: it becomes 403.
    """
    if answer.status == 200:
        return replace(answer, body=b"") if answer.body else answer
    if 200 <= answer.status < 300:
        return replace(answer, status=403)
    return answer
