"""The REST API on the portal listener: what a holder can do with nothing but the token. JSON and RFC 9457 problems."""
