"""Each kind of change as a request to the REST API, by a token of the administrator's."""

import asyncio
import http.client
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.proof.revocation import roster
from tests.proof.revocation.roster import Kind, Slot

_TOKEN, _OWNER = "/api/v1/tokens/{handle}", "/api/v1/{owners}/{id}"
_REQUESTS: dict[Kind, tuple[str, str, dict[str, Any] | None]] = {
    roster.REVOKE: ("DELETE", _TOKEN, None),
    roster.ROTATE: ("POST", f"{_TOKEN}/rotate", {}),
    roster.GRACE: ("POST", f"{_TOKEN}/rotate", {"grace": "1s"}),
    roster.EXPIRE: ("PATCH", _TOKEN, {"expires": "{moment}"}),
    roster.CUT: ("PATCH", _TOKEN, {"scopes": ["rest"]}),
    roster.SUSPEND: ("POST", f"{_TOKEN}/suspend", None),
    roster.DISABLE_USER: ("POST", f"{_OWNER}/disable", None),
    roster.DISABLE_APP: ("POST", f"{_OWNER}/disable", None),
    roster.DELETE_USER: ("DELETE", _OWNER, None),
    roster.DELETE_APP: ("DELETE", _OWNER, None),
    roster.UNGROUP: ("POST", f"{_OWNER}/groups", {"remove": ["staff"]}),
    roster.REVOKE_ALL: ("POST", "/api/v1/tokens/revoke", {"user": "{login}"}),
    roster.SUSPEND_ALL: ("POST", "/api/v1/tokens/suspend", {"user": "{login}"}),
}
TRIES, PAUSE_S = 20, 0.2  # while the gateway says that it cannot answer now


class ByApi:
    """Returns the new secret, where there is one."""

    def __init__(self, port: int, admin: str) -> None:
        self._port, self._admin = port, admin

    async def take(self, slot: Slot, moment: datetime) -> str | None:
        """Take the right away; `moment`: when an expiry is to be."""
        if slot.kind is roster.PRESENTED:
            body = urlencode({"token": slot.secrets[0]})
            await self._ask("POST", "/api/v1/token/revoke", body, "application/x-www-form-urlencoded", by_whom=None)
            return None
        method, path, body_of = _REQUESTS[slot.kind]
        given = {
            "handle": slot.handles[0],
            "owners": f"{slot.owner_kind.value}s",
            "id": slot.owner_id,
            "login": slot.login,
            "moment": moment.isoformat(),
        }
        body = None
        if body_of is not None:
            filled = {key: value.format(**given) if isinstance(value, str) else value for key, value in body_of.items()}
            body = json.dumps(filled)
        answer = await self._ask(method, path.format(**given), body, "application/json", by_whom=self._admin)
        secret = answer.get("secret")
        return secret if isinstance(secret, str) else None

    async def _ask(self, method: str, path: str, body: str | None, kind: str, *, by_whom: str | None) -> dict[str, Any]:
        headers = {"Host": "gateway.example.org"}
        if method == "PATCH":
            headers["If-Match"] = "*"
        if path.endswith("/rotate"):  # asked again, it must not rotate twice
            headers["Idempotency-Key"] = uuid4().hex
        if by_whom is not None:
            headers["Authorization"] = f"Bearer {by_whom}"
        if body is not None:
            headers["Content-Type"] = kind

        def ask() -> tuple[int, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            try:
                connection.request(method, path, body=body, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        for _ in range(TRIES):
            status, read = await asyncio.to_thread(ask)
            if status != 503:  # the store did not answer in time: nothing was promised
                break
            await asyncio.sleep(PAUSE_S)
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: {status} {read.decode()}")
        return dict(json.loads(read)) if read else {}
