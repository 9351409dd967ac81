"""Whether checks can be answered: what `/health/ready` says, and what processes tell each other of it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether checks can be answered now: some worker accepts them, and can reach the store.

    `cached`: it cannot, but answers from what it remembers, for as long as the store's `serve_cached_for` lets it.
    """

    accepting: bool
    store: bool
    cached: bool = False
    workers: int = 1
    workers_ready: int | None = None  # None: of the one process that says this

    @property
    def is_ready(self) -> bool:
        """All parts together."""
        return self.accepting and (self.store or self.cached) and self.workers_ready != 0

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        ready = int(self.is_ready) if self.workers_ready is None else self.workers_ready
        return {"status": "ready" if self.is_ready else "not ready", **asdict(self), "workers_ready": ready}
