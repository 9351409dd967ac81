"""The tokens of people who sign in elsewhere rest when nobody there has vouched for them for too long."""

from datetime import timedelta

import pytest

from gateway.core.confirmation import confirmation_state, confirmation_words
from gateway.core.decision import Allow, decide
from gateway.core.evidence import Proven
from gateway.core.reason import Reason
from gateway.core.route import Match
from tests.builders import NOW, a_policy, a_route, a_stored_secret, a_target, a_token, an_owner

EVERY = timedelta(days=90)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("owner", "every", "reason"),
    [
        ({}, EVERY, None),
        ({"sso": True, "confirmed_at": NOW - EVERY + INSTANT}, EVERY, None),
        ({"sso": True, "confirmed_at": NOW - EVERY}, EVERY, Reason.OWNER_UNCONFIRMED),
        ({"sso": True, "confirmed_at": None}, EVERY, Reason.OWNER_UNCONFIRMED),
        ({"sso": True, "confirmed_at": None}, None, None),
        ({"sso": True, "confirmed_at": NOW - 100 * EVERY}, None, None),
    ],
    ids=["local", "just-in-time", "on-the-instant", "never-confirmed", "unlimited", "unlimited-long-ago"],
)
def test_only_people_of_the_single_sign_on_need_its_word_and_only_for_so_long(owner, every, reason):
    assert confirmation_state(an_owner(**owner), every, NOW) is reason


def test_a_check_is_refused_with_that_reason_and_allowed_again_after_the_next_word():
    policy = a_policy(a_route(), reconfirm_every=EVERY)
    for confirmed_at, reason in ((NOW - EVERY, Reason.OWNER_UNCONFIRMED), (NOW, Reason.TOKEN)):
        owner = an_owner(sso=True, confirmed_at=confirmed_at)
        token = a_token(owner)
        proven = Proven(token=token, owner=owner, secret=a_stored_secret(token))
        done = decide(policy, a_target(), (Match(policy.table.routes[0], None),), proven, NOW)
        assert done.reason is reason
        assert isinstance(done, Allow) is (reason is Reason.TOKEN)


def test_explain_says_until_when():
    owner = an_owner(sso=True, confirmed_at=NOW)
    assert confirmation_words(owner, EVERY) == "confirmed until 2027-02-20 12:00:00 UTC"
    assert confirmation_words(owner, None) == "the single sign-on vouches without end"
    assert confirmation_words(an_owner(sso=True), EVERY) == "never confirmed"
    assert confirmation_words(an_owner(), EVERY) == "no single sign-on has to vouch for the owner"
