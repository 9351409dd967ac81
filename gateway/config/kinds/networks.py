"""IP networks, and who may ask: the values of `networks`, `from`, `trusted_proxies` and `client_address`."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Network, collapse_addresses, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gateway.config.fault import Fault
from gateway.config.kinds.texts import as_list, text
from gateway.core.network import Network, Networks


@lru_cache(maxsize=4096)
def _network(written: str) -> Network:
    if "%" in written:
        raise Fault("{value} has a zone", "leave % and the zone out")
    try:
        found = ip_network(written, strict=True)
    except ValueError:
        try:
            wider = ip_network(written, strict=False)
        except ValueError:
            raise Fault(
                "{value} is not a network",
                "write an address or a network in CIDR form, such as 10.0.0.0/8, and no name",
            ) from None
        raise Fault("{value} has host bits set", f"write {wider}", echoes=True) from None
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped is not None and found.prefixlen >= 96:
        plain = f"{found.network_address.ipv4_mapped}/{found.prefixlen - 96}"
        raise Fault("{value} is an IPv4 network written as IPv6", f"write {plain}", echoes=True)
    return found


def network(value: object) -> Network:
    """An address or a CIDR network, without host bits, zone, or name."""
    return _network(text(value))


@lru_cache(maxsize=4096)  # many routes name the same few
def _networks(members: tuple[Network, ...]) -> Networks:
    return Networks(members)


class _AsNetworks:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        items = core_schema.tuple_variable_schema(core_schema.no_info_plain_validator_function(network))
        listed = core_schema.no_info_before_validator_function(as_list, items)
        return core_schema.no_info_after_validator_function(_networks, listed)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        one = {"type": "string", "description": "An address or a network in CIDR form."}
        return {"anyOf": [one, {"type": "array", "items": one}]}


def _some_networks(found: Networks) -> Networks:
    if not found.members:
        raise Fault("is an empty list", "name a network, or remove the key")
    return found


_NAME_THEM = "name the addresses of your proxies and nothing else"
_WIDEST = {4: 8, 6: 7}  # as wide as the widest private networks, 10.0.0.0/8 and fc00::/7


def _not_everybody(found: Networks) -> Networks:
    joined = _joined(found)
    if any(member.prefixlen == 0 for member in joined):
        raise Fault("covers every address there is", _NAME_THEM)
    if any(map(_is_too_wide, joined)):
        raise Fault("covers more than any private network has, once joined", _NAME_THEM)
    return found


def _is_too_wide(one: Network) -> bool:
    """Whether it is strangers for the most part: `0.0.0.0/1` is everybody, for half of them."""
    return one.prefixlen < _WIDEST[one.version]


def _joined(found: Networks) -> list[Network]:
    """The same networks, joined where they touch: `0.0.0.0/1` and `128.0.0.0/1` are everybody too."""
    four = [member for member in found.members if member.version == 4]
    six = [member for member in found.members if member.version == 6]
    return [*collapse_addresses(four), *collapse_addresses(six)]


NetworkList = Annotated[Networks, _AsNetworks(), AfterValidator(_some_networks)]
SkippedNetworks = Annotated[Networks, _AsNetworks(), AfterValidator(_not_everybody)]
ProxyNetworks = Annotated[Networks, _AsNetworks(), AfterValidator(_some_networks), AfterValidator(_not_everybody)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxies:
    """Who may ask: peers from these networks and, with `unix`, whoever can open our Unix sockets."""

    networks: Networks
    unix: bool


def _peer(value: object) -> Network | Literal["unix"]:
    if value == "unix":
        return "unix"
    try:
        found = network(value)
    except Fault as fault:
        mend = fault.mend if fault.echoes else f"{fault.mend}; or unix, for the Unix sockets"
        raise Fault(fault.what, mend, echoes=fault.echoes) from None
    if found.prefixlen == 0:
        raise Fault("{value} trusts everybody", _NAME_THEM)
    if _is_too_wide(found):
        raise Fault("{value} is wider than any private network: it trusts strangers", _NAME_THEM)
    return found


class _AsTrustedProxies:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        items = core_schema.tuple_variable_schema(core_schema.no_info_plain_validator_function(_peer))
        listed = core_schema.no_info_before_validator_function(as_list, items)
        return core_schema.no_info_after_validator_function(_trusted, listed)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        one = {"type": "string", "description": "An address, a network in CIDR form, or the word unix."}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _trusted(members: tuple[Network | Literal["unix"], ...]) -> TrustedProxies:
    if not members:
        raise Fault("is an empty list: nobody could ask", 'name your proxies, such as ["127.0.0.1/32"]')
    networks = Networks(tuple(member for member in members if not isinstance(member, str)))
    return TrustedProxies(networks=_not_everybody(networks), unix="unix" in members)


TrustedProxyList = Annotated[TrustedProxies, _AsTrustedProxies()]
