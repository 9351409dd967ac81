"""What only people have: an initial password, sessions, and a word of the single sign-on."""

from collections.abc import Mapping

from gateway.auth.directory import confirm
from gateway.auth.initial_password import initial_password
from gateway.auth.owner_sessions import end_session_of, end_sessions_of, sessions_of
from gateway.auth.passwords import refuse_sso, set_password
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act
from gateway.store import SessionRow
from gateway.web.portal.owner_shown import HOME, owner_shown
from gateway.web.portal.page import Answer, Notice, Sent, Shown, Visit
from gateway.web.portal.pages.owners import found
from gateway.web.portal.token_shown import owner_path

_PERSON = OwnerKind.USER
TYPED, MADE = "typed", "made"


async def show_password(visit: Visit) -> Answer:
    """The form for an initial password: one that is made, or one that is typed."""
    entry = await found(_PERSON, visit, Act.SET_PASSWORD)
    refuse_sso(entry.owner)
    data = {"owner": owner_shown(visit, entry), "home": HOME[_PERSON], "needs_proof": visit.needs_proof}
    return Shown(template="user_password.html", data=data)


async def give_password(visit: Visit) -> Answer:
    """Give it; it opens nothing but its own change. One that was made is shown, once."""
    entry = await found(_PERSON, visit, Act.SET_PASSWORD)
    owner, is_made = entry.owner, visit.form.value("how", MADE) == MADE
    password = initial_password() if is_made else visit.form.secret("password")
    done = await set_password(
        visit.desk,
        visit.parts.passwords,
        actor=visit.actor,
        login=owner.login,
        password=password,
        address=visit.address,
    )
    if is_made:
        data: Mapping[str, object] = {
            "owner": owner_shown(visit, entry),
            "home": HOME[_PERSON],
            "password": password.reveal(),
            "sessions_ended": done.sessions_ended,
        }
        return Shown(template="user_password_made.html", data=data)
    words = visit.words("%(login)s has the password, and has to change it at the first sign-in.", login=owner.login)
    return Sent(to=owner_path(owner), notice=Notice(text=words))


async def show_vouch(visit: Visit) -> Answer:
    """Ask whether."""
    entry = await found(_PERSON, visit, Act.CONFIRM)
    data = {
        "owner": owner_shown(visit, entry),
        "home": HOME[_PERSON],
        "act": "vouch",
        "needs_proof": visit.needs_proof,
    }
    return Shown(template="owner_confirm.html", data=data)


async def vouch(visit: Visit) -> Answer:
    """Vouch for them in place of the single sign-on."""
    owner = await _person(visit, Act.CONFIRM)
    await confirm(visit.desk, actor=visit.actor, login=owner.login, address=visit.address)
    words = visit.words("You have vouched for %(login)s: the tokens work on.", login=owner.login)
    return Sent(to=owner_path(owner), notice=Notice(text=words))


async def show_sign_out(visit: Visit) -> Answer:
    """Ask whether to sign them out everywhere."""
    return await _ask(visit, visit.words("Sign out everywhere?"))


async def sign_out(visit: Visit) -> Answer:
    """Sign them out everywhere. Their tokens stay."""
    owner = await _person(visit, Act.END_SESSIONS)
    n = await end_sessions_of(visit.desk, actor=visit.actor, login=owner.login, address=visit.address)
    if owner.id == visit.owner.id:
        return Sent(to="/sign-in", ends_session=True)
    words = visit.words.many(
        "%(login)s is signed out of %(n)s session.",
        "%(login)s is signed out of %(n)s sessions.",
        n,
        login=owner.login,
    )
    return Sent(to=owner_path(owner), notice=Notice(text=words))


async def show_end(visit: Visit) -> Answer:
    """Ask whether to sign them out of one session."""
    owner = await _person(visit, Act.SEE_SESSIONS)
    rows = await sessions_of(visit.desk, actor=visit.actor, login=owner.login)
    session = next((row for row in rows if row.id == visit.part("session")), None)
    if session is None:
        raise Refused(NOT_FOUND, message="that session has ended, or was never one of theirs")
    return await _ask(visit, visit.words("Sign out there?"), session)


async def end(visit: Visit) -> Answer:
    """Sign them out of it."""
    owner, wanted = await _person(visit, Act.END_SESSIONS), visit.part("session")
    await end_session_of(visit.desk, actor=visit.actor, login=owner.login, session_id=wanted, address=visit.address)
    if wanted == visit.session.id:
        return Sent(to="/sign-in", ends_session=True)
    return Sent(to=owner_path(owner), notice=Notice(text=visit.words("That session is ended.")))


async def _person(visit: Visit, act: Act) -> Owner:
    return (await found(_PERSON, visit, act)).owner


async def _ask(visit: Visit, title: str, session: SessionRow | None = None) -> Answer:
    owner = await _person(visit, Act.END_SESSIONS)
    back = owner_path(owner)
    return Shown(
        template="confirm.html",
        data={
            "title": title,
            "text": visit.words(
                "%(login)s has to sign in again there. What is typed and not sent is lost; tokens stay.",
                login=owner.login,
            ),
            "button": visit.words("Sign out"),
            "kind": "danger primary",
            "path": visit.path,
            "back": back,
            "crumbs": [(visit.words("Users"), HOME[_PERSON]), (owner.login, back)],
            "session": session,
            "needs_proof": False,
        },
    )
