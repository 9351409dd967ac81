"""R29, R31, R40 by the API, beside real checks: what docs/how-to.md has people paste to find out what happened."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness.process import clean_env
from tests.installation import CONFIG, an_installation, handle
from tests.process.serving import Serving

PAGE = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
WATCHING = (
    "Why a request was refused, from a script",
    "Who did what, from a script",
    "A service that asks about tokens",
)


@pytest.fixture(scope="module")
def serving(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One process for all, whose portal is asked without a proxy."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("watching") / "gw"))
    here = f"public_url: [https://gateway.example.org, http://127.0.0.1:{made.portal}]"
    text = CONFIG.replace("public_url: https://gateway.example.org", here)
    text = text.replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")
    text = text.replace(
        "users: [admins]}", "users: [admins], audit: [admins], explain: [admins], introspect: [admins]}"
    )
    made.installation.config.write_text(made.base().replace(CONFIG, text), "utf-8")
    made.start()
    yield made
    made.stop()


def test_r29_r31_r40_the_lines_of_the_page_tell_what_happened_and_no_secret(serving: Serving, tmp_path: Path) -> None:
    """R29: the reason of every refusal; R40: who did what to the token; R31: never what was presented."""
    installation = serving.installation
    asking = installation.token("asking", "alice", "gateway")
    token = installation.token("watched", "alice", "rest")
    assert serving.ask(token)[0] == 200
    assert serving.ask(token, method="POST")[0] == 403
    old, token = token, installation.ok("token", "rotate", handle(token)).out.strip()
    assert serving.ask(old)[0] == 401
    assert serving.stop() == 0  # writes down what was refused
    serving.start()
    (tmp_path / "presented.txt").write_text(token + "\n", "utf-8")
    blocks = [re.findall(r"^```sh\n(.*?)^```", SECTIONS[name], re.DOTALL | re.MULTILINE) for name in WATCHING]
    text = "\necho\n".join(block for every in blocks for block in every)
    text = text.replace("https://gateway.example.org", f"http://127.0.0.1:{serving.portal}")
    env = clean_env({"HOME": str(tmp_path), "TOKEN": asking, "HANDLE": handle(token), "no_proxy": "*"})
    argv = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = [one for one in re.split(r"\n|(?<=})(?={)", done.stdout) if one]
    explained, routes, history, head, verdict, worth = map(json.loads, answers)
    assert (explained["decision"], explained["reason"]) == ("deny", "insufficient_scope")
    assert explained["route"]["name"] == "write"
    assert [route["name"] for route in routes["items"]][:2] == ["public", "closed"]
    told = [(row["action"], row["detail"].get("reason")) for row in history["items"]]
    assert {("token_refused", "insufficient_scope"), ("stale_secret_used", "stale_secret")} <= set(told)
    assert told[-1][0] == "token_created"
    assert {row["actor"].partition(":")[0] for row in history["items"]} == {"cli", "gateway"}
    assert head["head"]["seq"] == verdict["rows"]
    assert (worth["active"], worth["username"], worth["scope"]) == (True, "alice", "rest")
    exported = (tmp_path / "audit.jsonl").read_text("utf-8")
    for secret in (old, token, asking):
        assert secret.rpartition("_")[2] not in done.stdout + exported
