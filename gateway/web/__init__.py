"""The edge: what speaks HTTP. `check/` answers proxies, `ops/` answers the operator's monitoring."""
