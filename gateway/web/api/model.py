"""What requests and answers are made of: pydantic models, from which the OpenAPI document is written too."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.web.api.cursor import MAX_CURSOR

Item = TypeVar("Item")
MAX_PAGE, DEFAULT_PAGE = 200, 50

Password = Annotated[
    SecretStr, Field(max_length=1024, json_schema_extra={"format": "password", "writeOnly": True, "maxLength": 1024})
]


class Body(BaseModel):
    """A request's body: every field of exactly its type, and no other field."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Query(BaseModel):
    """A request's query parameters, each at most once, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PageQuery(Query):
    """Where in a list, and how much of it."""

    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE, description="How many at most.")
    cursor: str | None = Field(
        default=None, max_length=MAX_CURSOR, description="Where to go on: from `next` of the page before."
    )


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(View, Generic[Item]):
    """A part of a list."""

    items: Sequence[Item]
    next: str | None = Field(description="Where the next part is; null at the end of the list.")


class ErrorView(View):
    """What is wrong with one input: in the body (`pointer`, RFC 6901), the query (`parameter`), or a header."""

    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    detail: str
    mend: str | None = None


class ProblemView(View):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable; each is explained in the reference.")
    detail: str
    mend: str | None = Field(default=None, description="What to do.")
    errors: Sequence[ErrorView] = Field(default=(), description="Each offending input, all at once.")
    error: str | None = Field(default=None, description="The code once more, where OAuth names it too (RFC 6749).")


def without_titles(schema: Any) -> Any:
    """A JSON schema without the titles that repeat each field's name."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
        return {key: without_titles(value) for key, value in kept.items()}
    return [without_titles(one) for one in schema] if isinstance(schema, list) else schema
