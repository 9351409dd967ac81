"""The answers that are always the same: to what is no check, to what is no head, and when the lane itself fails."""

from gateway.web.check.answer import NO_STORE
from gateway.web.check.dialect import Answer

_PLAIN = (b"Content-Type", b"text/plain; charset=utf-8")

NOT_A_CHECK = Answer(status=404, headers=(NO_STORE, _PLAIN), body=b"not a check\n")
MALFORMED = Answer(
    status=400, headers=(NO_STORE, (b"X-Auth-Reason", b"ambiguous_request"), _PLAIN), body=b"malformed\n"
)
# 403: every proxy refuses on it. Envoy may be told to allow on a 5xx.
FAILED = Answer(status=403, headers=(NO_STORE, (b"X-Auth-Reason", b"unavailable"), _PLAIN), body=b"unavailable\n")
