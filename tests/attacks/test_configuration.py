"""C: what stands in the configuration by mistake or by malice. It is refused with a place, or it means what it says."""

import os
import time
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, Settings
from gateway.config.reader import read
from gateway.config.show import to_yaml
from gateway.core.decision import Deny, choose
from tests.attacks.corpus import attack
from tests.builders import a_target

PUBLIC_URL = "public_url: https://gateway.example.org\n"
ROUTES = "routes: []\n"


def settings(written: str | bytes, **env: str) -> Settings:
    raw = written if isinstance(written, bytes) else (PUBLIC_URL + written).encode()
    return read(raw, path=Path("gateway.yaml"), env=env)


def refusal(written: str | bytes, **env: str) -> str:
    """What is said of a configuration that must not load, within what an operator waits for."""
    before = time.process_time()
    with pytest.raises(ConfigInvalid) as raised:
        settings(written, **env)
    assert time.process_time() - before < 2
    return "\n".join(map(str, raised.value.errors))


@attack("C01")
@pytest.mark.parametrize(
    "tag", ["python/object/apply:os.system", "python/name:os.system", "python/object/new:os.system"]
)
def test_a_tag_runs_nothing(tag, tmp_path):
    made = tmp_path / "made"
    assert "tag" in refusal(f'realm: !!{tag} ["touch {made}"]\n{ROUTES}')
    assert "tag" in refusal(f'{ROUTES}groups: [!!{tag} "touch {made}"]\n')
    assert not made.exists()


@attack("C02")
def test_a_key_twice_names_both_lines():
    said = refusal(
        "routes:\n  - {host: a.example, path: /x, deny: true}\nroutes:\n  - {host: a.example, path: /x, public: true}\n"
    )
    assert "first at line 2, again at line 4" in said
    said = refusal("routes:\n  - host: a.example\n    path: /x\n    deny: true\n    path: /y\n")
    assert "twice" in said


@attack("C03")
def test_aliases_are_not_expanded():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    before = time.process_time()
    assert "alias" in refusal("\n".join(lines) + "\n" + ROUTES)
    assert time.process_time() - before < 0.5


DEEP = [b"[" * 10_000, b"{a: " * 10_000, b"- " * 10_000, b"? " * 10_000, b"a: " + b"[" * 50_000 + b"]" * 50_000]
NO_TEXT = [
    b"\x00",
    b"\xff\xfea\x00",
    b"\xef\xbb\xbfa: b\n",
    b"a:\tb\n",
    b"\tx: 1\n",
    b"caf\xe9: 1\n",
    b"a: \xed\xa0\x80\n",
]


@attack("C05")
@pytest.mark.parametrize(
    "raw", [*DEEP, *NO_TEXT, b"a: " + b"x" * 17_000_000, b"%YAML 9.9\n---\n", b"---\n---\n", b"&a *a"]
)
def test_what_is_too_deep_too_long_or_no_text_is_one_clean_error(raw):
    said = refusal(raw)
    assert len(said) < 20_000
    assert "Traceback" not in said


@attack("C07")
@pytest.mark.parametrize(
    "line",
    [
        "methds: [GET]",
        "deny_all: ture",
        "Public: true",
        "public: yes",
        "public: ture",
        "public: 'true'",
        "scope: rest",
        "methods: [get]",
        "methods: GET, DELETE",
        "lenient: [all]",
        "networks: [anywhere]",
        "public: true, deny: true",
    ],
)
def test_a_key_or_a_value_that_is_nearly_right_is_an_error(line):
    assert refusal(f"scopes: {{rest: R}}\nroutes:\n  - {{host: a.example, path: /x, {line}}}\n")


@attack("C08")
@pytest.mark.parametrize("raw", [b"", b"\n", b"# nothing\n", b"{}\n", PUBLIC_URL.encode(), b"routes: []\n", b"null\n"])
def test_nothing_is_refused(raw):
    assert refusal(raw)


@attack("C08")
def test_no_routes_deny_everything():
    assert isinstance(choose(settings(ROUTES).policy(), a_target("/")), Deny)


@attack("C09")
def test_a_route_that_can_never_decide_is_an_error():
    hidden = "  - {host: a.example, path: '/**', public: true}\n  - {host: a.example, path: '/admin/**', deny: true}\n"
    assert "line 3" in refusal("routes:\n" + hidden)
    twice = "  - {host: a.example, path: /x, public: true}\n  - {host: a.example, path: /x, deny: true}\n"
    assert "line 3" in refusal("routes:\n" + twice)


@attack("C11")
@pytest.mark.parametrize(
    "path", ["admin", "^/public", "/public.*", "/pub*", "/a/../b", "/a//b", "/a%2fb", "/x;y", "/a?b", ""]
)
def test_what_would_match_more_or_less_than_it_says_is_no_path(path):
    assert refusal(f"routes:\n  - {{host: a.example, path: '{path}', public: true}}\n")


