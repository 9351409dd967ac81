"""Stopping many tokens at once: those that were chosen from the list of all, or all of one owner.

The first sending of the form shows what will end; the second, with `sure`, ends it. Works without JavaScript.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.auth.desk import Effect
from gateway.auth.refused import Refused
from gateway.auth.token_list import found_tokens, page_tokens
from gateway.auth.token_revoke import revoke_all, revoke_tokens
from gateway.auth.token_stops import suspend_all, suspend_tokens
from gateway.core.owner import OwnerKind
from gateway.store import TokenState
from gateway.web.portal.effects import effect_notice
from gateway.web.portal.own_path import HOME, own_path
from gateway.web.portal.page import Answer, Notice, Page, Sent, Shown, Visit
from gateway.web.portal.pages.all_tokens import ANY_TOKENS
from gateway.web.portal.pages.all_tokens import PATH as LIST
from gateway.web.portal.token_shown import TokenShown, token_shown

PATH = "/tokens/stop"
MOST = 500
REVOKE, SUSPEND = "revoke", "suspend"
_STATES = {
    REVOKE: (TokenState.LIVE, TokenState.SUSPENDED, TokenState.EXPIRED),
    SUSPEND: (TokenState.LIVE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What is to be stopped: the tokens, and the owner when it is all of theirs. `is_cut`: there are more of those."""

    tokens: Sequence[TokenShown]
    kind: OwnerKind | None = None
    login: str = ""
    missing: int = 0
    is_cut: bool = False


async def show(visit: Visit) -> Answer:
    """List what will end, and ask."""
    act = _act(visit)
    chosen = await _chosen(visit, act)
    if not chosen.tokens:
        return Sent(to=_back(visit), notice=_nothing(visit, chosen))
    return Shown(
        template="many_tokens.html",
        data={
            "act": act,
            "tokens": chosen.tokens,
            "owner": chosen.login,
            "owner_kind": "" if chosen.kind is None else chosen.kind.value,
            "missing": chosen.missing,
            "is_cut": chosen.is_cut,
            "back": _back(visit),
        },
    )


async def stop(visit: Visit) -> Answer:
    """Ask, and when that was answered, end them."""
    form = visit.form
    if not form.has("sure"):
        return await show(visit)
    act, references = _act(visit), sorted(form.values("token"))
    kind, login = _owner(visit)
    if kind is not None:
        all_of = revoke_all if act == REVOKE else suspend_all
        done = await all_of(visit.desk, actor=visit.actor, owner_kind=kind, login=login, address=visit.address)
        return _done(visit, act, done.count, 0, 0, done.effect)
    _refuse_too_many(references)
    if act == REVOKE:
        ended = await revoke_tokens(visit.desk, actor=visit.actor, references=references, address=visit.address)
        flags, unknown, effect = [one.already for one in ended.revoked], ended.unknown, ended.effect
    else:
        stopped = await suspend_tokens(visit.desk, actor=visit.actor, references=references, address=visit.address)
        flags, unknown, effect = [one.already for one in stopped.stopped], stopped.unknown, stopped.effect
    return _done(visit, act, flags.count(False), flags.count(True), len(unknown), effect)


async def _chosen(visit: Visit, act: str) -> _Chosen:
    kind, login = _owner(visit)
    if kind is not None:
        found = [
            await page_tokens(
                visit.desk,
                actor=visit.actor,
                after=None,
                limit=MOST,
                newest_first=True,
                owner_kind=kind,
                login=login,
                state=state,
            )
            for state in _STATES[act]
        ]
        tokens = [token_shown(visit.desk, entry) for page in found for entry in page.rows]
        return _Chosen(tokens=tokens, kind=kind, login=login, is_cut=any(page.after for page in found))
    references = sorted(visit.form.values("token"))
    _refuse_too_many(references)
    entries = await found_tokens(visit.desk, actor=visit.actor, references=references)
    shown = sorted((token_shown(visit.desk, one) for one in entries), key=lambda one: one.created_at, reverse=True)
    return _Chosen(tokens=shown, missing=len(references) - len(shown))


def _refuse_too_many(references: Sequence[str]) -> None:
    if len(references) > MOST:
        raise Refused("bad_value", message=f"that is more than {MOST} tokens", mend="choose fewer at once")


def _act(visit: Visit) -> str:
    asked = visit.asked("act") if visit.form.given is None else visit.form.value("act")
    return SUSPEND if asked == SUSPEND else REVOKE


def _owner(visit: Visit) -> tuple[OwnerKind | None, str]:
    """The owner all of whose tokens are meant; None: those that were chosen."""
    for kind in OwnerKind:
        login = visit.asked(kind.value) if visit.form.given is None else visit.form.value(kind.value)
        if login:
            return kind, login
    return None, ""


def _back(visit: Visit) -> str:
    """The list as it was."""
    to = own_path(visit.form.value("back") or LIST)
    return LIST if to == HOME else to


def _nothing(visit: Visit, chosen: _Chosen) -> Notice:
    words = visit.words
    text = words("None of these tokens is there.") if chosen.missing else words("No token was chosen.")
    if chosen.kind is not None:
        text = words("%(login)s has no token that this would stop.", login=chosen.login)
    return Notice(text=text, kind="info")


def _done(visit: Visit, act: str, n: int, already: int, unknown: int, effect: Effect | None) -> Answer:
    many = visit.words.many
    if act == REVOKE:
        told = [many("%(n)s token is revoked.", "%(n)s tokens are revoked.", n)]
    else:
        told = [many("%(n)s token is suspended.", "%(n)s tokens are suspended.", n)]
    if already:
        told.append(many("%(n)s had ended or was stopped before.", "%(n)s had ended or were stopped before.", already))
    if unknown:
        told.append(many("%(n)s is not there.", "%(n)s are not there.", unknown))
    return Sent(to=_back(visit), notice=effect_notice(visit, " ".join(told), effect))


PAGES = (Page(name="many_tokens", path=PATH, show=show, act=stop, permissions=ANY_TOKENS),)
