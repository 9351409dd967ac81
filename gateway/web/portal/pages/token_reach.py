"""*What can this token reach?* The routes that it opens, each decided as a check would decide it now."""

from urllib.parse import urlencode

from gateway.auth.reach import Reach, token_reach
from gateway.auth.refused import Refused
from gateway.auth.token_list import show_token
from gateway.auth.token_wishes import read_address
from gateway.web.api.codes import STATUS
from gateway.web.portal.form import Form
from gateway.web.portal.page import Answer, Page, Shown, Visit
from gateway.web.portal.pages.explain import explain_path
from gateway.web.portal.pages.tokens import ANY
from gateway.web.portal.reason_words import reason_words
from gateway.web.portal.token_shown import token_shown

SHOWN = 100
_MOST_DIGITS = 9


async def show(visit: Visit) -> Answer:
    """The routes: all of them with reasons for who may explain; else those that it opens from somewhere."""
    reference = visit.part("token")
    entry = (await show_token(visit.desk, actor=visit.actor, reference=reference)).entry
    token = token_shown(visit.desk, entry)
    given = {"address": text} if (text := visit.asked("address")) else {}
    visit.form = Form(present=given)
    after, status = visit.asked("after"), 200
    reach = Reach(routes=(), after=None, is_whole=False)
    try:
        reach = await token_reach(
            visit.desk,
            visit.here.policy,
            actor=visit.actor,
            reference=reference,
            address=read_address(text) if text else visit.client,
            after=int(after) if after.isascii() and after.isdecimal() and len(after) <= _MOST_DIGITS else -1,
            limit=SHOWN,
        )
    except Refused as refused:
        visit.form.fail(refused.field, visit.words.refused(refused))
        status = STATUS[refused.code]
    path = f"{token.path}/reach"
    more = "" if reach.after is None else f"{path}?{urlencode({**given, 'after': reach.after})}"
    return Shown(
        template="token_reach.html",
        status=status,
        data={
            "token": token,
            "is_mine": entry.owner.id == visit.owner.id,
            "address": text or visit.address,
            "is_asked": bool(given),
            "routes": reach.routes,
            "why": {
                one.route.index: reason_words(visit.words, one.reason) for one in reach.routes if one.reason is not None
            },
            "is_whole": reach.is_whole,
            "explain_path": explain_path(visit, {"token": token.handle, "address": text or visit.address}),
            "first": (f"{path}?{urlencode(given)}" if given else path) if after else "",
            "more": more,
        },
    )


PAGES = (
    Page(
        name="token_reach",
        path="/tokens/{token}/reach",
        show=show,
        permissions=ANY,
    ),
)
