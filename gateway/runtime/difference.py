"""What a new configuration changes, in names: for the operator who asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from gateway.config import Settings
from gateway.core.routes import Route
from gateway.runtime.generation import FIXED_AT_START

_JUDGED_BY = tuple(field.name for field in fields(Route) if field.name not in {"index", "line", "name"})
_SECTIONS = tuple(field.name for field in fields(Settings) if field.name not in {"source", "routes", *FIXED_AT_START})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Routes by name, and the other sections that are not what they were.

    `reordered`: routes that are in both stand in another order, and the first match decides.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    reordered: bool = False
    sections: tuple[str, ...] = ()


def difference(old: Settings, new: Settings) -> Difference:
    """What is in one and not in the other. Some 5 us per route; for any thread."""
    before, after = _by_name(old.routes), _by_name(new.routes)
    return Difference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and _differ(before[name], after[name])),
        reordered=[name for name in before if name in after] != [name for name in after if name in before],
        sections=tuple(name.rstrip("_") for name in _SECTIONS if getattr(old, name) != getattr(new, name)),
    )


def _by_name(routes: Sequence[Route]) -> dict[str, Route]:
    return {route.name: route for route in routes}


def _differ(old: Route, new: Route) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in _JUDGED_BY)
