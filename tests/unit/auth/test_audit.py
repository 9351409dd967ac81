"""The use cases of the audit: found by names, held against what was kept elsewhere, pruned only when it holds."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from gateway.auth.audit import export_audit, list_audit, prune_audit, verify_audit
from gateway.auth.audit_export import read_lines
from gateway.auth.owners import delete_owner
from gateway.auth.power import operator
from gateway.auth.refused import Refused
from gateway.core.owner import OwnerKind
from gateway.store import AuditVerdict
from tests.installation import handle

ROOT = operator("cli:root")


@pytest.fixture
async def desk(installed):
    """The installation, open."""
    async with installed.desk() as made:
        yield made


@pytest.fixture
def tokens(installed):
    """A token of alice and one of bob."""
    installed.ok("user", "add", "bob", "--group", "staff")
    return installed.token("ci", "alice"), installed.token("laptop", "bob")


def tamper(installed, statement):
    """What somebody does who can write the database and has no key."""
    with closing(sqlite3.connect(installed.database, isolation_level=None)) as connection:
        connection.execute(statement)


async def typed(installed, *words):
    """A command, which has a loop of its own."""
    await asyncio.to_thread(installed.ok, *words)


async def exported(desk, **wanted):
    """The lines of an export."""
    lines = []
    await export_audit(desk, actor=ROOT, write=lines.append, **wanted)
    return [line.encode() for line in lines]


def actions(listed):
    """What was done, newest first."""
    return [sealed.row.action for sealed in listed.page.rows]


async def test_rows_are_found_by_handle_and_login_also_those_of_a_deleted_owner(tokens, desk):
    alices, _ = tokens
    bob = {"owner_kind": OwnerKind.USER, "login": "bob"}
    assert actions(await list_audit(desk, actor=ROOT, token=handle(alices))) == ["token_created"]
    assert actions(await list_audit(desk, actor=ROOT, **bob)) == ["token_created", "user_created"]
    await delete_owner(desk, actor=ROOT, kind=OwnerKind.USER, login="bob")
    found = await list_audit(desk, actor=ROOT, who="cli:root", **bob)
    assert actions(found)[:2] == ["user_deleted", "token_revoked"]


async def test_an_owner_who_acts_is_found_and_shown_by_login(tokens, desk):
    alice = (await desk.store.owner(login="alice")).owner
    async with desk.store.change(actor=alice.id) as change:
        await change.suspend(handle(tokens[0]).removeprefix("tgp_"))
    listed = await list_audit(desk, actor=ROOT, who="alice")
    assert actions(listed) == ["token_suspended"]
    assert listed.owners == {alice.id: alice}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"token": "tgp_00000000000"}, "not_found"),
        ({"login": "nobody"}, "not_found"),
        ({"login": "alice", "owner_kind": OwnerKind.APPLICATION}, "not_found"),
        ({"limit": 0}, "bad_value"),
        ({"limit": 1001}, "bad_value"),
    ],
)
async def test_what_never_was_and_what_is_too_much_is_refused(tokens, desk, wanted, code):
    with pytest.raises(Refused) as refused:
        await list_audit(desk, actor=ROOT, **wanted)
    assert refused.value.code == code


async def test_a_whole_token_is_refused_as_a_filter_and_not_repeated(tokens, desk):
    with pytest.raises(Refused) as refused:
        await list_audit(desk, actor=ROOT, token=tokens[0])
    assert refused.value.code == "secret_given"
    assert tokens[0] not in str(refused.value)


async def test_an_export_has_every_row_and_ends_with_the_head(tokens, desk):
    *rows, last = map(json.loads, await exported(desk))
    head = await desk.store.audit_head()
    assert [row["seq"] for row in rows] == list(range(1, head.seq + 1))
    assert last == {"head": {"seq": head.seq, "mac": head.mac.hex(), "epoch": head.epoch}}
    assert set(rows[0]) == {"seq", "at", "actor", "address", "action", "subject", "detail", "key_id", "mac"}
    assert rows[-1]["subject"]["label"] == "laptop"


async def test_an_export_of_some_time_ends_with_the_head_of_all(tokens, desk):
    (last,) = map(json.loads, await exported(desk, until=desk.now() - timedelta(days=1)))
    assert last["head"]["seq"] == (await desk.store.audit_head()).seq
    assert len(await exported(desk, since=desk.now() - timedelta(days=1))) == last["head"]["seq"] + 1


async def test_what_is_read_back_is_what_was_written(tokens, desk):
    *rows, head = read_lines(await exported(desk))
    assert rows == [sealed async for sealed in desk.store.audit_rows(until=head.seq)]


async def test_a_chain_that_went_on_holds_against_an_older_export(tokens, desk, installed):
    lines = await exported(desk)
    await typed(installed, "token", "revoke", handle(tokens[0]))
    verdict = await verify_audit(desk, actor=ROOT, against=lines)
    assert verdict == AuditVerdict(rows=verdict.head.seq)


async def test_a_log_line_with_the_head_serves_as_an_export(tokens, desk):
    head = await desk.store.audit_head()
    line = {"event": "audit head", "seq": head.seq, "mac": head.mac.hex()[:16], "level": "info"}
    assert (await verify_audit(desk, actor=ROOT, against=[json.dumps(line).encode()])).fault_at is None
    line["mac"] = "0" * 16
    assert (await verify_audit(desk, actor=ROOT, against=[json.dumps(line).encode()])).fault_at == head.seq


async def test_truncation_that_the_chain_alone_cannot_show_shows_against_an_export(tokens, desk, installed):
    """The attack: throw the newest rows away, and set the store's own note of the head back."""
    lines = await exported(desk)
    tamper(installed, "DELETE FROM audit WHERE seq > 2")
    tamper(installed, "UPDATE meta SET audit_seq = 2, audit_mac = (SELECT mac FROM audit WHERE seq = 2)")
    assert (await verify_audit(desk, actor=ROOT)).fault_at is None
    verdict = await verify_audit(desk, actor=ROOT, against=lines)
    assert (verdict.fault_at, "ends at row 2" in verdict.fault) == (3, True)


