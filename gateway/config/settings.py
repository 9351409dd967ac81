"""A configuration that holds: complete, cross-checked, resolved. What the rest of the program is built from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from gateway.config.compile import compile_permissions
from gateway.config.kinds.networks import TrustedProxies
from gateway.config.limits_schema import Caches, Limits
from gateway.config.listen_schema import Listen
from gateway.config.mail_schema import Mail
from gateway.config.portal_schema import Portal
from gateway.config.schema import ClientAddress, Defaults, Import, Logs, Permissions, StoreSection, Tokens
from gateway.core.identity import IdentitySet, IdentitySets
from gateway.core.policy import Policy
from gateway.core.routes import Route, RouteTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One generation of the configuration. Every path is absolute; every route is effective, its group folded in."""

    source: Path
    listen: Listen
    public_urls: tuple[str, ...]  # scheme://host[:port], without a slash at the end; the first is canonical
    realm: str
    support_contact: str  # empty: none
    trusted_proxies: TrustedProxies
    client_address: ClientAddress
    store: StoreSection
    key_file: Path
    tokens: Tokens
    import_: Import
    portal: Portal
    groups: tuple[str, ...]
    permissions: Permissions
    scopes: Mapping[str, str]  # name -> description
    identity: Mapping[str, IdentitySet]
    defaults: Defaults
    limits: Limits
    caches: Caches
    logs: Logs
    mail: Mail | None  # None: nobody is mailed
    routes: tuple[Route, ...]

    @property
    def public_url(self) -> str:
        """The address that people are told."""
        return self.public_urls[0]

    @property
    def token_pages_url(self) -> str:
        """The portal's address, if anybody may make tokens of their own on its pages; else empty."""
        return self.public_url if self.portal.my_account and self.permissions.own_tokens else ""

    @property
    def rt_until(self) -> datetime | None:
        """The moment from which no token of Request Tracker is taken: the end of `import.rt_until`."""
        last = self.import_.rt_until
        return None if last is None else datetime.combine(last + timedelta(days=1), time(), UTC)

    def policy(self) -> Policy:
        """Compile what decisions are made with. Costs some 20 us per route; pure, for any thread."""
        return Policy(
            table=RouteTable(self.routes),
            identity=IdentitySets(self.identity),
            permissions=compile_permissions(self.permissions),
            basic_users=frozenset(self.tokens.basic_users),
            brand=self.tokens.brand,
            rt_until=self.rt_until,
            reconfirm_every=self.tokens.reconfirm_every,
        )
