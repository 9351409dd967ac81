"""`token reach` says of every route whether a token opens it, and why."""

from tests.installation import handle


def test_every_route_is_there_with_its_reason(installed):
    token = handle(installed.token())
    told = {one["route"]: one for one in installed.ok("token", "reach", token, "--ip", "10.1.2.3", "--json").json}
    assert [name for name, one in told.items() if one["opens"]] == ["public", "read", "inside", "own"]
    assert told["write"]["reason"] == "insufficient_scope"
    assert told["inside"]["opens_from"] == ["10.0.0.0/8"]
    assert told["own"]["sample"] == "GET dav.example.org/alice/any"
    shown = installed.ok("token", "reach", token).out
    assert "elsewhere" in shown
    assert "no address; opens from 10.0.0.0/8" in shown


def test_what_is_no_address_and_no_token_is_refused(installed):
    assert installed.run("token", "reach", handle(installed.token()), "--ip", "x").code == 2
    assert installed.run("token", "reach", "tgp_0123456789a").code == 3


def test_lists_are_narrowed_by_name_and_end(installed):
    installed.token("Build")
    installed.ok("token", "create", "--user", "alice", "--name", "short", "--scope", "rest", "--expires", "2d")

    def names(*words):
        return [one["name"] for one in installed.ok("token", "list", *words, "--json").json]

    assert names("--name", "BUI") == ["Build"]
    assert names("--expires-after", "3d") == ["Build"]
    assert names("--never-expires") == []
