"""`/api/v1/explain` and `/api/v1/routes`: why a request passes or not, and the rules that say so."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from gateway.auth.explain import KnownToken, Presenter, explain_for
from gateway.auth.explain_asker import refuse_credential, stranger
from gateway.auth.explain_document import document, question
from gateway.auth.routes import document as route_document
from gateway.auth.routes import list_routes
from gateway.auth.token_known import read_reference
from gateway.web.api.model import Body, Page, PageQuery, View
from gateway.web.api.operation import Ask, Operation, Reply

_LIST = "routes"


class ExplainQuestion(Body):
    """A request, as a client would make it."""

    method: str = Field(max_length=32, examples=["GET"])
    url: str = Field(max_length=8190, description="Whole.", examples=["https://app.example.org/api/items"])
    token: str | None = Field(
        default=None, max_length=100, description="A handle: as if its secret matched. Without: what a stranger gets."
    )
    address: str | None = Field(default=None, max_length=100, description="The client's. Without: it is not known.")
    preflight: bool = Field(default=False, description="A CORS preflight: OPTIONS with its two headers.")


class StepView(View):
    """One step of the walk."""

    step: str
    broken: str | None = Field(description="The reason, where the walk ended here.")
    words: str = Field(description="What was compared.")


class DecidingRouteView(View):
    """Where the route that decided is written."""

    name: str
    file: str
    line: int


class ExplainedView(View):
    """What a check would answer, how that came about, and what would have to change."""

    decision: Literal["allow", "deny", "challenge"]
    reason: str
    status: int
    route: DecidingRouteView | None
    steps: Sequence[StepView]
    remedy: str
    handle: str | None
    identity: Mapping[str, str] | None = Field(default=None, description="The headers that the app gets; of an Allow.")
    told_outside: str | None = Field(default=None, description="The code that the client sees; of a refusal.")


class AppSecretView(View):
    """The app gets a credential of its own."""

    secret_file: str


class RouteView(View):
    """A route with its group and the defaults folded in. null: any."""

    order: int = Field(description="The first that matches decides.")
    name: str
    line: int = Field(description="Where it is written.")
    hosts: Sequence[str]
    paths: Sequence[str]
    methods: Sequence[str] | None
    from_: Sequence[str] | None = Field(serialization_alias="from", validation_alias="from")
    access: Literal["public", "deny", "authenticated", "scopes"]
    any_of: Sequence[str] = Field(description="Scopes of which the token needs one.")
    all_of: Sequence[str] = Field(description="Scopes that the token needs.")
    groups: Sequence[str] = Field(description="The owner has to be in one of them.")
    waive_groups_for: Sequence[str]
    kinds: Sequence[str] | None
    networks: Sequence[str] | None
    credentials: Sequence[str] = Field(description="Where a token is looked for.")
    challenge: Sequence[str]
    identity: str
    authorization: Literal["strip", "keep"] | AppSecretView
    cookies: str
    lenient: Sequence[str]
    windows: bool
    allow_preflight: bool
    rate: str


async def explain(ask: Ask) -> Reply:
    """The walk."""
    given = ask.body(ExplainQuestion)
    asking = question(method=given.method, url=given.url, address=given.address or "", preflight=given.preflight)
    asker: Presenter | KnownToken = (
        stranger if given.token is None else KnownToken(read_reference(ask.desk, given.token))
    )
    explained = await explain_for(
        ask.desk, ask.here.policy, asking, asker, actor=ask.actor, authenticate=refuse_credential
    )
    shown = ExplainedView(**document(explained, ask.desk.settings))
    return Reply(body=shown.model_dump(mode="json", exclude_unset=True))


async def show_routes(ask: Ask) -> Reply:
    """The routes."""
    every = list_routes(ask.desk, actor=ask.actor)
    place, limit = ask.place(_LIST, int), ask.query(PageQuery).limit
    begin = 0 if place is None else max(0, int(place[0]))
    shown = [RouteView(**route_document(route)) for route in every[begin : begin + limit]]
    more = ask.next_page(_LIST, begin + limit) if begin + limit < len(every) else None
    return Reply(body=Page[RouteView](items=shown, next=more).model_dump(mode="json", by_alias=True))


OPERATIONS = (
    Operation(
        name="explain",
        method="POST",
        path="/api/v1/explain",
        summary="Find out why a request passes or not",
        description="Walks the very rules that decide checks. About a token of somebody else, also `any_tokens`.",
        tag="explain",
        permission="explain",
        body=ExplainQuestion,
        answers={200: ExplainedView},
        problems=("permission", "not_found", "bad_value", "secret_given"),
        handler=explain,
    ),
    Operation(
        name="list_routes",
        method="GET",
        path="/api/v1/routes",
        summary="See the routes, in the order in which they are asked",
        description="As the gateway reads them. A reload between two pages may move them.",
        tag="explain",
        permission="explain",
        query=PageQuery,
        answers={200: Page[RouteView]},
        problems=("permission",),
        handler=show_routes,
    ),
)
