"""A form that is sent twice is done once, and answers the same: a second click, a reload, a line that broke.

Kept in memory, by session, page and the mark that the form carries; the portal is one process. After a restart the
rules of the use cases still hold: a name is taken, a version has changed. An answer may hold a secret, so it is kept
for a moment only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from gateway.web.portal.page import Answer

KEPT = 4096
AGAIN_S = 2.0  # how long an impatient second click is given the answer again

_Key = tuple[str, str]


class Sendings:
    """The forms that were sent lately; None for what was answered some time ago. Loop thread only."""

    def __init__(self, again_s: float = AGAIN_S) -> None:
        self._again_s = again_s
        self._sent: OrderedDict[_Key, asyncio.Future[Answer] | None] = OrderedDict()

    async def once(self, whose: str, nonce: str, act: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """What `act` answers, done by the first who comes; None when that was answered some time ago.

        What `act` raises it raises for all who wait, and then the form may be sent again.
        """
        key = (whose, nonce)
        if key in self._sent:
            before = self._sent[key]
            return None if before is None else await asyncio.shield(before)
        loop = asyncio.get_running_loop()
        self._sent[key] = mine = loop.create_future()
        while len(self._sent) > KEPT:
            self._sent.popitem(last=False)
        try:
            answer = await act()
        except BaseException as error:
            self._sent.pop(key, None)
            _fail(mine, error)
            raise
        mine.set_result(answer)
        loop.call_later(self._again_s, self._forget, key)
        return answer

    def _forget(self, key: _Key) -> None:
        if key in self._sent:
            self._sent[key] = None


def _fail(waiting: asyncio.Future[Answer], error: BaseException) -> None:
    if isinstance(error, Exception):
        waiting.set_exception(error)
        waiting.exception()  # seen: perhaps nobody waits
    else:
        waiting.cancel()
