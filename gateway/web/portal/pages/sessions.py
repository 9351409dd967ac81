"""Where one is signed in oneself, and signing out there."""

from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.sessions import Session
from gateway.web.portal.page import Answer, Link, Notice, Page, Sent, Shown, Visit

HOME = "/sessions"
OTHERS = f"{HOME}/others"


async def show(visit: Visit) -> Answer:
    """The list, the newest first."""
    found = await visit.parts.sessions.list_own(visit.session)
    shown = [
        {
            "id": one.id,
            "how": one.how.value,
            "address": one.address,
            "user_agent": one.user_agent,
            "created_at": one.created_at,
            "last_seen_at": one.last_seen_at,
            "expires_at": one.ends_at,
            "is_current": one.id == visit.session.id,
            "path": _path(one.id),
        }
        for one in found
    ]
    return Shown(template="sessions.html", data={"sessions": shown, "end_others_path": OTHERS})


async def show_end(visit: Visit) -> Answer:
    """Ask whether."""
    wanted = visit.part("session")
    found = await visit.parts.sessions.list_own(visit.session)
    session = next((one for one in found if one.id == wanted), None)
    if session is None:
        raise Refused(NOT_FOUND, message="that session has ended, or was never yours")
    here = wanted == visit.session.id
    title = visit.words("Sign out here?") if here else visit.words("Sign out there?")
    lost = visit.words("Whatever is typed and not sent is lost.")
    return _ask(visit, title, lost, visit.words("Sign out"), session)


async def end(visit: Visit) -> Answer:
    """Sign out of it; here too, when it is this one."""
    wanted = visit.part("session")
    await visit.parts.sessions.end(visit.session, session_id=wanted, address=visit.address)
    if wanted == visit.session.id:
        return Sent(to="/sign-in", ends_session=True)
    return Sent(to=HOME, notice=Notice(text=visit.words("You are signed out there.")))


async def show_end_others(visit: Visit) -> Answer:
    """Ask whether."""
    title = visit.words("Sign out everywhere else?")
    return _ask(
        visit, title, visit.words("Only this browser stays signed in."), visit.words("Sign out everywhere else")
    )


async def end_others(visit: Visit) -> Answer:
    """Sign out everywhere else."""
    n = await visit.parts.sessions.end_all(visit.session, address=visit.address)
    words = visit.words.many("You are signed out of %(n)s other session.", "You are signed out of %(n)s others.", n)
    return Sent(to=HOME, notice=Notice(text=words))


def _ask(visit: Visit, title: str, text: str, button: str, session: Session | None = None) -> Shown:
    return Shown(
        template="confirm.html",
        data={
            "title": title,
            "text": text,
            "button": button,
            "kind": "danger primary",
            "path": visit.path,
            "back": HOME,
            "crumbs": [(visit.words("Sessions"), HOME)],
            "session": session,
            "needs_proof": False,
        },
    )


def _path(session_id: str) -> str:
    return f"{HOME}/{session_id}/end"


PAGES = (
    Page(
        name="sessions",
        path=HOME,
        show=show,
        link=Link(label="Sessions", icon="monitor-smartphone"),
    ),
    Page(name="sessions_others", path=OTHERS, show=show_end_others, act=end_others),
    Page(name="session_end", path=f"{HOME}/{{session}}/end", show=show_end, act=end),
)
