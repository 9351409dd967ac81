"""Real clients, as people run them: curl, wget, urllib and pip."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.harness.process import clean_env
from tests.e2e.harness.proxies import KINDS, Proxy
from tests.e2e.harness.world import World

READ = "/anything/api/things"
PROXIES = [name for name in KINDS if not name.endswith("-unix")]  # the way to the gateway is nothing to a client


def run(argv: list[str], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = clean_env({"HOME": str(home), **more})
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env, cwd=home)


def url(proxy: Proxy, path: str = READ) -> str:
    return f"http://127.0.0.1:{proxy.port}{path}"


HOST = "Host: app.example.org"


def curl(proxy: Proxy, home: Path, *words: str) -> tuple[int, str]:
    done = run(["curl", "-sS", "-w", "\n%{http_code}", "-H", HOST, *words, url(proxy)], home)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_curl_passes_with_a_bearer_header_with_basic_and_with_netrc(proxy: Proxy, world: World, tmp_path: Path) -> None:
    token = world.tokens["read"]
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login alice password {token}\n")
    for words in (
        ("-H", f"Authorization: Bearer {token}"),
        ("--oauth2-bearer", token),
        ("-u", f"alice:{token}"),
        ("--anyauth", "-u", f"__token__:{token}"),
        ("--netrc-file", str(tmp_path / "netrc")),
        ("-H", f"X-API-Key: {token}"),
    ):
        status, body = curl(proxy, tmp_path, *words)
        assert status == 200
        assert json.loads(body)["headers"]["X-Auth-User"] == "alice"
        assert token not in body


def test_curl_without_a_token_is_refused(proxy: Proxy, tmp_path: Path) -> None:
    assert curl(proxy, tmp_path)[0] == 401


def test_wget_sends_its_password_after_the_challenge(proxy: Proxy, world: World, tmp_path: Path) -> None:
    """wget holds Basic back until it is challenged: this needs a Basic challenge that it can read."""
    token = world.tokens["read"]
    words = ["wget", "-q", "-O", "-", f"--header={HOST}", "--user=alice", f"--password={token}", url(proxy)]
    done = run(words, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["headers"]["X-Auth-User"] == "alice"
    assert run([*words[:-2], "--password=wrong", words[-1]], tmp_path).returncode == 6


def test_urllib_answers_the_basic_challenge(proxy: Proxy, world: World) -> None:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url(proxy), "alice", world.tokens["read"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords)
    )
    request = urllib.request.Request(url(proxy), headers={"Host": "app.example.org"})
    with opener.open(request, timeout=10) as answer:
        assert json.load(answer)["headers"]["X-Auth-User"] == "alice"
    anonymous = urllib.request.Request(url(proxy), headers={"Host": "app.example.org"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(anonymous, timeout=10)
    assert refused.value.code == 401
    refused.value.close()


def pip_download(proxy: Proxy, home: Path, credentials: str, **more: str) -> subprocess.CompletedProcess[str]:
    index = f"http://{credentials}localhost:{proxy.port}/simple/"
    argv = [sys.executable, "-m", "pip", "download", "--isolated", "--no-input", "--no-deps", "--no-cache-dir"]
    argv += ["--disable-pip-version-check", "--trusted-host", "localhost", "--index-url", index, "guarded"]
    return run(argv, home, **more)


def test_pip_downloads_from_a_guarded_index_with_the_token_as_password(
    proxy: Proxy, world: World, tmp_path: Path
) -> None:
    done = pip_download(proxy, tmp_path, f"__token__:{world.tokens['pull']}@")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "guarded-1.0-py3-none-any.whl").exists()


def test_pip_takes_the_token_from_netrc(proxy: Proxy, world: World, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text(f"machine localhost login alice password {world.tokens['pull']}\n")
    done = pip_download(proxy, tmp_path, "", NETRC=str(tmp_path / "netrc"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "guarded-1.0-py3-none-any.whl").exists()


def test_pip_is_refused_without_the_scope(proxy: Proxy, world: World, tmp_path: Path) -> None:
    done = pip_download(proxy, tmp_path, f"__token__:{world.tokens['read']}@")
    assert done.returncode != 0
    assert "No matching distribution found" in done.stderr
    assert list(tmp_path.glob("*.whl")) == []
