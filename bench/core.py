"""CPU time of the pure decision: target parsed, route found, judged; no socket, no store, no hash."""

import time
from datetime import UTC, datetime, timedelta

from gateway.core.decision import Allow, choose, decide
from gateway.core.evidence import Proven
from gateway.core.identity import IdentityHeader, IdentitySets
from gateway.core.network import Networks
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.patterns import PathPattern
from gateway.core.policy import Policy
from gateway.core.route import Access, Route
from gateway.core.routes import RouteTable
from gateway.core.target import Target, parse_target
from gateway.core.token import Kind

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


def decide_us(rules: Policy) -> float:
    """Microseconds of this process's CPU time for one decision."""
    began = time.process_time_ns()
    for _ in range(TIMES):
        decision(rules)
    return (time.process_time_ns() - began) / TIMES / 1000
