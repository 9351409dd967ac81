"""One line of RT's tokens as they are exported: read, and judged by itself."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.auth.imports.report import RefusedLine
from gateway.auth.imports.rows import BadRow, Row
from gateway.core.naming import label_flaw
from gateway.core.rt_token import MAX_COST, MIN_COST, parse_rt_hash

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|\+00(?::?00)?)?", re.ASCII
)
_NO_TIME = frozenset({"", "NULL", "\\N", "0000-00-00 00:00:00"})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtLine:
    """One line, judged."""

    line: int
    rt_id: int
    user_id: int
    login: str
    description: str
    stored: str
    created: datetime | None
    last_used: datetime | None
    expires: datetime | None


def judged(row: Row | BadRow) -> RtLine | RefusedLine:
    """The line as a token, or the first field that is wrong. The hash is never repeated."""
    if isinstance(row, BadRow):
        return RefusedLine(line=row.line, field="line", value="", why=row.why, mend=row.mend)
    cell = row.values.get

    def flawed(column: str, why: str, mend: str) -> RefusedLine:
        value = "" if column == "token" else cell(column, "")
        return RefusedLine(line=row.line, field=column, value=value, why=why, mend=mend)

    for column in ("id", "user_id"):
        if not _NUMBER.fullmatch(cell(column, "")):
            return flawed(column, "is not a number above 0", "export it as the documentation says")
    login_flaw = label_flaw(row.values["login"])
    if login_flaw is not None:
        return flawed("login", login_flaw.what, login_flaw.mend)
    if parse_rt_hash(row.values["token"]) is None:
        why = f"is not a bcrypt hash of RT with a cost of {MIN_COST} to {MAX_COST}"
        return flawed("token", why, "use the token once in RT, which hashes it anew, or make a new one here")
    times: dict[str, datetime | None] = {}
    for column in ("created", "last_used", "expires"):
        read = _time(cell(column, ""))
        if isinstance(read, str):
            return flawed(column, read, "write it as RT does, in UTC: 2026-01-31 12:00:00")
        times[column] = read
    description = cell("description", "")
    return RtLine(
        line=row.line,
        rt_id=int(row.values["id"]),
        user_id=int(row.values["user_id"]),
        login=row.values["login"],
        description="" if description in _NO_TIME else description,
        stored=row.values["token"],
        created=times["created"],
        last_used=times["last_used"],
        expires=times["expires"],
    )


def _time(text: str) -> datetime | str | None:
    """RT keeps times in UTC and writes no zone; another zone than UTC is a mistake. In words, what is wrong."""
    if text in _NO_TIME:
        return None
    if not _TIME.fullmatch(text):
        return "is not a time in UTC"
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        return "is not in the calendar"


def last_use(line: RtLine) -> tuple[datetime, datetime, int]:
    """What the tokens of a user are put in order by."""
    return line.last_used or _LONG_AGO, line.created or _LONG_AGO, line.rt_id


def about(line: RtLine, column: str, why: str, mend: str) -> RefusedLine:
    """A line that could be read, refused for what stands in a column."""
    values = {"id": str(line.rt_id), "user_id": str(line.user_id), "login": line.login, "expires": str(line.expires)}
    value = values.get(column, line.description if column == "description" else "")
    return RefusedLine(line=line.line, field=column, value=value, why=why, mend=mend)
