"""The outbox: queue what is due, and send what is queued.

A mail is claimed in the store before it is sent, so that of several processes one sends it. Whoever dies in between
leaves it to another try after `CLAIM`: then it may arrive twice, with one Message-ID. A server that does not take it
is asked again, less and less often, until `GIVEN_UP_AFTER`. What is no longer so is not told: everything is looked at
again right before it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.auth.desk import Desk
from gateway.auth.mail.endings import Due, due_endings
from gateway.auth.mail.letter import House, Letter, confirmation_ends, stale_secret, token_expires, token_made, trial
from gateway.auth.mail.message import message
from gateway.auth.mail.news import queue_news
from gateway.auth.mail.smtp import Envelope, PostError, post
from gateway.auth.refused import Refused
from gateway.config.mail_schema import Mail as MailSettings
from gateway.core.confirmation import confirmed_until
from gateway.core.lifecycle import token_state
from gateway.core.naming import email_flaw
from gateway.core.owner import Owner, TokenRecord
from gateway.store import MailKind, MailOutcome, QueuedMail
from gateway.store.store import GATEWAY

CLAIM = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
AFTER_REFUSAL = timedelta(days=1)  # the server said that it will never take it; now and then that is its own mistake
GIVEN_UP_AFTER = timedelta(days=3)
MOST_ATTEMPTS = 30
MOST_ENDINGS_A_DAY = 100
KEPT = timedelta(days=120)  # longer than the longest stage, so that no mark is forgotten that could come again


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What came into the outbox. `without_address`: endings that nobody can be told of."""

    endings: int = 0
    news: int = 0
    too_many: int = 0
    without_address: int = 0


@dataclass(slots=True, kw_only=True)
class Sending:
    """What became of the mails that were due. `faults` has the mail server's words, one a mail that it did not take."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    dropped: int = 0
    faults: list[str] = field(default_factory=list)


async def due(desk: Desk) -> list[Due]:
    """All that ends soon and is to be told now. Nothing is written."""
    return [one async for page in due_endings(desk) for one in page]


async def queue_endings(desk: Desk) -> Queued:
    """Put what ends soon into the outbox, what ends first first, and forget what ended long ago.

    More than `MOST_ENDINGS_A_DAY` to one owner wait for the next day, so that whoever makes tokens by the thousand has
    neither the mail server to themselves nor the outbox.
    """
    queued = without_address = too_many = 0
    told: dict[str, int] = {}
    async for page in due_endings(desk):
        without_address += sum(not one.has_address for one in page)
        reachable = [one for one in page if one.has_address]
        if reachable:
            async with desk.store.change(actor=GATEWAY) as change:
                for one in reachable:
                    who, day = one.mail.owner_id, change.at - timedelta(days=1)
                    if who not in told:
                        told[who] = await change.mails_since(who, day, (MailKind.TOKEN_EXPIRES,))
                    if one.mail.kind is MailKind.TOKEN_EXPIRES and told[who] >= MOST_ENDINGS_A_DAY:
                        too_many += 1
                    elif await change.queue_mail(one.mail):
                        queued += 1
                        told[who] += 1
    async with desk.store.change(actor=GATEWAY) as change:
        await change.forget_mails(change.at - KEPT)
    return Queued(endings=queued, too_many=too_many, without_address=without_address)


async def queue_all(desk: Desk) -> Queued:
    """Put into the outbox what happened, and what ends soon."""
    refuse_without_mail(desk)
    news, too_many = await queue_news(desk)
    queued = await queue_endings(desk)
    return replace(queued, news=news, too_many=too_many + queued.too_many)


async def send_due(desk: Desk, *, most: int | None = None) -> Sending:
    """Send what is due, one mail after the other, until nothing is, or the mail server does not answer."""
    settings, done = refuse_without_mail(desk), Sending()
    while (most is None or done.sent + done.dropped + done.given_up < most) and await desk.store.is_mail_due():
        async with desk.store.change(actor=GATEWAY) as change:
            claimed = await change.claim_mail(for_=CLAIM)
        if claimed is None or not await _send(desk, settings, claimed, done):
            break
    return done


async def send_trial(desk: Desk, *, to: str) -> None:
    """Send one mail now. Refused with the mail server's words when it does not take it."""
    settings = refuse_without_mail(desk)
    flaw = email_flaw(to)
    if flaw is not None or not to:
        raise Refused("bad_value", field="to", message="that is not an e-mail address", mend="write name@example.org")
    house = _house(desk)
    made = message(
        house, trial(house), sender=settings.from_, to=to, mark=f"test {desk.now().isoformat()}", at=desk.now()
    )
    try:
        await post(settings, Envelope(settings.from_, to, made), called=desk.settings.public_url)
    except PostError as error:
        raise Refused("not_mailed", message=error.words, mend="see `mail` in the configuration") from None


def refuse_without_mail(desk: Desk) -> MailSettings:
    """The mail server; Refused when there is none."""
    if desk.settings.mail is None:
        raise Refused(
            "mail_not_configured",
            message="the configuration names no mail server",
            mend="add mail: {host: smtp.example.org, from: gateway@example.org}",
        )
    return desk.settings.mail


