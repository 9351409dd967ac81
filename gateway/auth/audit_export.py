"""The audit as JSON lines, kept apart from the database: what a later truncation or alteration shows against.

A line a row, oldest first, and at the end the head of the chain; a file without it was cut off. A line of the gateway's
log that tells the head (`audit head`) is read as a head too, so that a log kept elsewhere serves for the same.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.auth.refused import Refused
from gateway.store import AuditHead, AuditRow, AuditVerdict, Sealed, Subject

HEAD_EVENT = "audit head"
SHORTEST_MAC = 16  # hexadecimal digits: what the log tells of a seal
MAC_BYTES = 32
MAX_LINE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """The end of the chain as a file knows it: the number of the last row, and its seal or the beginning of that."""

    seq: int
    mac: str


def document(sealed: Sealed) -> dict[str, Any]:
    """One row as export and API show it."""
    row = sealed.row
    return {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": row.actor,
        "address": row.address,
        "action": row.action,
        "subject": {"kind": row.subject.kind, "id": row.subject.id, "label": row.subject.label},
        "detail": json.loads(row.detail),
        "key_id": row.key_id,
        "mac": sealed.mac.hex(),
    }


def verdict_document(verdict: AuditVerdict) -> dict[str, Any]:
    """What a verification found, as `audit verify --json` and the API show it."""
    head = verdict.head
    return {
        "holds": verdict.fault_at is None,
        "first": verdict.first,
        "rows": verdict.rows,
        "fault": None if verdict.fault_at is None else {"seq": verdict.fault_at, "fault": verdict.fault},
        "head": None if head is None else {"seq": head.seq, "mac": head.mac.hex(), "epoch": head.epoch},
    }


def row_line(sealed: Sealed) -> str:
    """The line of a row."""
    return json.dumps(document(sealed), separators=(",", ":"))


def head_line(head: AuditHead) -> str:
    """The last line of an export."""
    return json.dumps({"head": {"seq": head.seq, "mac": head.mac.hex(), "epoch": head.epoch}}, separators=(",", ":"))


def read_lines(lines: Iterable[bytes]) -> Iterator[Sealed | HeadLine]:
    """What an export says, line by line. Refused for whatever is not one, and for one that ends before its head."""
    number, last = 0, None
    for number, line in enumerate(lines, 1):
        if line.strip():
            last = _read(line, number)
            yield last
    if not isinstance(last, HeadLine):
        raise Refused(
            "bad_export",
            field="against",
            message=f"the file ends after line {number} without the head of the chain: it was cut off, or is no export",
            mend="use a whole one, as `token-gateway audit export` wrote it",
        )


def _read(line: bytes, number: int) -> Sealed | HeadLine:
    try:
        if len(line) > MAX_LINE:
            raise ValueError
        found = json.loads(line)
        if "action" in found:
            return _row(found)
        return _head(found if found.get("event") == HEAD_EVENT else found["head"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(
            "bad_export",
            field="against",
            message=f"line {number} is no line of an export",
            mend=f'give what `token-gateway audit export` wrote, or the log lines with "{HEAD_EVENT}"',
        ) from None


def _head(found: dict[str, Any]) -> HeadLine:
    head = HeadLine(seq=_number(found["seq"]), mac=str(found["mac"]))
    if len(head.mac) < SHORTEST_MAC or set(head.mac) - set("0123456789abcdef"):
        raise ValueError
    return head


def _row(found: dict[str, Any]) -> Sealed:
    subject, texts = found["subject"], {name: found[name] for name in ("actor", "address", "action", "key_id")}
    at, mac = datetime.fromisoformat(found["at"]), bytes.fromhex(found["mac"])
    if not all(isinstance(text, str) for text in (*texts.values(), *subject.values())):
        raise ValueError
    if at.tzinfo is None or len(mac) != MAC_BYTES:
        raise ValueError
    detail = json.dumps(found["detail"], sort_keys=True, separators=(",", ":"))
    row = AuditRow(seq=_number(found["seq"]), at=at, subject=Subject(**subject), detail=detail, **texts)
    return Sealed(row, mac)


def _number(found: object) -> int:
    if type(found) is not int or not 0 <= found < 2**63:
        raise ValueError
    return found
