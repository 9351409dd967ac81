"""The audit, for who may read it: who did what to what, from where, in words; its export, and its proof."""

import json
from datetime import datetime
from urllib.parse import urlencode

from gateway.auth.audit import Listed, list_audit, refuse_reading, verify_audit
from gateway.auth.refused import Refused
from gateway.core.reason import OUTSIDE
from gateway.core.when import parse_past
from gateway.store import AuditPage, Sealed
from gateway.web.api.codes import STATUS
from gateway.web.api.resources.audit import EXPORT
from gateway.web.portal.audit_words import REFUSED, action_names, row_shown
from gateway.web.portal.form import Form
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit
from gateway.web.portal.pages.explain import MAX_HANDLE, explain_path
from gateway.web.portal.reason_words import reason_words

PATH = "/audit"
VERIFY = f"{PATH}/verify"
AUDIT = frozenset({"audit"})
FILTERS = ("actor", "action", "token", "owner", "address", "reason", "route", "since", "until")
SHOWN = 50
OFFERED = 200  # names of routes to pick from
_FIELDS = {"login": "owner"}  # of the use case -> of the form


async def show(visit: Visit) -> Answer:
    """The rows that pass all filters, the newest first."""
    given = {name: text for name in FILTERS if (text := visit.asked(name))}
    visit.form = Form(present=given)
    below, status = visit.asked("below"), 200
    listed = Listed(page=AuditPage(rows=(), below=None), owners={})
    try:
        listed = await _listed(visit, given, int(below) if _is_number(below) else None)
    except Refused as refused:
        field = _FIELDS.get(refused.field, refused.field)
        if refused.code == "secret_given" or (field == "token" and len(given.get(field, "")) > MAX_HANDLE):
            visit.form.forget(field)
            given.pop(field, None)
        visit.form.fail(field, visit.words.refused(refused))
        status = STATUS[refused.code]
    rows, further = listed.page.rows, listed.page.below
    span: dict[str, str] = {name: given[name] for name in ("since", "until") if name in given}
    words = visit.words
    return Shown(
        template="audit.html",
        status=status,
        data={
            "rows": [row_shown(words, one, listed.owners, explain_path=_explain_path(visit, one)) for one in rows],
            "actions": action_names(words),
            "reasons": [
                (reason.value, reason_words(words, reason)) for reason, told in OUTSIDE.items() if told.status != 200
            ],
            "routes": [route.name for route in visit.desk.settings.routes[:OFFERED]],
            "sees_tokens": "any_tokens" in visit.permissions,
            "is_filtered": bool(given),
            "export_path": f"{EXPORT}?{urlencode(span)}" if span else EXPORT,
            "export_is_all": not given.keys() - span.keys(),
            "verify_path": VERIFY,
            "first": f"{PATH}?{urlencode(given)}" if below else "",
            "more": "" if further is None else f"{PATH}?{urlencode({**given, 'below': further})}",
        },
    )


async def show_verify(visit: Visit) -> Answer:
    """What verifying is, and the button."""
    refuse_reading(visit.desk, visit.actor)
    return Shown(template="audit_verify.html", data={"verdict": None})


async def verify(visit: Visit) -> Answer:
    """Check the whole chain, and say what came of it."""
    refuse_reading(visit.desk, visit.actor)
    done = visit.parts.limit.begin_long_read()
    try:
        verdict = await verify_audit(visit.desk, actor=visit.actor)
    finally:
        done()
    return Shown(template="audit_verify.html", data={"verdict": verdict})


async def _listed(visit: Visit, given: dict[str, str], below: int | None) -> Listed:
    return await list_audit(
        visit.desk,
        actor=visit.actor,
        who=given.get("actor"),
        action=given.get("action"),
        token=given.get("token"),
        login=given.get("owner"),
        address=given.get("address"),
        reason=given.get("reason"),
        route=given.get("route"),
        since=_moment(visit, given, "since"),
        until=_moment(visit, given, "until"),
        below=below,
        limit=SHOWN,
    )


def _moment(visit: Visit, given: dict[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    found = parse_past(given[name], visit.desk.now(), to_its_end=name == "until")
    if found is None:
        mend = "write 7d, 2026-11-01, or 2026-11-01T12:00:00Z (with its zone)"
        raise Refused("bad_value", field=name, message="that is not a time", mend=mend)
    return found


def _explain_path(visit: Visit, sealed: Sealed) -> str:
    """Explain, filled in with what the row tells of a refused check; empty for what is none."""
    row = sealed.row
    if row.action not in REFUSED:
        return ""
    detail = json.loads(row.detail)
    about = {"address": row.address, "host": str(detail.get("host", "")), "route": str(detail.get("route", ""))}
    if row.subject.kind == "token":
        about |= {"token": row.subject.id, "was": str(detail.get("reason", ""))}
    elif detail.get("networks"):
        network = str(detail["networks"][0][0])
        about["address"] = network.partition("/")[0] if network != "unknown" else ""
    return explain_path(visit, about)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


PAGES = (
    Page(
        name="audit",
        path=PATH,
        show=show,
        permissions=AUDIT,
        link=Link(label="Audit", icon="scroll-text", group="admin"),
    ),
    Page(name="audit_verify", path=VERIFY, show=show_verify, act=verify, permissions=AUDIT),
)
