"""`/api/v1/users/{id}/...`: what only people have: a password, a word of the single sign-on, and sessions."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from pydantic import Field

from gateway.auth.directory import confirm as vouch
from gateway.auth.owner_sessions import end_session_of, end_sessions_of, sessions_of
from gateway.auth.passwords import set_password
from gateway.core.owner import OwnerKind
from gateway.core.power import Act
from gateway.core.token import Secret
from gateway.web.api.model import Body, Password, View
from gateway.web.api.operation import Ask, Needs, Operation, Reply
from gateway.web.api.resources.my_sessions import EndedView
from gateway.web.api.resources.owner_views import OwnerView, shown
from gateway.web.api.resources.owners import GIVING, SEEING, TAKING, login_of

PERSON = OwnerKind.USER


class InitialPassword(Body):
    """A password that somebody else chooses."""

    password: Password


class PasswordSetView(View):
    """A password was set. Tokens stay."""

    login: str
    must_change: bool = Field(description="It opens nothing but its own change.")
    sessions_ended: int


class UserSessionView(View):
    """One session of a person."""

    id: str = Field(description="Its name in this list; it opens nothing.")
    how: str = Field(description="`password`, or `sso` for people who signed in elsewhere.")
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime = Field(description="At the latest; without a request earlier.")


class UserSessionsView(View):
    """Where a person is signed in, the newest first; never more than 32."""

    items: Sequence[UserSessionView]


async def give_password(ask: Ask) -> Reply:
    """An initial password: it opens nothing but its own change (PARITY R12)."""
    done = await set_password(
        ask.desk,
        ask.parts.passwords,
        actor=ask.actor,
        login=await login_of(ask, PERSON, Act.SET_PASSWORD),
        password=Secret(ask.body(InitialPassword).password.get_secret_value()),
        address=ask.address,
    )
    return Reply(
        body=PasswordSetView(login=done.owner.login, must_change=done.must_change, sessions_ended=done.sessions_ended)
    )


async def confirm(ask: Ask) -> Reply:
    """Vouch for a person in place of the single sign-on."""
    login = await login_of(ask, PERSON, Act.CONFIRM)
    done = await vouch(ask.desk, actor=ask.actor, login=login, address=ask.address)
    return Reply(body=OwnerView(**shown(done.entry)), version=done.entry.version)


async def show_sessions(ask: Ask) -> Reply:
    """Where a person is signed in."""
    login = await login_of(ask, PERSON, Act.SEE_SESSIONS)
    rows = await sessions_of(ask.desk, actor=ask.actor, login=login)
    return Reply(
        body=UserSessionsView(
            items=[
                UserSessionView(
                    id=row.id,
                    how=row.how.value,
                    address=row.address,
                    user_agent=row.user_agent,
                    created_at=row.created_at,
                    last_seen_at=row.last_seen_at,
                    ends_at=row.expires_at,
                )
                for row in rows
            ]
        )
    )


async def end_session(ask: Ask) -> Reply:
    """Sign a person out of one session."""
    login = await login_of(ask, PERSON, Act.END_SESSIONS)
    await end_session_of(ask.desk, actor=ask.actor, login=login, session_id=ask.part("session"), address=ask.address)
    return Reply()


async def end_sessions(ask: Ask) -> Reply:
    """Sign a person out everywhere."""
    login = await login_of(ask, PERSON, Act.END_SESSIONS)
    ended = await end_sessions_of(ask.desk, actor=ask.actor, login=login, address=ask.address)
    return Reply(body=EndedView(ended=ended))


_ONE = "/api/v1/users/{id}"
_at = partial(Operation, tag="users", permission="users", parts={"id": "The `id` of the user."})

OPERATIONS = (
    _at(
        name="set_password_of_user",
        method="PUT",
        path=f"{_ONE}/password",
        summary="Give a user an initial password",
        description="It opens nothing but its own change. The user's sessions end; tokens stay. Never one's own.",
        needs=Needs.SESSION,
        body=InitialPassword,
        answers={200: PasswordSetView},
        problems=("weak_password", "signs_in_elsewhere", "needs_old_password", "busy", *GIVING),
        handler=give_password,
    ),
    _at(
        name="confirm_user",
        method="POST",
        path=f"{_ONE}/confirm",
        summary="Vouch for a user in place of the single sign-on",
        answers={200: OwnerView},
        problems=("signs_in_here", *GIVING),
        has_etag=True,
        handler=confirm,
    ),
    _at(
        name="list_sessions_of_user",
        method="GET",
        path=f"{_ONE}/sessions",
        summary="See where a user is signed in",
        answers={200: UserSessionsView},
        problems=SEEING,
        handler=show_sessions,
    ),
    _at(
        name="end_sessions_of_user",
        method="DELETE",
        path=f"{_ONE}/sessions",
        summary="Sign a user out everywhere",
        answers={200: EndedView},
        problems=TAKING,
        handler=end_sessions,
    ),
    _at(
        name="end_session_of_user",
        method="DELETE",
        path=f"{_ONE}/sessions/{{session}}",
        summary="Sign a user out of one session",
        parts={"id": "The `id` of the user.", "session": "The `id` of the session, from the list."},
        answers={204: None},
        problems=TAKING,
        handler=end_session,
    ),
)
