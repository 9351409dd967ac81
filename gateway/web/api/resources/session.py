"""`/api/v1/session`: sign in, see it, prove again who one is, sign out. The session's secret is in its cookie alone."""

from datetime import datetime

from pydantic import Field

from gateway.auth.sessions import Session
from gateway.core.token import Secret
from gateway.web.api.cookie import session_secret
from gateway.web.api.model import Body, Password, View
from gateway.web.api.operation import Ask, Needs, Operation, Reply


class SignIn(Body):
    """Login and password of a local user."""

    login: str = Field(max_length=64)
    password: Password


class Proof(Body):
    """The password, typed again."""

    password: Password


class SessionView(View):
    """A session: whose, since when, until when, and whether the password has to be typed again for what matters."""

    id: str = Field(description="Its name in the list of one's sessions; it opens nothing.")
    login: str
    how: str = Field(description="`password`, or `sso` for people who signed in elsewhere.")
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime = Field(description="At the latest; without a request earlier.")
    must_change: bool = Field(description="Somebody else chose the password: it opens nothing but its change.")
    needs_proof: bool = Field(description="What gives power asks for `POST /api/v1/session/proof` first.")


def view(ask: Ask, session: Session) -> SessionView:
    """A session as answers show it."""
    return SessionView(
        id=session.id,
        login=session.owner.login,
        how=session.how.value,
        address=session.address,
        user_agent=session.user_agent,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        ends_at=session.ends_at,
        must_change=session.must_change,
        needs_proof=session.needs_proof(ask.desk.now(), ask.desk.settings.portal.session.proof_age),
    )


async def sign_in(ask: Ask) -> Reply:
    """Begin a session. The one that the browser had ends."""
    given = ask.body(SignIn)
    begun = await ask.parts.sessions.sign_in(
        login=given.login,
        password=Secret(given.password.get_secret_value()),
        address=ask.address,
        user_agent=ask.user_agent,
        before=session_secret(ask.request, ask.origin),
    )
    return Reply(status=201, body=view(ask, begun.session), session=begun.secret)


async def show(ask: Ask) -> Reply:
    """The session of the cookie."""
    return Reply(body=view(ask, ask.session))


async def prove(ask: Ask) -> Reply:
    """Type the password again."""
    password = Secret(ask.body(Proof).password.get_secret_value())
    proven = await ask.parts.sessions.prove(ask.session, password=password, address=ask.address)
    return Reply(body=view(ask, proven))


async def sign_out(ask: Ask) -> Reply:
    """End the session of the cookie."""
    await ask.parts.sessions.end(ask.session, session_id=ask.session.id, address=ask.address)
    return Reply(ends_session=True)


OPERATIONS = (
    Operation(
        name="sign_in",
        method="POST",
        path="/api/v1/session",
        summary="Sign in",
        tag="session",
        needs=Needs.SIGN_IN,
        body=SignIn,
        answers={201: SessionView},
        problems=("sign_in", "busy", "ambiguous_request"),
        handler=sign_in,
        changes_cookie=True,
    ),
    Operation(
        name="show_session",
        method="GET",
        path="/api/v1/session",
        summary="See the session",
        tag="session",
        needs=Needs.ANY_SESSION,
        answers={200: SessionView},
        handler=show,
    ),
    Operation(
        name="prove_session",
        method="POST",
        path="/api/v1/session/proof",
        summary="Type the password again, for what needs it",
        tag="session",
        needs=Needs.ANY_SESSION,
        body=Proof,
        answers={200: SessionView},
        problems=("sign_in", "busy"),
        handler=prove,
    ),
    Operation(
        name="sign_out",
        method="DELETE",
        path="/api/v1/session",
        summary="Sign out",
        tag="session",
        needs=Needs.ANY_SESSION,
        answers={204: None},
        problems=("not_found",),
        handler=sign_out,
        changes_cookie=True,
    ),
)
