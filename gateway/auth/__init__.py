"""The use cases: authenticate a presented token, and make, rotate, revoke and watch tokens. No HTTP here."""
