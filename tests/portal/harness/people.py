"""Somebody who signs in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with a password. `address`: where their browser stands."""

    id: str
    login: str
    password: str
    name: str = ""
    email: str = ""
    address: str = "198.51.100.7"
