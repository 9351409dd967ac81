"""The socket on which the single sign-on's proxy alone asks: opened and removed, believed, and nobody else is."""

import http.client
import socket
import stat

import pytest

from tests.attacks.portal import HOST, asked
from tests.installation import an_installation
from tests.process.serving import Serving

PATH = "/sign-in/sso"


class UnixConnection(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


class BehindSso(Serving):
    """With a socket for the proxy; eve is one of its people."""

    sso = "socket: sso.sock"

    def base(self):
        """`trusted_proxies` has nobody who asks here: it says nothing about the single sign-on."""
        base = super().base().replace(f', "unix:{self.socket}"', "")
        return f'{base}trusted_proxies: ["10.99.0.1"]\nportal: {{sso: {{{self.sso}, groups: [staff]}}}}\n'

    @property
    def proxy(self):
        return self.installation.folder / "sso.sock"

    def by_proxy(self, method, path, **headers):
        """One request through the socket; status and headers."""
        connection = UnixConnection(self.proxy)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Host": HOST, "X-Forwarded-For": "198.51.100.7", **named})
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()


@pytest.mark.parametrize("words", [(), ("--workers", "1")], ids=["one-process", "workers"])
def test_the_socket_is_the_proxys_and_the_usual_address_is_nobodys(template, tmp_path, words):
    serving = BehindSso(an_installation(template, tmp_path / "gw"), *words)
    serving.installation.ok("user", "add", "eve", "--sso")
    serving.start()
    try:
        assert stat.S_IMODE(serving.proxy.stat().st_mode) == 0o660
        status, headers = serving.by_proxy(
            "GET", f"{PATH}?to=/password", Remote_User="eve", Remote_Groups="staff,admins"
        )
        assert (status, headers["location"]) == (303, "/password")
        cookie = headers["set-cookie"].partition(";")[0]
        for path in ("/api/v1/me", "/api/v1/session"):
            assert asked(serving, "GET", path, Cookie=cookie)[0] == 200
            assert serving.by_proxy("GET", path, Cookie=cookie)[0] == 200
        status, headers, _ = asked(serving, "GET", PATH, Remote_User="eve", X_Forwarded_For="203.0.113.9")
        assert (status, "set-cookie" in headers) == (403, False)
        assert serving.by_proxy("GET", PATH, Remote_User="eve", Host="evil.example")[0] == 421
    finally:
        assert serving.stop() == 0
    assert not serving.proxy.exists()
    rows = serving.installation.rows("SELECT action, address FROM audit WHERE action LIKE 'sign%' ORDER BY seq")
    assert rows == [("signed_in", "198.51.100.7"), ("sign_in_refused", "127.0.0.1")]
    assert serving.installation.rows("SELECT name FROM owner_groups WHERE source = 'sso'") == [("staff",)]


def test_a_reload_takes_a_new_secret_at_once_and_a_new_socket_with_a_restart(template, tmp_path):
    serving = BehindSso(an_installation(template, tmp_path / "gw"))
    for name in ("one", "two"):
        (serving.installation.folder / name).write_text(name * 20)
        (serving.installation.folder / name).chmod(0o600)
    serving.installation.ok("user", "add", "eve", "--sso")

    def enters(name):
        headers = {"Remote_User": "eve", "X_SSO_Secret": name * 20}
        return asked(serving, "GET", PATH, **headers)[0] == 303

    def configured(sso):
        serving.sso = sso
        serving.write()

    configured("from: 127.0.0.1, secret_header: {secret_file: one}")
    serving.start()
    try:
        assert (enters("one"), enters("two")) == (True, False)
        configured("from: 127.0.0.1, secret_header: {secret_file: [one, two]}")
        serving.installation.ok("reload")
        assert (enters("one"), enters("two")) == (True, True)
        configured("from: 127.0.0.1, secret_header: {secret_file: two}")
        serving.installation.ok("reload")
        assert (enters("one"), enters("two")) == (False, True)
        configured("socket: sso.sock")
        assert "portal.sso.socket" in serving.installation.ok("reload").err
        assert (enters("two"), serving.proxy.exists()) == (False, False)
    finally:
        serving.stop()
    assert ("one" * 20).encode() not in serving.installation.on_disk()
    assert "one" * 20 not in serving.log.read_text()
