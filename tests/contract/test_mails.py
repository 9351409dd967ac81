"""The outbox: told once, claimed by one, and what happened is read once, whoever reads."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store import Mail, MailKind, MailOutcome
from tests.builders import NOW, a_stored_secret, a_token, an_owner
from tests.contract.backend import add_alice

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def a_mail(token_id, mark="m1", **over):
    """A mail to alice about her token."""
    values = {"kind": MailKind.TOKEN_EXPIRES, "owner_id": "id-of-alice", "token_id": token_id, "facts": {"x": "ä"}}
    return Mail(mark=mark, **(values | over))


async def queue(store, *wanted):
    """Queue them all in one change; how many were new."""
    async with store.change(actor="gateway") as change:
        return sum([await change.queue_mail(mail) for mail in wanted])


async def claim(store, minutes=10):
    """Claim the next."""
    async with store.change(actor="gateway") as change:
        return await change.claim_mail(for_=minutes * MINUTE)


async def end(store, claimed, outcome=MailOutcome.SENT, **more):
    """Say how it ended."""
    async with store.change(actor="gateway") as change:
        return await change.end_mail(claimed, outcome, **more)


async def news(store):
    """What is new, as action and subject."""
    async with store.change(actor="gateway") as change:
        rows, more = await change.read_news()
    return [(one.row.action, one.row.subject.id) for one in rows], more


@pytest.fixture
async def token_id(store):
    """The token of alice."""
    (made,) = await add_alice(store)
    return made


async def test_a_mark_is_queued_once_also_when_it_was_sent(store, token_id):
    mail = a_mail(token_id)
    assert await queue(store, mail, mail, replace(mail, mark="m2")) == 2
    assert await store.known_marks(["m1", "m2", "m3"]) == {"m1", "m2"}
    claimed = await claim(store)
    assert (claimed.mail, claimed.attempts, claimed.queued_at) == (mail, 1, NOW)
    assert await end(store, claimed)
    assert await queue(store, mail) == 0
    assert await store.mails_waiting() == 1


async def test_a_mail_is_claimed_by_one_of_two_hosts_at_once(backend, store, token_id):
    other = await backend.open()
    await queue(store, a_mail(token_id))
    claims = await asyncio.gather(*(claim(one) for one in (store, other, store, other)))
    assert sum(one is not None for one in claims) == 1
    assert not await other.is_mail_due()


async def test_who_dies_with_a_claim_leaves_the_mail_to_another_try(backend, store, token_id):
    await queue(store, a_mail(token_id))
    first = await claim(store)
    backend.clock.advance(9 * MINUTE)
    assert await claim(store) is None
    backend.clock.advance(MINUTE)
    second = await claim(store)
    assert (second.id, second.attempts) == (first.id, 2)
    assert not await end(store, first), "the claim was over: what it did is not for it to say"
    assert await end(store, second)


async def test_a_postponed_mail_is_due_then_and_not_before(backend, store, token_id):
    await queue(store, a_mail(token_id))
    claimed = await claim(store)
    async with store.change(actor="gateway") as change:
        assert await change.postpone_mail(claimed, backend.clock.at + DAY)
    backend.clock.advance(DAY - MINUTE)
    assert await claim(store) is None
    backend.clock.advance(MINUTE)
    assert (await claim(store)).attempts == 2


async def test_the_end_of_a_mail_is_in_the_audit_and_that_of_one_with_nothing_to_tell_is_not(store, token_id):
    await queue(store, *(a_mail(token_id, mark) for mark in ("a", "b", "c")))
    await end(store, await claim(store), to="alice@example.org")
    await end(store, await claim(store), MailOutcome.DROPPED)
    await end(store, await claim(store), MailOutcome.GIVEN_UP, to="alice@example.org", why="550 no")
    rows = [one.row async for one in store.audit_rows(until=100)][-2:]
    assert [(row.action, row.subject.kind, row.subject.id) for row in rows] == [
        ("mail_sent", "token", token_id),
        ("mail_given_up", "token", token_id),
    ]
    assert '"why":"550 no"' in rows[1].detail
    assert (await store.verify_audit()).fault_at is None
    assert await store.mails_waiting() == 0


async def test_what_happened_before_the_first_look_is_told_to_nobody_and_what_comes_after_once(
    backend, store, token_id
):
    other = await backend.open()
    assert await store.has_news()
    assert await news(store) == ([], False)
    owner = an_owner("alice")
    token = a_token(owner, name="late")
    async with store.change(actor="cli:root") as change:
        await change.add_token(token, a_stored_secret(token))
    read = await asyncio.gather(news(store), news(other))
    assert sorted(rows for rows, _ in read) == [[], [("token_created", token.id)]]
    assert not await other.has_news()


async def test_what_a_change_that_failed_has_read_is_read_again(store, token_id):
    await news(store)
    token = a_token(an_owner("alice"), name="late")
    async with store.change(actor="cli:root") as change:
        await change.add_token(token, a_stored_secret(token))

    async def fail():
        async with store.change(actor="gateway") as change:
            assert len((await change.read_news())[0]) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await news(store))[0] == [("token_created", token.id)]


async def test_old_mails_are_forgotten_and_waiting_ones_are_not(backend, store, token_id):
    await queue(store, a_mail(token_id, "sent"), a_mail(token_id, "waiting"))
    await end(store, await claim(store))
    backend.clock.advance(DAY)
    async with store.change(actor="gateway") as change:
        assert await change.forget_mails(backend.clock.at - DAY) == 0
        assert await change.forget_mails(backend.clock.at) == 1
    assert await store.known_marks(["sent", "waiting"]) == {"waiting"}


async def test_tokens_that_end_are_found_in_pages_the_first_first(backend, store, monkeypatch):
    monkeypatch.setattr("gateway.store.mails.PAGE", 2)
    owner = an_owner("alice", email="alice@example.org")
    wanted = []
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        for days in (3, 1, 2, 2, 1, 9):
            token = a_token(owner, name=f"in {days} {len(wanted)}", expires_at=NOW + days * DAY)
            wanted.append((token.expires_at, token.id))
            await change.add_token(token, a_stored_secret(token))
    found, last = [], None
    while page := await store.tokens_ending(NOW + 3 * DAY, reconfirm_every=DAY, after=last):
        assert len(page) <= 2
        found += page
        last = page[-1]
    assert [(one.ends_at, one.token_id) for one in found] == sorted(wanted)[:-1]
    assert {one.email for one in found} == {"alice@example.org"}


@pytest.mark.parametrize(
    "unfit",
    [
        {"expires_at": None},
        {"expires_at": NOW},
        {"expires_at": NOW + 2 * DAY},
        {"revoked_at": NOW},
        {"suspended_at": NOW},
        {"owner": {"enabled": False}},
        {"owner": {"sso": True, "confirmed_at": NOW - DAY}},
        {"owner": {"sso": True}},
    ],
    ids=["without end", "ended", "later", "revoked", "suspended", "disabled", "unconfirmed", "never confirmed"],
)
async def test_tokens_that_are_not_used_any_more_or_end_later_are_not_among_them(store, unfit):
    owner = an_owner("alice", **unfit.get("owner", {}))
    fit = {"expires_at": NOW + DAY} | {key: value for key, value in unfit.items() if key != "owner"}
    token = a_token(owner, **fit)
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        await change.add_token(token, a_stored_secret(token))
    assert await store.tokens_ending(NOW + DAY, reconfirm_every=DAY) == ()
    assert await store.confirmations_ending(NOW + DAY, reconfirm_every=DAY) == ()


async def test_people_with_a_token_are_found_before_the_single_sign_on_vouches_no_more(store):
    async with store.change(actor="test") as change:
        for login, over in {
            "soon": {"confirmed_at": NOW - 80 * DAY},
            "later": {"confirmed_at": NOW - 20 * DAY},
            "past": {"confirmed_at": NOW - 90 * DAY},
            "local": {"confirmed_at": NOW - 80 * DAY, "sso": False},
            "tokenless": {"confirmed_at": NOW - 80 * DAY},
        }.items():
            owner = an_owner(login, **({"sso": True} | over))
            await change.add_owner(owner)
            if login != "tokenless":
                token = a_token(owner)
                await change.add_token(token, a_stored_secret(token))
    (found,) = await store.confirmations_ending(NOW + 30 * DAY, reconfirm_every=90 * DAY)
    assert (found.login, found.ends_at, found.token_id) == ("soon", NOW + 10 * DAY, None)
