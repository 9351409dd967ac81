"""R35: tokens of Request Tracker move in by their bcrypt hashes, and their users go on using them as they are."""

import asyncio
import time
from base64 import b64encode
from ipaddress import ip_address

import pytest

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.evidence_of import RtAsked
from gateway.auth.hashing import HashPool
from gateway.auth.lease import Lease, boot_clock
from gateway.auth.rt import bcrypt_hash
from gateway.auth.rt.failures import PER_NETWORK, PER_USER, Failures
from gateway.auth.rt.tokens import RtTokens
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.reason import Reason
from gateway.core.rt_token import parse_rt_token
from tests.parity.living import BOUND_S
from tests.process.serving import Serving
from tests.request_tracker import a_token, export

ROUTES = """\
  - {name: rt, host: app.example.org, path: "/rt/**", authenticated: true,
     credentials: [basic, "header:Auth-Token", rt]}
"""
UNTIL = 'import: {rt_until: "2099-12-31"}\n'
WRONG = "0" * 32


@pytest.fixture
def serving(installation):
    """The installation with a route that takes tokens of RT, serving."""
    made = Serving(installation)
    made.write(ROUTES + UNTIL)
    made.start()
    yield made
    made.stop()


def moved(installation, *tokens, more=(), code=0):
    """Import the tokens; what the command said, as JSON."""
    file = installation.folder / "rt.csv"
    file.write_text(export(tokens), "utf-8")
    done = installation.run("import", "rt-tokens", str(file), "--scope", "rest", "--json", *more)
    assert done.code == code, done
    return done.json


def ask(serving, path="/rt/x", **headers):
    """One check in Traefik's dialect; status and reason."""
    facts = {
        "X-Forwarded-Method": "GET",
        "X-Forwarded-Uri": path,
        "X-Forwarded-Host": "app.example.org",
        "X-Forwarded-For": headers.pop("address", "192.0.2.7"),
    }
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    status, answered, _ = serving.get(serving.check, "/check/traefik", facts | sent)
    return status, answered.get("x-auth-reason", answered.get("x-auth-user"))


def basic(value, user=""):
    return "Basic " + b64encode(f"{user}:{value}".encode()).decode()


def named(installation, name):
    """The handle of alice's token of that name."""
    listed = installation.ok("token", "list", "--user", "alice", "--json").json
    return next(one["handle"] for one in listed if one["name"] == name)


class Bench:
    """What checks authenticate with, and how often bcrypt was asked."""

    def __init__(self, desk, monkeypatch, *, failures=True, queue=8):
        self.rounds = []
        hash_one = bcrypt_hash._bcrypt
        monkeypatch.setattr(
            bcrypt_hash, "_bcrypt", lambda cost, *rest: self.rounds.append(1 << cost) or hash_one(cost, *rest)
        )
        feed, states = desk.store.follow(), TokenStates()
        self.pool = HashPool(threads=1, queue=queue, name="test-rt")
        self.tokens = RtTokens(
            store=desk.store,
            keyring=desk.keyring,
            pool=self.pool,
            failures=Failures(boot_clock) if failures else None,
            clock=boot_clock,
            fault=self.fault,
        )
        self.authenticator = Authenticator(
            store=desk.store,
            lease=Lease(feed, bound_s=desk.store.meta.bound_s, apply=states.apply),
            states=states,
            keyring=desk.keyring,
            pool=desk.hashing,
            brand="tg",
            fault=self.fault,
            rt=self.tokens,
        )
        self.feed = feed

    def fault(self, words):
        raise AssertionError(words)

    async def ask(self, presented, address="192.0.2.7"):
        token = parse_rt_token(presented.encode())
        return await self.authenticator.authenticate(
            presented.encode(), rt=RtAsked(token=token, address=ip_address(address))
        )

    async def close(self):
        await self.authenticator.close()
        self.pool.close()
        self.feed.close()


@pytest.fixture
def alices(installation):
    """The token of RT's user 42, moved in with two of user 43."""
    held = a_token(7, description="nightly")
    bobs = [a_token(8 + at, user_id=43, login="bob", description=f"b{at}") for at in range(2)]
    moved(installation, held, *bobs, more=["--create-users"])
    return held


