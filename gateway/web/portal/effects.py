"""What a page says after a change: that it is done, and when it is not effective everywhere yet."""

from gateway.auth.desk import Effect
from gateway.web.portal.page import Notice, Visit


def effect_notice(visit: Visit, text: str, effect: Effect | None) -> Notice:
    """The words, and until when a host that cannot reach the store may go on as before, where there may be one."""
    if effect is None or effect.everywhere_by is None:
        return Notice(text=text)
    more = visit.words(
        "Hosts that cannot reach the store may go on until %(by)s.", by=f"{effect.everywhere_by:%H:%M:%S} UTC"
    )
    return Notice(text=f"{text} {more}", kind="warning")
