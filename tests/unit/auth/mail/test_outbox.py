"""From what is due, or happened, to a mail in a real mail server: once, to the right one, and never lost."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.auth.desk import Desk
from gateway.auth.mail import outbox
from gateway.auth.mail.letter import House
from gateway.auth.mail.outbox import due, queue_all, send_due
from gateway.auth.mail.postman import Postman
from gateway.config.mail_schema import Mail
from gateway.core.owner import OwnerKind
from gateway.store import Mail as Queued
from gateway.store import MailKind, Store, TokenRefusal
from tests.builders import a_stored_secret, a_token, an_owner
from tests.post_office import PostOffice, post_office

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass
class Office:
    """An installation, a mail server, and a clock that moves."""

    desk: Desk
    server: PostOffice
    folder: object
    offset: list

    def later(self, by):
        """Let time pass."""
        self.offset[0] += by

    @property
    def now(self):
        """This moment."""
        return self.desk.now()

    async def other(self):
        """The same installation on another host."""
        store = await Store.open(self.desk.settings.store.url, now=self.desk.now, keys=self.desk.keyring.keys)
        return replace(self.desk, store=store)

    async def owner(self, login="bob", **over):
        """An owner with an address."""
        owner = an_owner(login, **({"email": f"{login}@example.org"} | over))
        async with self.desk.store.change(actor="cli:root") as change:
            await change.add_owner(owner)
        return owner

    async def token(self, owner, *, actor=None, **over):
        """A token that has lived for a year; made by its owner, unless said otherwise."""
        token = a_token(
            owner, **({"name": f"of {owner.login}", "created_at": self.now - 365 * DAY, "expires_at": None} | over)
        )
        async with self.desk.store.change(actor=actor or owner.id, address="192.0.2.9") as change:
            await change.add_token(token, a_stored_secret(token))
        return token

    async def stale(self, token, host="app.example.org"):
        """A refusal of an old secret, as checks write it."""
        refusal = TokenRefusal(
            token_id=token.id, reason="stale_secret", count=3, first_at=self.now, last_at=self.now,
            last_address="198.51.100.7", host=host, route="r",
        )  # fmt: skip
        await self.desk.store.record_refusals([refusal], [])

    async def look(self, desk=None):
        """Queue and send."""
        await queue_all(desk or self.desk)
        return await send_due(desk or self.desk)

    def arrived(self):
        """The mails that arrived since the last time, as recipient and subject."""
        found = [(mail["To"], mail["Subject"]) for mail in self.server.mails]
        self.server.mails.clear()
        return found


@pytest.fixture
async def office(installed):
    offset = [timedelta(0)]

    def now():
        return datetime.now(UTC) + offset[0]

    with post_office() as server:
        mail = Mail.model_validate(
            {"host": "localhost", "port": server.port, "security": "none", "from": "gw@example.org", "timeout": "2s"}
        )
        async with installed.desk() as desk:
            store = await Store.open(desk.settings.store.url, now=now, keys=desk.keyring.keys)
            made = replace(desk, store=store, now=now, settings=replace(desk.settings, mail=mail))
            office = Office(made, server, installed.folder, offset)
            await office.look()  # the first look begins at the end of what happened
            server.mails.clear()
            try:
                yield office
            finally:
                await store.close()


async def test_a_token_is_told_of_at_each_stage_once_and_after_an_outage_only_at_the_nearest(office):
    bob = await office.owner()
    await office.token(bob, expires_at=office.now + 40 * DAY)
    told = []
    for days in range(42):
        if 12 <= days < 35:  # nobody sends for so long: the 7th day before is past when somebody does
            office.later(DAY)
            continue
        await office.look()
        await office.look()
        told += [(days, subject.rpartition(" in ")[2]) for _, subject in office.arrived()]
        office.later(DAY)
    assert told == [(10, "30 days"), (35, "5 days"), (39, "1 day")]


async def test_another_expiry_is_told_anew(office):
    bob = await office.owner()
    token = await office.token(bob, expires_at=office.now + 5 * DAY)
    await office.look()
    async with office.desk.store.change(actor="cli:root") as change:
        await change.edit_token(token.id, expires_at=office.now + 6 * DAY)
    await office.look()
    await office.look()
    assert [subject.rpartition(" in ")[2] for _, subject in office.arrived()] == ["5 days", "6 days"]


async def test_two_hosts_at_once_send_each_mail_once(office):
    other = await office.other()
    for number in range(6):
        await office.token(await office.owner(f"user{number}"), expires_at=office.now + DAY / 2)
    done = await asyncio.gather(*(office.look(desk) for desk in (office.desk, other, office.desk, other)))
    await other.store.close()
    assert sum(one.sent for one in done) == 6
    assert Counter(to for to, _ in office.arrived()) == {f"user{number}@example.org": 1 for number in range(6)}


@pytest.mark.parametrize("what", ["revoked", "suspended", "disabled", "extended", "no address"])
async def test_what_is_no_longer_so_when_it_is_sent_is_not_told(office, what):
    bob = await office.owner()
    token = await office.token(bob, expires_at=office.now + DAY / 2)
    assert (await queue_all(office.desk)).endings == 1
    async with office.desk.store.change(actor=bob.id) as change:
        match what:
            case "revoked":
                await change.revoke(token.id)
            case "suspended":
                await change.suspend(token.id)
            case "disabled":
                await change.set_owner_enabled(bob.id, False)
            case "extended":
                await change.edit_token(token.id, expires_at=office.now + 90 * DAY)
            case _:
                await change.edit_owner(bob.id, email="")
    done = await send_due(office.desk)
    assert (done.sent, done.dropped) == (0, 1)
    assert office.arrived() == []


async def test_owners_without_an_address_are_counted_and_shown(office):
    token = await office.token(await office.owner(email=""), expires_at=office.now + DAY / 2)
    (found,) = await due(office.desk)
    assert (found.ending.token_id, found.has_address) == (token.id, False)
    queued = await queue_all(office.desk)
    assert (queued.without_address, queued.endings) == (1, 0)


async def test_an_application_is_told_by_its_contact(office):
    app = await office.owner("nightly", kind=OwnerKind.APPLICATION, email="ops@example.org")
    await office.token(app, expires_at=office.now + DAY / 2)
    await office.look()
    assert [to for to, _ in office.arrived()] == ["ops@example.org"]


async def test_people_are_told_before_the_single_sign_on_vouches_no_more_unless_they_sign_in(office):
    for login in ("away", "back"):
        owner = await office.owner(login, sso=True, confirmed_at=office.now - 80 * DAY)
        await office.token(owner, expires_at=None)
    assert (await queue_all(office.desk)).endings == 2
    async with office.desk.store.change(actor="cli:root") as change:
        await change.confirm_owner("id-of-back")
    await send_due(office.desk)
    (((to, subject)),) = office.arrived()
    assert (to, subject) == ("away@example.org", "Sign in within 10 days, or your tokens rest")


async def test_a_token_that_somebody_else_made_is_told_at_once_with_who_and_one_s_own_is_not(office):
    bob, eve = await office.owner(), await office.owner("eve")
    own = await office.token(bob, name="own")
    await office.token(bob, name="by a token", actor=f"token:tgp_{own.id}")
    assert (await office.look()).sent == 0
    await office.token(bob, name="by eve", actor=eve.id)
    await office.token(bob, name="by hand", actor="cli:root")
    await office.look()
    await office.look()
    texts = office.server.texts()
    assert [subject for _, subject in office.arrived()] == [
        "A token was made for you: by eve",
        "A token was made for you: by hand",
    ]
    assert "eve" in texts[0]
    assert "cli:root" in texts[1]
    assert "192.0.2.9" in texts[0]


async def test_a_stale_secret_is_told_once_a_day_however_often_it_is_used(office):
    token = await office.token(await office.owner())
    for _ in range(3):
        await office.stale(token)
        await office.look()
    assert [subject for _, subject in office.arrived()] == [f"An old secret of token {token.name} was used"]
    office.later(DAY)
    await office.stale(token)
    await office.look()
    assert "198.51.100.7" in office.server.texts()[0]


async def test_nobody_fills_a_mailbox(office):
    bob = await office.owner()
    for number in range(25):
        await office.token(bob, name=f"t{number}", actor="cli:root")
    queued = await queue_all(office.desk)
    assert (queued.news, queued.too_many) == (20, 5)


async def test_whoever_has_very_many_tokens_that_end_is_told_of_the_first_ones_first_and_keeps_nobody_waiting(
    office, monkeypatch
):
    monkeypatch.setattr(outbox, "MOST_ENDINGS_A_DAY", 4)
    bob, eve = await office.owner(), await office.owner("eve")
    for number in range(6):
        await office.token(bob, name=f"t{number}", expires_at=office.now + 5 * DAY + number * MINUTE)
    await office.token(eve, expires_at=office.now + 6 * DAY)
    queued = await queue_all(office.desk)
    assert (queued.endings, queued.too_many) == (5, 2)
    assert (await queue_all(office.desk)).endings == 0
    assert (await send_due(office.desk)).sent == 5
    told = sorted(to for to, _ in office.arrived())
    assert told == ["bob@example.org"] * 4 + ["eve@example.org"]
    office.later(DAY + MINUTE)
    assert (await queue_all(office.desk)).endings == 2


async def test_a_mail_server_that_is_away_loses_nothing_and_is_asked_less_and_less_often(office):
    bob = await office.owner()
    await office.token(bob, actor="cli:root")
    office.server.replies["*"] = "450 4.3.0 later"
    waited = []
    for _ in range(6):
        began = office.now
        while not (await office.look()).failed:
            office.later(MINUTE)
        waited.append(round((office.now - began) / MINUTE))
    assert waited == [0, 5, 10, 20, 40, 80]
    office.server.replies.clear()
    office.later(3 * 60 * MINUTE)
    assert (await office.look()).sent == 1


async def test_after_three_days_a_mail_is_given_up_and_that_is_in_the_audit(office):
    await office.token(await office.owner(), actor="cli:root")
    office.server.replies["*"] = "550 5.1.1 nobody"
    results = []
    for _ in range(5):
        results.append(await office.look())
        office.later(DAY)
    assert [one.failed for one in results] == [1, 1, 1, 0, 0]
    assert sum(one.given_up for one in results) == 1
    rows = [one.row async for one in office.desk.store.audit_rows(until=1000)]
    assert "550 5.1.1 nobody" in next(row.detail for row in rows if row.action == "mail_given_up")


async def test_a_server_that_refuses_one_recipient_gets_the_mails_to_others(office):
    for login in ("gone", "there"):
        await office.token(await office.owner(login), actor="cli:root")
    office.server.replies["gone@example.org"] = "550 5.1.1 nobody"
    done = await office.look()
    assert (done.failed, done.sent) == (1, 1)


async def test_a_mail_that_cannot_be_written_stops_no_other(office):
    bob = await office.owner()
    async with office.desk.store.change(actor="gateway") as change:
        await change.queue_mail(
            Queued(mark="broken", kind=MailKind.CONFIRMATION_ENDS, owner_id=bob.id, facts={"other": 1})
        )
        token = a_token(bob, name="x")
        await change.add_token(token, a_stored_secret(token))
        await change.queue_mail(
            Queued(mark="broken too", kind=MailKind.STALE_SECRET, owner_id=bob.id, token_id=token.id)
        )
    await office.token(bob, actor="cli:root")
    done = await office.look()
    assert done.given_up + done.dropped == 2
    assert done.sent >= 1


async def test_whoever_dies_while_it_sends_leaves_the_mail_to_another_under_one_id(office, monkeypatch):
    await office.token(await office.owner(), actor="cli:root")
    await queue_all(office.desk)
    with contextlib.suppress(ZeroDivisionError), monkeypatch.context() as patched:

        async def sent_and_dead(*_, **__):
            raise ZeroDivisionError

        patched.setattr("gateway.auth.mail.outbox._end", sent_and_dead)
        await send_due(office.desk)
    assert (await send_due(office.desk)).sent == 0
    office.later(11 * MINUTE)
    assert (await send_due(office.desk)).sent == 1
    assert len({mail["Message-ID"] for mail in office.server.mails}) == 1
    assert len(office.server.mails) == 2


async def test_without_mail_the_postman_rests_and_with_it_sends(office):
    await office.token(await office.owner(), actor="cli:root")
    faults = []
    desk = replace(office.desk, settings=replace(office.desk.settings, mail=None))
    postman = Postman(lambda: desk, fault=faults.append)
    await postman.round()
    assert office.arrived() == []
    desk = office.desk
    await postman.round()
    assert (postman.sent, postman.waiting, faults) == (1, 0, [])
    office.server.replies["*"] = "450 4.3.0 later"
    await office.token(await office.owner("eve"), actor="cli:root")
    await postman.round()
    assert (postman.failed, postman.waiting) == (1, 1)
    assert "450 4.3.0 later" in faults[0]


async def test_the_postman_stops_at_once(office):
    postman = Postman(lambda: office.desk, fault=lambda _: None)
    stop = asyncio.Event()
    running = asyncio.create_task(postman.run(stop))
    await asyncio.sleep(0.1)
    stop.set()
    async with asyncio.timeout(2):
        await running


def test_what_all_mails_say_alike_holds_no_secret():
    assert set(House.__dataclass_fields__) == {"brand", "realm", "public_url", "support_contact"}
