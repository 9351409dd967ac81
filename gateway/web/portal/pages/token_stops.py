"""Stopping one token for a while, letting it work again, and ending it for good. Each is asked on a page of its own."""

from functools import partial

from gateway.auth.token_known import refuse_unknown
from gateway.auth.token_revoke import revoke_tokens
from gateway.auth.token_stops import resume_token, suspend_tokens
from gateway.web.portal.effects import effect_notice
from gateway.web.portal.page import Answer, Notice, Page, Sent, Shown, Visit
from gateway.web.portal.pages.tokens import ANY, ONE, ended, token_of
from gateway.web.portal.token_shown import token_path


async def show_suspend(visit: Visit) -> Answer:
    """Ask whether."""
    return await _confirm(visit, "suspend")


async def suspend(visit: Visit) -> Answer:
    """Stop it until it is resumed."""
    reference = visit.part("token")
    done = await suspend_tokens(visit.desk, actor=visit.actor, references=[reference], address=visit.address)
    if done.unknown:
        await refuse_unknown(visit.desk, visit.actor, reference)
    token = done.stopped[0].token
    words = visit.words("%(name)s is suspended: nothing gets in with it until you resume it.", name=token.name)
    return Sent(to=token_path(visit.desk, token), notice=effect_notice(visit, words, done.effect))


async def show_resume(visit: Visit) -> Answer:
    """Ask whether."""
    return await _confirm(visit, "resume")


async def resume(visit: Visit) -> Answer:
    """Let it work again."""
    done = await resume_token(visit.desk, actor=visit.actor, reference=visit.part("token"), address=visit.address)
    words = visit.words("%(name)s works again.", name=done.token.name)
    return Sent(to=token_path(visit.desk, done.token), notice=Notice(text=words))


async def show_revoke(visit: Visit) -> Answer:
    """Ask whether: there is no way back."""
    return await _confirm(visit, "revoke")


async def revoke(visit: Visit) -> Answer:
    """End it for good."""
    reference = visit.part("token")
    done = await revoke_tokens(visit.desk, actor=visit.actor, references=[reference], address=visit.address)
    if done.unknown:
        await refuse_unknown(visit.desk, visit.actor, reference)
    token = done.revoked[0].token
    words = visit.words("%(name)s is revoked. Nothing gets in with it any more.", name=token.name)
    return Sent(to=token_path(visit.desk, token), notice=effect_notice(visit, words, done.effect))


async def _confirm(visit: Visit, act: str) -> Answer:
    token = await token_of(visit)
    if token.is_ended:
        return ended(visit, token)
    return Shown(template="token_confirm.html", data={"token": token, "act": act, "needs_proof": visit.needs_proof})


_row = partial(Page, permissions=ANY)
PAGES = (
    _row(name="token_suspend", path=f"{ONE}/suspend", show=show_suspend, act=suspend),
    _row(name="token_resume", path=f"{ONE}/resume", show=show_resume, act=resume),
    _row(name="token_revoke", path=f"{ONE}/revoke", show=show_revoke, act=revoke),
)
