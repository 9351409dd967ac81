"""All tokens, for who may see everybody's: the list with its filters (PARITY R26), the newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.token_list import page_tokens
from gateway.auth.token_wishes import read_moment
from gateway.core.owner import OwnerKind
from gateway.store import TokenPage, TokenPlace, TokenState
from gateway.web.api.codes import STATUS
from gateway.web.portal.form import Form
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit
from gateway.web.portal.token_shown import token_shown

PATH = "/tokens"
ANY_TOKENS = frozenset({"any_tokens"})
FILTERS = ("name", "owner", "kind", "state", "scope", "group", "organisation", "expires", "before", "later", "size")
SHOWN, MOST = 50, 500
KINDS = {"personal": OwnerKind.USER, "application": OwnerKind.APPLICATION}
SPANS = ("7d", "30d", "90d")  # until when a token ends, to choose from
NEVER = "never"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


async def show(visit: Visit) -> Answer:
    """The tokens that pass all filters, a page at a time."""
    given = {name: text for name in FILTERS if (text := visit.asked(name))}
    if owner := visit.asked("user") or visit.asked("application"):
        given["owner"] = owner
    visit.form = Form(present=given)
    after, status = visit.asked("after"), 200
    limit = MOST if given.get("size") == str(MOST) else SHOWN
    kind = KINDS.get(given.get("kind", ""))
    kinds = list(OwnerKind) if "owner" in given and kind is None else [kind]
    page = TokenPage(rows=(), after=None)
    try:
        page = await _page(visit, given, kinds, _place(after), limit)
    except Refused as refused:
        visit.form.fail("owner" if refused.field == "login" else refused.field, visit.words.refused(refused))
        status = STATUS[refused.code]
    tokens = [token_shown(visit.desk, entry) for entry in page.rows]
    owner_kind = page.rows[0].owner.kind.value if page.rows and "owner" in given else ""
    return Shown(
        template="all_tokens.html",
        status=status,
        data={
            "tokens": tokens,
            "is_filtered": bool(given.keys() - {"size"}),
            "scopes": sorted(visit.desk.settings.scopes),
            "groups": sorted(visit.desk.settings.groups),
            "states": [state.value for state in TokenState],
            "spans": [(span, timedelta(days=int(span[:-1]))) for span in SPANS],
            "owner": tokens[0].owner if owner_kind else "",
            "owner_kind": owner_kind,
            "back": f"{PATH}?{urlencode(given)}" if given else PATH,
            "first": f"{PATH}?{urlencode(given)}" if after else "",
            "more": "" if page.after is None else f"{PATH}?{urlencode({**given, 'after': _text(page.after)})}",
        },
    )


async def _page(
    visit: Visit, given: dict[str, str], kinds: Sequence[OwnerKind | None], after: TokenPlace | None, limit: int
) -> TokenPage:
    """The page; an owner is looked for among all these kinds, since logins and names are one namespace."""
    now, ends = visit.desk.now(), given.get("expires", "")
    before, later = given.get("before"), given.get("later")
    if ends in SPANS:
        before, later = ends, "0s"
    state = given.get("state")
    near = ""
    for kind in kinds:
        try:
            return await page_tokens(
                visit.desk,
                actor=visit.actor,
                after=after,
                limit=limit,
                newest_first=True,
                owner_kind=kind,
                login=given.get("owner"),
                state=TokenState(state) if state in set(TokenState) else None,
                scope=given.get("scope"),
                group=given.get("group"),
                organisation=given.get("organisation"),
                expires_before=None if before is None else read_moment(before, "before", now),
                expires_after=None if later is None else read_moment(later, "later", now),
                never_expires=ends == NEVER,
                name=given.get("name"),
            )
        except Refused as refused:
            if refused.code != NOT_FOUND or len(kinds) == 1:
                raise
            near = near or (refused.mend if refused.mend.endswith("?") else "")
    raise Refused(
        NOT_FOUND, field="login", message="there is neither a user nor an application of that name", mend=near
    )


def _place(text: str) -> TokenPlace | None:
    """Where the page begins; what is no place begins it anew."""
    number, _, token_id = text.partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) < 20 and token_id.isalnum()):
        return None
    return TokenPlace(created_at=_EPOCH + min(int(number), _LATEST) * _MICROSECOND, id=token_id)


def _text(place: TokenPlace) -> str:
    return f"{(place.created_at - _EPOCH) // _MICROSECOND}.{place.id}"


PAGES = (
    Page(
        name="all_tokens",
        path=PATH,
        show=show,
        permissions=ANY_TOKENS,
        link=Link(label="All tokens", icon="key-round", group="admin"),
    ),
)
