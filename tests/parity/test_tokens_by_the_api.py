"""R01, R19 to R26 by the API, beside real checks: what docs/how-to.md has people paste, and each end at once."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.process import clean_env
from tests.installation import CONFIG, an_installation, handle
from tests.process.serving import Serving

PAGE = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text("utf-8")
SECTION = re.search(r"^## Tokens from a script\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
TOKENS = "/api/v1/tokens"


@pytest.fixture(scope="module")
def serving(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One process for all, whose portal is asked without a proxy."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("by-api") / "gw"))
    here = f"public_url: [https://gateway.example.org, http://127.0.0.1:{made.portal}]"
    text = CONFIG.replace("public_url: https://gateway.example.org", here)
    text = text.replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")
    made.installation.config.write_text(made.base().replace(CONFIG, text), "utf-8")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def robot(serving: Serving) -> str:
    """A token of alice, who is an administrator, for the gateway itself."""
    return serving.installation.token("robot", "alice", "gateway", "rest", "write", "export")


def ask(serving: Serving, robot: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One request with the robot's token; the status, and what came."""
    argv = ["curl", "-sS", "-X", method, "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {robot}"]
    argv += [word for name, value in headers.items() for word in ("-H", f"{name.replace('_', '-')}: {value}")]
    argv += [] if body is None else ["--json", json.dumps(body)]
    done = subprocess.run(
        [*argv, f"http://127.0.0.1:{serving.portal}{path}"],
        env=clean_env({}),
        capture_output=True,
        text=True,
        check=True,
    )
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer)


def make(serving: Serving, robot: str, name: str, **fields: Any) -> Any:
    status, made = ask(serving, robot, "POST", TOKENS, {"name": name, "scopes": ["rest"]} | fields)
    assert status == 201, made
    return made


def passes(serving: Serving, whole: str) -> bool:
    return serving.ask(whole)[0] == 200


def test_the_lines_of_the_page_run_as_they_stand_there(serving: Serving, tmp_path: Path) -> None:
    assert SECTION is not None
    blocks = re.findall(r"^```sh\n(.*?)^```", SECTION[1], re.DOTALL | re.MULTILINE)
    text = "\n".join(blocks).replace("https://gateway.example.org", f"http://127.0.0.1:{serving.portal}")
    before = serving.installation.token("by the page", "alice", "gateway", "rest")
    env = clean_env({"HOME": str(tmp_path), "TOKEN": before, "no_proxy": "*"})
    argv = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "made.json").read_text("utf-8"))
    after = (tmp_path / ".gateway-token").read_text("utf-8").partition("Bearer ")[2].strip('"\n')
    assert after != before
    assert handle(after) == handle(before)
    assert (passes(serving, before), passes(serving, after), passes(serving, made["secret"])) == (False, True, False)
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    reach, uses, suspended, revoked = _apart(done.stdout)
    assert {one["route"] for one in reach["items"] if one["opens"]} >= {"public", "read"}
    assert len(uses["items"]) == 30
    assert suspended["effective_after_s"] > 0.1
    assert (revoked["already"], revoked["token"]) == (False, made["token"])


