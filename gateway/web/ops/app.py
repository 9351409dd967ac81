"""`/health/live`, `/health/ready` and `/metrics`."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

NO_STORE = {"Cache-Control": "no-store"}


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


def ops_app(
    readiness: Callable[[], Awaitable[Readiness]], registry: Callable[[], Awaitable[CollectorRegistry]]
) -> web.Application:
    """The application of the ops listener. Both are asked at every request, and answer within a second or so."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"}, headers=NO_STORE)

    async def ready(_: web.Request) -> web.Response:
        state = await readiness()
        return web.json_response(state.document(), status=200 if state.is_ready else 503, headers=NO_STORE)

    async def metrics(_: web.Request) -> web.Response:
        body = generate_latest(await registry())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})

    app = web.Application()
    app.add_routes([web.get("/health/live", live), web.get("/health/ready", ready), web.get("/metrics", metrics)])
    return app
