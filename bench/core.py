"""CPU time of single steps of a check, in this process: no socket, no store, no hash."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from gateway.auth.lease import Lease, boot_clock
from gateway.auth.limits import CheckLimits, RateLimits
from gateway.auth.usage import UsageCounter
from gateway.core.decision import Allow, choose, decide, plain_demand
from gateway.core.evidence import Proven
from gateway.core.identity import IdentityHeader, IdentitySets
from gateway.core.limits import Rate
from gateway.core.network import Networks
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.patterns import PathPattern
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.route import Access, Route
from gateway.core.routes import RouteTable
from gateway.core.target import Target, parse_target
from gateway.core.token import Kind
from gateway.runtime.metrics import Metrics
from gateway.store import Use
from gateway.web.check.dialect import BadFacts, Dialect, Headers
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.lane.alike import cut, digest_around
from gateway.web.check.lane.heads import Head, read
from gateway.web.check.lane.repeated import RepeatedHeads

TIMES = 5_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NOWHERE = Networks(())
OWNER = Owner(id="o1", kind=OwnerKind.USER, login="alice", email="alice@example.org", groups=("admins", "staff"))
TOKEN = Token(
    id="4fKd02mQzX1",
    kind=Kind.PERSONAL,
    owner_id="o1",
    name="laptop",
    scopes=frozenset({"rest", "write"}),
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
)
SECRET = StoredSecret(row=1, token_id=TOKEN.id, scheme="argon2id", hash="", key_id="", tag=b"", created_at=NOW)
PROVEN = Proven(token=TOKEN, owner=OWNER, secret=SECRET)
HEADERS = (
    IdentityHeader(name="X-Auth-User", field="login"),
    IdentityHeader(name="X-Auth-Email", field="email"),
    IdentityHeader(name="X-Auth-Groups", field="groups"),
    IdentityHeader(name="X-Auth-Token-Name", field="token_name"),
)


def policy(routes: int) -> Policy:
    """A table of that many routes over a tenth as many hosts; the one that is asked for stands last."""
    hosts = max(routes // 10, 1)
    table = [_route(at, f"h{at % hosts}.example.org", f"/part{at}/**") for at in range(routes - 1)]
    table.append(_route(routes - 1, "app.example.org", "/api/**"))
    return Policy(
        table=RouteTable(table),
        identity=IdentitySets({"default": HEADERS}),
        permissions={"own_tokens": frozenset({"everyone"})},
    )


def _route(index: int, host: str, path: str) -> Route:
    return Route(
        index=index,
        name=f"r{index}",
        line=index + 1,
        hosts=(host,),
        paths=(PathPattern.parse(path),),
        access=Access.SCOPES,
        any_of=frozenset({"rest"}),
    )


def decision(rules: Policy) -> Allow:
    """One decision from the four facts of a proxy; it must allow, or the figure would be of something else."""
    asked = parse_target(
        method=b"GET",
        uri=b"/api/reports/2026?page=2",
        host=b"app.example.org",
        forwarded_for=b"10.1.2.3",
        skip=NOWHERE,
        preflight=False,
    )
    if not isinstance(asked, Target):
        raise TypeError(asked.detail)
    demands = choose(rules, asked)
    if not isinstance(demands, tuple):
        raise TypeError(f"no demands: {demands}")
    decided = decide(rules, asked, demands, PROVEN, NOW)
    if not isinstance(decided, Allow):
        raise TypeError(f"not allowed: {decided}")
    return decided


def cpu_us(work: Callable[[], object]) -> float:
    """Microseconds of this process's CPU time for one call."""
    began = time.process_time_ns()
    for _ in range(TIMES):
        work()
    return (time.process_time_ns() - began) / TIMES / 1000


def steps(rules: Policy, head: bytes) -> tuple[tuple[str, Callable[[], object]], ...]:
    """What the fast lane does with each head that differs from known ones in its URI, one step after the other."""
    found, hasher = read(head), RepeatedHeads().hasher("bench")
    parts = cut(head)
    if not isinstance(found, Head) or parts is None:
        raise TypeError("not such a head")
    asked, path = _target(DIALECTS["traefik"], found.headers), parts[1]
    buckets = rules.table.buckets(asked.host)
    lease = Lease(_Quiet(), bound_s=1e9, apply=_nothing)
    lease.renew()
    limits, rates = CheckLimits(boot_clock), RateLimits(token=Rate(burst=10**9, period_s=1e-9))
    route, usage, metrics = rules.table.routes[-1], UsageCounter(_Nowhere(), _nothing), Metrics()

    def cut_and_digest() -> None:
        again = cut(head)
        if again is not None:
            digest_around(head, again, hasher.copy())

    def count() -> None:
        usage.count(TOKEN.id, NOW, asked.address)
        metrics.checked("traefik", Reason.TOKEN)

    return (
        ("the head, cut at its URI, and a keyed digest of the rest", cut_and_digest),
        ("the route of the path", lambda: plain_demand(asked, buckets, path)),
        ("the lease", lease.renew),
        ("the token's rate", lambda: limits.over(route, TOKEN.id, asked.address, rates)),
        ("the use, and the metric", count),
    )


class _Quiet:
    """A feed in which nothing happens."""

    def poll(self) -> None:
        """Nothing is new."""


class _Nowhere:
    """No store; nothing is written here."""

    async def record_usage(self, batch: Sequence[Use]) -> None:
        """Nobody asks for it."""


def _nothing(_: object) -> None:
    """Nobody is told."""


def _target(dialect: Dialect, headers: Headers) -> Target:
    facts = dialect.facts(headers)
    if isinstance(facts, BadFacts):
        raise TypeError(facts.detail)
    target = parse_target(
        method=facts.method,
        uri=facts.uri,
        host=facts.host,
        forwarded_for=facts.forwarded_for,
        skip=NOWHERE,
        preflight=False,
    )
    if not isinstance(target, Target):
        raise TypeError(target.detail)
    return target