def _apart(text: str) -> list[Any]:
    """Several objects in a row."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text):
        one, at = decoder.raw_decode(text, at)
        found.append(one)
    return found


def test_r01_one_of_many_tokens_ends_and_the_others_live(serving: Serving, robot: str) -> None:
    made = [make(serving, robot, f"client {number}") for number in range(3)]
    assert [passes(serving, one["secret"]) for one in made] == [True] * 3
    status, ended = ask(serving, robot, "DELETE", f"{TOKENS}/{made[1]['token']}")
    assert (status, ended["already"]) == (200, False)
    assert [passes(serving, one["secret"]) for one in made] == [True, False, True]


def test_r20_the_old_secret_is_dead_when_the_answer_comes(serving: Serving, robot: str) -> None:
    made = make(serving, robot, "rebuilt")
    assert passes(serving, made["secret"])
    for number in range(3):
        status, turned = ask(serving, robot, "POST", f"{TOKENS}/{made['token']}/rotate", {})
        assert (status, turned["token"]) == (200, made["token"])
        assert (passes(serving, made["secret"]), passes(serving, turned["secret"])) == (False, True), number
        made = turned


def test_r21_r22_what_takes_something_away_holds_when_the_answer_comes(serving: Serving, robot: str) -> None:
    made = make(serving, robot, "watched")
    path = f"{TOKENS}/{made['token']}"
    assert passes(serving, made["secret"])
    changes: list[tuple[str, str, Any, bool]] = [
        ("POST", "/suspend", None, False),
        ("POST", "/resume", None, True),
        ("PATCH", "", {"scopes": ["write"]}, False),
        ("PATCH", "", {"scopes": ["rest"]}, True),
        ("PATCH", "", {"hosts": ["other.example.org"]}, False),
        ("PATCH", "", {"hosts": None}, True),
    ]
    for method, rest, body, expected in changes:
        status, found = ask(serving, robot, method, path + rest, body, If_Match="*")
        assert status == 200, found
        if expected:  # what gives something may take its time
            assert eventually(serving, made["secret"]), (rest, body)
        else:
            assert not passes(serving, made["secret"]), (rest, body)
            assert found["effective_after_s"] > 0.1


def eventually(serving: Serving, whole: str) -> bool:
    """Whether it passes within two seconds."""
    for _ in range(40):
        if passes(serving, whole):
            return True
        time.sleep(0.05)
    return False


def test_r23_r24_uses_and_states_are_told(serving: Serving, robot: str) -> None:
    made = make(serving, robot, "counted")
    _, before = ask(serving, robot, "GET", f"{TOKENS}/{made['token']}")
    assert (before["usage"]["total"], before["usage"]["last_used_at"], before["state"]) == (0, None, "live")
    for _ in range(3):
        assert passes(serving, made["secret"])
    for _ in range(150):
        _, after = ask(serving, robot, "GET", f"{TOKENS}/{made['token']}")
        if after["usage"]["total"] == 3:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the uses were not counted")
    _, days = ask(serving, robot, "GET", f"{TOKENS}/{made['token']}/uses?days=2")
    assert sum(one["uses"] for one in days["items"]) == 3
    ask(serving, robot, "DELETE", f"{TOKENS}/{made['token']}")
    _, found = ask(serving, robot, "GET", f"{TOKENS}?state=revoked&name=counted")
    assert [(one["token"], one["state"]) for one in found["items"]] == [(made["token"], "revoked")]


def test_r26_an_administrator_finds_and_ends_the_tokens_of_others(serving: Serving, robot: str) -> None:
    serving.installation.ok("user", "add", "dora", "--group", "staff", "--organisation", "acme")
    made = make(serving, robot, "hers", user="dora", expires="7d")
    for query in ("user=dora", "organisation=acme", "expires_before=8d&group=staff"):
        _, found = ask(serving, robot, "GET", f"{TOKENS}?{query}")
        assert [one["token"] for one in found["items"]] == [made["token"]], query
    assert passes(serving, made["secret"])
    status, done = ask(serving, robot, "POST", f"{TOKENS}/revoke", {"user": "dora"})
    assert (status, done["count"]) == (200, 1)
    assert not passes(serving, made["secret"])


REFUSALS = {
    "name_taken": (["create", "--user", "alice", "--name", "robot"], "POST", "", {"name": "robot"}),
    "no name": (["create", "--user", "alice", "--name", ""], "POST", "", {"name": ""}),
    "unknown_scope": (
        ["create", "--user", "alice", "--name", "n", "--scope", "rset"],
        "POST",
        "",
        {"name": "n", "scopes": ["rset"]},
    ),
    "network": (
        ["create", "--user", "alice", "--name", "n", "--network", "10.0.0.1/8"],
        "POST",
        "",
        {"name": "n", "networks": ["10.0.0.1/8"]},
    ),
    "host": (
        ["create", "--user", "alice", "--name", "n", "--host", "a b"],
        "POST",
        "",
        {"name": "n", "hosts": ["a b"]},
    ),
    "expiry": (
        ["create", "--user", "alice", "--name", "n", "--expires", "999d"],
        "POST",
        "",
        {"name": "n", "expires": "999d"},
    ),
    "idle": (["create", "--user", "alice", "--name", "n", "--idle", "1h"], "POST", "", {"name": "n", "idle": "1h"}),
    "no owner": (["create", "--user", "nobody", "--name", "n"], "POST", "", {"name": "n", "user": "nobody"}),
    "no token": (["show", "tgp_0123456789a"], "GET", "/tgp_0123456789a", None),
    "no handle": (["show", "odd"], "GET", "/odd", None),
    "grace": (["rotate", "TOKEN", "--grace", "8d"], "POST", "/TOKEN/rotate", {"grace": "8d"}),
    "two graces": (
        ["rotate", "TOKEN", "--grace", "1d", "--until-used"],
        "POST",
        "/TOKEN/rotate",
        {"grace": "1d", "until_used": True},
    ),
    "revoked": (["rotate", "ENDED"], "POST", "/ENDED/rotate", {}),
    "resume revoked": (["resume", "ENDED"], "POST", "/ENDED/resume", None),
    "edit revoked": (["edit", "ENDED", "--name", "n"], "PATCH", "/ENDED", {"name": "n"}),
    "address": (["reach", "TOKEN", "--ip", "x"], "GET", "/TOKEN/reach?address=x", None),
}


@pytest.fixture(scope="module")
def named(serving: Serving, robot: str) -> dict[str, str]:
    """A token that lives, and one that has ended."""
    made = {name: make(serving, robot, f"for words, {name}")["token"] for name in ("TOKEN", "ENDED")}
    ask(serving, robot, "DELETE", f"{TOKENS}/{made['ENDED']}")
    return made


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_has_the_words_of_the_command_line(
    serving: Serving, robot: str, named: dict[str, str], what: str
) -> None:
    words, method, path, body = REFUSALS[what]
    for mark, found in named.items():
        words, path = [word.replace(mark, found) for word in words], path.replace(mark, found)
    ran = serving.installation.run("token", *words, "--json")
    assert ran.code in {2, 3}, ran
    told = json.loads(ran.err)["error"]
    status, problem = ask(serving, robot, method, TOKENS + path, body, If_Match="*")
    assert 400 <= status < 500
    assert (problem["code"], problem["detail"], problem["mend"]) == (told["code"], told["message"], told["mend"])
