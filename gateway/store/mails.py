"""The outbox: mails that are to be sent, or were. Rows and statements; what is in a mail is not known here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, or_, select

from gateway.core.owner import OwnerKind
from gateway.store.tables import mails, meta, owners, tokens

PAGE = 500  # rows read at once: the loop's thread turns them into values


class MailKind(StrEnum):
    """What a mail tells."""

    TOKEN_EXPIRES = "token_expires"
    CONFIRMATION_ENDS = "confirmation_ends"
    TOKEN_MADE = "token_made"  # for its owner, by somebody else; also when somebody else rotated it
    STALE_SECRET = "stale_secret"


class MailOutcome(StrEnum):
    """How a mail ended."""

    SENT = "sent"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"  # what it would have told was no longer so


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to be. `mark` names what it tells: a mark is in the outbox once. `facts` is JSON without any secret."""

    mark: str
    kind: MailKind
    owner_id: str
    token_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMail:
    """A mail that somebody has claimed, for the `attempts`-th time."""

    id: int
    mail: Mail
    queued_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A token, or the single sign-on's word for a person, that ends soon. `began` is when that was given.

    `token_id` and what follows it: None for a person.
    """

    owner_id: str
    login: str
    email: str
    began: datetime
    ends_at: datetime
    token_id: str | None = None
    token_name: str | None = None
    token_kind: str | None = None


_THERE = and_(owners.c.enabled, owners.c.deleted_at.is_(None))
_LIVE = and_(tokens.c.revoked_at.is_(None), tokens.c.suspended_at.is_(None), tokens.c.idled_at.is_(None))


def tokens_ending(
    now: datetime, until: datetime, reconfirm_every: timedelta | None, after: tuple[datetime, str] | None
) -> Select[Any]:
    """A page of the tokens that end between `now` and `until` and could be used until then, the first first.

    Tokens of people for whom the single sign-on does not vouch now rest, and are passed over.
    """
    statement = (
        select(
            tokens.c.id.label("token_id"),
            tokens.c.name.label("token_name"),
            tokens.c.kind.label("token_kind"),
            tokens.c.created_at.label("began"),
            tokens.c.expires_at.label("ends_at"),
            owners.c.id.label("owner_id"),
            owners.c.login,
            owners.c.email,
        )
        .select_from(tokens.join(owners, tokens.c.owner_id == owners.c.id))
        .where(_THERE, _LIVE, tokens.c.expires_at > now, tokens.c.expires_at <= until)
        .order_by(tokens.c.expires_at, tokens.c.id)
        .limit(PAGE)
    )
    if reconfirm_every is not None:
        statement = statement.where(or_(owners.c.sso.is_(False), owners.c.confirmed_at > now - reconfirm_every))
    if after is not None:
        at, last = after
        beyond = or_(tokens.c.expires_at > at, and_(tokens.c.expires_at == at, tokens.c.id > last))
        statement = statement.where(beyond)
    return statement


def confirmations_ending(
    now: datetime, until: datetime, reconfirm_every: timedelta, after: tuple[datetime, str] | None
) -> Select[Any]:
    """A page of the people for whom the single sign-on's word ends between `now` and `until`, and who have a token."""
    holds = exists().where(
        tokens.c.owner_id == owners.c.id, _LIVE, or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    )
    statement = (
        select(owners.c.id.label("owner_id"), owners.c.login, owners.c.email, owners.c.confirmed_at.label("began"))
        .where(
            _THERE,
            owners.c.kind == OwnerKind.USER.value,
            owners.c.sso,
            owners.c.confirmed_at > now - reconfirm_every,
            owners.c.confirmed_at <= until - reconfirm_every,
            holds,
        )
        .order_by(owners.c.confirmed_at, owners.c.id)
        .limit(PAGE)
    )
    if after is not None:
        at, last = after
        beyond = or_(owners.c.confirmed_at > at, and_(owners.c.confirmed_at == at, owners.c.id > last))
        statement = statement.where(beyond)
    return statement


def ending(row: Row[Any], ends_at: datetime) -> Ending:
    """The value in a row of either."""
    columns = row._mapping
    return Ending(
        owner_id=row.owner_id,
        login=row.login,
        email=row.email,
        began=row.began,
        ends_at=ends_at,
        token_id=columns.get("token_id"),
        token_name=columns.get("token_name"),
        token_kind=columns.get("token_kind"),
    )


def queued(row: Row[Any], attempts: int) -> QueuedMail:
    """The mail in a row of the outbox."""
    mail = Mail(
        mark=row.mark,
        kind=MailKind(row.kind),
        owner_id=row.owner_id,
        token_id=row.token_id,
        facts=json.loads(row.facts),
    )
    return QueuedMail(id=row.id, mail=mail, queued_at=row.queued_at, attempts=attempts)


WAITING = select(func.count()).select_from(mails).where(mails.c.due_at.is_not(None))
POSITION = select(meta.c.audit_seq, meta.c.mail_seq)
