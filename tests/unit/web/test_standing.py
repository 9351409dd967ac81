"""What is known of checks that differ in the URI alone."""

from gateway.core.reason import Reason
from gateway.core.route import Match
from gateway.web.check.dialect import Answer
from gateway.web.check.standing import MOST_ROUTES, Asker, Known, Standing
from gateway.web.check.wire import reply
from tests.builders import a_route

ANSWER = Answer(status=200, headers=((b"Cache-Control", b"no-store"), (b"X-Auth-User", b"alice: a, b")))


def a_standing():
    return Standing(
        reply(ANSWER, keeps_alive=True),
        settings=None,
        epoch=1,
        until=None,
        dialect="traefik",
        reason=Reason.TOKEN,
        route=a_route(),
        token_id="0123456789a",
        address=None,
    )


def an_asker():
    return Asker(None, keeps_alive=True, is_http_10=False, is_head=False)


def at(index, login=None):
    return Match(a_route(index=index), login)


def test_what_stands_is_found_by_route_and_login_in_any_order():
    asker, demands = an_asker(), [at(0), at(1), at(1, "alice"), at(2)]
    standings = [a_standing() for _ in demands]
    for demand, standing in zip(demands, standings, strict=True):
        asker.keep((demand.route.index, demand.login), standing)
    for demand in (*demands, *reversed(demands)):
        assert asker.standing(demand) is standings[demands.index(demand)]
    assert asker.standing(at(2, "bob")) is None
    assert asker.standing(at(3)) is None


def test_what_stands_anew_takes_the_place_of_what_stood_at_once():
    asker = an_asker()
    for demand in (at(0), at(1)):
        assert asker.standing(demand) is None
        for standing in (a_standing(), a_standing()):
            asker.keep((demand.route.index, None), standing)
            assert asker.standing(demand) is standing


def test_no_more_is_kept_than_for_so_many_routes():
    asker = an_asker()
    for index in range(10 * MOST_ROUTES):
        asker.keep((index, None), a_standing())
        assert asker.standing(at(index)) is not None
    assert sum(asker.standing(at(index)) is not None for index in range(10 * MOST_ROUTES)) <= 1 + MOST_ROUTES


def test_the_answer_of_what_stood_before_is_the_one_that_was_written():
    assert Known(None, a_standing()).answer == ANSWER
