"""Somebody who signs in."""

from dataclasses import dataclass

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with a password. `address`: where their browser stands, and `user_agent` what it calls itself."""

    id: str
    login: str
    password: str
    name: str = ""
    email: str = ""
    address: str = "198.51.100.7"
    user_agent: str = CHROME
