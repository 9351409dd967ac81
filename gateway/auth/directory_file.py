"""A directory's export: CSV with a header line, or JSON lines. All of it holds, or every line that does not is named.

    login,enabled,groups,name,email
    alice,true,staff admins,Alice Example,alice@example.org

    {"login": "alice", "enabled": true, "groups": ["staff", "admins"], "name": "Alice Example"}

`login`, `enabled` and `groups` must be there; what is not said of a person's name and address stays as it is.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.core.naming import Flaw, email_flaw, label_flaw, name_flaw

MAX_BYTES = 64_000_000
MAX_PEOPLE = 200_000
MAX_FAULTS = 50  # named; of the others their number
MAX_GROUPS = 1000  # of one person: a directory has many, the gateway keeps those that it knows
_FIELDS = ("login", "enabled", "groups", "name", "email")
_NEEDED = frozenset({"login", "enabled", "groups"})
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a directory says of one person. `name` and `email` None: nothing."""

    line: int
    login: str
    enabled: bool
    groups: frozenset[str]
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class DirectoryFaults:
    """Why an export is not used, a sentence a fault, with the line where there is one."""

    faults: tuple[str, ...]


class _Fault(Exception):  # noqa: N818  a finding, told with its line
    pass


def read_directory(data: bytes) -> tuple[Listed, ...] | DirectoryFaults:
    """The people of an export, in its order, each login once (case-folded). Values are not repeated in faults."""
    if len(data) > MAX_BYTES:
        return DirectoryFaults((f"the file has more than {MAX_BYTES} bytes",))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return DirectoryFaults((f"the file is not UTF-8 (byte {error.start})",))
    people: list[Listed] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    try:
        for line, record in _records(text):
            try:
                one = record if isinstance(record, Listed) else _person(line, record)
                before = seen.setdefault(one.login.casefold(), line)
                if before != line:
                    raise _Fault(f"the login is on line {before} already")
                people.append(one)
            except _Fault as fault:
                faults.append(f"line {line}: {fault}")
            if len(people) > MAX_PEOPLE:
                return DirectoryFaults((f"the file has more than {MAX_PEOPLE} people",))
    except _Fault as fault:
        faults.append(str(fault))
    if not faults and not people:
        faults.append("the file names nobody")
    if len(faults) > MAX_FAULTS:
        faults = [*faults[:MAX_FAULTS], f"and {len(faults) - MAX_FAULTS} more"]
    return DirectoryFaults(tuple(faults)) if faults else tuple(people)


def _records(text: str) -> Iterator[tuple[int, Any]]:
    return _json_lines(text) if text.lstrip().startswith("{") else _csv(text)


def _json_lines(text: str) -> Iterator[tuple[int, Any]]:
    for line, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        try:
            yield line, json.loads(written, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            yield line, None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _csv(text: str) -> Iterator[tuple[int, Any]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        if not set(header) >= _NEEDED or len(set(header)) != len(header):
            raise _Fault("line 1: the columns login, enabled and groups must be there, each once")
        for row in rows:
            if not row:
                continue
            values: dict[str, Any] = dict(zip(header, row, strict=False))
            yield rows.line_num, values if len(row) == len(header) else None
    except csv.Error:
        raise _Fault(
            f"line {rows.line_num}: not CSV; a quotation mark is not closed, or stands where it must not"
        ) from None


def _person(line: int, record: Any) -> Listed:
    if not isinstance(record, dict):
        raise _Fault("is not one person, with a value for each column")
    missing = sorted(_NEEDED - set(record))
    if missing:
        raise _Fault(f"{', '.join(missing)}: missing")
    groups = record["groups"]
    if isinstance(groups, str):
        groups = [name for name in re.split(r"[\s,;]+", groups) if name]
    if not isinstance(groups, list) or not all(isinstance(name, str) for name in groups):
        raise _Fault("groups: is not a list of names")
    if len(groups) > MAX_GROUPS:
        raise _Fault(f"groups: more than {MAX_GROUPS}")
    return Listed(
        line=line,
        login=_text(record["login"], "login", label_flaw) or "",
        enabled=_truth(record["enabled"]),
        groups=frozenset(groups),
        name=_text(record.get("name"), "name", lambda text: name_flaw(text, required=False)),
        email=_text(record.get("email"), "email", email_flaw),
    )


def _text(value: Any, field: str, rule: Callable[[str], Flaw | None]) -> str | None:
    if value is None and field not in _NEEDED:
        return None
    if not isinstance(value, str):
        raise _Fault(f"{field}: is not text")
    flaw = rule(value)
    if flaw is not None:
        raise _Fault(f"{field}: {flaw.what}")
    return value


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    if word not in _YES | _NO:
        raise _Fault("enabled: is neither true nor false")
    return word in _YES