@pytest.fixture
async def desk(alices, installation):
    """The installation with these tokens, open."""
    async with installation.desk() as opened:
        yield opened


def test_a_token_works_as_its_owner_in_every_transport_of_the_route(serving):
    held = a_token()
    moved(serving.installation, held)
    for headers in (
        {"Authorization": f"token {held.presented}"},
        {"Authorization": f"TOKEN {held.presented}"},
        {"Authorization": basic(held.presented)},
        {"Authorization": basic(held.presented, "Alice")},
        {"Auth_Token": held.presented},
    ):
        assert ask(serving, **headers) == (200, "alice"), headers


def test_it_is_taken_by_no_route_that_does_not_list_rt(serving):
    held = a_token()
    moved(serving.installation, held)
    assert ask(serving, Auth_Token=held.presented) == (200, "alice")
    for headers in ({"Authorization": basic(held.presented)}, {"Authorization": f"token {held.presented}"}):
        assert ask(serving, "/api/x", **headers) == (401, "invalid_token")
    assert ask(serving, Authorization=f"Bearer {held.presented}") == (401, "no_credential")


def test_two_different_tokens_in_two_transports_are_refused(serving):
    held, other = a_token(7), a_token(8, description="other")
    moved(serving.installation, held, other)
    both = {"Authorization": f"token {held.presented}", "Auth_Token": other.presented}
    assert ask(serving, **both) == (400, "ambiguous_request")
    assert ask(serving, **both | {"Auth_Token": held.presented}) == (200, "alice")


def test_another_users_name_beside_it_is_refused(serving):
    held = a_token()
    moved(serving.installation, held)
    assert ask(serving, Authorization=basic(held.presented, "root")) == (401, "invalid_token")


def test_a_revoked_token_is_refused_when_the_command_returns_and_never_comes_back(serving):
    held, installation = a_token(), serving.installation
    moved(installation, held)
    assert ask(serving, Auth_Token=held.presented)[0] == 200
    installation.ok("token", "revoke", named(installation, "nightly"))
    assert ask(serving, Auth_Token=held.presented) == (401, "revoked")
    assert moved(installation, held) == {
        "created": 0,
        "unchanged": 1,
        "refused": 0,
        "users_created": 0,
        "shortened": 0,
        "dry_run": False,
    }
    assert ask(serving, Auth_Token=held.presented) == (401, "revoked")


def test_a_token_revoked_before_its_first_use_here_is_refused(serving):
    held = a_token()
    moved(serving.installation, held)
    serving.installation.ok("token", "revoke", named(serving.installation, "nightly"))
    assert ask(serving, Auth_Token=held.presented) == (401, "invalid_token")


def test_a_leaked_token_is_revoked_by_its_text_and_a_made_up_one_revokes_nothing(serving):
    held, installation = a_token(), serving.installation
    moved(installation, held)
    made_up = installation.run("token", "revoke", "--stdin", stdin=f"1-42-{WRONG}\n")
    assert made_up.code == 3
    assert WRONG not in made_up.out + made_up.err
    assert ask(serving, Auth_Token=held.presented) == (200, "alice")
    installation.ok("token", "revoke", "--stdin", stdin=held.presented + "\n")
    assert ask(serving, Auth_Token=held.presented) == (401, "revoked")


def test_a_disabled_owner_stops_it(serving):
    held, installation = a_token(login="bob"), serving.installation
    moved(installation, held, more=["--create-users"])
    installation.ok("user", "disable", "bob")
    assert ask(serving, Auth_Token=held.presented) == (401, "owner_disabled")


