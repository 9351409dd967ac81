"""A clock that a test may turn back: what people did last month can then be done by the use cases themselves."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time as an installation's own process sees it; `turned` is how far it is from the real one."""

    def __init__(self, at: datetime | None = None) -> None:
        """`at`: it stands still there."""
        self._at = at
        self.turned = timedelta(0)

    def __call__(self) -> datetime:
        """This moment, aware and in UTC."""
        return (self._at or datetime.now(UTC)) + self.turned

    def turn(self, **ago: float) -> None:
        """So long ago: `turn(days=30)`; `turn()` is the real time."""
        self.turned = -timedelta(**ago)
