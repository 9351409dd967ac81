"""The audit chain: what was written cannot be rewritten by who has the database alone."""

from dataclasses import replace

import pytest

from gateway.store import AuditVerdict
from gateway.store.audit import _PAGE, Subject
from tests.contract.backend import KEY, add_alice


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
