"""The Dockerfile, read: what it copies is there, what runs is not root and has no compiler."""

import json
import re
from fnmatch import fnmatch

from tests.packaging.conftest import ROOT

TEXT = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
STEPS = [line.split(None, 1) for line in TEXT.splitlines() if line.strip() and not line.lstrip().startswith("#")]
LAST = STEPS[max(at for at, (word, _) in enumerate(STEPS) if word == "FROM") :]


def _last(instruction: str) -> list[str]:
    return [rest for word, rest in LAST if word == instruction]


def test_every_file_that_is_copied_is_there_and_reaches_the_builder() -> None:
    lets_in = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    sources = [
        source
        for word, rest in STEPS
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(fnmatch(source, f"{name}*") for name in lets_in), f"{source} is ignored"


def test_what_runs_is_not_root_and_installs_nothing() -> None:
    (user,) = _last("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "numeric, so that Kubernetes can see that it is not root"
    assert not any(word in rest for rest in _last("RUN") for word in ("pip", "apt-get", "gcc"))
    assert "--require-hashes" in TEXT


def test_the_health_check_is_a_program_that_asks_whether_checks_can_be_answered() -> None:
    (check,) = _last("HEALTHCHECK")
    words = json.loads(check[check.index("[") :])
    assert words[:2] == ["python", "-c"]
    compile(words[2], "HEALTHCHECK", "exec")
    assert "127.0.0.1:9192/health/ready" in words[2]


def test_it_serves_until_sigterm() -> None:
    assert _last("ENTRYPOINT") == ['["token-gateway"]']
    assert _last("CMD") == ['["serve"]']
    assert _last("STOPSIGNAL") == ["SIGTERM"]
