"""Token Gateway: a forward-auth service that answers reverse proxies from scoped, expiring tokens."""

__version__ = "0.1.0"
