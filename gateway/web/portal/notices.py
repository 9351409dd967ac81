"""The word for the next page that somebody sees: kept here, by session, so that no address can put words on a page."""

from collections import OrderedDict

from gateway.web.portal.page import Notice

KEPT = 4096


class Notices:
    """At most one a session, told once. Loop thread only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Notice] = OrderedDict()

    def keep(self, session_id: str, notice: Notice) -> None:
        """Tell it on the next page."""
        self._kept[session_id] = notice
        self._kept.move_to_end(session_id)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def take(self, session_id: str) -> Notice | None:
        """What is to be told; None when there is nothing."""
        return self._kept.pop(session_id, None)
