"""The dialects by name: the word after `/check/`, and the argument of `proxy-config`."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.web.check.caddy import Caddy
from gateway.web.check.dialect import Dialect
from gateway.web.check.nginx import Nginx
from gateway.web.check.traefik import Traefik

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in (Nginx(), Traefik(), Caddy())})
