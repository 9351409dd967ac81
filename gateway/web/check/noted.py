"""What is kept of each refusal: in the metrics, for the audit, and in the log."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from gateway.auth.refuted import Refuted
from gateway.core.decision import Challenge, Deny
from gateway.core.reason import Reason
from gateway.core.target import Target
from gateway.web.check.refusal_log import RefusalLog
from gateway.web.check.standing import Place, Refusal


class CheckMetrics(Protocol):
    """Counts checks; no label per token, path or user."""

    def checked(self, dialect: str, reason: Reason) -> None:
        """One answered check."""
        ...


class Refusals(Protocol):
    """Keeps what was refused, for the audit. Called on the check's path: it counts, and waits for nothing."""

    def refused(self, decision: Deny | Challenge, target: Target | None, at: datetime) -> None:
        """One refused check."""
        ...

    def refused_stranger(self, reason: Reason, network: bytes, at: datetime) -> None:
        """One refused check of a value that is no token of ours, from that network."""
        ...


class RefusalNotes:
    """One per process, on the loop thread."""

    def __init__(
        self,
        *,
        metrics: CheckMetrics,
        led_to: defaultdict[str, int],
        refusals: Refusals,
        log: RefusalLog,
        clock: Callable[[], datetime],
    ) -> None:
        """`led_to`: counts checks by the name of their route."""
        self._metrics = metrics
        self._led_to = led_to
        self._refusals = refusals
        self._log = log
        self._clock = clock

    def refused(self, dialect: str, decision: Deny | Challenge, target: Target | None) -> None:
        """Note one refused check."""
        self._metrics.checked(dialect, decision.reason)
        if decision.route is not None:
            self._led_to[decision.route.name] += 1
        self._refusals.refused(decision, target, self._clock())
        if decision.reason is not Reason.UNTRUSTED_PEER:  # of those, the listener tells the address once a minute
            self._log.refused(dialect, decision, target)

    def refused_alike(self, place: Place, refusal: Refusal, refuted: Refuted, path: bytes) -> None:
        """As `refused`, for a check of this place; its decision names no token, and the path is read only to be told.

        Nothing is made for a token that nobody knows, which anybody can send without end, but where a line is written.
        """
        decision = refusal.decision
        reason = decision.reason
        if refuted.reason is Reason.WRONG_SECRET:
            self.refused(place.dialect.name, replace(decision, handle=refuted.handle), place.target(path))
            return
        self._metrics.checked(place.dialect.name, reason)
        if decision.route is not None:
            self._led_to[decision.route.name] += 1
        self._refusals.refused_stranger(reason, place.network, self._clock())
        refusal.silent_until = self._log.silent_until(place.network, reason, refusal.silent_until)
        if refusal.silent_until is None:
            self._log.write(place.dialect.name, replace(decision, handle=refuted.handle), place.target(path))
