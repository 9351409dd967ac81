"""The audit chain: what was written cannot be rewritten by who has the database alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store import (
    AuditFilter,
    AuditVerdict,
    TokenRefusal,
    UnknownRefusals,
    audit_chain,
    audit_list,
    change_audit,
)
from gateway.store.audit import _PAGE, FIRST_MAC, Subject
from tests.builders import NOW
from tests.contract.backend import KEY, add_alice

DAY = timedelta(days=1)
COPIED = (
    "at, actor, address, action, subject_kind, subject_id, subject_label, detail, key_id, mac FROM audit WHERE seq = 5"
)


async def test_an_empty_audit_and_a_written_one_hold(store):
    assert await store.verify_audit() == AuditVerdict(rows=0)
    await add_alice(store, tokens=3)
    assert await store.verify_audit() == AuditVerdict(rows=4)


async def test_an_audit_of_several_pages_holds(store):
    async with store.change(actor="test") as change:
        for number in range(_PAGE + 1):
            change.audit("noticed", Subject(kind="store", id=str(number)), {"number": number})
    assert await store.verify_audit() == AuditVerdict(rows=_PAGE + 1)


@pytest.mark.parametrize(
    ("tampering", "fault_at", "fault"),
    [
        ("UPDATE audit SET actor = 'cli:eve' WHERE seq = 2", 2, "altered"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 2", 2, "altered"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", 2, "altered"),
        ("UPDATE audit SET mac = zeroblob(32) WHERE seq = 2", 2, "altered"),
        ("UPDATE audit SET subject_id = subject_label, subject_label = subject_id WHERE seq = 2", 2, "altered"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 4", 4, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
        ("UPDATE meta SET audit_mac = zeroblob(32)", 4, "head"),
        ("UPDATE audit SET key_id = 'k-else' WHERE seq = 3", 3, "not in the key file"),
    ],
)
async def test_every_tampering_is_found_and_named(backend, store, tampering, fault_at, fault):
    await add_alice(store, tokens=3)
    backend.sql(tampering)
    verdict = await store.verify_audit()
    assert verdict.fault_at == fault_at
    assert fault in verdict.fault


async def test_a_chain_over_two_keys_holds_with_both_and_names_the_missing_one(backend, store):
    await add_alice(store)
    newer = replace(KEY, id="k00000002", audit_key=b"b" * 32, check="beef")
    second = await backend.open(keys=[newer, KEY])
    async with second.change(actor="test") as change:
        await change.set_owner_enabled("id-of-alice", False)
    assert await second.verify_audit() == AuditVerdict(rows=3)
    assert (await store.verify_audit()).fault_at == 3


async def test_the_same_act_at_another_place_of_the_chain_has_another_seal(backend, store):
    await add_alice(store)
    for enabled in (False, True, False):
        async with store.change(actor="test") as change:
            await change.set_owner_enabled("id-of-alice", enabled)
    macs = backend.sql("SELECT mac FROM audit WHERE action = 'user_disabled'")
    assert len(set(macs)) == 2


async def test_a_row_of_another_history_of_the_same_key_does_not_fit(backend, templates, tmp_path):
    """What a restored backup makes possible: two genuine rows of one number. Each fits only its own past."""
    (tmp_path / "other").mkdir()
    other = type(backend)(tmp_path / "other", templates["sqlite"])
    for one, name in ((backend, "here"), (other, "there")):
        store = await one.open()
        async with store.change(actor="test") as change:
            change.audit("noticed", Subject(kind="store", id=name))
            change.audit("noticed", Subject(kind="store", id=f"{name} again"))
    values = other.sql("SELECT subject_id, mac FROM audit WHERE seq = 2")[0]
    backend.sql("UPDATE audit SET subject_id = ?, mac = ? WHERE seq = 2", *values)
    backend.sql("UPDATE meta SET audit_mac = ?", values[1])
    verdict = await (await backend.open()).verify_audit()
    await other.close()
    assert (verdict.fault_at, verdict.fault) == (2, "the row, or one before it, was altered")


async def three_days(backend, store):
    """Nine rows over three days: alice with three tokens, which are suspended, and end."""
    ids = await add_alice(store, tokens=3)
    for act in ("suspend", "revoke"):
        backend.clock.advance(DAY)
        for token_id in ids if act == "suspend" else ids[:2]:
            async with store.change(actor="cli:eve", address="192.0.2.1") as change:
                await getattr(change, act)(token_id)
    return ids


async def pruned(store, before, **how):
    """Prune as the use case does."""
    async with store.change(actor="test") as change:
        return await change.prune_audit(before, **how)


async def seqs(store, *, below=None, limit=100, **wanted):
    """The numbers of the rows on a page, and where the next begins."""
    page = await store.audit_page(AuditFilter(**wanted), below=below, limit=limit)
    return [sealed.row.seq for sealed in page.rows], page.below


async def test_rows_are_found_by_who_what_whom_where_and_when(backend, store):
    first, _, _ = await three_days(backend, store)
    assert await seqs(store) == ([9, 8, 7, 6, 5, 4, 3, 2, 1], None)
    assert await seqs(store, actors={"cli:eve"}) == ([9, 8, 7, 6, 5], None)
    assert await seqs(store, action="token_revoked") == ([9, 8], None)
    assert await seqs(store, token_id=first) == ([8, 5, 2], None)
    assert await seqs(store, owner_id="id-of-alice") == ([9, 8, 7, 6, 5, 4, 3, 2, 1], None)
    assert await seqs(store, kind="user") == ([1], None)
    assert await seqs(store, label="ci-1") == ([9, 6, 3], None)
    assert await seqs(store, address="192.0.2.1", action="token_suspended") == ([7, 6, 5], None)
    assert await seqs(store, since=NOW + DAY, until=NOW + 2 * DAY) == ([7, 6, 5], None)
    assert await seqs(store, actors={"nobody"}) == ([], None)


async def test_rows_are_found_by_the_reason_and_the_route_that_refused(store):
    ids = await add_alice(store, tokens=2)
    extent = {"count": 2, "first_at": NOW, "last_at": NOW}
    known = [
        TokenRefusal(token_id=one, reason=reason, last_address="", host="h", route=route, **extent)
        for one, reason, route in ((ids[0], "expired", "read"), (ids[1], "group", 'a"route":"read'))
    ]
    unknown = UnknownRefusals(reasons={"unknown_token": 1, "limited": 1}, networks=[], **extent)
    await store.record_refusals(known, [unknown])
    assert await seqs(store, reason="expired") == ([4], None)
    assert await seqs(store, reason="group") == ([5], None)
    assert await seqs(store, reason="limited") == ([6], None)
    assert await seqs(store, route="read") == ([4], None)
    assert await seqs(store, route='a"route":"read') == ([5], None)
    assert await seqs(store, route="re") == ([], None)


async def test_pages_hang_together_whatever_is_written_meanwhile(backend, store, monkeypatch):
    """Also where a filter looks through many rows for each that passes."""
    monkeypatch.setattr(audit_list, "WINDOW", 2)
    await three_days(backend, store)
    assert await seqs(store, limit=4) == ([9, 8, 7, 6], 6)
    async with store.change(actor="test") as change:
        await change.set_owner_enabled("id-of-alice", False)
    assert await seqs(store, below=6, limit=4) == ([5, 4, 3, 2], 2)
    assert await seqs(store, below=2, limit=1) == ([1], None)
    assert await seqs(store, below=1) == ([], None)
    assert await seqs(store, action="token_created", limit=2) == ([4, 3], 3)
    assert await seqs(store, action="user_created") == ([1], None)


async def test_an_audit_without_rows_has_an_empty_page_and_a_head(store):
    assert await seqs(store) == ([], None)
    head = await store.audit_head()
    assert (head.seq, head.mac, head.epoch) == (0, FIRST_MAC, store.meta.epoch)


async def test_pruning_takes_what_is_older_and_the_rest_verifies_from_the_checkpoint_on(backend, store):
    await three_days(backend, store)
    assert await pruned(store, NOW + DAY) == 4
    assert await seqs(store) == ([10, 9, 8, 7, 6, 5], None)
    verdict = await store.verify_audit()
    assert (verdict, verdict.first, verdict.head) == (AuditVerdict(rows=6), 5, await store.audit_head())
    assert await pruned(store, NOW + 2 * DAY) == 3
    assert await store.verify_audit() == AuditVerdict(rows=4)
    assert (await store.audit_checkpoint()).seq == 7


async def test_pruning_where_nothing_is_old_writes_nothing(backend, store):
    assert await pruned(store, NOW + DAY) == 0
    await three_days(backend, store)
    assert await pruned(store, NOW) == 0
    assert (await store.audit_head()).seq == 9


async def test_everything_can_be_pruned_but_the_checkpoint(backend, store):
    await three_days(backend, store)
    for gone, left in ((9, [10]), (1, [11])):
        backend.clock.advance(DAY)
        assert await pruned(store, backend.clock.at) == gone
        assert await seqs(store) == (left, None)
        assert await store.verify_audit() == AuditVerdict(rows=1)


async def test_one_change_prunes_a_bounded_number_of_rows(backend, store, monkeypatch):
    monkeypatch.setattr(change_audit, "PRUNED_AT_ONCE", 3)
    await three_days(backend, store)
    assert [await pruned(store, NOW + 2 * DAY) for _ in range(4)] == [3, 3, 1, 0]
    assert await store.verify_audit() == AuditVerdict(rows=5)


async def test_rows_behind_a_younger_one_stay_even_if_a_clock_went_back(backend, store):
    await three_days(backend, store)
    backend.sql("UPDATE audit SET at = at + 864000000000 WHERE seq = 2")
    assert await pruned(store, NOW + DAY) == 1


@pytest.mark.parametrize(
    ("tampering", "fault_at", "fault"),
    [
        ("DELETE FROM audit WHERE seq = 5", 5, "missing"),
        ("DELETE FROM audit WHERE seq <= 6", 5, "missing"),
        ("DELETE FROM audit WHERE seq = 10", 1, "missing"),
        ("UPDATE audit SET detail = replace(detail, '\"last_seq\":4', '\"last_seq\":6') WHERE seq = 10", 7, "altered"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 10", 1, "missing"),
        ("UPDATE audit SET detail = '[7]' WHERE seq = 10", 1, "missing"),
        ("UPDATE audit SET subject_id = 'x' WHERE seq = 10", 1, "missing"),
        ("INSERT INTO audit SELECT 3, " + COPIED, 3, "outside"),
        ("INSERT INTO audit SELECT 11, " + COPIED, 11, "outside"),
    ],
)
async def test_a_checkpoint_cannot_be_moved_made_or_taken_away(backend, store, tampering, fault_at, fault):
    await three_days(backend, store)
    await pruned(store, NOW + DAY)
    backend.sql(tampering)
    verdict = await store.verify_audit()
    assert verdict.fault_at == fault_at
    assert fault in verdict.fault


@pytest.mark.parametrize("last_seq", [9, 10, 11, 99], ids=str)
async def test_a_forged_checkpoint_that_covers_itself_covers_nothing(backend, store, last_seq):
    """The attack: throw all away, and let one forged row say that everything up to the head was pruned."""
    await three_days(backend, store)
    await pruned(store, NOW + DAY)
    ((mac,),) = backend.sql("SELECT audit_mac FROM meta")
    backend.sql("DELETE FROM audit WHERE seq < 10")
    forged = f'{{"last_mac":"{mac.hex()}","last_seq":{last_seq}}}'
    backend.sql("UPDATE audit SET detail = ?", forged)
    assert (await store.verify_audit()).fault_at is not None


async def test_a_prune_in_the_middle_of_a_verification_is_no_fault(backend, store, monkeypatch):
    await three_days(backend, store)
    real, first = audit_chain.load_head, []

    async def pruning(reads):
        if not first:
            first.append(await pruned(store, NOW + DAY))
        return await real(reads)

    monkeypatch.setattr(audit_chain, "load_head", pruning)
    assert await store.verify_audit() == AuditVerdict(rows=6)


async def test_refusals_leave_a_row_each_with_the_place_of_the_last_and_none_for_what_is_not_there(store):
    (token_id,) = await add_alice(store)
    refusal = TokenRefusal(
        token_id=token_id,
        reason="expired",
        count=3,
        first_at=NOW,
        last_at=NOW + DAY,
        last_address="2001:db8::1",
        host="app.example.org",
        route="read",
    )
    strangers = UnknownRefusals(
        count=7, first_at=NOW, last_at=NOW, reasons={"unknown_token": 7}, networks=[("192.0.2.7", 6)], unlisted=2
    )
    known = [refusal, replace(refusal, reason="stale_secret"), replace(refusal, token_id="00000000000")]
    feed = store.follow()
    await store.record_refusals(known, [strangers])
    page = await store.audit_page(AuditFilter(actors={"gateway"}), limit=10)
    unknown, stale, expired = (sealed.row for sealed in page.rows)
    assert (expired.action, stale.action, unknown.action) == ("token_refused", "stale_secret_used", "refused_unknown")
    assert (expired.subject, expired.address) == (Subject(kind="token", id=token_id, label="ci-0"), "2001:db8::1")
    assert '"count":3' in expired.detail
    assert '"networks":[["192.0.2.7",6]]' in unknown.detail
    assert await store.verify_audit() == AuditVerdict(rows=5)
    changes = feed.poll()
    feed.close()
    assert changes.rows == (), "a refusal makes no worker forget anything"
