"""What a new configuration changes, in names; and that it travels to other processes whole."""

import pickle
from pathlib import Path

import pytest

from gateway.config.reader import read
from gateway.runtime.difference import Difference, difference
from gateway.runtime.generation import compiled

A, B, C = (f'  - {{name: {name}, host: app.example.org, path: "/{name}/**", scopes: rest}}\n' for name in "abc")


def settings(*routes, more=""):
    text = "public_url: https://gateway.example.org\nscopes: {rest: x, write: w}\n" + more
    return read((text + "routes:\n" + "".join(routes)).encode(), path=Path("/nowhere/c.yaml"), env={})


def test_nothing_differs_when_only_lines_and_comments_moved():
    assert difference(settings(A, B), settings("  # words\n", A, "\n", B)) == Difference()


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ((A, B, C), Difference(added=("c",))),
        ((B,), Difference(removed=("a",))),
        ((A.replace("rest", "write"), B), Difference(changed=("a",))),
        ((B, A), Difference(reordered=True)),
        ((C, B, A.replace("/a/", "/z/")), Difference(added=("c",), changed=("a",), reordered=True)),
    ],
    ids=["added", "removed", "changed", "reordered", "several"],
)
def test_routes_are_told_by_name(new, expected):
    assert difference(settings(A, B), settings(*new)) == expected


def test_other_sections_are_told_too():
    changed = difference(settings(A), settings(A, more="realm: Other\ngroups: [staff]\n"))
    assert changed == Difference(sections=("realm", "groups"))


def test_a_compiled_configuration_is_the_same_in_another_process():
    old = compiled(settings(A, B, C.replace("scopes: rest", 'scopes: rest, networks: ["10.0.0.0/8"]')))
    new = pickle.loads(pickle.dumps(old, protocol=5))
    assert new.settings == old.settings
    assert new.check.policy.table.routes == old.check.policy.table.routes
    assert new.check.policy.table.routes[0] is new.settings.routes[0], "once in memory, not twice"
