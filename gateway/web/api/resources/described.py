"""`GET /api/v1/openapi.json`: what there is, for programs."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ConfigDict

from gateway.web.api.model import View
from gateway.web.api.openapi import document
from gateway.web.api.operation import Ask, Needs, Operation, Reply


class DocumentView(View):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow")

    openapi: str


_ROW = Operation(
    name="show_document",
    method="GET",
    path="/api/v1/openapi.json",
    summary="This document",
    tag="about",
    needs=Needs.NOTHING,
    answers={200: DocumentView},
    handler=lambda _: _none(),
)


async def _none() -> Reply:
    return Reply()


def row(others: Sequence[Operation]) -> Operation:
    """The row of the document of these rows and itself. Written once."""
    written = document((*others, _ROW))

    async def show(ask: Ask) -> Reply:  # noqa: ARG001  every handler takes it
        return Reply(body=written)

    return replace(_ROW, handler=show)
