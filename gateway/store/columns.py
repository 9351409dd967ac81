"""Column types: how the domain's values lie in a row, the same way in every engine."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

from gateway.core.network import Networks

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
ALIKE = 1024  # lists that many rows say alike, and that are read and kept once


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970, exactly; ValueError for a naive time, whose meaning depends on the machine."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime is no instant; give it a time zone")
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The aware UTC time of that many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=number)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, as integer microseconds since 1970: exact, ordered, and without a zone to misread."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_microseconds(value)


class Seconds(TypeDecorator[timedelta]):
    """A span of whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else value // timedelta(seconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002
        return None if value is None else timedelta(seconds=value)


class Words(TypeDecorator[frozenset[str]]):
    """A set of names that hold no space, sorted and joined by one space, as OAuth writes scopes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if any(not word or word.split() != [word] for word in value):
            raise ValueError("a name with a space in it cannot be stored in a list")
        return " ".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002
        return None if value is None else _words(value)


class NetworkList(TypeDecorator[Networks]):
    """Networks in the order given, joined by one space; NULL: no demand."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Networks | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        text = " ".join(map(str, value.members))
        if _networks(text) != value:
            raise ValueError("networks that would be read back as others cannot be stored")
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Networks | None:  # noqa: ARG002
        return None if value is None else _networks(value)


@lru_cache(ALIKE)
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@lru_cache(ALIKE)
def _networks(text: str) -> Networks:
    return Networks.of(text.split())
