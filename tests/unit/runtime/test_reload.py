"""What a new configuration changes, in names; and that it travels to other processes whole."""

import asyncio
import pickle
from pathlib import Path

import pytest

from gateway.config.reader import load, read
from gateway.runtime import reload
from gateway.runtime.difference import Difference, difference
from gateway.runtime.generation import compiled
from gateway.runtime.metrics import Metrics
from gateway.runtime.reload import Reloader, look

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


@pytest.mark.parametrize(
    ("more", "portal"),
    [
        ("permissions: {own_tokens: []}\n", ""),
        ("permissions: {own_tokens: [everyone]}\n", "https://gateway.example.org"),
        ("permissions: {own_tokens: [everyone]}\nportal: {my_account: false}\n", ""),
    ],
    ids=["nobody-may", "may", "is-not-to-be-found"],
)
def test_refused_browsers_are_led_to_the_portal_where_somebody_may_make_tokens_there(more, portal):
    assert compiled(settings(A, more=more)).check.portal == portal


async def test_a_file_that_changed_while_the_gateway_started_is_read(tmp_path, monkeypatch):
    file = tmp_path / "c.yaml"
    text = "public_url: https://gateway.example.org\nscopes: {rest: x}\nroutes:\n"
    file.write_text(text + A)
    before = look(file)
    started = compiled(load(file, {}))
    file.write_text(text + A + B)
    given = asyncio.Queue()

    async def give(number, generation):
        given.put_nowait((number, [route.name for route in generation.settings.routes]))

    monkeypatch.setattr(reload, "LOOK_S", 0.02)
    stop = asyncio.Event()
    reloader = Reloader(started, env={}, give=give, metrics=Metrics(), reloading=lambda _: None, read=before)
    running = asyncio.create_task(reloader.run(stop))
    async with asyncio.timeout(10):
        assert await given.get() == (2, ["a", "b"])
    stop.set()
    await running
    assert given.empty(), "once"