def test_rotating_makes_it_an_ordinary_token(serving):
    held, installation = a_token(), serving.installation
    moved(installation, held)
    assert ask(serving, Auth_Token=held.presented)[0] == 200
    name = named(installation, "nightly")
    shown = installation.ok("token", "show", name)
    assert "Request Tracker" in shown.out
    assert "nightly (from RT)" in installation.ok("token", "list").out
    ours = installation.ok("token", "rotate", name).out.strip()
    assert ask(serving, Auth_Token=held.presented) == (401, "invalid_token")
    assert ask(serving, Auth_Token=ours) == (200, "alice")
    assert ask(serving, "/api/x", Authorization=f"Bearer {ours}") == (200, "alice")
    assert installation.ok("token", "show", name, "--json").json["from_rt"] is False


def test_past_the_last_day_it_is_refused_and_nothing_is_hashed(installation):
    held = a_token()
    moved(installation, held)
    serving = Serving(installation)
    serving.write(ROUTES + 'import: {rt_until: "2026-01-31"}\n')
    serving.start()
    try:
        assert ask(serving, Auth_Token=held.presented) == (401, "invalid_token")
        serving.wait_for("refused")
        assert [line["reason"] for line in serving.lines() if line["event"] == "refused"] == ["import_ended"]
        assert installation.rows("SELECT digest FROM rt_tokens") == [(None,)]
    finally:
        serving.stop()


def test_a_new_last_day_counts_from_the_reload_on(serving):
    held = a_token()
    moved(serving.installation, held)
    assert ask(serving, Auth_Token=held.presented)[0] == 200
    serving.write(ROUTES + 'import: {rt_until: "2026-01-31"}\n')
    assert serving.process is not None
    serving.process.send_signal(1)
    serving.wait_for("reloaded")
    assert ask(serving, Auth_Token=held.presented) == (401, "invalid_token")


def test_explain_says_what_the_check_says(serving, tmp_path):
    held, installation = a_token(), serving.installation
    moved(installation, held)
    file = tmp_path / "token"
    file.write_text(held.presented, "utf-8")
    words = ["explain", "GET", "https://app.example.org/rt/x", "--token-file", str(file), "--ip", "192.0.2.7"]
    assert installation.run(*words).code == 0
    file.write_text(f"1-42-{WRONG}", "utf-8")
    refused = installation.run(*words, "--json")
    assert (refused.code, refused.json["reason"]) == (1, "unknown_token")  # alice's own is known by its digest now
    file.write_text(held.presented, "utf-8")
    other = installation.run("explain", "GET", "https://app.example.org/api/x", "--token-file", str(file), "--json")
    assert (other.code, other.json["reason"]) == (1, "malformed_token")


def test_wrong_tokens_at_speed_are_limited_for_known_and_unknown_users_alike(serving):
    held = a_token()
    moved(serving.installation, held)
    time.sleep(BOUND_S)
    for user, address in ((42, "198.51.100.1"), (4711, "198.51.100.2")):
        answers = [
            ask(serving, Auth_Token=f"1-{user}-{number:032x}", address=address)
            for number in range(PER_NETWORK.burst + 5)
        ]
        assert answers == [(401, "invalid_token")] * PER_NETWORK.burst + [(429, "limited")] * 5
    assert ask(serving, Auth_Token=held.presented) == (200, "alice")


def test_who_used_a_token_here_before_is_never_limited(serving):
    held = a_token()
    moved(serving.installation, held)
    assert ask(serving, Auth_Token=held.presented)[0] == 200
    while ask(serving, Auth_Token=f"1-42-{WRONG}")[0] != 429:
        pass
    assert ask(serving, Auth_Token=held.presented) == (200, "alice")
    serving.stop()
    serving.start()
    assert ask(serving, Auth_Token=held.presented) == (200, "alice")


async def test_the_second_use_needs_no_bcrypt_also_not_in_another_process(alices, desk, monkeypatch):
    for uses in (1, 0):
        bench = Bench(desk, monkeypatch)
        for _ in range(3):
            assert isinstance(await bench.ask(alices.presented), Proven)
        assert len(bench.rounds) == uses
        await bench.close()
        monkeypatch.undo()


async def test_many_first_uses_at_once_are_one_bcrypt(alices, desk, monkeypatch):
    bench = Bench(desk, monkeypatch)
    found = await asyncio.gather(*(bench.ask(alices.presented) for _ in range(50)))
    assert {type(one) for one in found} == {Proven}
    assert len(bench.rounds) == 1
    await bench.close()


