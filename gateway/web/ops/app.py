"""`/health/live`, `/health/ready` and `/metrics`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether checks can be answered now. Each part is True, or the gateway is not ready."""

    accepting: bool
    store: bool

    @property
    def is_ready(self) -> bool:
        """All parts together."""
        return self.accepting and self.store


def ops_app(readiness: Callable[[], Readiness], registry: CollectorRegistry) -> web.Application:
    """The application of the ops listener. `readiness` is asked at every request and must not block."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"}, headers=NO_STORE)

    async def ready(_: web.Request) -> web.Response:
        state = readiness()
        word, status = ("ready", 200) if state.is_ready else ("not ready", 503)
        return web.json_response({"status": word, **asdict(state)}, status=status, headers=NO_STORE)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})

    app = web.Application()
    app.add_routes([web.get("/health/live", live), web.get("/health/ready", ready), web.get("/metrics", metrics)])
    return app
