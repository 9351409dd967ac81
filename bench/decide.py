"""CPU time for one decision, without network and store: what the pure core costs.

    python bench/decide.py

Prints microseconds of process CPU time for each step, the best of several rounds, and how the size of the route table
counts. Run it on a machine that has nothing else to do; compare ratios, not machines.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

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
from gateway.web.check.answer import allowed

ROUNDS, TIMES = 7, 5_000
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


def target(uri: bytes = b"/api/reports/2026?page=2") -> Target:
    """What a proxy says that its client asks for."""
    parsed = parse_target(
        method=b"GET", uri=uri, host=b"app.example.org", forwarded_for=b"10.1.2.3", skip=NOWHERE, preflight=False
    )
    if not isinstance(parsed, Target):
        raise SystemExit(parsed.detail)
    return parsed


def decision(rules: Policy, asked: Target) -> Allow:
    """Both halves; everything here must be allowed, or the figures would be of something else."""
    demands = choose(rules, asked)
    if not isinstance(demands, tuple):
        raise SystemExit(f"no demands: {demands}")
    decided = decide(rules, asked, demands, PROVEN, NOW)
    if not isinstance(decided, Allow):
        raise SystemExit(f"not allowed: {decided}")
    return decided


def cpu_us(work: Callable[[], object]) -> float:
    """Microseconds of this process's CPU time for one call: the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(TIMES):
            work()
        best = min(best, (time.process_time_ns() - began) / TIMES / 1000)
    return best


def main() -> None:
    """Print the table."""
    small, large = policy(10), policy(10_000)
    asked = target()
    made = decision(small, asked)
    rows: Sequence[tuple[str, Callable[[], object]]] = (
        ("decide, 10 routes", lambda: decision(small, asked)),
        ("decide, 10,000 routes", lambda: decision(large, asked)),
        ("  of it route lookup, 10 routes", lambda: choose(small, asked)),
        ("  of it route lookup, 10,000 routes", lambda: choose(large, asked)),
        ("target from the four facts", target),
        ("target, path with an encoded slash", lambda: target(b"/api/a%2Fb")),
        ("answer with four identity headers", lambda: allowed(made, (), small)),
    )
    print(f"CPU time of the pure core, best of {ROUNDS} rounds of {TIMES:,}\n")
    print(f"  {'':<36} {'us':>7}  {'ratio':>6}")
    first = None
    for name, work in rows:
        took = cpu_us(work)
        first = first or took
        print(f"  {name:<36} {took:>7.2f}  {took / first:>6.2f}")


if __name__ == "__main__":
    main()
