"""The rules that a proven token must pass on a route, one row each.

Their order is the order of the answer: whether secret and token live, who may use them, then what the route asks.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from gateway.core.confirmation import confirmation_state, confirmation_words
from gateway.core.credential import RT
from gateway.core.evidence import Proven
from gateway.core.lifecycle import secret_state, token_state
from gateway.core.patterns import covers_host
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.route import Access, Match
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.target import Target
from gateway.core.token import Kind


class Case(NamedTuple):
    """All that a rule may look at."""

    policy: Policy
    target: Target
    demand: Match
    proven: Proven
    now: datetime


class Rule(NamedTuple):
    """One row: its step name, the reason it breaks with (None: it holds), and the words that `explain` shows."""

    name: str
    broken: Callable[[Case], Reason | None]
    words: Callable[[Case], str]


def _token(case: Case) -> Reason | None:
    return token_state(case.proven.token, case.proven.owner, case.now, case.proven.quiet_since)


def _token_words(case: Case) -> str:
    token, owner = case.proven.token, case.proven.owner
    ends = "never expires" if token.expires_at is None else f"expires {token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    if token.idle is not None:
        since = case.proven.quiet_since or token.created_at
        ends += f", or {token.idle.days} days after its last use ({since:%Y-%m-%d %H:%M:%S} UTC)"
    state = "revoked" if token.revoked_at else "suspended" if token.suspended_at else ends
    return f"{token.name!r}: {state}; owner {owner.login} is {'enabled' if owner.enabled else 'disabled'}"


def _secret(case: Case) -> Reason | None:
    secret = case.proven.secret
    if secret.scheme == RT_BCRYPT:
        if RT not in case.demand.route.credentials:
            return Reason.MALFORMED_TOKEN
        if not case.policy.takes_rt(case.now):
            return Reason.IMPORT_ENDED
    return secret_state(secret, case.now)


def _secret_words(case: Case) -> str:
    secret = case.proven.secret
    if secret.scheme == RT_BCRYPT:
        last = case.policy.rt_until
        taken = "no longer" if last is None else f"until {last:%Y-%m-%d %H:%M:%S} UTC"
        return f"the secret that it had in Request Tracker; routes that list rt take it {taken}"
    if secret.ends_at is None:
        return "the current secret"
    until = "the first use of the newer one, at the latest " if secret.ended_by_use_of is not None else ""
    return f"an older secret, in grace until {until}{secret.ends_at:%Y-%m-%d %H:%M:%S} UTC"


def _confirmation(case: Case) -> Reason | None:
    return confirmation_state(case.proven.owner, case.policy.reconfirm_every, case.now)


def _confirmation_words(case: Case) -> str:
    return confirmation_words(case.proven.owner, case.policy.reconfirm_every)


def _basic_user(case: Case) -> Reason | None:
    user = case.proven.basic_user
    if user is None or user in {b"", b"__token__"}:
        return None
    try:
        text = user.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.BASIC_USER
    if text in case.policy.basic_users or (text.isascii() and text.lower() == case.proven.owner.login.lower()):
        return None
    return Reason.BASIC_USER


def _basic_user_words(case: Case) -> str:
    if case.proven.basic_user is None:
        return "not HTTP Basic"
    accepted = ", ".join(["(empty)", "__token__", case.proven.owner.login, *sorted(case.policy.basic_users)])
    return f"the Basic user must be one of: {accepted}"


def _permission(case: Case) -> Reason | None:
    if case.proven.token.kind is Kind.PERSONAL and not case.policy.holds("own_tokens", case.proven.owner.groups):
        return Reason.PERMISSION
    return None


def _permission_words(case: Case) -> str:
    if case.proven.token.kind is not Kind.PERSONAL:
        return "application tokens need no permission"
    return f"own_tokens is held by {_listed(case.policy.permissions.get('own_tokens', ()))}"


def _kind(case: Case) -> Reason | None:
    kinds = case.demand.route.kinds
    return None if kinds is None or case.proven.token.kind in kinds else Reason.KIND


def _kind_words(case: Case) -> str:
    kinds = case.demand.route.kinds
    return f"a {case.proven.token.kind} token; the route takes {'any kind' if kinds is None else _listed(kinds)}"


def _network(case: Case) -> Reason | None:
    for networks in (case.proven.token.networks, case.demand.route.networks):
        if networks is None:
            continue
        if case.target.address is None:
            return Reason.NO_ADDRESS
        if case.target.address not in networks:
            return Reason.NETWORK
    return None


def _network_words(case: Case) -> str:
    wanted = [
        str(networks) for networks in (case.proven.token.networks, case.demand.route.networks) if networks is not None
    ]
    return f"{case.target.address or 'no address'}; allowed from {' and '.join(wanted) or 'anywhere'}"


def _host(case: Case) -> Reason | None:
    hosts = case.proven.token.hosts
    return None if hosts is None or covers_host(hosts, case.target.host) else Reason.HOST


def _host_words(case: Case) -> str:
    hosts = case.proven.token.hosts
    return f"{case.target.host}; the token works on {'every host' if hosts is None else _listed(hosts)}"


def _login(case: Case) -> Reason | None:
    asked, login = case.demand.login, case.proven.owner.login
    if asked is None or asked == login:
        return None
    # Only ASCII is folded: Unicode would make one folder of two (U+017F folds to s, U+00DF to ss).
    if case.demand.route.windows and asked.isascii() and asked.lower() == login.lower():
        return None
    return Reason.LOGIN


def _login_words(case: Case) -> str:
    return "the path names no login" if case.demand.login is None else f"the path must name {case.proven.owner.login}"


def _group(case: Case) -> Reason | None:
    route = case.demand.route
    if (
        not route.groups
        or case.proven.token.kind in route.waive_groups_for
        or not route.groups.isdisjoint(case.proven.owner.groups)
    ):
        return None
    return Reason.GROUP


def _group_words(case: Case) -> str:
    route = case.demand.route
    if route.groups and case.proven.token.kind in route.waive_groups_for:
        return f"waived for {case.proven.token.kind} tokens"
    return f"owner is in {_listed(case.proven.owner.groups)}; the route asks for {_listed(route.groups) or 'none'}"


def _scope(case: Case) -> Reason | None:
    route, scopes = case.demand.route, case.proven.token.scopes
    if route.access is not Access.SCOPES:
        return None
    if route.any_of and route.any_of.isdisjoint(scopes):
        return Reason.INSUFFICIENT_SCOPE
    if not route.all_of <= scopes or not (route.any_of or route.all_of):
        return Reason.INSUFFICIENT_SCOPE
    return None


def _scope_words(case: Case) -> str:
    route = case.demand.route
    demands = (("any of", route.any_of), ("all of", route.all_of))
    asked = " and ".join(f"{word} {_listed(scopes)}" for word, scopes in demands if scopes) or "no scope"
    return f"the token has {_listed(case.proven.token.scopes) or 'none'}; the route asks for {asked}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


RULES: tuple[Rule, ...] = (
    Rule("secret", _secret, _secret_words),
    Rule("token", _token, _token_words),
    Rule("confirmation", _confirmation, _confirmation_words),
    Rule("basic_user", _basic_user, _basic_user_words),
    Rule("permission", _permission, _permission_words),
    Rule("network", _network, _network_words),
    Rule("host", _host, _host_words),
    Rule("kind", _kind, _kind_words),
    Rule("login", _login, _login_words),
    Rule("groups", _group, _group_words),
    Rule("scopes", _scope, _scope_words),
)
