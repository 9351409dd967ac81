"""A request for a token that is sent again makes nothing twice; no secret is but in the answer that made it."""

import asyncio
from datetime import timedelta

import pytest

from gateway.store import Change, Use
from tests.unit.web.api import test_tokens
from tests.unit.web.api.test_tokens import TOKENS, by, edited, make, of_app

at = test_tokens.at
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


async def again(at, who="bob", path="", key=KEY, **body):
    return await by(at, who, "POST", TOKENS + path, json=body, headers=key)


async def is_alive(at, secret):
    """Whether the gateway takes the token."""
    return (await by(at, secret, "GET", "/api/v1/token")).status == 200


async def every(at, who="bob"):
    return (await by(at, who, "GET", TOKENS)).json["items"]


async def used(at, handle):
    """Somebody has used the token, and it is written down."""
    use = Use(token_id=handle.partition("_")[2], count=1, last_used_at=at.front.desk.now(), last_address="")
    await at.front.desk.store.record_usage([use])


async def test_the_same_request_makes_one_token_and_the_last_answer_has_the_secret_that_works(at):
    answers = [await again(at, name="ci", scopes=["rest"]) for _ in range(3)]
    assert [one.status for one in answers] == [201] * 3
    assert len({one.json["token"] for one in answers}) == len(await every(at)) == 1
    assert [await is_alive(at, one.json["secret"]) for one in answers] == [False, False, True]
    assert answers[0].json["effective_after_s"] is None
    assert answers[1].json["effective_after_s"] > 0.1, "the secret before it is dead everywhere"


async def test_another_request_and_a_used_secret_are_told(at):
    made = await again(at, name="ci")
    other = await again(at, name="other")
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    assert other.json["errors"] == [
        {"header": "Idempotency-Key", "detail": other.json["detail"], "mend": other.json["mend"]}
    ]
    await used(at, made.json["token"])
    late = await again(at, name="ci")
    assert (late.status, late.code) == (409, "idempotency_used")
    assert await is_alive(at, made.json["secret"])
    assert (await again(at, name="ci", key={"Idempotency-Key": "k"})).code == "name_taken"
    assert (await again(at, name="n", key={"Idempotency-Key": "\t"})).code == "bad_value"


async def test_callers_do_not_meet_under_one_key(at):
    robot = await of_app(at, "gateway", "rest")
    answers = [await again(at, who, name="ci", user="carol") for who in ("boss", robot, "carol")]
    assert [one.status for one in answers] == [201, 409, 409]
    assert {one.code for one in answers[1:]} == {"name_taken"}


async def test_of_many_at_once_one_makes_the_token_and_the_others_are_told_to_wait(at):
    await every(at)
    answers = await asyncio.gather(*(again(at, name="ci") for _ in range(5)))
    assert sorted(one.status for one in answers) == [201, 409, 409, 409, 409]
    assert {one.code for one in answers if one.status == 409} == {"idempotency_in_flight"}
    assert all(one.headers["Retry-After"] == "1" for one in answers if one.status == 409)
    assert len(await every(at)) == 1


