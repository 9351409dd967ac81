"""A disk that takes its time: the database's own threads wait in the middle of a read, or of making a change last."""

import asyncio
import contextlib
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import event

from gateway.auth.power import operator
from gateway.auth.token_revoke import revoke_tokens
from gateway.store import StoreUnavailable
from gateway.store import sqlite as engine_file
from tests.installation import handle
from tests.workers import LIMITS, WallClock, a_worker

ROOT = operator("cli:root")
WRITE_S = 0.4


class Disk:
    """Statements that begin with `word` wait, in the thread that runs them, until `free` is set."""

    def __init__(self) -> None:
        self.word, self.free, self.waiting = "", threading.Event(), threading.Event()
        self.free.set()

    def statement(self, text: str) -> None:
        if self.word and text.startswith(self.word):
            self.waiting.set()
            self.free.wait(20)

    @contextlib.contextmanager
    def slow(self, word):
        self.word = word
        self.free.clear()
        self.waiting.clear()
        try:
            yield
        finally:
            self.word = ""
            self.free.set()


@pytest.fixture
def disk(monkeypatch):
    made, connections = Disk(), engine_file._connections

    def slowed(*words, **options):
        engine = connections(*words, **options)
        event.listen(
            engine.sync_engine,
            "connect",
            lambda connection, _record: connection.run_async(lambda raw: raw.set_trace_callback(made.statement)),
        )
        return engine

    monkeypatch.setattr(engine_file, "_connections", slowed)
    monkeypatch.setattr("tests.workers.LIMITS", replace(LIMITS, write_s=WRITE_S))
    return made


@pytest.fixture
async def worker(installation, disk):
    async with contextlib.AsyncExitStack() as stack:
        await asyncio.to_thread(installation.token, "warm")
        yield await stack.enter_async_context(a_worker(installation, WallClock()))


async def test_a_change_that_the_disk_does_not_confirm_is_told_as_open_and_holds_once_it_is_there(
    installation, worker, disk
):
    token, other = [await asyncio.to_thread(installation.token, name) for name in ("known", "other")]
    assert await worker.ask(token) == "allowed"
    with disk.slow("COMMIT"):
        began = time.monotonic()
        revoking = asyncio.create_task(revoke_tokens(worker.desk, actor=ROOT, references=[handle(token)]))
        passed = 0
        while not revoking.done():
            assert await worker.ask(token) == "allowed", "nobody was told that it is revoked"
            passed += 1
            await asyncio.sleep(0.01)
        with pytest.raises(StoreUnavailable, match="the disk did not confirm the change, which may or may not be"):
            await revoking
        assert disk.waiting.is_set()
        assert passed > 3
        assert time.monotonic() - began < WRITE_S + 5
        assert await worker.ask(other) == "allowed", "a token that is new here"
    until = time.monotonic() + 10
    while await worker.ask(token) != "revoked":
        assert time.monotonic() < until, "it was stored after all"
        await asyncio.sleep(0.02)
    await revoke_tokens(worker.desk, actor=ROOT, references=[handle(other)])
    assert await worker.ask(other) == "revoked", "changes go on, without a restart"


async def test_while_reads_hang_remembered_tokens_pass_and_others_are_told_to_try_again(installation, worker, disk):
    known, cold = [await asyncio.to_thread(installation.token, name) for name in ("known", "cold")]
    assert await worker.ask(known) == "allowed"
    with disk.slow("SELECT"):
        began = time.monotonic()
        assert await worker.ask(cold) == "unavailable"
        assert disk.waiting.is_set()
        assert time.monotonic() - began < 5, "within a deadline of its own, and not the store's"
        assert await worker.ask(known) == "allowed"
    until = time.monotonic() + 10
    while await worker.ask(cold) != "allowed":
        assert time.monotonic() < until, "it is read again, without a restart"
        await asyncio.sleep(0.02)