async def _send(desk: Desk, settings: MailSettings, claimed: QueuedMail, done: Sending) -> bool:
    """Send one claimed mail and write down how that went; False when the server should be left alone for now."""
    try:
        envelope = await _envelope(desk, settings, claimed)
    except (KeyError, TypeError, ValueError) as error:  # of another version, or altered by hand: it ends nothing else
        await _end(desk, claimed, MailOutcome.GIVEN_UP, why=f"it cannot be written: {error}")
        done.given_up += 1
        return True
    if envelope is None:
        await _end(desk, claimed, MailOutcome.DROPPED)
        done.dropped += 1
        return True
    to = envelope.to
    try:
        await post(settings, envelope, called=desk.settings.public_url)
    except PostError as error:
        done.failed += 1
        done.faults.append(error.words)
        done.given_up += await _again(desk, claimed, to, error)
        return error.about_mail
    await _end(desk, claimed, MailOutcome.SENT, to=to)
    done.sent += 1
    return True


async def _again(desk: Desk, claimed: QueuedMail, to: str, error: PostError) -> bool:
    """Let it be tried later; True when that has gone on for too long, and it is given up."""
    now = desk.now()
    wait = AFTER_REFUSAL if error.is_final else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(claimed.attempts - 1, 10))
    if now + wait > claimed.queued_at + GIVEN_UP_AFTER or claimed.attempts >= MOST_ATTEMPTS:
        await _end(desk, claimed, MailOutcome.GIVEN_UP, to=to, why=error.words)
        return True
    async with desk.store.change(actor=GATEWAY) as change:
        await change.postpone_mail(claimed, now + wait)
    return False


async def _end(desk: Desk, claimed: QueuedMail, outcome: MailOutcome, *, to: str = "", why: str = "") -> None:
    async with desk.store.change(actor=GATEWAY) as change:
        await change.end_mail(claimed, outcome, to=to, why=why)


async def _envelope(desk: Desk, settings: MailSettings, claimed: QueuedMail) -> Envelope | None:
    """What is to be sent; None when there is nothing to tell any more, or nobody."""
    found = await _letter(desk, claimed)
    if found is None:
        return None
    to, letter = found
    made = message(_house(desk), letter, sender=settings.from_, to=to, mark=claimed.mail.mark, at=claimed.queued_at)
    return Envelope(settings.from_, to, made)


async def _letter(desk: Desk, claimed: QueuedMail) -> tuple[str, Letter] | None:
    """To whom, and what."""
    mail, now = claimed.mail, desk.now()
    if claimed.attempts > MOST_ATTEMPTS:
        return None  # whoever claims it dies of it
    if mail.token_id is None:
        entry = await desk.store.owner(id=mail.owner_id)
        letter = None if entry is None else _about_owner(desk, mail.facts, entry.owner, now)
        return None if entry is None or letter is None else (entry.owner.email, letter)
    record = await desk.store.load_token(mail.token_id)
    if record is None or not record.owner.email or not record.owner.enabled:
        return None
    letter = await _about_token(desk, claimed, record, now)
    return None if letter is None else (record.owner.email, letter)


def _about_owner(desk: Desk, facts: Mapping[str, Any], owner: Owner, now: datetime) -> Letter | None:
    until = confirmed_until(owner, desk.settings.tokens.reconfirm_every)
    if until is None or until.isoformat() != facts["ends_at"] or until <= now or not owner.enabled or not owner.email:
        return None
    return confirmation_ends(_house(desk), owner, ends_at=until, now=now)


async def _about_token(desk: Desk, claimed: QueuedMail, record: TokenRecord, now: datetime) -> Letter | None:
    house, facts, token = _house(desk), claimed.mail.facts, record.token
    match claimed.mail.kind:
        case MailKind.TOKEN_EXPIRES:
            ends = token.expires_at
            is_usable = token_state(token, record.owner, now, record.quiet_since) is None
            if not is_usable or ends is None or ends.isoformat() != facts["ends_at"]:
                return None
            return token_expires(house, record.owner, token, ends_at=ends, now=now)
        case MailKind.STALE_SECRET:
            if token.revoked_at is not None:
                return None
            at = datetime.fromisoformat(facts["at"])
            return stale_secret(
                house, record.owner, token, address=facts["address"], at=at, count=facts["count"], host=facts["host"]
            )
        case _:
            at = datetime.fromisoformat(facts["at"])
            by = await _called(desk, facts["by"])
            return token_made(
                house, record.owner, token, by=by, address=facts["address"], at=at, rotated=facts["rotated"]
            )


async def _called(desk: Desk, actor: str) -> str:
    """An actor as people know them: the login of an owner, or what the audit says."""
    entry = await desk.store.owner(id=actor)
    return actor if entry is None else entry.owner.login


def _house(desk: Desk) -> House:
    settings = desk.settings
    return House(
        brand=settings.tokens.brand,
        realm=settings.realm,
        public_url=settings.public_url,
        support_contact=settings.support_contact,
    )
