"""`key` and `routes`."""

import stat

from gateway.auth.keyring import load


def test_a_new_key_is_first_and_has_to_be_registered(installed):
    file = installed.folder / "token-gateway.key"
    (old,) = load(file).keys
    token = installed.token()
    made = installed.ok("key", "new", "--json").json["key"]
    assert [key.id for key in load(file).keys] == [made, old.id]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    refused = installed.run("token", "list")
    assert refused.code == 2
    assert "token-gateway key register" in refused.err
    assert installed.ok("key", "register", "--json").json == {"registered": [made], "known": [old.id]}
    assert "was registered already" in installed.ok("key", "register").err
    assert installed.rows("SELECT count(*) FROM audit WHERE action = 'key_registered'") == [(1,)]
    # A token that was tagged under the old key lives on.
    ran = installed.run("explain", "GET", "https://app.example.org/api/x", "--token-file", "-", stdin=token)
    assert ran.code == 0


def test_a_key_file_is_made_anew_where_it_is_lost_and_tokens_live_on(installed):
    token = installed.token()
    (installed.folder / "token-gateway.key").unlink()
    assert "key register" in installed.ok("key", "new").err
    installed.ok("key", "register")
    ran = installed.run("explain", "GET", "https://app.example.org/api/x", "--token-file", "-", stdin=token)
    assert ran.code == 0


def test_a_file_that_is_no_key_file_is_left_alone(installed):
    file = installed.folder / "token-gateway.key"
    file.write_text("precious\n", "utf-8")
    assert installed.run("key", "new").code == 2
    assert file.read_text("utf-8") == "precious\n"


def test_routes_are_listed_in_order_with_who_may_pass(installed):
    lines = installed.ok("routes").out.splitlines()
    assert lines[0].split() == ["order", "name", "host", "path", "methods", "who", "may", "pass", "line"]
    told = {line.split()[1]: line for line in lines[1:]}
    assert list(told) == ["public", "closed", "read", "write", "machine", "inside", "own"]
    for name, words in {
        "public": "everybody",
        "closed": "nobody",
        "read": "GET HEAD  scope rest",
        "write": "scope rest and write",
        "machine": "any valid token, application only",
        "inside": "from 10.0.0.0/8 or 403",
        "own": "the owner named in the path",
    }.items():
        assert words in told[name]


def test_routes_as_json_have_every_key_effective(installed):
    first = installed.ok("routes", "--json").json[0]
    assert (first["name"], first["access"], first["authorization"], first["order"]) == ("public", "public", "keep", 1)
