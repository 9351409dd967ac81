"""The files that pages name: each under an address with its content's hash, so that browsers keep it for ever."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources.abc import Traversable
from typing import NamedTuple

from aiohttp import web

from gateway.web.api.problem import Problem

TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
}
FOREVER = "public, max-age=31536000, immutable"
PATH = "/static/{hash}/{name}"


class _File(NamedTuple):
    hash: str
    content_type: str
    body: bytes


class Static:
    """All static files of a folder, in memory."""

    def __init__(self, folder: Traversable) -> None:
        self._files = dict(_read(folder))

    def url(self, name: str) -> str:
        """The address of a file. KeyError for one that is not there: a template names it wrongly."""
        return f"/static/{self._files[name].hash}/{name}"

    async def answer(self, request: web.Request) -> web.Response:
        """The file of an address. Problem `not_found`, also for the hash of another version."""
        found = self._files.get(request.match_info["name"])
        if found is None or found.hash != request.match_info["hash"]:
            raise Problem("not_found", "there is no such file")
        headers = {
            "Cache-Control": FOREVER,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return web.Response(body=found.body, content_type=found.content_type, charset=_charset(found), headers=headers)


def _read(folder: Traversable) -> Mapping[str, _File]:
    found: dict[str, _File] = {}
    for file in folder.iterdir():
        ending = file.name.rpartition(".")[2]
        if file.is_dir():
            found.update(_read(file))
        elif ending in TYPES:
            body = file.read_bytes()
            found[file.name] = _File(sha256(body).hexdigest()[:16], TYPES[ending], body)
    return found


def _charset(file: _File) -> str | None:
    return "utf-8" if file.content_type.startswith("text/") else None