@attack("C11")
@pytest.mark.parametrize(
    "path", ["/publicity", "/public%2fx", "/publi", "/public%0a", "/xpublic", "/x/public", "/PUBLIC"]
)
def test_a_path_means_whole_segments_from_the_front(path):
    policy = settings(
        "routes:\n  - {host: app.example.org, path: /public, public: true}\n"
        "  - {host: app.example.org, path: '/public/**', public: true}\n"
    ).policy()
    assert isinstance(choose(policy, a_target(path)), Deny)


@attack("C13")
@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1/8",
        "localhost",
        "10.0.0.0/8/8",
        "10.0.0",
        "*",
        "0.0.0.0/1",
        "::ffff:0:0/96",
        "all",
    ],
)
def test_trusting_everybody_or_nobody_can_tell_whom_is_an_error(network):
    assert "trusted_proxies" in refusal(f"trusted_proxies: ['{network}']\n{ROUTES}")


@attack("C13")
@pytest.mark.parametrize(
    "networks", ["[0.0.0.0/1, 128.0.0.0/1]", "[8.0.0.0/8, 9.0.0.0/8]", "['::/1', '8000::/1']", "[]"]
)
def test_everybody_in_parts_is_everybody_and_nobody_is_no_list(networks):
    assert "trusted_proxies" in refusal(f"trusted_proxies: {networks}\n{ROUTES}")


@attack("C14")
@pytest.mark.parametrize(
    "name",
    [
        "X-User\\r\\nX: y",
        "Host",
        "Connection",
        "Content-Length",
        "Set-Cookie",
        "X-\\u00fcser",
        "X_User",
        "X.User",
        "",
        "Authorization",
        "Transfer-Encoding",
        "X-Forwarded-For",
        "X-Original-URI",
        "X-Auth-Reason",
        "WWW-Authenticate",
        "Upgrade",
        "Cookie",
        "Location",
        "X User",
        "X:User",
        "Content-Type",
        "Proxy-Authorization",
        "\\u212aey",
    ],
)
def test_a_header_that_breaks_the_answer_or_is_https_own_carries_no_identity(name):
    assert refusal(f'identity: {{default: {{"{name}": login}}}}\n{ROUTES}')
    assert refusal(f'defaults: {{credentials: ["header:{name}"]}}\n{ROUTES}')


@attack("C16")
def test_what_is_put_in_from_the_environment_stays_one_value():
    injected = "x\ntrusted_proxies: ['0.0.0.0/0']"
    assert "realm" in refusal("realm: ${REALM}\n" + ROUTES, REALM=injected)
    assert "trusted_proxies" not in refusal("realm: ${REALM}\n" + ROUTES, REALM=injected)
    assert settings("realm: ${REALM}\n" + ROUTES, REALM="a: {b}").realm == "a: {b}"
    assert settings("realm: ${REALM}\n" + ROUTES, REALM="${OTHER}", OTHER="x").realm == "${OTHER}"
    assert "REALM" in refusal("realm: ${REALM}\n" + ROUTES)
    assert refusal("realm: ${}\n" + ROUTES)
    assert refusal("realm: '${REALM'\n" + ROUTES, REALM="x")


@attack("C17")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "gateway.example.org",
        "//gateway.example.org",
        "https://admin@gateway.example.org",
        "https://",
        "https://gateway.example.org/path",
        "https://gateway.example.org?x",
        "https://a b",
        "ftp://gateway.example.org",
        "http://gateway.example.org",
        "https://gateway.example.org#x",
        "https://gateway.example.org\\\\@evil",
        "https://a:0",
        "data:text/html,x",
        "https://[::1",
        "https://gateway.example.org:99999",
        "https:gateway.example.org",
        "https://-a",
    ],
)
def test_an_address_of_the_portal_that_is_none_or_names_somebody_is_an_error(url):
    assert "public_url" in refusal(f'public_url: "{url}"\n{ROUTES}'.encode())


@attack("C18")
def test_no_secret_of_the_configuration_is_shown(tmp_path):
    """What may be secret stands in files; the configuration knows where, and `config show` tells no more."""
    secret = "hunter2-" + os.urandom(8).hex()
    (tmp_path / "app").write_text(f"Bearer {secret}")
    written = PUBLIC_URL + (
        "routes:\n  - {host: a.example, path: '/**', authenticated: true, authorization: {secret_file: app}}\n"
    )
    (tmp_path / "app").chmod(0o600)
    loaded = read(written.encode(), path=tmp_path / "gateway.yaml", env={})
    for shown in (to_yaml(loaded), repr(loaded), str(loaded.routes), repr(loaded.policy())):
        assert secret not in shown
