"""A password to hand to somebody, who has to change it at the first sign-in: drawn by lot, and easy to read out."""

import secrets

from gateway.core.token import Secret

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that are taken for another
GROUPS, IN_GROUP = 5, 4  # 20 letters: 99 bits


def initial_password() -> Secret:
    """Another one each time, such as `k7mt-9fqx-wz4h-pd3r-6nbc`."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(IN_GROUP)) for _ in range(GROUPS))
    return Secret("-".join(groups))