@pytest.mark.parametrize("step", ["add_token", "remember", "write"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_after_a_crash_at_any_step_the_same_request_makes_the_one_token(at, monkeypatch, step, when):
    await every(at)
    real = getattr(Change, step)

    async def dies(self, *args, **kwargs):
        monkeypatch.undo()
        if when == "after":
            await real(self, *args, **kwargs)
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(Change, step, dies)
    assert (await again(at, name="ci")).status == 500
    assert await every(at) == []
    made = await again(at, name="ci")
    assert made.status == 201
    assert await is_alive(at, made.json["secret"])


@pytest.mark.parametrize("step", ["rotate", "remember", "write"])
async def test_a_crash_in_a_rotation_leaves_the_old_secret_and_no_other(at, monkeypatch, step):
    made = await make(at)
    real = getattr(Change, step)

    async def dies(self, *args, **kwargs):
        monkeypatch.undo()
        await real(self, *args, **kwargs)
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(Change, step, dies)
    assert (await again(at, path=f"/{made.json['token']}/rotate")).status == 500
    assert await is_alive(at, made.json["secret"])
    assert len((await by(at, "bob", "GET", made.headers["Location"])).json["secrets"]) == 1


async def test_a_rotation_sent_again_gives_another_new_secret_and_leaves_the_old_one_its_grace(at):
    made = await make(at)
    path = f"/{made.json['token']}/rotate"
    first = await again(at, path=path, grace="1h")
    second = await again(at, path=path, grace="1h")
    assert (first.status, second.status) == (200, 200)
    assert first.json["old_secret_ends_at"] == second.json["old_secret_ends_at"]
    alive = [await is_alive(at, one.json["secret"]) for one in (made, first, second)]
    assert alive == [True, False, True]
    await used(at, made.json["token"])
    assert (await again(at, path=path, grace="1h")).code == "idempotency_used"
    cut = await again(at, path=path, key={"Idempotency-Key": "k"})
    assert (await again(at, path=path, key={"Idempotency-Key": "k"})).status == 200
    assert not await is_alive(at, cut.json["secret"])
    assert not await is_alive(at, made.json["secret"])


async def test_a_token_that_rotates_itself_may_ask_again_with_the_old_secret(at):
    robot = await of_app(at, "gateway", "rest")
    path = f"/{robot.rpartition('_')[0]}/rotate"
    refused = await again(at, robot, path)
    assert (refused.status, refused.code) == (409, "needs_grace")
    first = await again(at, robot, path, until_used=True)
    second = await again(at, robot, path, until_used=True)
    assert (first.status, second.status, second.json["until_used"]) == (200, 200, True)
    assert await is_alive(at, robot)
    acted = await by(at, second.json["secret"], "GET", "/api/v1/me")
    assert acted.status == 200
    assert not await is_alive(at, robot)
    assert not await is_alive(at, first.json["secret"])


async def test_a_repetition_gives_no_secret_of_a_token_that_reaches_farther_by_now(at):
    robot = await of_app(at, "gateway", "rest")
    made = await again(at, robot, name="ci", user="carol", scopes=["rest"])
    await edited(at, "boss", made.json["token"], scopes=["rest", "write"])
    assert (await again(at, robot, name="ci", user="carol", scopes=["rest"])).code == "beyond_token"
    ended = await again(at, "boss", name="x", key=KEY)
    await by(at, "boss", "DELETE", ended.headers["Location"])
    assert (await again(at, "boss", name="x", key=KEY)).code == "idempotency_used"


async def test_no_secret_is_on_disk_in_the_audit_or_in_any_answer_but_the_one_that_made_it(
    at, installed, caplog, capfd
):
    made = await again(at, name="ci", scopes=["rest"])
    replaced = await again(at, name="ci", scopes=["rest"])
    handle = made.json["token"]
    turned = await again(at, path=f"/{handle}/rotate", grace="1h", key={"Idempotency-Key": "r"})
    whole = [one.json["secret"] for one in (made, replaced, turned)]
    assert len(set(whole)) == 3
    seen = [
        await by(at, "bob", "GET", path)
        for path in (TOKENS, f"{TOKENS}/{handle}", f"{TOKENS}/{handle}/uses", f"{TOKENS}/{handle}/reach")
    ]
    seen.append(await edited(at, "bob", handle, name="other"))
    seen.append(await by(at, "bob", "POST", f"{TOKENS}/{handle}/suspend"))
    seen.append(await by(at, "bob", "DELETE", f"{TOKENS}/{handle}"))
    out, err = capfd.readouterr()
    written = b"".join(one.raw for one in seen) + installed.on_disk() + (out + err + caplog.text).encode()
    for secret in whole:
        assert secret.rpartition("_")[2].encode() not in written
    assert all(one.headers["Cache-Control"] == "no-store" for one in [made, replaced, turned, *seen])
    done = installed.rows("SELECT action, address, actor FROM audit WHERE subject_kind = 'token' ORDER BY seq")
    assert [action for action, _, _ in done] == [
        "token_created",
        "token_secret_replaced",
        "token_rotated",
        "token_edited",
        "token_suspended",
        "token_revoked",
    ]
    assert {address for _, address, _ in done} == {"192.0.2.7"}
    assert len({actor for _, _, actor in done}) == 1


def test_a_day_is_as_long_as_a_key_counts():
    from gateway.store.change_idempotency import KEPT

    assert timedelta(hours=24) == KEPT
