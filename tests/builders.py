"""Values for tests, short: each builder has defaults that pass, so that a test names only what it is about."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from gateway.core.identity import IdentityHeader, IdentitySets
from gateway.core.network import Networks
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.patterns import PathPattern
from gateway.core.policy import Policy
from gateway.core.route import Access, Route
from gateway.core.routes import RouteTable
from gateway.core.target import Target, parse_target
from gateway.core.token import Kind, Secret, compose, new_id, new_secret

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEFAULT_SET = {
    "default": (
        IdentityHeader(name="X-Auth-User", field="login"),
        IdentityHeader(name="X-Auth-Groups", field="groups"),
        IdentityHeader(name="X-Auth-Token-Name", field="token_name"),
    ),
    "grafana": (IdentityHeader(name="X-WEBAUTH-USER", field="login"),),
}


def a_target(path: str = "/api/x", method: str = "GET", **over: Any) -> Target:
    """A target as a check for `path` on app.example.org from 10.1.2.3 gives it."""
    parsed = parse_target(
        method=method.encode(),
        uri=path.encode(),
        host=over.pop("host", "app.example.org").encode(),
        forwarded_for=over.pop("address", "10.1.2.3").encode(),
        skip=Networks(()),
        preflight=over.pop("preflight", False),
        weigh=over.pop("weigh", True),
    )
    assert isinstance(parsed, Target), parsed
    assert not over, over
    return parsed


def a_route(path: str = "/api/**", *, host: str = "app.example.org", **over: Any) -> Route:
    """A route that any valid token passes, unless said otherwise."""
    values: dict[str, Any] = {
        "index": 0,
        "name": path,
        "line": 1,
        "hosts": (host,),
        "paths": (PathPattern.parse(path),),
        "access": Access.AUTHENTICATED,
    }
    return Route(**(values | over))


def a_policy(*routes: Route, **over: Any) -> Policy:
    """A policy of these routes, numbered in the order given."""
    numbered = [replace(route, index=index, line=index + 1) for index, route in enumerate(routes)]
    values: dict[str, Any] = {
        "table": RouteTable(numbered),
        "identity": IdentitySets(DEFAULT_SET),
        "permissions": {"own_tokens": frozenset({"everyone"})},
        "basic_users": frozenset({"x-access-token", "oauth2"}),
    }
    return Policy(**(values | over))


def an_owner(login: str = "alice", **over: Any) -> Owner:
    """An enabled user in group staff."""
    values: dict[str, Any] = {"id": f"id-of-{login}", "kind": OwnerKind.USER, "login": login, "groups": ("staff",)}
    return Owner(**(values | over))


_rows = count(1)


def a_token(owner: Owner | None = None, **over: Any) -> Token:
    """A personal token with scope rest that lives for another hour."""
    values: dict[str, Any] = {
        "id": new_id(os.urandom(64)),
        "kind": Kind.PERSONAL,
        "owner_id": (owner or an_owner()).id,
        "name": "ci",
        "scopes": frozenset({"rest"}),
        "created_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(hours=1),
    }
    return Token(**(values | over))


def a_stored_secret(token: Token, **over: Any) -> StoredSecret:
    """A secret row without a real hash, for tests that do not hash."""
    values: dict[str, Any] = {
        "row": next(_rows),
        "token_id": token.id,
        "scheme": "argon2id",
        "hash": "not a hash",
        "key_id": "k00000000",
        "tag": b"\0\0\0\0",
        "created_at": token.created_at,
    }
    return StoredSecret(**(values | over))


def a_presented(token: Token, secret: Secret | None = None, brand: str = "tg") -> tuple[bytes, Secret]:
    """The bytes that a client sends for a token, and the secret inside them."""
    secret = secret or new_secret(os.urandom(64))
    return compose(brand, token.kind, token.id, secret).reveal().encode(), secret
