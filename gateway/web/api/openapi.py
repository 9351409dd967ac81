"""The OpenAPI 3.1 document, written from the rows that the routes are made of, so that the two cannot differ."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway import __version__
from gateway.web.api.codes import PRESENTED, STATUS, meaning
from gateway.web.api.cookie import SECURE
from gateway.web.api.model import ProblemView, without_titles
from gateway.web.api.operation import IfMatch, Needs, Operation

_TEMPLATE = "#/components/schemas/{model}"
_PRESENTED = tuple(sorted(set(PRESENTED) - {"internal_error", "no_app_secret", "forbidden", "kind", "login", "group"}))
_BY_SESSION = frozenset({Needs.ANY_SESSION, Needs.SESSION})
# Which checks an operation passes before its handler, and what each can answer.
_CHECKS: tuple[tuple[Callable[[Operation], bool], Sequence[str]], ...] = (
    (lambda _: True, ("misdirected", "limited", "bad_request", "bad_query", "internal_error", "unavailable")),
    (lambda row: row.needs in _BY_SESSION or row.needs is Needs.CALLER, ("ambiguous_request", "session_ended")),
    (lambda row: row.needs not in {Needs.NOTHING, Needs.SIGN_IN}, ("no_credential",)),
    (lambda row: row.needs in _BY_SESSION or row.needs is Needs.CALLER, ("gateway_scope",)),
    (lambda row: row.needs in {Needs.SESSION, Needs.CALLER}, ("password_must_change",)),
    (lambda row: row.needs in _BY_SESSION, ("needs_session",)),
    (lambda row: row.needs not in {Needs.NOTHING, Needs.TOKEN} and row.method != "GET", ("cross_site",)),
    (lambda row: row.method != "GET", ("body_timeout", "too_large")),
    (lambda row: row.body is not None, ("bad_json", "unsupported_media_type", "invalid_fields")),
    (lambda row: row.if_match is not IfMatch.IGNORED, ("changed_meanwhile",)),
    (lambda row: row.if_match is IfMatch.REQUIRED, ("precondition_required",)),
    (lambda row: row.is_repeatable, ("idempotency_mismatch", "idempotency_in_flight", "idempotency_used", "bad_value")),
    (lambda row: row.query is not None and "cursor" in row.query.model_fields, ("bad_cursor",)),
)


def problems_of(operation: Operation) -> tuple[tuple[int, str], ...]:
    """Every status and code that an operation can answer with: its own, and those of the checks before it."""
    codes = [code for passes, answers in _CHECKS if passes(operation) for code in answers]
    found = [(STATUS[code], code) for code in [*codes, *operation.problems]]
    if operation.needs not in {Needs.NOTHING, Needs.SIGN_IN}:
        found += [(PRESENTED[code], code) for code in _PRESENTED]
    return tuple(sorted(set(found)))


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document. The same rows give the same bytes."""
    schemas, refs = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Token Gateway",
            "version": __version__,
            "description": "Errors are `application/problem+json` with a stable `code` (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SECURE,
                    "description": "A session, from `POST /api/v1/session`. What changes something needs `Origin` too.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token; to act in the gateway itself it needs the scope `gateway`.",
                },
            },
        },
    }


def _models(operations: Iterable[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemView, "validation"): None}
    for operation in operations:
        for read in (operation.body, operation.form, operation.query):
            if read is not None:
                found[read, "validation"] = None
        for answer in operation.answers.values():
            if answer is not None:
                found[answer, "serialization"] = None
    return list(found)


def _schemas(operations: Sequence[Operation]) -> tuple[dict[str, Any], dict[Any, Any]]:
    refs, whole = models_json_schema(_models(operations), ref_template=_TEMPLATE)
    queries = {operation.query.__name__ for operation in operations if operation.query is not None}
    named = {name: schema for name, schema in whole.get("$defs", {}).items() if name not in queries}
    found: dict[str, Any] = without_titles(named)
    return dict(sorted(found.items())), dict(refs)


def _operation(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, refs),
        "security": _security(operation),
    }
    words = [operation.description]
    if operation.permission:
        words.append(f"Needs the permission `{operation.permission}`.")
    if text := " ".join(word for word in words if word):
        written["description"] = text
    if parameters := _parameters(operation):
        written["parameters"] = parameters
    if operation.body is not None:
        written["requestBody"] = _content("application/json", refs[operation.body, "validation"])
    if operation.form is not None:
        written["requestBody"] = _content("application/x-www-form-urlencoded", refs[operation.form, "validation"])
    return written


def _content(kind: str, schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema}}}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    match operation.needs:
        case Needs.NOTHING | Needs.SIGN_IN:
            return [{}]
        case Needs.ANY_SESSION | Needs.SESSION:
            return [{"session": []}]
        case Needs.TOKEN:
            return [{"token": []}]
        case Needs.CALLER:
            return [{"session": []}, {"token": []}]


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "description": words, "schema": {"type": "string"}}
        for name, words in operation.parts.items()
    ]
    if operation.query is not None:
        schema = without_titles(operation.query.model_json_schema(ref_template=_TEMPLATE))
        for name, about in schema["properties"].items():
            needed = name in schema.get("required", ())
            described = {key: value for key, value in about.items() if key != "description"}
            found.append(
                {
                    "name": name,
                    "in": "query",
                    "required": needed,
                    "description": about.get("description", ""),
                    "schema": described,
                }
            )
    headers = []
    if operation.if_match is not IfMatch.IGNORED:
        needed = operation.if_match is IfMatch.REQUIRED
        headers.append(("If-Match", needed, "The `ETag` of what you have seen, or `*`."))
    if operation.is_repeatable:
        headers.append(
            ("Idempotency-Key", False, "The same with every repetition of one request, a UUID for instance.")
        )
    for name, needed, words in headers:
        found.append(
            {"name": name, "in": "header", "required": needed, "description": words, "schema": {"type": "string"}}
        )
    return found


def _responses(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, model in operation.answers.items():
        answer: dict[str, Any] = {"description": "Done." if model is None else _first_line(model)}
        if model is not None:
            answer["content"] = {"application/json": {"schema": refs[model, "serialization"]}}
        elif operation.streams is not None:
            answer["content"] = {operation.streams: {"schema": {"type": "string"}}}
        if operation.has_etag:
            answer["headers"] = {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}
        found[str(status)] = answer
    by_status: dict[int, list[str]] = {}
    for status, code in problems_of(operation):
        by_status.setdefault(status, []).append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = {
            "description": " ".join(f"`{code}`: {meaning(code)}" for code in sorted(codes)),
            "content": {"application/problem+json": {"schema": refs[ProblemView, "validation"]}},
        }
    return found


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]
