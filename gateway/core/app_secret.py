"""What an app gets as `Authorization` in place of the client's: a credential of its own (PARITY R34).

For an app that insists on one, such as RT's REST 2: the client shows its token to the gateway, the app sees only this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSecret:
    """The value for all, or one for each login. `source` is where it came from; the values never show themselves."""

    source: str
    shared: bytes | None = field(default=None, repr=False, hash=False)
    by_login: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)

    def of(self, login: str) -> bytes | None:
        """The value for this owner; None when there is none. A shared one never stands in for a missing own one."""
        return self.by_login.get(login) if self.shared is None else self.shared
