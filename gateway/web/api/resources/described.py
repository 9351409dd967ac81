"""`GET /api/v1/openapi.json`: what there is, for programs."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from threading import Lock
from typing import Any

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
    """The row of the document of these rows and itself, which is written once, when it is first asked for: it takes
    a fifth of a second, that no start has to wait for.
    """
    written, turns = cache(partial(document, (*others, _ROW))), Lock()

    def once() -> dict[str, Any]:
        with turns:  # of many who ask first at once, one writes it
            return written()

    async def show(ask: Ask) -> Reply:  # noqa: ARG001  every handler takes it
        return Reply(body=await asyncio.to_thread(once))

    return replace(_ROW, handler=show)
