"""Signing in and out, and the password."""

from collections.abc import Sequence
from urllib.parse import urlencode

from gateway.auth.refused import Refused
from gateway.core.password import MIN_LENGTH
from gateway.store import SignedInBy
from gateway.web.api.cookie import session_secret
from gateway.web.portal.form import Form
from gateway.web.portal.own_path import HOME, own_path
from gateway.web.portal.page import Answer, Needs, Notice, Page, Resumed, Sent, Shown, Visit

SSO = "/sign-in/sso"
KEPT = "kept."  # before the names of fields that wait on the sign-in page


async def show(visit: Visit) -> Answer:
    """The sign-in page; whoever is signed in goes on."""
    to = own_path(visit.form.value("to") or visit.asked("to"))
    if visit.signed_in is not None and visit.form.given is None:
        return Sent(to=to)
    return sign_in_page(visit, to, _kept(visit.form), visit.form.value("kept_path"))


async def act(visit: Visit) -> Answer:
    """Sign in by login and password, and go on to where one wanted to be, with what had been typed there."""
    begun = await visit.parts.sessions.sign_in(
        login=visit.form.value("login"),
        password=visit.form.secret("password"),
        address=visit.address,
        user_agent=visit.user_agent,
        before=session_secret(visit.request, visit.origin),
    )
    to, kept = own_path(visit.form.value("to")), _kept(visit.form)
    if kept and (path := own_path(visit.form.value("kept_path"))) != HOME:
        given: dict[str, list[str]] = {}
        for name, value in kept:
            given.setdefault(name, []).append(value)
        return Resumed(path=path, given=given, signed_in=begun.session, session=begun.secret)
    return Sent(to=to, session=begun.secret)


def waiting(visit: Visit) -> Shown:
    """The sign-in page for somebody whose session was lost: what they typed elsewhere waits on it."""
    kept, path = visit.form.kept(), own_path(visit.path)
    visit.form = Form()
    return sign_in_page(visit, path, kept, path, status=403)


async def sign_out(visit: Visit) -> Answer:
    """End the session of this browser; people of the single sign-on are led to its end, too."""
    await visit.parts.sessions.end(visit.session, session_id=visit.session.id, address=visit.address)
    sso, how = visit.desk.settings.portal.sso, visit.session.how
    if how is not SignedInBy.SSO or sso is None or sso.sign_out_url is None:
        return Sent(to="/sign-in", ends_session=True)
    visit.signed_in = None
    # A page that leads on: by our own policy no form may lead to another site, not even by a redirect.
    return Shown(template="signed_out.html", data={"url": sso.sign_out_url}, ends_session=True)


async def show_password(visit: Visit) -> Answer:
    """The form for another password."""
    return Shown(template="password.html", data={"must_change": visit.session.must_change, "min_length": MIN_LENGTH})


async def change_password(visit: Visit) -> Answer:
    """Another password. Every session ends, and a new one begins; tokens live on."""
    new = visit.form.secret("new")
    if new.reveal() != visit.form.secret("again").reveal():
        raise Refused("bad_value", field="again", message="the two are not the same", mend="type the new one twice")
    try:
        begun = await visit.parts.sessions.change_password(
            visit.session,
            current=visit.form.secret("current"),
            new=new,
            address=visit.address,
            user_agent=visit.user_agent,
        )
    except Refused as refused:
        at = {"sign_in": "current", "weak_password": "new"}.get(refused.code, refused.field)
        raise Refused(refused.code, field=at, message=refused.message, mend=refused.mend) from None
    visit.signed_in = begun.session
    text = visit.words("Your password is changed. You are signed out everywhere else; your tokens work on.")
    return Sent(to=HOME, session=begun.secret, notice=Notice(text=text))


def sso_path(visit: Visit, to: str) -> str:
    """Where to sign in by the single sign-on, to be led to `to` afterwards; empty where there is none."""
    if visit.desk.settings.portal.sso is None:
        return ""
    return SSO if to == HOME else f"{SSO}?{urlencode({'to': to})}"


def sign_in_page(
    visit: Visit, to: str, kept: Sequence[tuple[str, str]] = (), kept_path: str = "", *, status: int = 200
) -> Shown:
    """The page itself. `kept`: what was typed into the form at `kept_path`, and waits."""
    data = {"to": to, "kept_path": own_path(kept_path), "kept": kept, "sso_path": sso_path(visit, to)}
    return Shown(template="sign_in.html", data=data, status=status)


def _kept(form: Form) -> list[tuple[str, str]]:
    return [(name.removeprefix(KEPT), one) for name, one in form.kept() if name.startswith(KEPT)]


PAGES = (
    Page(name="sign_in", path="/sign-in", show=show, act=act, needs=Needs.NOTHING),
    Page(name="sign_out", path="/sign-out", act=sign_out, needs=Needs.ANY_SESSION),
    Page(name="password", path="/password", show=show_password, act=change_password, needs=Needs.ANY_SESSION),
)
