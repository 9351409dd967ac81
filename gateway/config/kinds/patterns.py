"""Host and path patterns of routes, as `gateway.core.patterns` reads them."""

from functools import lru_cache
from typing import Annotated

from pydantic import PlainValidator
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.config.kinds.texts import text
from gateway.core.patterns import PathPattern, parse_host_pattern

_HOST_MEND = "write it like app.example.org, *.example.org or *"
_PATH_MEND = "write it like /api/**"


def _host(value: object) -> str:
    written = text(value)
    try:
        return parse_host_pattern(written)
    except ValueError as error:
        raise _fault(error, _HOST_MEND) from None


def _path(value: object) -> PathPattern:
    written = text(value)
    try:
        return _parse(written)
    except ValueError as error:
        raise _fault(error, _PATH_MEND) from None


@lru_cache(maxsize=16384)
def _parse(written: str) -> PathPattern:
    return PathPattern.parse(written)


def _fault(error: ValueError, otherwise: str) -> Fault:
    """The core words its errors as `what is wrong; how to mend it`."""
    what, _, mend = str(error).partition("; ")
    return Fault(f"{{value}}: {what}", mend or otherwise, echoes=True)


Host = Annotated[str, PlainValidator(_host), Schema({"type": "string", "minLength": 1})]
PathText = Annotated[PathPattern, PlainValidator(_path), Schema({"type": "string", "pattern": "^/"})]
