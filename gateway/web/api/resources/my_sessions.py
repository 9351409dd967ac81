"""`/api/v1/me/sessions`: where one is signed in, and signing out there. By a session alone, whatever a token may do."""

from collections.abc import Sequence

from pydantic import Field

from gateway.web.api.model import View
from gateway.web.api.operation import Ask, Needs, Operation, Reply
from gateway.web.api.resources import session


class MySessionView(session.SessionView):
    """One of one's sessions."""

    is_current: bool = Field(description="It is the one that asks.")


class MySessionsView(View):
    """Where one is signed in, the newest first; never more than 32."""

    items: Sequence[MySessionView]


class EndedView(View):
    """How many sessions were ended."""

    ended: int


async def show_all(ask: Ask) -> Reply:
    """One's sessions."""
    every = await ask.parts.sessions.list_own(ask.session)
    shown = [MySessionView(**session.view(ask, one).model_dump(), is_current=one.id == ask.session.id) for one in every]
    return Reply(body=MySessionsView(items=shown))


async def end(ask: Ask) -> Reply:
    """Sign out there; here too, when it is the one that asks."""
    wanted = ask.part("id")
    await ask.parts.sessions.end(ask.session, session_id=wanted, address=ask.address)
    return Reply(ends_session=wanted == ask.session.id)


async def end_others(ask: Ask) -> Reply:
    """Sign out everywhere else."""
    return Reply(body=EndedView(ended=await ask.parts.sessions.end_all(ask.session, address=ask.address)))


OPERATIONS = (
    Operation(
        name="list_my_sessions",
        method="GET",
        path="/api/v1/me/sessions",
        summary="See where you are signed in",
        tag="me",
        needs=Needs.SESSION,
        answers={200: MySessionsView},
        handler=show_all,
    ),
    Operation(
        name="end_my_sessions",
        method="DELETE",
        path="/api/v1/me/sessions",
        summary="Sign out everywhere else",
        tag="me",
        needs=Needs.SESSION,
        answers={200: EndedView},
        handler=end_others,
    ),
    Operation(
        name="end_my_session",
        method="DELETE",
        path="/api/v1/me/sessions/{id}",
        summary="Sign out of one session",
        tag="me",
        needs=Needs.SESSION,
        parts={"id": "The `id` of the session, from the list."},
        answers={204: None},
        problems=("not_found",),
        handler=end,
        changes_cookie=True,
    ),
)
