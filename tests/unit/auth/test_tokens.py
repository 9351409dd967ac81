"""Use cases about tokens, where the command line cannot look: races, hashes, the wait, the store away."""

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest

from gateway.auth.desk import MARGIN_S
from gateway.auth.hashing import verify_token_secret
from gateway.auth.leaked import revoke_leaked
from gateway.auth.power import operator
from gateway.auth.refused import Refused
from gateway.auth.token_list import list_tokens
from gateway.auth.token_revoke import revoke_tokens
from gateway.auth.tokens import create_token, rotate_token
from gateway.core.evidence import NotChecked
from gateway.core.owner import OwnerKind
from gateway.core.reason import Reason
from gateway.core.token import Kind, parse
from gateway.store import SqliteFeed, TokenState

ROOT = operator("cli:test")


def create(desk, name="ci", **over):
    wish = {"actor": ROOT, "owner_kind": OwnerKind.USER, "login": "alice", "name": name, "scopes": ("rest",)}
    return create_token(desk, **(wish | over))


async def refusal(work):
    """The code and the field that a use case is refused with."""
    with pytest.raises(Refused) as caught:
        await work
    return caught.value.code, caught.value.field


async def test_what_is_stored_is_a_hash_and_a_tag_of_the_secret_alone(installed):
    async with installed.desk() as desk:
        minted = await create(desk)
        record = await desk.store.load_token(minted.token.id)
        (stored,) = record.secrets
        parsed = parse(minted.whole.reveal().encode(), brand="tg")
        assert verify_token_secret(stored.scheme, stored.hash, parsed.secret).matches
        assert stored.tag == desk.keyring.current.tag(parsed.secret.reveal())
        assert "m=8192,t=1,p=1" in stored.hash
        assert (parsed.kind, parsed.id) == (Kind.PERSONAL, minted.token.id)
        assert parsed.secret.reveal() not in repr(minted)


async def test_of_many_who_create_one_name_at_once_one_succeeds(installed):
    async with installed.desk() as desk, installed.desk() as other:
        work = (create(desk), create(other), create(desk, "another"), create(other, "third"))
        done = await asyncio.gather(*work, return_exceptions=True)
        refused = [one for one in done if isinstance(one, Refused)]
        assert [one.code for one in refused] == ["name_taken"], done
        assert sorted(one.token.name for one in await list_tokens(desk, actor=ROOT)) == ["another", "ci", "third"]


@pytest.mark.parametrize(
    ("over", "refused"),
    [
        ({"name": ""}, ("bad_value", "name")),
        ({"scopes": ("rest", "nope")}, ("unknown_scope", "scopes")),
        ({"scopes": ("\x1b[2J",)}, ("unknown_scope", "scopes")),
        ({"networks": ("10.0.0.0/33",)}, ("bad_value", "networks")),
        ({"networks": ("2001:db8::%x 10.0.0.0/128",)}, ("bad_value", "networks")),
        ({"networks": tuple(f"10.0.{n}.0/24" for n in range(65))}, ("bad_value", "networks")),
        ({"expires": timedelta.max}, ("expiry", "expires")),
        ({"expires": timedelta(days=400)}, ("expiry", "expires")),
        ({"login": "nobody"}, ("not_found", "login")),
        ({"owner_kind": OwnerKind.APPLICATION}, ("not_found", "login")),
    ],
    ids=str,
)
async def test_a_refusal_names_its_code_and_field_and_changes_nothing(installed, over, refused):
    async with installed.desk() as desk:
        feed = desk.store.follow()
        assert await refusal(create(desk, **over)) == refused
        assert feed.poll() is None
        feed.close()


@pytest.mark.parametrize("grace", [timedelta(days=7, seconds=1), timedelta(seconds=-1)], ids=str)
async def test_a_grace_is_at_most_seven_days(installed, grace):
    async with installed.desk() as desk:
        minted = await create(desk)
        assert await refusal(rotate_token(desk, actor=ROOT, reference=minted.token.id, grace=grace)) == (
            "bad_value",
            "grace",
        )


async def test_revoke_is_in_the_feed_and_the_bound_has_passed_when_it_returns(installed):
    async with installed.desk() as desk:
        minted = await create(desk)
        feed = SqliteFeed(installed.database)
        feed.poll()
        begun = time.monotonic()
        revocation = await revoke_tokens(desk, actor=ROOT, references=[minted.token.id])
        (done,), effect = revocation.revoked, revocation.effect
        took = time.monotonic() - begun
        assert [row.id for row in feed.poll().rows] == [minted.token.id]
        feed.close()
        assert took >= effect.waited_s >= desk.store.meta.bound_s + MARGIN_S
        assert effect.everywhere_by is None
        assert not done.already
        assert [one.token.id for one in await list_tokens(desk, actor=ROOT, state=TokenState.REVOKED)] == [
            minted.token.id
        ]


async def test_where_stale_state_may_be_served_the_effect_says_until_when(installed):
    with closing(sqlite3.connect(installed.database, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET serve_cached_for_ms = 60000")
    async with installed.desk() as desk:
        minted = await create(desk)
        before = desk.now()
        effect = (await revoke_tokens(desk, actor=ROOT, references=[minted.token.id])).effect
        assert timedelta(seconds=60) <= effect.everywhere_by - before < timedelta(seconds=90)


async def test_an_interrupted_rotation_leaves_the_old_secret_valid(installed, monkeypatch):
    async with installed.desk() as desk:
        minted = await create(desk)

        async def crash(*_words, **_more):
            raise ConnectionError

        monkeypatch.setattr("gateway.store.change.Change.rotate", crash)
        with pytest.raises(ConnectionError):
            await rotate_token(desk, actor=ROOT, reference=minted.token.id)
    async with installed.desk() as desk:
        (stored,) = (await desk.store.load_token(minted.token.id)).secrets
        assert stored.ends_at is None


async def test_a_leaked_token_that_cannot_be_checked_is_not_reported_as_harmless(installed):
    async with installed.desk() as desk:
        whole = (await create(desk)).whole.reveal()

        async def away(_presented, _user):
            return NotChecked(reason=Reason.UNAVAILABLE, detail="the store cannot be read")

        code, _ = await refusal(revoke_leaked(desk, away, actor=ROOT, lines=[whole]))
        assert code == "busy"


@pytest.mark.parametrize("act", ["create", "rotate"])
async def test_a_secret_that_cannot_be_handed_out_is_not_stored(installed, act):
    def deaf(minted):
        assert minted.whole
        raise BrokenPipeError

    async with installed.desk() as desk:
        minted = await create(desk)
        work = (
            create(desk, "second", hand_out=deaf)
            if act == "create"
            else rotate_token(desk, actor=ROOT, reference=minted.token.id, hand_out=deaf)
        )
        with pytest.raises(BrokenPipeError):
            await work
        assert len(await list_tokens(desk, actor=ROOT)) == 1
        (stored,) = (await desk.store.load_token(minted.token.id)).secrets
        assert stored.ends_at is None
