"""Every test of this folder runs once for each engine."""

import asyncio
import threading

import pytest

from tests.contract.backend import BACKENDS


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """One empty store of each engine, made as `token-gateway init` makes it."""
    folder = tmp_path_factory.mktemp("templates")
    made = {}
    for name, backend in BACKENDS.items():
        made[name] = folder / name
        asyncio.run(backend.make_template(made[name]))
    return made


@pytest.fixture(params=sorted(BACKENDS))
async def backend(request, templates, tmp_path):
    """An empty store of one engine. Afterwards no thread of it may be left."""
    before = set(threading.enumerate())
    made = BACKENDS[request.param](tmp_path, templates[request.param])
    yield made
    await made.close()
    left = [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio_")]
    for thread in left:
        thread.join(2)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture
async def store(backend):
    """The store, open."""
    return await backend.open()
