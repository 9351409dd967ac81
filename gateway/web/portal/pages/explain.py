"""*Explain*: why a request passes or not, from the one walk that decides checks (docs/reasons.md).

The form is sent by POST and the answer has an address of its own, so that it can be handed on. A whole token that is
pasted is refused before it could stand in an address, a log or a history.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from gateway.auth.explain import Explained, KnownToken, Presenter, explain_for
from gateway.auth.explain_asker import refuse_credential, stranger
from gateway.auth.explain_document import document, question
from gateway.auth.reach_requests import sample_paths
from gateway.auth.refused import Refused
from gateway.auth.token_known import read_reference
from gateway.auth.token_list import page_tokens, show_token
from gateway.auth.token_wishes import read_address
from gateway.core.naming import holds_token
from gateway.core.reason import Reason
from gateway.core.token import handle
from gateway.web.portal.faults import told
from gateway.web.portal.form import Form
from gateway.web.portal.page import Answer, Link, Page, Sent, Shown, Visit
from gateway.web.portal.reason_words import reason_words, remedy_words
from gateway.web.portal.walk_words import walk_shown

PATH = "/explain"
FIELDS = ("method", "url", "token", "basic_user", "address", "preflight")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT")
MAX_URL = 2000  # of a URL that is handed on in an address
MAX_FIELD = 100
MAX_HANDLE = 20  # what is longer may be a secret, such as a token of another system
OFFERED = 50  # tokens to pick from


async def show(visit: Visit) -> Answer:
    """The form, and the walk when a request was asked about."""
    explained = None
    is_made_up = False
    if visit.form.given is None:
        visit.form = Form(present={name: visit.asked(name) for name in FIELDS})
        is_made_up = await _from_route(visit)
        if visit.form.value("url") or any(holds_token(visit.asked(name)) for name in FIELDS):
            try:
                _refuse_secrets(visit.form)
                explained = await _explain(visit)
            except Refused as refused:
                visit.form.errors.append(told(refused, visit.words))
    method = visit.form.value("method")
    return Shown(
        template="explain.html",
        data={
            "explained": None if explained is None else _shown(visit, explained),
            "methods": [(one, one) for one in dict.fromkeys((*METHODS, *filter(None, [method])))],
            "offered": await _offered(visit),
            "is_made_up": is_made_up,
            "was": "" if explained is None else _was(visit, explained),
        },
    )


async def ask(visit: Visit) -> Answer:
    """Look at what was typed, and go on to the page of the answer."""
    form = visit.form
    _refuse_secrets(form)
    _reference(visit)
    _question(form)
    given = {name: form.value(name) for name in FIELDS if form.value(name)}
    return Sent(to=f"{PATH}?{urlencode(given)}")


def explain_path(visit: Visit, about: Mapping[str, str]) -> str:
    """The address of this page with a request filled in; empty for who may not see it."""
    if "explain" not in visit.permissions:
        return ""
    return f"{PATH}?{urlencode({name: value for name, value in about.items() if value})}"


def _refuse_secrets(form: Form) -> None:
    """Refuse a whole token in whatever field, and do not repeat it."""
    for name in FIELDS:
        if not holds_token(form.value(name)):
            continue
        form.forget(name)
        raise Refused(
            "secret_given",
            field=name,
            message="that holds a whole token, with its secret, which should not be handed around",
            mend="name the token by its handle, the part before the second underscore; one that others may have seen "
            "should be revoked",
        )


def _reference(visit: Visit) -> str:
    """The id of the token that is named; empty for none. What is none is not repeated when it may be a secret."""
    text = visit.form.value("token")
    if not text:
        return ""
    try:
        return read_reference(visit.desk, text)
    except Refused:
        if len(text) > MAX_HANDLE:
            visit.form.forget("token")
        raise


def _question(form: Form) -> None:
    """Refuse what cannot be asked."""
    for name in FIELDS:
        if len(form.value(name)) > (MAX_URL if name == "url" else MAX_FIELD):
            raise Refused("bad_value", field=name, message=f"{name} is too long", mend="shorten it")
    if form.value("address"):
        read_address(form.value("address"))
    question(method=form.value("method", "GET") or "GET", url=form.value("url"))


async def _explain(visit: Visit) -> Explained:
    form = visit.form
    _question(form)
    asking = question(
        method=form.value("method") or "GET",
        url=form.value("url"),
        address=form.value("address"),
        preflight=form.has("preflight") and form.value("preflight") == "yes",
    )
    asker: Presenter | KnownToken = stranger
    if form.value("token"):
        user = form.value("basic_user").encode("utf-8", "surrogateescape")
        asker = KnownToken(_reference(visit), user or None)
    return await explain_for(
        visit.desk, visit.here.policy, asking, asker, actor=visit.actor, authenticate=refuse_credential
    )


async def _from_route(visit: Visit) -> bool:
    """Fill in a request that a route stands for, where only the route's name and the host are known: as in the audit,
    which keeps no path. Whether that was done.
    """
    name, host = visit.asked("route"), visit.asked("host")
    route = next((one for one in visit.desk.settings.routes if one.name == name), None)
    if route is None or visit.form.value("url"):
        return False
    path = next(sample_paths(route, await _login(visit)))
    methods = [one for one in METHODS if route.methods is None or one in route.methods] or sorted(route.methods or ())
    present = {"url": f"https://{host or 'any.example'}{path}", "method": methods[0]}
    visit.form.present = {**visit.form.present, **present}
    return True


async def _login(visit: Visit) -> str:
    """The login of the token's owner, for paths that name it."""
    try:
        found = await show_token(visit.desk, actor=visit.actor, reference=visit.form.value("token"))
    except Refused:
        return "somebody"
    return found.entry.owner.login


def _shown(visit: Visit, explained: Explained) -> dict[str, object]:
    """The walk in words."""
    words, reason = visit.words, explained.decision.reason
    found = document(explained, visit.desk.settings)
    return (
        {"identity": None, "told_outside": None}
        | found
        | {
            "because": reason_words(words, reason),
            "remedy": remedy_words(words, reason),
            "steps": walk_shown(words, explained.steps),
            "token_path": f"/tokens/{found['handle']}" if found["handle"] else "",
        }
    )


def _was(visit: Visit, explained: Explained) -> str:
    """Why a check was refused then, in words, where it would be decided otherwise now; else empty."""
    code = visit.asked("was")
    if code not in set(Reason) or explained.decision.reason == code:
        return ""
    return reason_words(visit.words, code)


async def _offered(visit: Visit) -> list[tuple[str, str]]:
    """Handles to pick from, with their names: the newest that one may see."""
    if not visit.permissions & {"own_tokens", "any_tokens"}:
        return []
    desk = visit.desk
    found = await page_tokens(desk, actor=visit.actor, after=None, limit=OFFERED, newest_first=True)
    brand = desk.settings.tokens.brand
    return [(handle(brand, one.token.kind, one.token.id), f"{one.token.name}, {one.owner.login}") for one in found.rows]


PAGES = (
    Page(
        name="explain",
        path=PATH,
        show=show,
        act=ask,
        permissions=frozenset({"explain"}),
        link=Link(label="Explain", icon="list-tree", group="admin"),
    ),
)
