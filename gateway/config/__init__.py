"""The configuration: what an operator may write, read with positions, checked as a whole, compiled for the core.

`find` says which file, `load` makes `Settings` of it or raises `ConfigInvalid` with everything that is wrong.
"""

from gateway.config.discovery import find
from gateway.config.fault import ConfigError, ConfigInvalid
from gateway.config.kinds.networks import TrustedProxies
from gateway.config.kinds.places import TcpListener
from gateway.config.listen_schema import CheckListener, UnixListener
from gateway.config.reader import load
from gateway.config.settings import Settings

__all__ = [
    "CheckListener",
    "ConfigError",
    "ConfigInvalid",
    "Settings",
    "TcpListener",
    "TrustedProxies",
    "UnixListener",
    "find",
    "load",
]
