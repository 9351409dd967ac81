"""Which peers may ask."""

import socket
from ipaddress import ip_address

from gateway.core.network import Networks


class Trust:
    """Networks for TCP, and whether whoever can open our unix sockets may ask. One per generation of the settings."""

    def __init__(self, networks: Networks, *, unix: bool) -> None:
        self._networks = networks
        self._unix = unix

    def __call__(self, family: int, peer: object) -> bool:
        """`family` and `peer` are what the connection's own socket says of itself and of the other end."""
        if family == socket.AF_UNIX:
            return self._unix
        if not isinstance(peer, tuple):
            return False  # the other end is gone already
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) in self._networks
