"""The rows of the audit in words: of every action a name, and a sentence about who did it to what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.core.owner import Owner
from gateway.store import Sealed
from gateway.web.portal.reason_words import reason_words
from gateway.web.portal.words import Words

REFUSED = ("token_refused", "stale_secret_used", "refused_unknown")
# action -> (its name in the filter, the sentence)
ACTIONS: dict[str, tuple[str, str]] = {
    "token_created": ("Token made", "%(who)s made the token “%(what)s”"),
    "token_edited": ("Token edited", "%(who)s edited the token “%(what)s”"),
    "token_rotated": ("Token rotated", "%(who)s gave the token “%(what)s” another secret"),
    "token_secret_replaced": ("Secret replaced", "%(who)s asked for the secret of “%(what)s” again, and got another"),
    "old_secret_ended": ("Old secret ended", "The new secret of “%(what)s” was used, so the old one ended"),
    "token_suspended": ("Token suspended", "%(who)s suspended the token “%(what)s”"),
    "token_resumed": ("Token resumed", "%(who)s let the token “%(what)s” work again"),
    "token_revoked": ("Token revoked", "%(who)s revoked the token “%(what)s”"),
    "token_idle_expired": ("Token ended unused", "The token “%(what)s” ended, because nobody used it"),
    "token_refused": ("Check of a token refused", "The token “%(what)s” was refused: %(why)s"),
    "stale_secret_used": ("Replaced secret used", "A secret of “%(what)s” was used that a rotation had replaced"),
    "refused_unknown": ("Checks without a known token refused", "Checks with what is no token of ours were refused"),
    "mail_sent": ("Mail sent", "The owner of %(what)s was mailed"),
    "mail_given_up": ("Mail given up", "A mail about %(what)s could not be delivered"),
    "user_created": ("User made", "%(who)s made the user %(what)s"),
    "user_edited": ("User edited", "%(who)s edited the user %(what)s"),
    "user_enabled": ("User enabled", "%(who)s enabled the user %(what)s"),
    "user_disabled": ("User disabled", "%(who)s disabled the user %(what)s"),
    "user_groups_set": ("User’s groups set", "%(who)s changed the groups of the user %(what)s"),
    "user_organisations_set": ("User’s organisations set", "%(who)s changed the organisations of the user %(what)s"),
    "user_confirmed": ("User confirmed", "%(who)s vouched for the user %(what)s"),
    "user_deleted": ("User deleted", "%(who)s deleted the user %(what)s"),
    "application_created": ("Application made", "%(who)s made the application %(what)s"),
    "application_edited": ("Application edited", "%(who)s edited the application %(what)s"),
    "application_enabled": ("Application enabled", "%(who)s enabled the application %(what)s"),
    "application_disabled": ("Application disabled", "%(who)s disabled the application %(what)s"),
    "application_groups_set": ("Application’s groups set", "%(who)s changed the groups of the application %(what)s"),
    "application_organisations_set": (
        "Application’s organisations set",
        "%(who)s changed the organisations of the application %(what)s",
    ),
    "application_confirmed": ("Application confirmed", "%(who)s vouched for the application %(what)s"),
    "application_deleted": ("Application deleted", "%(who)s deleted the application %(what)s"),
    "password_set": ("Password set", "%(who)s set the password of %(what)s"),
    "signed_in": ("Signed in", "%(what)s signed in"),
    "signed_out": ("Signed out", "%(what)s signed out"),
    "sessions_ended": ("Sessions ended", "%(who)s signed %(what)s out elsewhere"),
    "sign_in_refused": ("Sign-in refused", "A sign-in of %(what)s was refused"),
    "directory_synced": ("Directory synced", "%(who)s brought users in line with the directory"),
    "serve_cached_for_set": (
        "Answers from memory set",
        "%(who)s set how long hosts answer from memory when the store is away",
    ),
    "key_registered": ("Key registered", "The key %(what)s of a host became known"),
    "store_restored": ("Backup restored", "%(who)s put a backup in the place of the database"),
    "audit_pruned": ("Audit pruned", "%(who)s removed old rows of the audit"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShown:
    """One row. `facts`: pairs of name and value, exactly as they are sealed. `token_id`: of the token it is about."""

    seq: int
    at: datetime
    text: str
    action: str
    is_refusal: bool
    times: int
    address: str
    token_id: str
    explain_path: str
    facts: Sequence[tuple[str, str]]


def row_shown(words: Words, sealed: Sealed, owners: Mapping[str, Owner], *, explain_path: str) -> RowShown:
    """The row in words. `owners`: those of the actors that are owners, by id."""
    row, detail = sealed.row, json.loads(sealed.row.detail)
    who = actor_words(words, row.actor, owners)
    why = reason_words(words, str(detail.get("reason", "")))
    what = row.subject.label or row.subject.id
    _, sentence = ACTIONS.get(row.action, ("", "%(who)s: %(action)s, %(what)s"))
    return RowShown(
        seq=row.seq,
        at=row.at,
        text=words(sentence, who=who, what=what, why=why, action=row.action),
        action=row.action,
        is_refusal=row.action in REFUSED or row.action == "sign_in_refused",
        times=_count(detail),
        address=row.address,
        token_id=row.subject.id if row.subject.kind == "token" else "",
        explain_path=explain_path,
        facts=[
            ("action", row.action),
            ("actor", row.actor),
            (row.subject.kind, row.subject.id),
            *((name, _text(value)) for name, value in detail.items()),
            ("key_id", row.key_id),
            ("mac", sealed.mac.hex()),
        ],
    )


def actor_words(words: Words, actor: str, owners: Mapping[str, Owner]) -> str:
    """Who it was, at the beginning of a sentence."""
    if actor in owners:
        return owners[actor].login
    how, colon, name = actor.partition(":")
    if how == "cli" and colon:
        return words("%(name)s, at the command line,", name=name)
    if how == "token" and colon:
        return words("The token %(name)s", name=name)
    return words("The gateway") if actor == "gateway" else actor


def action_names(words: Words) -> list[tuple[str, str]]:
    """Every action with its name, by name."""
    return sorted(((action, words(name)) for action, (name, _) in ACTIONS.items()), key=lambda one: one[1].casefold())


def _count(detail: Mapping[str, Any]) -> int:
    count = detail.get("count", detail.get("times", 1))
    return count if isinstance(count, int) else 1


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
