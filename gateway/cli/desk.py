"""Opening the installation for one command, and closing it again."""

import asyncio
import contextlib
import os
import pwd
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.desk import Desk
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import load as load_keys
from gateway.auth.lease import Lease, boot_clock
from gateway.auth.power import operator
from gateway.auth.rt.tokens import RtTokens
from gateway.cli.output import note
from gateway.config import Settings, find, load
from gateway.core.power import Actor
from gateway.store import Store

T = TypeVar("T")


def load_settings(config: Path | None) -> Settings:
    """The configuration that this command works with. ConfigInvalid with everything that is wrong."""
    return load(find(config, os.environ), os.environ)


def now() -> datetime:
    """This moment, aware and in UTC."""
    return datetime.now(UTC)


def actor() -> str:
    """Who does it, for the audit: the user of the operating system, from the kernel and not from the environment."""
    user_id = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(user_id).pw_name}"
    except KeyError:
        return f"cli:{user_id}"


def operating() -> Actor:
    """Who does it, for use cases that ask who may: whoever can run this command may do all."""
    return operator(actor())


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, registering: bool = False) -> AsyncIterator[Desk]:
    """The installation, open. Refused when its key is not registered, unless the command is about to do that."""
    keyring = load_keys(settings.key_file)
    store = await Store.open(settings.store.url, now=now, keys=keyring.keys, brand=settings.tokens.brand)
    pool = HashPool(threads=1, queue=1, name="argon2-cli")
    desk = Desk(store=store, keyring=keyring, hashing=pool, settings=settings, now=now)
    try:
        if not registering:
            desk.signing_key()
        yield desk
    finally:
        pool.close()
        await store.close()


PATIENCE_S = 10.0  # no proxy waits for a command


@contextlib.asynccontextmanager
async def authenticating(desk: Desk) -> AsyncIterator[Authenticator]:
    """What checks authenticate with, over this desk's store."""
    feed = desk.store.follow()
    states = TokenStates()
    rt_pool = HashPool(threads=1, queue=1, name="bcrypt-cli")
    authenticator = Authenticator(
        store=desk.store,
        lease=Lease(feed, bound_s=desk.store.meta.bound_s, apply=states.apply),
        states=states,
        keyring=desk.keyring,
        pool=desk.hashing,
        brand=desk.settings.tokens.brand,
        fault=note,
        rt=RtTokens(store=desk.store, keyring=desk.keyring, pool=rt_pool, failures=None, clock=boot_clock, fault=note),
        store_deadline_s=PATIENCE_S,
        hash_deadline_s=PATIENCE_S,
    )
    try:
        yield authenticator
    finally:
        await authenticator.close()
        rt_pool.close()
        feed.close()


def at_desk(
    config: Path | None, work: Callable[[Desk], Awaitable[T]], *, registering: bool = False, waits: bool = True
) -> T:
    """Open the installation, do the work, close it. `waits`: until what it took away is effective everywhere."""

    async def run() -> T:
        async with opened(load_settings(config), registering=registering) as desk:
            return await work(replace(desk, waits=waits))

    return asyncio.run(run())
