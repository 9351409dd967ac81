"""Check workers over one installation's database, with a wall clock that tests move; no sockets between."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.desk import Desk
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import load as load_keys
from gateway.auth.lease import Lease
from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.cli.desk import load_settings
from gateway.store import Limits, Store
from gateway.web.check.dialect import Answer
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService, CheckSettings
from tests.installation import Installation

LIMITS = Limits(read_s=2.0, busy_s=0.1, lock_s=2.0, write_s=5.0, close_s=5.0)


class WallClock:
    """Now, and moved ahead by tests."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(**by)


class Metrics:
    """Counts the reasons."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def checked(self, _dialect: str, reason: str) -> None:
        """One answered check."""
        self.reasons[str(reason)] += 1


class Worker:
    """What one serving process has behind its listener, and a desk on the same store."""

    def __init__(self, desk: Desk, authenticator: Authenticator, usage: UsageCounter, faults: list[str]) -> None:
        settings = desk.settings
        self.desk, self.authenticator, self.usage, self.faults = desk, authenticator, usage, faults
        self.metrics = Metrics()
        self.service = CheckService(
            CheckSettings(
                policy=settings.policy(),
                skip=settings.client_address.skip,
                realm=settings.realm,
                support_contact=settings.support_contact,
            ),
            authenticator=authenticator,
            usage=usage,
            refusals=Refusals(desk.store, clock=desk.now, fault=faults.append),
            metrics=self.metrics,
            clock=desk.now,
        )

    async def answer(
        self, token: str, path: str = "/api/x", *, host: str = "app.example.org", address: str = "192.0.2.7"
    ) -> Answer:
        """One check in Traefik's dialect."""
        facts = {"Method": "GET", "Uri": path, "Host": host, "For": address}
        headers = [(f"X-Forwarded-{name}".encode(), value.encode()) for name, value in facts.items()]
        return await self.service.check(DIALECTS["traefik"], [*headers, (b"Authorization", f"Bearer {token}".encode())])

    async def ask(self, token: str, path: str = "/api/x", **more: str) -> str:
        """The same; only the word: `allowed`, or why not, as a proven holder reads it."""
        answer = await self.answer(token, path, **more)
        return "allowed" if answer.status == 200 else dict(answer.headers)[b"X-Auth-Reason"].decode()


@contextlib.asynccontextmanager
async def a_worker(installation: Installation, clock: WallClock) -> AsyncIterator[Worker]:
    """A worker, and its end as after SIGTERM."""
    settings = load_settings(installation.config)
    keyring = load_keys(settings.key_file)
    store = await Store.open(settings.store.url, now=clock, keys=keyring.keys, brand="tg", limits=LIMITS)
    pool = HashPool(threads=1, queue=64, name="test")
    feed, states, faults = store.follow(), TokenStates(), []
    lease = Lease(feed, bound_s=store.meta.bound_s, apply=states.apply)
    authenticator = Authenticator(
        store=store, lease=lease, states=states, keyring=keyring, pool=pool, brand="tg", fault=faults.append
    )
    usage = UsageCounter(store, faults.append)
    await store.load_token("0" * 11)  # connects: the first check has a deadline
    desk = Desk(store=store, keyring=keyring, hashing=pool, settings=settings, now=clock)
    try:
        yield Worker(desk, authenticator, usage, faults)
        await usage.flush()
    finally:
        await authenticator.close()
        pool.close()
        feed.close()
        await store.close()
