"""`/api/v1/audit`: who did what to which token, from where; and the proof that nobody rewrote it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from gateway.auth.audit import export_lines, list_audit, refuse_reading, verify_audit
from gateway.auth.audit_export import document, verdict_document
from gateway.core.owner import OwnerKind
from gateway.core.when import parse_past
from gateway.store import AuditHead
from gateway.web.api.model import Body, Page, PageQuery, Query, View
from gateway.web.api.operation import Ask, Operation, Reply
from gateway.web.api.problem import Problem
from gateway.web.api.stream import Stream

JSON_LINES = "application/jsonl"
EXPORT = "/api/v1/audit/export"
_LIST = "audit"
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Since = Annotated[
    Line, Field(description="From then on: `7d` (ago), `2026-10-01`, or an instant with its zone.", examples=["7d"])
]
Until = Annotated[
    Line,
    Field(description="Up to then: `1h` (ago), `2026-10-31` (all of it), or an instant.", examples=["2026-10-31"]),
]


class Span(Query):
    """From when until when."""

    since: Since | None = None
    until: Until | None = None


class AuditQuery(PageQuery):
    """Which rows. Those that pass all that is given."""

    actor: Line | None = Field(default=None, description="`cli:NAME`, `token:HANDLE`, `gateway`, or an owner's login.")
    action: Line | None = Field(default=None, description="What was done, such as `token_revoked`.")
    token: Line | None = Field(default=None, description="About the token of this handle.")
    user: Line | None = Field(default=None, description="About this user and the user's tokens, also a deleted one.")
    app: Line | None = Field(default=None, description="About this application and its tokens.")
    address: Line | None = Field(default=None, description="From this address.")
    reason: Line | None = Field(default=None, description="Checks that were refused for this reason.")
    route: Line | None = Field(default=None, description="Checks that this route refused.")
    since: Since | None = None
    until: Until | None = None


class AuditActorView(View):
    """An owner who acted, by today's name."""

    kind: str
    login: str


class AuditSubjectView(View):
    """What a row is about. `label`: its name at that time."""

    kind: str
    id: str
    label: str


class AuditRowView(View):
    """One thing that happened."""

    seq: int
    at: datetime
    actor: str = Field(description="`cli:NAME`, `token:HANDLE`, `gateway`, or the id of an owner.")
    owner: AuditActorView | None = Field(description="Whom that id is of; null for all others.")
    address: str = Field(description="The client's; empty when there was none.")
    action: str
    subject: AuditSubjectView
    detail: Mapping[str, Any] = Field(description="What was changed, and to what. No secret is ever in it.")
    key_id: str
    mac: str = Field(description="Seals the row over all before it.")


class HeadBody(Body):
    """The end of the chain as it was told before: by an export's last line, a verification, or the log."""

    seq: int = Field(ge=0, lt=2**63)
    mac: str = Field(pattern="^[0-9a-f]{16,64}$", description="Whole, or its beginning as the log tells it.")


class Verification(Body):
    """What the chain is held against, beside itself."""

    head: HeadBody | None = Field(default=None, description="It must be in the chain; else rows were cut off.")


class FaultView(View):
    """The first row that does not hold."""

    seq: int
    fault: str


class HeadView(View):
    """The end of the chain. Kept elsewhere, it shows a later truncation."""

    seq: int
    mac: str
    epoch: str


class VerdictView(View):
    """What a verification found."""

    holds: bool
    first: int = Field(description="The oldest row that there should be.")
    rows: int = Field(description="How many hold.")
    fault: FaultView | None
    head: HeadView | None


async def show(ask: Ask) -> Reply:
    """Rows, the newest first."""
    given = ask.query(AuditQuery)
    if given.user is not None and given.app is not None:
        words = "one owner at a time"
        errors = [{"parameter": name, "detail": words} for name in ("user", "app")]
        raise Problem("bad_query", "both user and app", mend="name one owner", errors=errors)
    kind = OwnerKind.USER if given.user is not None else OwnerKind.APPLICATION if given.app is not None else None
    place = ask.place(_LIST, int)
    listed = await list_audit(
        ask.desk,
        actor=ask.actor,
        who=given.actor,
        action=given.action,
        token=given.token,
        owner_kind=kind,
        login=given.user if given.user is not None else given.app,
        address=given.address,
        reason=given.reason,
        route=given.route,
        since=_moment(ask, "since", given.since),
        until=_moment(ask, "until", given.until),
        below=None if place is None else int(place[0]),
        limit=given.limit,
    )
    rows = []
    for sealed in listed.page.rows:
        owner = listed.owners.get(sealed.row.actor)
        by = None if owner is None else AuditActorView(kind=owner.kind.value, login=owner.login)
        rows.append(AuditRowView(**document(sealed), owner=by))
    below = listed.page.below
    more = None if below is None else ask.next_page(_LIST, below)
    return Reply(body=Page[AuditRowView](items=rows, next=more))


async def export(ask: Ask) -> Reply:
    """All of it, as `audit export` writes it."""
    given = ask.query(Span)
    refuse_reading(ask.desk, ask.actor)
    since, until = _moment(ask, "since", given.since), _moment(ask, "until", given.until)
    head: AuditHead = await ask.desk.store.audit_head()
    done = ask.parts.limit.begin_long_read()
    lines = export_lines(ask.desk, head, since=since, until=until)
    return Reply(stream=Stream(lines=lines, done=done, content_type=JSON_LINES))


async def verify(ask: Ask) -> Reply:
    """Whether the chain holds."""
    head = ask.body(Verification).head
    refuse_reading(ask.desk, ask.actor)
    against = None if head is None else [json.dumps({"head": head.model_dump()}).encode("ascii")]
    done = ask.parts.limit.begin_long_read()
    try:
        verdict = await verify_audit(ask.desk, actor=ask.actor, against=against)
    finally:
        done()
    return Reply(body=VerdictView(**verdict_document(verdict)))


def _moment(ask: Ask, name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    found = parse_past(text, ask.desk.now(), to_its_end=name == "until")
    if found is None:
        words, mend = "is not a time", "write 7d, 2026-11-01, or 2026-11-01T12:00:00Z (with its zone)"
        errors = [{"parameter": name, "detail": words, "mend": mend}]
        raise Problem("bad_query", "query parameters are wrong", errors=errors)
    return found


OPERATIONS = (
    Operation(
        name="list_audit",
        method="GET",
        path="/api/v1/audit",
        summary="Read the audit, the newest first",
        tag="audit",
        permission="audit",
        query=AuditQuery,
        answers={200: Page[AuditRowView]},
        problems=("permission", "not_found", "bad_value", "secret_given"),
        handler=show,
    ),
    Operation(
        name="export_audit",
        method="GET",
        path=EXPORT,
        summary="Export the audit as JSON lines",
        description="A row a line, the oldest first, and at the end the head of the chain: without it, the answer was "
        "cut off. `token-gateway audit verify --against` reads it.",
        tag="audit",
        permission="audit",
        query=Span,
        answers={200: None},
        streams=JSON_LINES,
        problems=("permission", "busy"),
        handler=export,
    ),
    Operation(
        name="verify_audit",
        method="POST",
        path="/api/v1/audit/verify",
        summary="Check the chain of the audit",
        description="Every row is sealed over the one before it. It takes some 30 seconds for a million rows.",
        tag="audit",
        permission="audit",
        body=Verification,
        answers={200: VerdictView},
        problems=("permission", "busy"),
        handler=verify,
    ),
)