async def test_a_wrong_token_costs_the_same_for_every_user_there_is_or_is_not(desk, monkeypatch):
    bench = Bench(desk, monkeypatch)
    spent = []
    for user in (42, 43, 4711):
        assert isinstance(await bench.ask(f"1-{user}-{WRONG}"), Rejected)
        spent.append(sum(bench.rounds))
        bench.rounds.clear()
    assert spent == [32, 32, 32]  # bob has two tokens of cost 4, which is the most
    await bench.close()


async def test_a_user_on_whom_many_networks_fail_is_limited_for_these_and_for_no_other(alices, desk, monkeypatch):
    bench = Bench(desk, monkeypatch)
    tries = [(f"1-42-{number:032x}", f"2001:db8:{number % 10:x}::1") for number in range(PER_USER.burst + 5)]
    found = [await bench.ask(*one) for one in tries]
    limited = [one.reason for one in found if isinstance(one, NotChecked)]
    assert limited == [Reason.LIMITED] * 5
    assert isinstance(await bench.ask(alices.presented), Proven)
    await bench.close()


async def test_a_full_queue_is_unavailable_and_counts_against_nobody(desk, monkeypatch):
    bench = Bench(desk, monkeypatch, queue=1)
    quick = bcrypt_hash._bcrypt
    monkeypatch.setattr(bcrypt_hash, "_bcrypt", lambda *words: time.sleep(0.2) or quick(*words))
    found = await asyncio.gather(*(bench.ask(f"1-43-{at:032x}", f"2001:db8:{at:x}::1") for at in range(8)))
    full = [one for one in found if isinstance(one, NotChecked)]
    assert {one.reason for one in full} == {Reason.UNAVAILABLE}
    assert len(full) == 6
    monkeypatch.setattr(bcrypt_hash, "_bcrypt", quick)
    refused = [f"2001:db8:{at:x}::1" for at, one in enumerate(found) if isinstance(one, NotChecked)]
    for number in range(8, 8 + PER_USER.burst - 2):
        assert isinstance(await bench.ask(f"1-43-{number:032x}", refused[number % 2]), Rejected)
    await bench.close()


async def test_a_lost_key_costs_one_bcrypt_and_never_the_token(alices, desk, monkeypatch):
    bench = Bench(desk, monkeypatch)
    assert isinstance(await bench.ask(alices.presented), Proven)
    await bench.close()
    monkeypatch.undo()
    async with desk.store._engine.writing() as turn:
        from gateway.store.tables import rt_tokens

        lost = rt_tokens.update().values(key_id="k-gone", digest=b"x" * 32)
        await turn.execute(lost.where(rt_tokens.c.rt_token_id == 7))
    bench = Bench(desk, monkeypatch)
    for _ in range(2):
        assert isinstance(await bench.ask(alices.presented), Proven)
    assert len(bench.rounds) == 1
    await bench.close()


async def test_the_public_id_of_such_a_token_opens_nothing(desk, monkeypatch):
    """A token of ours with that id, well-spelled: there is no secret of ours to match, and nothing is hashed."""
    bench = Bench(desk, monkeypatch)
    from gateway.core.token import Kind, compose, new_secret

    for entry in await desk.store.tokens():
        forged = compose("tg", Kind.PERSONAL, entry.token.id, new_secret(bytes(64))).reveal()
        found = await bench.authenticator.authenticate(forged.encode())
        assert isinstance(found, Rejected)
        assert found.reason is Reason.WRONG_SECRET
    assert bench.rounds == []
    await bench.close()


def test_of_a_user_the_eight_used_last_move_in_and_the_others_are_reported(installation, tmp_path):
    tokens = [a_token(at, description=f"t{at}", last_used=f"2026-01-{at:02} 00:00:00") for at in range(1, 11)]
    report = tmp_path / "refused.csv"
    assert moved(installation, *tokens, more=["--report", str(report)], code=2)["created"] == 8
    names = {one["name"] for one in installation.ok("token", "list", "--user", "alice", "--json").json}
    assert names == {f"t{at}" for at in range(3, 11)}
    lines = report.read_text("utf-8").splitlines()
    assert lines[0] == "line,field,value,problem,mend"
    assert sorted(line.split(",")[0] for line in lines[1:]) == ["2", "3"]
    assert report.stat().st_mode & 0o777 == 0o600
    assert moved(installation, *tokens, code=2) | {"unchanged": 8, "refused": 2} == moved(installation, *tokens, code=2)


