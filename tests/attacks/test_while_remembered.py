"""T22-T30: what was right a moment ago. Everything is asked for until it is remembered, then taken away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.network import Networks
from gateway.core.owner import TokenRecord
from tests.attacks.corpus import attack
from tests.attacks.gate import ROUTES, bearer, settings
from tests.builders import NOW, a_policy, a_route, an_owner


async def remembered(gate, token):
    """Have the gate answer often enough for every memory that it has."""
    for _ in range(4):
        assert (await gate.check(b"/api/x", bearer(token))).status == 200


@attack("T22")
@pytest.mark.parametrize("warm", [True, False], ids=["remembered", "new"])
async def test_a_token_ends_at_the_instant_of_its_expiry(gate, warm):
    token = gate.token(expires_at=NOW + timedelta(seconds=10))
    gate.house.clock.advance(9.999)
    if warm:
        await remembered(gate, token)
    assert (await gate.check(b"/api/x", bearer(token))).status == 200
    gate.house.clock.advance(0.001)
    for _ in range(2):
        answered = await gate.check(b"/api/x", bearer(token))
        assert (answered.status, answered.reason) == (401, "expired")
    gate.house.clock.advance(1)
    assert (await gate.check(b"/api/x", bearer(token))).status == 401


@attack("T22")
async def test_a_secret_in_grace_ends_at_the_instant_of_its_grace(gate):
    token = gate.token()
    (record,) = gate.house.store.records.values()
    secrets = tuple(replace(one, ends_at=NOW + timedelta(seconds=5)) for one in record.secrets)
    gate.house.store.records[record.token.id] = replace(record, secrets=secrets)
    await remembered(gate, token)
    gate.house.clock.advance(4.999)
    assert (await gate.check(b"/api/x", bearer(token))).status == 200
    gate.house.clock.advance(0.001)
    assert (await gate.check(b"/api/x", bearer(token))).status == 401


CHANGES = {
    "T25 revoked": {"revoked_at": NOW},
    "T25 suspended": {"suspended_at": NOW},
    "T25 ended": {"expires_at": NOW},
    "T26 scopes": {"scopes": frozenset({"other"})},
    "T26 networks": {"networks": Networks.of(["192.0.2.0/24"])},
    "T29 hosts": {"hosts": frozenset({"other.example.org"})},
}


@attack("T25", "T26", "T29")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_the_first_check_behind_a_change_is_judged_by_it(gate, change):
    token = gate.token()
    await remembered(gate, token)
    (record,) = gate.house.store.records.values()
    gate.house.change(record.token, **change)
    gate.house.clock.advance(0.2)  # the bound of the lease, which whoever changes waits for
    for _ in range(3):
        assert (await gate.check(b"/api/x", bearer(token))).status >= 400


@attack("T25")
async def test_a_change_is_not_forgotten_by_a_store_that_goes_away_behind_it(gate):
    token = gate.token()
    await remembered(gate, token)
    gate.house.feed.is_away = gate.house.store.is_away = True
    gate.house.clock.advance(0.2)
    for _ in range(3):
        answered = await gate.check(b"/api/x", bearer(token))
        assert answered.status in {403, 503}
        assert answered.all("x-auth-user") == []


@attack("T26")
async def test_an_owner_that_is_disabled_or_moved_is_so_at_the_next_check(house, gate):
    for over in ({"enabled": False}, {"groups": ()}):
        gate.service.settings = settings(a_policy(a_route("/api/**", groups=frozenset({"staff"}))))
        token = gate.token(owner=an_owner(f"alice-{len(gate.secrets)}"))
        await remembered(gate, token)
        record = list(house.store.records.values())[-1]
        house.store.records[record.token.id] = replace(record, owner=replace(record.owner, **over))
        house.feed.append("owner", record.owner.id)
        house.clock.advance(0.2)
        assert (await gate.check(b"/api/x", bearer(token))).status >= 400, over


@attack("T26")
async def test_another_policy_holds_for_what_the_old_one_allowed(gate):
    token = gate.token()
    await remembered(gate, token)
    assert (await gate.check(b"/public/x")).status == 200
    gate.service.settings = settings(a_policy(a_route("/api/**", any_of=frozenset({"admin"}))))
    assert (await gate.check(b"/public/x")).status == 403
    narrowed = a_policy(*(route for route in ROUTES if route.name != "/api/**"))
    gate.service.settings = settings(narrowed)
    assert (await gate.check(b"/api/x", bearer(token))).status == 403


@attack("T27")
async def test_a_token_works_the_moment_it_is_made_though_it_was_asked_for_before(gate):
    token = gate.token()
    records = dict(gate.house.store.records)
    gate.house.store.records.clear()
    for _ in range(4):
        assert (await gate.check(b"/api/x", bearer(token))).status == 401
    gate.house.store.records.update(records)
    gate.house.feed.append("token", next(iter(records)))
    gate.house.clock.advance(0.2)
    assert (await gate.check(b"/api/x", bearer(token))).status == 200


@attack("T25")
async def test_a_new_secret_under_an_old_id_does_not_bring_the_old_one_back(gate):
    token = gate.token()
    await remembered(gate, token)
    (record,) = gate.house.store.records.values()
    other, presented = gate.house.keep()
    secrets = gate.house.store.records[other.id].secrets
    moved = tuple(replace(one, token_id=record.token.id) for one in secrets)
    gate.house.store.records[record.token.id] = TokenRecord(token=record.token, owner=record.owner, secrets=moved)
    gate.house.feed.append("token", record.token.id)
    gate.house.clock.advance(0.2)
    assert (await gate.check(b"/api/x", bearer(token))).status == 401
    assert presented != token


@attack("T29")
@pytest.mark.parametrize("host", [b"other.example.org", b"app.example.org.evil", b"xapp.example.org", b"example.org"])
async def test_a_token_of_one_host_is_nothing_at_another(house, gate, host):
    policy = a_policy(*(a_route("/api/**", host=name) for name in ("app.example.org", host.decode())))
    gate.service.settings = settings(policy)
    token = gate.token(hosts=frozenset({"app.example.org"}))
    await remembered(gate, token)
    assert (await gate.check(b"/api/x", bearer(token), host=host)).status == 403
    assert (await gate.check(b"/api/x", bearer(token), host=b"APP.example.org.:8443")).status == 200


@attack("T30")
@pytest.mark.parametrize("scope", ["admin ", "Admin", "*", "admin,read", "adm", "administrator", "admin*", "", "ADMIN"])
async def test_a_scope_is_the_one_asked_for_or_it_is_not(gate, scope):
    token = gate.token(scope)
    assert (await gate.check(b"/admin/x", bearer(token))).status == 403
    assert (await gate.check(b"/admin/x", bearer(gate.token("admin")))).status == 200


WISHES = ["-1", "0", "0d", "-1d", "9223372036854775808", "9223372036854775808d", "9999-12-31", "1700000000000"]
WISHES += ["NaN", "1e3", "true", "inf", "", " ", "1d ", "1970-01-01", "tomorrow", "90", "1.5d", "\u0669d", "0x10d"]


@attack("T24")
@pytest.mark.parametrize("wish", WISHES)
def test_an_expiry_that_is_no_time_or_too_far_makes_no_token(installation, wish):
    done = installation.run("token", "create", "--user", "alice", "--name", "x", f"--expires={wish}")
    assert done.code == 2, done
    assert "Traceback" not in done.err
    assert installation.rows("SELECT count(*) FROM tokens") == [(0,)]
