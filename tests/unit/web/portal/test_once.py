"""A form that is sent twice is done once."""

import asyncio

import pytest

from gateway.auth.refused import Refused
from gateway.web.portal.once import Sendings
from gateway.web.portal.page import Sent


class Doing:
    """Something that is done, and counted."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Sent:
        self.times += 1
        await asyncio.sleep(0.01)
        return Sent(to=f"/{self.times}")


async def test_two_clicks_at_once_do_it_once_and_are_answered_alike():
    sendings, doing = Sendings(), Doing()
    answers = await asyncio.gather(*(sendings.once("session", "mark", doing) for _ in range(5)))
    assert doing.times == 1
    assert {answer.to for answer in answers if answer is not None} == {"/1"}


async def test_a_late_one_is_told_that_it_was_done_and_the_answer_with_its_secret_is_gone():
    sendings, doing = Sendings(again_s=0.0), Doing()
    assert await sendings.once("session", "mark", doing) is not None
    await asyncio.sleep(0.01)
    assert await sendings.once("session", "mark", doing) is None
    assert doing.times == 1
    assert set(sendings._sent.values()) == {None}


async def test_another_form_and_another_session_are_their_own():
    sendings, doing = Sendings(), Doing()
    for session, mark in (("a", "1"), ("a", "2"), ("b", "1")):
        await sendings.once(session, mark, doing)
    assert doing.times == 3


async def test_what_was_refused_may_be_sent_again():
    sendings, doing = Sendings(), Doing()

    async def refuses() -> Sent:
        await asyncio.sleep(0)
        raise Refused("name_taken", message="taken")

    answers = await asyncio.gather(*(sendings.once("s", "m", refuses) for _ in range(2)), return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, Refused)] == ["name_taken"] * 2
    with pytest.raises(Refused):
        await sendings.once("s", "m", refuses)
    assert await sendings.once("s", "m", doing) == Sent(to="/1")
