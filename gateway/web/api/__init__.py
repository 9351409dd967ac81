"""The REST API on the portal listener: one table of operations, JSON, and RFC 9457 problems."""