async def test_another_history_shows_against_an_export(tokens, desk, installed):
    """The attack: an older backup is put in place, and the gateway goes on from there."""
    lines = await exported(desk)
    tamper(installed, "DELETE FROM audit WHERE seq > 2")
    tamper(installed, "UPDATE meta SET audit_seq = 2, audit_mac = (SELECT mac FROM audit WHERE seq = 2)")
    for name in ("one", "two"):
        await typed(installed, "app", "add", name)
    verdict = await verify_audit(desk, actor=ROOT, against=lines)
    assert (verdict.fault_at, "another row here" in verdict.fault) == (3, True)


@pytest.mark.parametrize("field", ["actor", "action", "detail", "subject", "at", "key_id"])
async def test_an_altered_export_shows(tokens, desk, field):
    lines = await exported(desk)
    row = json.loads(lines[1])
    row[field] = {
        "detail": {"x": 1},
        "subject": {"kind": "user", "id": "x", "label": "x"},
        "at": "2020-01-01T00:00:00+00:00",
    }.get(field, "x")
    lines[1] = json.dumps(row).encode()
    assert (await verify_audit(desk, actor=ROOT, against=lines)).fault_at == 2


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"[]",
        b"7",
        b"{}",
        b'{"head": 7}',
        b'{"head": {"seq": 1}}',
        b'{"head": {"seq": 1, "mac": ""}}',
        b'{"head": {"seq": true, "mac": "0123456789abcdef"}}',
        b'{"head": {"seq": -1, "mac": "0123456789abcdef"}}',
        b'{"head": {"seq": 1, "mac": "0123456789ABCDEG"}}',
        b'{"action": "x"}',
        b"[" * 100_000,
        b'"' + b"x" * 1_000_001,
    ],
    ids=lambda line: line[:40].decode(),
)
def test_what_is_no_export_is_refused_with_its_line(line):
    with pytest.raises(Refused) as refused:
        list(read_lines([b"\n", line]))
    assert refused.value.code == "bad_export"
    assert "line 2" in refused.value.message


async def test_an_export_that_was_cut_off_is_refused(tokens, desk):
    for lines in ((await exported(desk))[:-1], []):
        with pytest.raises(Refused, match="without the head"):
            await verify_audit(desk, actor=ROOT, against=lines)


async def test_a_row_with_a_shortened_seal_proves_nothing(tokens, desk):
    lines = await exported(desk)
    row = json.loads(lines[0])
    row["mac"] = row["mac"][:2]
    with pytest.raises(Refused, match="line 1"):
        list(read_lines([json.dumps(row).encode()]))


async def test_an_export_from_before_a_prune_still_holds(tokens, desk):
    lines = await exported(desk)
    pruned = await prune_audit(desk, actor=ROOT, before=desk.now())
    assert (pruned.rows, pruned.left) == (len(lines) - 1, 1)
    assert (await verify_audit(desk, actor=ROOT, against=lines)).fault_at is None
    forged = json.loads(lines[-1])
    forged["head"]["mac"] = "0" * 64
    assert (await verify_audit(desk, actor=ROOT, against=[json.dumps(forged).encode()])).fault_at == forged["head"][
        "seq"
    ]


async def test_pruning_takes_as_many_changes_as_it_needs(tokens, desk, monkeypatch):
    for module in ("gateway.auth.audit", "gateway.store.change_audit"):
        monkeypatch.setattr(f"{module}.PRUNED_AT_ONCE", 2)
    rows = (await desk.store.audit_head()).seq
    assert rows % 2 == 0, "so that the last change finds nothing left to do"
    assert (await prune_audit(desk, actor=ROOT, before=desk.now())).rows >= rows
    assert (await verify_audit(desk, actor=ROOT)).fault_at is None
    (newest, *_) = (await list_audit(desk, actor=ROOT)).page.rows
    assert (newest.row.actor, newest.row.action) == ("cli:root", "audit_pruned")


async def test_a_broken_chain_is_not_pruned_unless_that_stays_on_the_record(tokens, desk, installed):
    tamper(installed, "UPDATE audit SET actor = 'cli:eve' WHERE seq = 2")
    with pytest.raises(Refused) as refused:
        await prune_audit(desk, actor=ROOT, before=desk.now())
    assert refused.value.code == "audit_broken"
    assert (await verify_audit(desk, actor=ROOT)).fault_at == 2
    await prune_audit(desk, actor=ROOT, before=desk.now(), though_broken=True)
    assert (await verify_audit(desk, actor=ROOT)).fault_at is None
    (sealed,) = (await list_audit(desk, actor=ROOT)).page.rows
    assert json.loads(sealed.row.detail)["fault"].startswith("row 2: ")


async def test_the_future_is_not_pruned(tokens, desk):
    with pytest.raises(Refused, match="future"):
        await prune_audit(desk, actor=ROOT, before=desk.now() + timedelta(days=1))


async def test_the_chain_holds_over_a_new_key_and_names_it(tokens, installed):
    for words in (("key", "new"), ("key", "register"), ("app", "add", "later")):
        await typed(installed, *words)
    async with installed.desk() as desk:
        assert (await verify_audit(desk, actor=ROOT, against=await exported(desk))).fault_at is None
        keys = {sealed.row.key_id for sealed in (await list_audit(desk, actor=ROOT)).page.rows}
    assert len(keys) == 2
