"""The end-to-end stories: every proxy from its printed config, the real gateway, apps that know nothing of it.

They run last. A proxy that is not installed fails its stories with CI=true; elsewhere they are left out and listed at
the end, so that nobody takes silence for success.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.agreement import disagreements
from tests.e2e.harness.apps import Recorder, httpbin, package_index, recorder
from tests.e2e.harness.client import Reply, head, send_raw
from tests.e2e.harness.gateway import BIN, Gateway
from tests.e2e.harness.proxies import KINDS, Proxy
from tests.e2e.harness.world import Ask, World

HERE = Path(__file__).parent
NOT_RUN = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "e2e: real proxies, real clients; run last")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`proxy` is every kind, or those that the module's PROXIES names."""
    if "proxy" in metafunc.fixturenames:
        metafunc.parametrize("proxy", getattr(metafunc.module, "PROXIES", list(KINDS)), indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    stories = [item for item in items if HERE in item.path.parents]
    missing = {} if os.environ.get("CI") == "true" else {name for name, kind in KINDS.items() if not kind.binary()}
    left_out = [item for item in stories if _kind(item) in missing]
    config.stash[NOT_RUN] = {name: sum(_kind(item) == name for item in left_out) for name in missing}
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    for item in stories:
        item.add_marker("e2e")
    items[:] = [item for item in items if item not in set(stories)] + [i for i in stories if i not in set(left_out)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that does a share of the stories tells what all of them leave out."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["not_run"] = session.config.stash.get(NOT_RUN, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that shares them out hears of it."""
    node.config.stash[NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    not_run = config.stash.get(NOT_RUN, {})
    if not_run:
        terminalreporter.section("NOT RUN", yellow=True)
        for name, count in sorted(not_run.items()):
            terminalreporter.write_line(f"{name}: {count} stories, the program is missing ({KINDS[name].mend})")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """A failed story shows the end of its programs' logs."""
    report: pytest.TestReport = yield
    if report.failed and (world := item.config.stash.get(WORLD, None)) is not None:
        running = [world.gateway.program, *(p.program for n, p in world.proxies.items() if n == _kind(item))]
        report.sections.extend((f"log of {program.name}", program.tail()) for program in running)
    return report


def _kind(item: pytest.Item) -> str | None:
    spec = getattr(item, "callspec", None)
    return (spec.params.get("proxy") or spec.params.get("kind")) if spec else None


WORLD = pytest.StashKey[World]()


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The gateway with alice's tokens, and the apps; proxies join when the first story asks for them."""
    folder = tmp_path_factory.mktemp("e2e", numbered=True)
    with ExitStack() as stack:
        raw = stack.enter_context(recorder())
        apps = {
            "app.example.org": stack.enter_context(httpbin(folder)),
            "raw.example.org": raw.port,
            "localhost": stack.enter_context(package_index(folder, BIN)),
        }
        gateway = Gateway.install(folder)
        gateway.prepare("user", "add", "alice", "--email", "alice@example.org", "--group", "staff")
        tokens = {
            "read": gateway.token("alice", "reader", "rest"),
            "write": gateway.token("alice", "writer", "rest", "write"),
            "pull": gateway.token("alice", "installer", "pull"),
        }
        gateway.start()
        stack.callback(gateway.program.stop)
        made = World(gateway, raw, apps, {}, tokens)
        stack.callback(lambda: [proxy.program.stop() for proxy in made.proxies.values()])
        request.config.stash[WORLD] = made
        yield made
        compared, wrong = disagreements(gateway.program.log, gateway.folder / "token-gateway.yaml")
        assert not wrong, f"of {compared} refusals: {wrong}"


@pytest.fixture
def proxy(request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory) -> Proxy:
    """The proxy under story, started once for all stories."""
    kind = KINDS[request.param]
    if kind.name not in world.proxies:
        binary = kind.binary()
        if binary is None:
            pytest.fail(f"{kind.name}: the program is missing ({kind.mend})")
        folder = tmp_path_factory.mktemp(kind.name)
        world.proxies[kind.name] = kind.start(kind.name, binary, folder, world.gateway, world.apps)
        _wait_until_routed(world.proxies[kind.name])
    return world.proxies[kind.name]


def _wait_until_routed(proxy: Proxy) -> None:
    """Traefik listens before it has read its routers: until then, and with a config at fault, it answers 404."""
    deadline = time.monotonic() + 10
    while (reply := send_raw(proxy.port, head("/anything/public/", host="raw.example.org"))).status != 200:
        assert time.monotonic() < deadline, f"{proxy.name} answers {reply}\n{proxy.program.tail()}"
        time.sleep(0.05)


@pytest.fixture
def app(world: World) -> Recorder:
    """The app that records raw requests, with an empty record."""
    world.recorder.seen.clear()
    return world.recorder


@pytest.fixture
def ask(proxy: Proxy) -> Ask:
    """Send one request through the proxy: `ask(target, method=, host=, headers=, body=)`."""

    def asked(
        target: str | bytes,
        *headers: tuple[str, str],
        method: str = "GET",
        host: str = "app.example.org",
        body: bytes = b"",
    ) -> Reply:
        length = [("Content-Length", str(len(body)))] if body else []
        raw = head(target, host=host, method=method, headers=[*headers, *length])
        return send_raw(proxy.port, raw + body, method=method)

    return asked
