"""`token-gateway serve` without its fast lane, to see what that is worth: every head goes to aiohttp. Only for here."""

import sys
from pathlib import Path
from unittest.mock import patch

from aiohttp.web_protocol import RequestHandler

from gateway.runtime import serve, worker
from gateway.web.check.listener import CheckListener


class AiohttpLane(CheckListener):
    """Makes the protocols of the other lane from the beginning."""

    def __call__(self) -> RequestHandler:  # type: ignore[override]  # asyncio takes any protocol
        """A protocol for a new connection."""
        return self._application.server()()


if __name__ == "__main__":
    with patch.object(worker, "CheckListener", AiohttpLane):
        sys.exit(serve.main(Path(sys.argv[1])))
