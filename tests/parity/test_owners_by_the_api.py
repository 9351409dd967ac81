"""R11, R12, R17, R18, R28 by the API, beside real checks, and the lines of docs/how-to.md that people paste."""

import http.client
import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.process import clean_env
from tests.installation import CONFIG, an_installation
from tests.process.serving import Serving

PAGE = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text("utf-8")
SECTION = re.search(r"^## People from a script\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
GOOD, OTHER, THIRD = "copper lantern zebra kiosk", "violin marmalade tugboat", "walnut sextant parade mitten"


@pytest.fixture(scope="module")
def serving(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One process for all, whose portal is asked without a proxy; `boss` has a password."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("owners-by-api") / "gw"))
    here = f"public_url: [https://gateway.example.org, http://127.0.0.1:{made.portal}]"
    text = CONFIG.replace("public_url: https://gateway.example.org", here)
    text = text.replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")
    text = text.replace("users: [admins]}", "users: [admins], applications: [admins]}")
    text = text.replace("X-Auth-Groups: groups}", "X-Auth-Groups: groups, X-Auth-Token-Name: token_name}")
    made.installation.config.write_text(made.base().replace(CONFIG, text), "utf-8")
    made.installation.ok("user", "add", "boss", "--group", "admins")
    made.installation.ok("user", "passwd", "boss", "--stdin", "--no-must-change", stdin=GOOD)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def robot(serving: Serving) -> dict[str, str]:
    """A token of alice, who is an administrator, for the gateway itself."""
    return {"Authorization": f"Bearer {serving.installation.token('robot', 'alice', 'gateway')}"}


def ask(serving: Serving, who: dict[str, str], method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request; the status, and what came."""
    status, _, found = answered(serving, who, method, path, body)
    return status, found


def answered(
    serving: Serving, who: dict[str, str], method: str, path: str, body: Any = None
) -> tuple[int, dict[str, str], Any]:
    """The same with the headers."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.portal, timeout=20)
    try:
        headers = {"Origin": f"http://127.0.0.1:{serving.portal}", "If-Match": "*"} | who
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = connection.getresponse()
        read = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(read or b"null")
    finally:
        connection.close()


def check(serving: Serving, token: str) -> tuple[int, dict[str, str], bytes]:
    """One check; asked again where a busy machine had no time for the hash, which says nothing about the token."""
    for _ in range(5):
        found = serving.ask(token)
        if found[0] != 503:
            break
    return found


def enter(serving: Serving, login: str, password: str = GOOD) -> dict[str, str]:
    """The cookie of somebody who signs in."""
    status, headers, _ = answered(serving, {}, "POST", "/api/v1/session", {"login": login, "password": password})
    assert status == 201
    return {"Cookie": headers["set-cookie"].partition(";")[0]}


def person(serving: Serving, robot: dict[str, str], login: str, **fields: Any) -> str:
    """A new user of the staff; the path."""
    status, made = ask(serving, robot, "POST", "/api/v1/users", {"login": login, "groups": ["staff"]} | fields)
    assert status == 201, made
    return f"/api/v1/users/{made['id']}"


def test_the_lines_of_the_page_run_as_they_stand_there(serving: Serving, tmp_path: Path) -> None:
    assert SECTION is not None
    blocks = re.findall(r"^```sh\n(.*?)^```", SECTION[1], re.DOTALL | re.MULTILINE)
    text = "\n".join(blocks).replace("https://gateway.example.org", f"http://127.0.0.1:{serving.portal}")
    token = serving.installation.token("by the page", "alice", "gateway")
    env = clean_env({"HOME": str(tmp_path), "TOKEN": token, "no_proxy": "*"})
    argv = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(done.stdout):
        one, at = decoder.raw_decode(done.stdout, at)
        found.append(one)
    made, edited, regrouped, disabled, deleted = found
    assert {one["login"] for one in found} == {"dana"}
    assert (made["name"], edited["name"], regrouped["groups"]) == ("Dana Example", "Dana Other", ["guests"])
    assert (disabled["enabled"], deleted["tokens_revoked"]) == (False, 0)
    assert all(one["effective_after_s"] >= 0.1 for one in (edited, regrouped, disabled, deleted))
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_token_manages_people_by_its_scope_and_its_owners_permission_and_sets_no_password(
    serving: Serving, robot: dict[str, str]
) -> None:
    bob = person(serving, robot, "bob")
    plain = {"Authorization": f"Bearer {serving.installation.token('plain', 'alice', 'rest')}"}
    staff = {"Authorization": f"Bearer {serving.installation.token('staff', 'bob', 'gateway')}"}
    for method, path, body in (("GET", "/api/v1/users", None), ("GET", bob, None), ("POST", f"{bob}/disable", None)):
        assert ask(serving, plain, method, path, body)[1]["code"] == "gateway_scope"
    assert ask(serving, staff, "GET", "/api/v1/users")[1]["code"] == "permission"
    assert ask(serving, staff, "POST", f"{bob}/disable")[1]["code"] == "permission"
    assert ask(serving, staff, "GET", bob)[1]["login"] == "bob"
    assert ask(serving, staff, "DELETE", f"{bob}/sessions")[1]["code"] == "permission"
    assert ask(serving, robot, "DELETE", f"{bob}/sessions") == (200, {"ended": 0})
    assert ask(serving, robot, "PUT", f"{bob}/password", {"password": OTHER})[1]["code"] == "needs_session"


def test_r11_r12_a_first_password_takes_a_fresh_proof_and_opens_nothing_but_its_change(
    serving: Serving, robot: dict[str, str]
) -> None:
    newcomer = person(serving, robot, "newcomer")
    boss = enter(serving, "boss")
    with closing(sqlite3.connect(serving.installation.database, timeout=10)) as connection, connection:
        connection.execute("UPDATE sessions SET proof_at = proof_at - 3600000000")
    wish = {"password": OTHER}
    assert ask(serving, boss, "PUT", f"{newcomer}/password", wish)[1]["code"] == "needs_proof"
    assert ask(serving, boss, "POST", "/api/v1/session/proof", {"password": GOOD})[0] == 200
    status, done = ask(serving, boss, "PUT", f"{newcomer}/password", wish)
    assert (status, done["must_change"]) == (200, True)
    first = enter(serving, "newcomer", OTHER)
    assert ask(serving, first, "GET", "/api/v1/me")[1]["code"] == "password_must_change"
    own = {"current": OTHER, "new": THIRD}
    assert ask(serving, first, "PUT", "/api/v1/me/password", own)[0] == 200
    assert ask(serving, enter(serving, "newcomer", THIRD), "GET", "/api/v1/me")[1]["login"] == "newcomer"


def test_r17_a_disabled_owner_is_dead_when_the_answer_comes_and_alive_again_when_enabled(
    serving: Serving, robot: dict[str, str]
) -> None:
    path = person(serving, robot, "leaver")
    token = serving.installation.token("ci", "leaver", "rest")
    for number in range(3):
        assert check(serving, token)[0] == 200
        status, done = ask(serving, robot, "POST", f"{path}/disable")
        assert (status, check(serving, token)[0]) == (200, 401)
        assert done["effective_after_s"] >= 0.1
        assert ask(serving, robot, "POST", f"{path}/enable")[0] == 200
        ask(serving, robot, "PATCH", path, {"name": f"known everywhere {number}"})
    assert ask(serving, robot, "DELETE", path)[1]["tokens_revoked"] == 1
    assert check(serving, token)[0] == 401


def test_r17_a_group_that_was_taken_away_counts_no_more_when_the_answer_comes(
    serving: Serving, robot: dict[str, str]
) -> None:
    path = person(serving, robot, "mover", groups=["staff", "guests"])
    token = serving.installation.token("ci", "mover", "rest")
    assert check(serving, token)[1]["x-auth-groups"] == "guests,staff"
    assert ask(serving, robot, "POST", f"{path}/groups", {"remove": ["guests"]})[1]["removed"] == ["guests"]
    assert check(serving, token)[1]["x-auth-groups"] == "staff"


def test_r18_a_service_account_has_contact_groups_and_organisations_and_acts_by_its_name(
    serving: Serving, robot: dict[str, str]
) -> None:
    body = {"login": "nightly", "email": "ops@example.org", "groups": ["staff"], "organisations": ["acme"]}
    status, made = ask(serving, robot, "POST", "/api/v1/applications", body)
    assert (status, made["kind"]) == (201, "application")
    assert {key: made[key] for key in body} == body
    words = ("token", "create", "--app", "nightly", "--name", "cron", "--scope", "rest")
    token = serving.installation.ok(*words).out.strip()
    status, headers, _ = check(serving, token)
    assert (status, headers["x-auth-user"], headers["x-auth-token-name"]) == (200, "nightly", "cron")
    assert ask(serving, robot, "POST", f"/api/v1/applications/{made['id']}/disable")[0] == 200
    assert check(serving, token)[0] == 401


def test_r28_another_password_ends_the_sessions_and_leaves_the_tokens(serving: Serving, robot: dict[str, str]) -> None:
    path = person(serving, robot, "forgetful")
    serving.installation.ok("user", "passwd", "forgetful", "--stdin", "--no-must-change", stdin=GOOD)
    token = serving.installation.token("ci", "forgetful", "rest")
    session = enter(serving, "forgetful")
    assert ask(serving, session, "GET", "/api/v1/me")[0] == 200
    status, done = ask(serving, enter(serving, "boss"), "PUT", f"{path}/password", {"password": OTHER})
    assert (status, done["sessions_ended"]) == (200, 1)
    assert ask(serving, session, "GET", "/api/v1/me")[1]["code"] == "session_ended"
    assert check(serving, token)[0] == 200
    said = serving.log.read_bytes() + serving.installation.on_disk()
    assert OTHER.encode() not in said
