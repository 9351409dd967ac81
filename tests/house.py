"""An authenticator with the store, the feed and the clock around it in a test's hands."""

from dataclasses import replace

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.hashing import HashPool, hash_token_secret
from gateway.auth.keyring import KeyRing
from gateway.auth.lease import Lease
from gateway.core.owner import TokenRecord
from tests.builders import a_presented, a_stored_secret, a_token, an_owner
from tests.fakes import Clock, Feed, Store

BOUND = 0.1


class House:
    """One of each, wired as the serving process wires them."""

    def __init__(self, keyring: KeyRing) -> None:
        self.keyring = keyring
        self.clock, self.feed, self.store, self.states = Clock(), Feed(), Store(), TokenStates()
        self.lease = Lease(self.feed, bound_s=BOUND, apply=self.states.apply, clock=self.clock)
        self.pool = HashPool(threads=1, queue=4, name="test")
        self.faults: list[str] = []
        self.authenticator = Authenticator(
            store=self.store,
            lease=self.lease,
            states=self.states,
            keyring=keyring,
            pool=self.pool,
            brand="tg",
            fault=self.faults.append,
        )

    def keep(self, owner=None, *, secret=None, key=None, **over):
        """Put a token into the store; returns it with the bytes a client presents."""
        owner = owner or an_owner()
        token = a_token(owner, **over)
        presented, secret = a_presented(token, secret)
        stored = a_stored_secret(
            token,
            hash=hash_token_secret(secret),
            key_id=(key or self.keyring.current).id,
            tag=(key or self.keyring.current).tag(secret.reveal()),
        )
        self.store.records[token.id] = TokenRecord(token=token, owner=owner, secrets=(stored,))
        return token, presented

    def change(self, token, **over) -> None:
        """Change a token as another process would: commit and feed row."""
        record = self.store.records[token.id]
        self.store.records[token.id] = replace(record, token=replace(record.token, **over))
        self.feed.append("token", token.id)

    async def ask(self, presented, user=None):
        """What a check asks."""
        return await self.authenticator.authenticate(presented, user)
