"""R29, R31, R40 in the audit: why tokens were refused, never what was presented, and who acted through which token."""

import time

import pytest

from tests.installation import handle
from tests.parity.living import Living, basic, changed_secret, installed, secret_of
from tests.process.serving import Serving
from tests.request_tracker import a_token, export

CANARY = "CANARYquietLanternMossHarbour42x"  # as long as a secret, and good enough as a password


@pytest.fixture
def own(installation):
    """An installation of its own, serving, so that stopping it writes down what it refused."""
    made = installed(installation)
    yield made
    made.stop()


def written(living: Serving, *words: str) -> list[dict]:
    """The audit, newest first."""
    return living.installation.ok("audit", "list", "--limit", "1000", "--json", *words).json


def test_r29_each_reason_that_users_meet_is_in_the_audit_with_token_place_and_count(own: Living) -> None:
    """Wrong value, rebuilt, deleted, expired, scope missing, owner disabled, application disabled, profile missing."""
    alice, bob = own.user(), own.user()
    application = own.application()
    good, other = own.token(alice, "rest"), own.token(bob, "rest")
    rebuilt, deleted, machine = own.token(alice, "rest"), own.token(alice, "rest"), own.token(application, "rest")
    short = own.token(alice, "rest", expires="1s")
    own.run("token", "rotate", handle(rebuilt))
    own.run("token", "revoke", handle(deleted))
    own.run("user", "disable", bob)
    own.run("app", "disable", application)
    time.sleep(1)
    asked = [
        (changed_secret(good), "/api/x", good, "wrong_secret"),
        (rebuilt, "/api/x", rebuilt, "stale_secret"),
        (deleted, "/api/x", deleted, "revoked"),
        (short, "/api/x", short, "expired"),
        (good, "/all", good, "insufficient_scope"),
        (other, "/api/x", other, "owner_disabled"),
        (machine, "/api/x", machine, "owner_disabled"),
        (good, "/members", good, "group"),
    ]
    for presented, path, _, _ in asked:
        for _ in range(2):
            assert not own.allows(presented, path)
    assert own.stop() == 0
    rows = written(own, "--actor", "gateway")
    for _, _, token, reason in asked:
        found = [
            row
            for row in rows
            if row["subject"]["id"] == handle(token).partition("_")[2] and row["detail"]["reason"] == reason
        ]
        assert sum(row["detail"]["count"] for row in found) == 2, reason
        action = "stale_secret_used" if reason == "stale_secret" else "token_refused"
        assert {(row["action"], row["address"], row["detail"]["host"]) for row in found} == {
            (action, "192.0.2.7", "app.example.org")
        }
    own.installation.ok("audit", "verify")


def test_r40_the_history_says_who_did_what_to_which_token(own: Living) -> None:
    alice = own.user()
    token = own.token(alice, "rest", name="nightly")
    own.run("token", "suspend", handle(token))
    own.run("token", "revoke", handle(token))
    history = written(own, "--token", handle(token))
    assert [row["action"] for row in history] == ["token_revoked", "token_suspended", "token_created"]
    assert {row["subject"]["label"] for row in history} == {"nightly"}
    assert {row["actor"].partition(":")[0] for row in history} == {"cli"}
    assert [row["action"] for row in written(own, "--user", alice)][-1] == "user_created"


def test_r40_the_app_sees_which_token_it_was_and_the_audit_knows_it_by_the_same_name(own: Living) -> None:
    token = own.token(own.user(), "rest", name="nightly")
    _, headers, _ = own.sent(Authorization=f"Bearer {token}")
    assert headers["x-auth-token"] == handle(token)
    assert headers["x-auth-token-name"] == "nightly"
    created = written(own, "--token", headers["x-auth-token"])
    assert [row["subject"]["label"] for row in created] == ["nightly"]


def test_r31_no_secret_is_in_the_audit_the_database_an_export_or_the_log_whatever_was_done(own: Living) -> None:
    """Every use case that is given a secret, and checks that present marked ones wherever a check can carry one."""
    installation, secrets = own.installation, []
    alice = own.user()
    first = own.token(alice, "rest")
    second = own.run("token", "rotate", handle(first), "--grace", "1h").out.strip()
    third = own.run("token", "rotate", handle(first)).out.strip()
    leaked = own.token(alice, "rest")
    installation.ok("token", "revoke", "--stdin", stdin=f"{leaked}\n")
    installation.run("token", "revoke", "--stdin", stdin=f"{changed_secret(third)}\n{CANARY}\n")
    explain = ("explain", "GET", "https://app.example.org/api/x", "--token-file", "-")
    for token in (first, second, third):
        installation.run(*explain, stdin=token)
        secrets += [secret_of(token), secret_of(token)[:32]]
    for words in (("show",), ("suspend",), ("resume",), ("edit", "--name", "renamed"), ("revoke",)):
        own.run("token", words[0], handle(third), *words[1:])
    installation.ok("user", "passwd", alice, "--stdin", stdin=f"{CANARY}\n")
    held = a_token(login=alice)
    moved_in = installation.folder / "rt.csv"
    moved_in.write_text(export([held]), "utf-8")
    installation.ok("import", "rt-tokens", str(moved_in), "--scope", "rest")
    installation.ok("token", "revoke", "--stdin", stdin=f"{held.presented}\n")
    secrets.append(held.presented.rpartition("-")[2])
    for reference in (first, third):
        assert installation.run("audit", "list", "--token", reference).code == 2
    presented = [
        held.presented,
        first,
        second,
        third,
        leaked,
        changed_secret(third),
        f"tgp_00000000000_{CANARY}000000",
        CANARY,
    ]
    for value in presented:
        own.sent(Authorization=f"Bearer {value}")
        own.sent(Authorization=f"token {value}")
        own.sent(Authorization=basic(CANARY, value))
        own.sent(f"/api/{CANARY}?auth_token={value}&x={CANARY}", Auth_Token=value)
        own.sent(Authorization=f"Bearer {value}", Cookie=f"session={CANARY}", Referer=f"https://x/{value}")
    assert own.stop() == 0
    exported = installation.folder / "audit.jsonl"
    installation.ok("audit", "export", "--output", str(exported))
    installation.ok("audit", "verify", "--against", str(exported))
    secrets += [secret_of(value) for value in (leaked, changed_secret(third))]
    listed = installation.ok("audit", "list", "--limit", "1000").out
    kept = installation.on_disk() + exported.read_bytes() + listed.encode()
    assert "token_refused" in listed
    assert "refused_unknown" in listed
    for secret in (*secrets, CANARY):
        assert secret.encode() not in kept
    log = own.log.read_text("utf-8")
    for secret in secrets:
        assert secret not in log
