"""The configuration in effect, as something to read: defaults filled in, groups of routes folded in, no secrets.

Invariant: what `to_yaml` writes is a configuration that loads, to the same settings.
"""

from typing import Any

import yaml

from gateway.config.kinds.durations import duration_text
from gateway.config.kinds.rates import rate_text
from gateway.config.listen_schema import CheckListener, UnixListener
from gateway.config.mail_schema import Mail
from gateway.config.portal_schema import Portal
from gateway.config.settings import Settings
from gateway.config.sso_schema import Sso
from gateway.config.substitute import escape
from gateway.config.yaml_scalars import surprises
from gateway.core.identity import IdentityHeader
from gateway.core.network import Networks
from gateway.core.routes import Access, Route


def effective(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, in the order and with the keys of the configuration."""
    tokens = settings.tokens
    return {
        "listen": {
            "check": [_listener(one) for one in settings.listen.check],
            "portal": str(settings.listen.portal),
            "ops": str(settings.listen.ops),
        },
        "public_url": settings.public_url if len(settings.public_urls) == 1 else list(settings.public_urls),
        "realm": settings.realm,
        "support_contact": settings.support_contact,
        "trusted_proxies": _networks(settings.trusted_proxies.networks) + ["unix"] * settings.trusted_proxies.unix,
        "client_address": {"skip": _networks(settings.client_address.skip)},
        "store": {"url": settings.store.url},
        "key_file": str(settings.key_file),
        "tokens": {
            "brand": tokens.brand,
            **{
                kind: {
                    "default_lifetime": duration_text(one.default_lifetime),
                    "max_lifetime": "unlimited" if one.max_lifetime is None else duration_text(one.max_lifetime),
                    "max_per_owner": "unlimited" if one.max_per_owner is None else one.max_per_owner,
                }
                for kind, one in (("personal", tokens.personal), ("application", tokens.application))
            },
            "reconfirm_every": "unlimited" if tokens.reconfirm_every is None else duration_text(tokens.reconfirm_every),
            "basic_users": list(tokens.basic_users),
        },
        **({} if settings.import_.rt_until is None else {"import": {"rt_until": str(settings.import_.rt_until)}}),
        "portal": _portal(settings.portal),
        "groups": list(settings.groups),
        "permissions": {name: list(holders) for name, holders in settings.permissions},
        "scopes": dict(settings.scopes),
        "identity": {
            name: {header.name: _identity(header) for header in headers} for name, headers in settings.identity.items()
        },
        "defaults": {
            "credentials": list(settings.defaults.credentials),
            "identity": settings.defaults.identity,
            "authorization": settings.defaults.authorization,
            "cookies": settings.defaults.cookies,
        },
        "limits": {
            "failures": rate_text(settings.limits.failures),
            "token": rate_text(settings.limits.token),
            "tracked": settings.limits.tracked,
        },
        "caches": {"tokens": settings.caches.tokens},
        "logs": {"level": settings.logs.level, "format": settings.logs.format},
        **({} if settings.mail is None else {"mail": _mail(settings.mail)}),
        "routes": [_route(route) for route in settings.routes],
    }


def to_yaml(settings: Settings) -> str:
    """The settings as YAML."""
    return yaml.dump(_escaped(effective(settings)), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


class _Dumper(yaml.SafeDumper):
    """Quotes what our reader would not take for text (PyYAML leaves y and n bare); keeps lists of words on one line."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if surprises(text) else None)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    flat = all(isinstance(item, str) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def _listener(one: CheckListener) -> str | dict[str, str]:
    if not isinstance(one, UnixListener):
        return str(one)
    group = {} if one.group is None else {"group": one.group}
    return {"unix": str(one.unix), "mode": f"{one.mode:04o}", **group}


def _portal(portal: Portal) -> dict[str, Any]:
    idle, lifetime, proof_age = portal.session.idle, portal.session.lifetime, portal.session.proof_age
    session = {
        "idle": duration_text(idle),
        "lifetime": duration_text(lifetime),
        "proof_age": "never" if proof_age is None else duration_text(proof_age),
    }
    sso = {} if portal.sso is None else {"sso": _sso(portal.sso)}
    return {"my_account": portal.my_account, "session": session, **sso}


def _sso(sso: Sso) -> dict[str, Any]:
    """Where the secrets stand, never what they are."""
    secret, groups = sso.secret_header, sso.groups
    shown = {
        "from": None if sso.from_ is None else _networks(sso.from_),
        "secret_header": None
        if secret is None
        else {"name": secret.name, "secret_file": [str(one.source) for one in secret.secret_file]},
        "socket": None if sso.socket is None else _listener(sso.socket),
        "headers": {key: name for key, name in sso.headers if name is not None},
        "separator": sso.separator,
        "groups": list(groups) if isinstance(groups, tuple) else groups,
        "create": sso.create,
        "sign_out_url": sso.sign_out_url,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _mail(mail: Mail) -> dict[str, Any]:
    """Where the password stands, never what it is."""
    shown = {
        "host": mail.host,
        "port": mail.port_number,
        "security": mail.security,
        "plain_to": mail.plain_to,
        "user": mail.user,
        "password_file": None if mail.password_file is None else str(mail.password_file.source),
        "from": mail.from_,
        "ca_file": None if mail.ca_file is None else str(mail.ca_file),
        "timeout": duration_text(mail.timeout),
        "before_expiry": [duration_text(stage) for stage in mail.before_expiry],
    }
    return {key: value for key, value in shown.items() if value is not None}


def _networks(networks: Networks) -> list[str]:
    return [str(member) for member in networks.members]


def _identity(header: IdentityHeader) -> str | dict[str, Any]:
    return header.field if header.only is None else {"field": header.field, "only": sorted(header.only)}


def _route(route: Route) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": route.name, "host": list(route.hosts), "path": [path.text for path in route.paths]}
    if route.methods is not None:
        shown["methods"] = sorted(route.methods)
    if route.sources is not None:
        shown["from"] = _networks(route.sources)
    match route.access:
        case Access.SCOPES:
            shown["scopes"] = {"any": sorted(route.any_of)} if route.any_of else {"all": sorted(route.all_of)}
        case access:
            shown[access.value] = True
    if route.windows:
        shown["paths"] = "windows"
    if route.access is Access.DENY:
        return shown
    if route.access is not Access.PUBLIC:
        shown |= _demands(route)
    own = route.app_secret
    shown["authorization"] = route.authorization if own is None else {"secret_file": own.source}
    shown["cookies"] = route.cookies
    if route.lenient:
        shown["lenient"] = sorted(route.lenient)
    if route.rate is not None:
        shown["rate"] = rate_text(route.rate)
    return shown


def _demands(route: Route) -> dict[str, Any]:
    """What a route says about a token and about whom it is of; what it does not ask for is left out."""
    shown: dict[str, Any] = {
        "groups": sorted(route.groups),
        "waive_groups_for": sorted(route.waive_groups_for),
        "kinds": sorted(route.kinds or ()),
        "networks": [] if route.networks is None else _networks(route.networks),
        "credentials": list(route.credentials),
        "challenge": list(route.challenge),
        "identity": route.identity,
        "allow_preflight": route.allow_preflight,
    }
    return {key: value for key, value in shown.items() if value}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(str(value))
    if isinstance(value, dict):
        return {key: _escaped(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_escaped(below) for below in value]
    return value
