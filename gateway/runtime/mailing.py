"""The task that mails, wired: what it has to tell goes to the log and the metrics."""

from collections.abc import Callable

import structlog

from gateway.auth.desk import Desk
from gateway.auth.mail.postman import Postman
from gateway.runtime.metrics import Metrics

log = structlog.get_logger("gateway")


def postman(desk: Callable[[], Desk], metrics: Metrics) -> Postman:
    """One for this process; it rests while the configuration has no `mail`."""
    made = Postman(desk, fault=lambda words: log.warning("not mailed", detail=words))
    metrics.counter("mails_sent", "Mails that the mail server took.", lambda: made.sent)
    metrics.counter("mails_failed", "Attempts to send a mail that failed.", lambda: made.failed)
    metrics.counter("mails_given_up", "Mails that were given up.", lambda: made.given_up)
    metrics.gauge("mails_queued", "Mails that wait, as the outbox was last seen.", lambda: made.waiting)
    return made
