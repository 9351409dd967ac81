"""`/health/live`, `/health/ready` and `/metrics`."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.web.ops.readiness import Readiness

NO_STORE = {"Cache-Control": "no-store"}


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
