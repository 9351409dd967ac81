"""The tokens that the load presents, shared between threads: a few that nobody touches, and those that change."""

import random
import threading

KEPT = 60  # of those that change; the oldest give way, so that tokens which ended stay in the load for a while


class Roster:
    """Who may be presented now. `password`: alice's."""

    def __init__(self, stable: list[str], password: str) -> None:
        self.stable, self.password = stable, password
        self._changing: list[str] = []
        self._lock = threading.Lock()

    def add(self, token: str) -> None:
        """Present it from now on: at first it is cold, and has to be hashed."""
        with self._lock:
            self._changing.append(token)
            del self._changing[:-KEPT]

    def any(self, chance: random.Random) -> tuple[str, bool]:
        """Some token, and whether it is one that nobody touches."""
        with self._lock:
            if not self._changing or chance.random() < 0.5:
                return chance.choice(self.stable), True
            return chance.choice(self._changing), False

    def some(self, chance: random.Random) -> str | None:
        """One of those that change."""
        with self._lock:
            return chance.choice(self._changing) if self._changing else None