def test_each_bad_line_is_told_and_no_hash_is_repeated(installation, tmp_path):
    good = a_token(1)
    bad = {
        "token": a_token(2).line.replace("!bcrypt!", "!sha512!"),
        "login": a_token(3, user_id=50, login="nobody").line,
        "expires": a_token(4, expires="2024-01-01 00:00:00").line,
        "description": a_token(5, description="x" * 101).line,
        "user_id": a_token(6).line.replace("6,42,", "6,0,"),
        "id": good.line,
    }
    file, report = installation.folder / "rt.csv", tmp_path / "refused.csv"
    file.write_text(export([good]) + "\n".join(bad.values()), "utf-8")
    done = installation.run("import", "rt-tokens", str(file), "--report", str(report), "--json")
    assert (done.code, done.json["created"], done.json["refused"]) == (2, 1, len(bad))
    told = report.read_text("utf-8")
    assert {line.split(",")[1] for line in told.splitlines()[1:]} == set(bad)
    for text in (told, done.err, done.out):
        assert "!bcrypt!" not in text
        assert "!sha512!" not in text
        assert good.line.split(",")[4][20:] not in text


def test_it_lives_no_longer_than_our_policy_lets_it(installation):
    forever, short = a_token(1, description="forever"), a_token(2, description="short", expires="2027-01-15 00:00:00")
    assert moved(installation, forever, short)["shortened"] == 1
    ends = {one["name"]: one["expires_at"] for one in installation.ok("token", "list", "--json").json}
    assert ends["short"] == "2027-01-15T00:00:00Z"
    assert ends["forever"] is not None


def test_a_dry_run_changes_nothing_and_says_the_same(installation):
    tokens = [a_token(1), a_token(2, user_id=43, login="bob")]
    before = installation.rows("SELECT feed_seq, audit_seq FROM meta")
    dry = moved(installation, *tokens, more=["--create-users", "--dry-run"])
    assert installation.rows("SELECT feed_seq, audit_seq FROM meta") == before
    assert installation.rows("SELECT count(*) FROM rt_tokens") == [(0,)]
    assert moved(installation, *tokens, more=["--create-users"]) == dry | {"dry_run": False}


def test_without_bcrypt_both_the_import_and_the_route_say_what_to_install(installation, monkeypatch):
    from importlib.util import find_spec

    def without(name, package=None):
        return None if name == "bcrypt" else find_spec(name, package)

    monkeypatch.setattr("gateway.auth.rt.bcrypt_hash.find_spec", without)
    monkeypatch.setattr("gateway.config.check.find_spec", without)
    file = installation.folder / "rt.csv"
    file.write_text(export([a_token()]), "utf-8")
    refused = installation.run("import", "rt-tokens", str(file))
    assert refused.code == 2
    assert "install token-gateway[import]" in refused.err
    text = installation.config.read_text("utf-8")
    installation.config.write_text(text + ROUTES + UNTIL, "utf-8")
    checked = installation.run("config", "check")
    assert checked.code == 2
    assert "install token-gateway[import]" in checked.err


def test_neither_the_token_nor_its_digest_without_the_key_is_in_the_database_or_the_log(serving):
    held = a_token()
    moved(serving.installation, held)
    assert ask(serving, Auth_Token=held.presented)[0] == 200
    assert ask(serving, Auth_Token=f"1-42-{WRONG}")[0] == 401
    serving.stop()
    kept = serving.installation.on_disk() + serving.log.read_bytes()
    assert held.presented.encode() not in kept
    assert held.presented[-32:].encode() not in kept
    assert WRONG.encode() not in serving.log.read_bytes()
