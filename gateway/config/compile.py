"""From what was written to what the core decides with: effective routes, identity sets, and the policy."""

from collections.abc import Mapping, Sequence

from gateway.config.kinds.texts import MAX_ROUTE_NAME
from gateway.config.route_schema import AppCredential
from gateway.config.schema import Defaults, IdentityField, Permissions
from gateway.config.written import WrittenRoute
from gateway.core.identity import IdentityHeader, IdentitySet
from gateway.core.routes import Access, Route


def compile_routes(written: Sequence[WrittenRoute], defaults: Defaults) -> tuple[Route, ...]:
    """Effective routes in file order: every key has the route's own value, or its group's, or the default.

    Every route given must be one that can match.
    """
    names = _names(written)
    return tuple(
        _compile(index, name, one, defaults) for index, (name, one) in enumerate(zip(names, written, strict=True))
    )


def _compile(index: int, name: str, written: WrittenRoute, defaults: Defaults) -> Route:
    access = Access(written.access or Access.DENY)
    passes = access is not Access.DENY
    asks = passes and access is not Access.PUBLIC
    said = written.effective
    demand = said("scopes") if access is Access.SCOPES else None
    # A public app may have a sign-in of its own; only who says so for this route or group takes that from it.
    authorization = "keep" if access is Access.PUBLIC else defaults.authorization
    handed = said("authorization") if passes else None
    own = handed.secret_file if isinstance(handed, AppCredential) else None
    return Route(
        index=index,
        name=name,
        line=written.line,
        hosts=said("host"),
        paths=said("path"),
        methods=_with_head(said("methods")),
        sources=said("from"),
        windows=said("paths") == "windows",
        access=access,
        any_of=frozenset((demand and demand.any) or ()),
        all_of=frozenset((demand and demand.all) or ()),
        groups=frozenset((asks and said("groups")) or ()),
        waive_groups_for=frozenset((asks and said("waive_groups_for")) or ()),
        kinds=frozenset(said("kinds")) if asks and said("kinds") else None,
        networks=said("networks") if asks else None,
        credentials=(said("credentials") or defaults.credentials) if asks else (),
        challenge=(said("challenge") or ()) if asks else (),
        identity=(asks and said("identity")) or defaults.identity,
        authorization="strip" if own else handed or authorization,
        app_secret=own if asks else None,
        cookies=(passes and said("cookies")) or defaults.cookies,
        lenient=frozenset((passes and said("lenient")) or ()),
        allow_preflight=asks and bool(said("allow_preflight")),
        rate=said("rate") if passes else None,
    )


def _with_head(methods: Sequence[str] | None) -> frozenset[str] | None:
    if methods is None:
        return None
    return frozenset(methods) | ({"HEAD"} if "GET" in methods else set())


def _names(written: Sequence[WrittenRoute]) -> list[str]:
    """The names of all routes; one without is called by its first host and path, and numbered where that is taken."""
    taken = {one.name for one in written if one.name is not None}
    counts: dict[str, int] = {}
    names = []
    for one in written:
        if one.name is not None:
            names.append(one.name)
            continue
        plain = _plain_name(f"{one.effective('host')[0]}{one.effective('path')[0]}")
        name = plain
        while name in taken:
            counts[plain] = counts.get(plain, 1) + 1
            name = f"{plain}#{counts[plain]}"
        taken.add(name)
        names.append(name)
    return names


def _plain_name(text: str) -> str:
    """Cut and spelled as a name that an operator could have written."""
    printable = text if text.isprintable() else ascii(text)[1:-1]
    return printable[: MAX_ROUTE_NAME - 10]


def compile_identity(sets: Mapping[str, Mapping[str, IdentityField]]) -> dict[str, IdentitySet]:
    """The identity sets as the core knows them."""
    return {
        name: tuple(
            IdentityHeader(name=header, field=one.field, only=None if one.only is None else frozenset(one.only))
            for header, one in headers.items()
        )
        for name, headers in sets.items()
    }


def compile_permissions(permissions: Permissions) -> dict[str, frozenset[str]]:
    """Permission to the groups that hold it."""
    return {name: frozenset(getattr(permissions, name)) for name in type(permissions).model_fields}
