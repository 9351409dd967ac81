"""The secrets of a token against a small model: never more than two live, never none."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.lifecycle import secret_state
from tests.builders import NOW, a_stored_secret
from tests.contract.backend import SqliteBackend, add_alice
from tests.effort import examples

HOUR = timedelta(hours=1)
STEPS = st.one_of(
    st.tuples(st.just("rotate"), st.sampled_from([0, 1, 5, 168])),
    st.tuples(st.just("rotate until used"), st.just(168)),
    st.tuples(st.just("use"), st.just(0)),
    st.tuples(st.just("advance"), st.sampled_from([1, 4, 100, 168])),
    st.tuples(st.sampled_from(["edit", "suspend", "resume", "revoke"]), st.just(0)),
)


@dataclass
class Model:
    """The current secret, and the older one, if it lives on: until when, and whether the use of the newer ends it."""

    now: datetime = NOW
    current: int = 0
    older: int | None = None
    older_ends: datetime = NOW
    waits: bool = False

    def rotate(self, new: int, hours: int, *, waits: bool) -> None:
        self.older, self.older_ends, self.waits = self.current, self.now + hours * HOUR, waits
        self.current = new

    def live(self) -> set[int]:
        return {self.current} | ({self.older} if self.older is not None and self.older_ends > self.now else set())


async def walk(folder, template, steps):
    """Take the steps on both; after each, both agree on what lives."""
    backend = SqliteBackend(folder, template)
    try:
        store = await backend.open()
        (token_id,) = await add_alice(store)
        record = await store.load_token(token_id)
        model = Model(current=record.secrets[0].row)
        for number, (verb, hours) in enumerate(steps):
            if verb == "advance":
                backend.clock.advance(hours * HOUR)
                model.now += hours * HOUR
            else:
                async with store.change(actor="test") as change:
                    await step(change, model, record, verb, hours, number)
            record = await store.load_token(token_id)
            live = {one.row for one in record.secrets if secret_state(one, model.now) is None}
            assert live == model.live(), (verb, hours)
            assert 1 <= len(live) <= 2
            assert [one.row for one in record.secrets if one.ends_at is None] == [model.current]
    finally:
        await backend.close()


async def step(change, model, record, verb, hours, number):
    token = record.token
    if verb.startswith("rotate"):
        waits = verb != "rotate"
        ends = change.at + hours * HOUR
        stored = await change.rotate(token.id, a_stored_secret(token), old_ends_at=ends, until_used=waits)
        model.rotate(stored.row, hours, waits=waits)
    elif verb == "use":
        old = record.ended_by_use_of(record.secrets[0])
        assert (old is not None) is model.waits, "whatever waits for a use is known to the record"
        if old is not None:
            assert await change.end_by_use(token.id, old=old, new=model.current)
            model.older_ends, model.waits = min(model.older_ends, model.now), False
    elif verb == "edit":
        await change.edit_token(token.id, name=f"n{number}")
    else:
        await getattr(change, verb)(token.id)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_a_token_has_one_or_two_live_secrets_whatever_is_done_to_it(templates, steps):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(walk(Path(folder), templates["sqlite"], steps))
