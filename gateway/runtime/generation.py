"""One generation of the configuration, compiled; and what the next one asks of the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from gateway.auth.limits import RateLimits
from gateway.config import Settings, UnixListener, load
from gateway.core.policy import Policy
from gateway.runtime.essentials import Essentials
from gateway.web.check.service import CheckSettings
from gateway.web.check.trust import Trust

FIXED_AT_START = ("listen", "store", "key_file", "caches", "logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation(Essentials):
    """Everything that a reload replaces, at once."""

    settings: Settings

    def essentials(self) -> Essentials:
        """Without the settings, for a process that only answers checks."""
        return Essentials(**{one.name: getattr(self, one.name) for one in fields(Essentials)})


def compiled(settings: Settings) -> Generation:
    """Compile the settings; some 20 us per route, for any thread."""
    return Generation(
        settings=settings,
        store_url=settings.store.url,
        key_file=settings.key_file,
        brand=settings.tokens.brand,
        cached_tokens=settings.caches.tokens,
        log_level=settings.logs.level,
        log_as_json=settings.logs.format == "json",
        check=CheckSettings(
            policy=settings.policy(),
            skip=settings.client_address.skip,
            realm=settings.realm,
            support_contact=settings.support_contact,
            portal=settings.token_pages_url,
            limits=RateLimits(
                failures=settings.limits.failures, token=settings.limits.token, tracked=settings.limits.tracked
            ),
        ),
        trust=Trust(settings.trusted_proxies.networks, unix=settings.trusted_proxies.unix),
    )


def read_again(path: Path, env: Mapping[str, str]) -> Generation:
    """Read and compile the file; ConfigInvalid. Seconds for 10,000 routes: in a thread, never on the loop."""
    return compiled(load(path, env))


def needs_restart(started: Settings, wished: Settings) -> tuple[str, ...]:
    """The keys that differ from those of the start, and take effect with the next start only."""
    changed = [key for key in FIXED_AT_START if getattr(started, key) != getattr(wished, key)]
    return (*changed, *(["portal.sso.socket"] if _sso_socket(started) != _sso_socket(wished) else []))


def _sso_socket(settings: Settings) -> UnixListener | None:
    return None if settings.portal.sso is None else settings.portal.sso.socket


def unknown_to_proxies(known: Policy, now: Policy) -> tuple[str, ...]:
    """What the proxies' configs, printed for `known`, do not strip or hand in: headers, and cookies.

    Until it is printed again, a client can forge such an identity header, and such a credential reaches the app.
    """
    told = {name.lower() for name in known.identity.header_names}
    new = [name for name in now.identity.header_names if name.lower() not in told]
    new += sorted(name.decode("ascii") for name in now.credential_headers - known.credential_headers)
    if now.strips_cookies and not known.strips_cookies:
        new.append("Cookie")
    if _takes_preflights(now) and not _takes_preflights(known):
        new.append("Origin, Access-Control-Request-Method")
    return tuple(new)


def _takes_preflights(policy: Policy) -> bool:
    return any(route.allow_preflight for route in policy.table.routes)
