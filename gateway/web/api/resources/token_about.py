"""What one wants to know before a token is made, and of one that lives: what to choose from, its uses, its reach."""

from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import Field

from gateway.auth.reach import Reached, token_reach
from gateway.auth.token_choices import Lifetimes, choosable_scopes, token_policy
from gateway.auth.token_list import MAX_DAYS, daily_uses
from gateway.auth.token_wishes import read_address
from gateway.core.token import Kind
from gateway.web.api.model import Page, PageQuery, Query, View
from gateway.web.api.operation import Ask, Operation, Reply
from gateway.web.api.resources.tokens import KNOWN, PATH, of_token

REACH = "reach"
_SECOND = timedelta(seconds=1)


class ScopeView(View):
    """A scope to choose."""

    name: str
    description: str


class ScopesView(View):
    """The scopes that one may give to a token, as they are declared."""

    items: Sequence[ScopeView]


class LifetimesView(View):
    """How long tokens of a kind live, and how many."""

    default_s: int
    max_s: int | None = Field(description="null: also for ever.")
    presets: Sequence[str] = Field(description="For `expires`; any other time that the policy allows works, too.")
    max_per_owner: int | None = Field(description="How many of one owner may live; null: any number.")


class PolicyView(View):
    """The rules for tokens."""

    personal: LifetimesView
    application: LifetimesView
    min_idle_s: int
    max_idle_s: int
    max_grace_s: int
    min_own_grace_s: int = Field(description="For a token that rotates itself.")


class DaysQuery(Query):
    """How many days."""

    days: int = Field(default=30, ge=1, le=MAX_DAYS, description="How many, today included.")


class DayView(View):
    """One day, in UTC."""

    day: date
    uses: int


class UsesView(View):
    """Uses by day, without a gap, today last."""

    items: Sequence[DayView]


class ReachQuery(PageQuery):
    """From where."""

    address: str | None = Field(default=None, description="A client's address; yours where none is given.")


class ReachedView(View):
    """One route, and whether the token opens it."""

    route: str
    hosts: Sequence[str]
    paths: Sequence[str]
    methods: Sequence[str] | None = Field(description="null: every method.")
    opens: bool = Field(description="From that address.")
    opens_from: Sequence[str] | None = Field(description="The networks from which it opens; null: from anywhere.")
    reason: str | None = Field(
        description="Why it opens or not; null when another route decides what was asked in its place."
    )
    decided_by: str | None = Field(description="That other route.")
    sample: str = Field(description="The request that was decided.")


class ReachView(Page[ReachedView]):
    """Routes in their order. A page may hold fewer than `limit`, and more follow."""

    address: str | None = Field(description="Of the client; null: not known.")
    is_whole: bool = Field(description="false: only routes that it opens are told; all need the permission `explain`.")


async def show_scopes(ask: Ask) -> Reply:
    """The scopes to choose from."""
    found = choosable_scopes(ask.desk, actor=ask.actor)
    return Reply(body=ScopesView(items=[ScopeView(name=name, description=text) for name, text in found.items()]))


async def show_policy(ask: Ask) -> Reply:
    """The rules."""
    rules = token_policy(ask.desk, actor=ask.actor)
    body = PolicyView(
        personal=_lifetimes(rules.lifetimes[Kind.PERSONAL]),
        application=_lifetimes(rules.lifetimes[Kind.APPLICATION]),
        min_idle_s=rules.shortest_idle // _SECOND,
        max_idle_s=rules.longest_idle // _SECOND,
        max_grace_s=rules.longest_grace // _SECOND,
        min_own_grace_s=rules.shortest_own_grace // _SECOND,
    )
    return Reply(body=body)


async def show_uses(ask: Ask) -> Reply:
    """A token's uses by day."""
    days = ask.query(DaysQuery).days
    found = await daily_uses(ask.desk, actor=ask.actor, reference=ask.part("token"), days=days)
    return Reply(body=UsesView(items=[DayView(day=day, uses=uses) for day, uses in found]))


async def show_reach(ask: Ask) -> Reply:
    """The routes that a token opens."""
    given, place = ask.query(ReachQuery), ask.place(REACH, int)
    address = ask.client if given.address is None else read_address(given.address)
    found = await token_reach(
        ask.desk,
        ask.here.policy,
        actor=ask.actor,
        reference=ask.part("token"),
        address=address,
        after=-1 if place is None else int(place[0]),
        limit=given.limit,
    )
    body = ReachView(
        items=list(map(_reached, found.routes)),
        next=None if found.after is None else ask.next_page(REACH, found.after),
        address=None if address is None else str(address),
        is_whole=found.is_whole,
    )
    return Reply(body=body)


def _reached(one: Reached) -> ReachedView:
    route = one.route
    return ReachedView(
        route=route.name,
        hosts=route.hosts,
        paths=list(map(str, route.paths)),
        methods=None if route.methods is None else sorted(route.methods),
        opens=one.opens,
        opens_from=None if one.opens_from is None else list(map(str, one.opens_from)),
        reason=None if one.reason is None else one.reason.value,
        decided_by=None if one.decided_by is None else one.decided_by.name,
        sample=one.sample,
    )


def _lifetimes(one: Lifetimes) -> LifetimesView:
    return LifetimesView(
        default_s=one.default // _SECOND,
        max_s=None if one.longest is None else one.longest // _SECOND,
        presets=[f"{span.days}d" for span in one.presets],
        max_per_owner=one.most,
    )


OPERATIONS = (
    of_token(
        name="show_uses",
        method="GET",
        path=f"{PATH}/{{token}}/uses",
        summary="See how often a token was used on each of the last days",
        query=DaysQuery,
        answers={200: UsesView},
        problems=KNOWN,
        handler=show_uses,
    ),
    of_token(
        name="show_reach",
        method="GET",
        path=f"{PATH}/{{token}}/reach",
        summary="See which routes a token opens",
        description="From the decision itself. The routes that it does not open are told to holders of `explain`.",
        query=ReachQuery,
        answers={200: ReachView},
        problems=KNOWN,
        handler=show_reach,
    ),
    Operation(
        name="list_scopes",
        method="GET",
        path="/api/v1/scopes",
        summary="See the scopes that you may give to a token",
        tag="tokens",
        answers={200: ScopesView},
        handler=show_scopes,
    ),
    Operation(
        name="show_token_policy",
        method="GET",
        path="/api/v1/token-policy",
        summary="See how long tokens may live, and how many",
        tag="tokens",
        answers={200: PolicyView},
        handler=show_policy,
    ),
)
