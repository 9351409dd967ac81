"""A token ends on the instant it says, and no new one outlives the policy."""

from datetime import datetime, timedelta, timezone

import pytest

from gateway.core.lifecycle import ExpiryRefused, LifetimePolicy, expiry, secret_state, token_state
from gateway.core.reason import Reason
from tests.builders import NOW, a_stored_secret, a_token, an_owner

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        pytest.param({}, None, id="usable"),
        pytest.param({"expires_at": None}, None, id="never-expires"),
        pytest.param({"expires_at": NOW + SECOND}, None, id="T22-one-second-left"),
        pytest.param({"expires_at": NOW}, Reason.EXPIRED, id="T22-on-the-instant"),
        pytest.param({"expires_at": NOW - SECOND}, Reason.EXPIRED, id="T22-one-second-ago"),
        pytest.param({"suspended_at": NOW - SECOND}, Reason.SUSPENDED, id="suspended"),
        pytest.param({"revoked_at": NOW - SECOND, "suspended_at": NOW}, Reason.REVOKED, id="revoked-is-final"),
    ],
)
def test_token_state(over, reason):
    assert token_state(a_token(**over), an_owner(), NOW) is reason


def test_a_disabled_owner_disables_every_token():
    assert token_state(a_token(), an_owner(enabled=False), NOW) is Reason.OWNER_DISABLED


@pytest.mark.parametrize(("ends", "reason"), [(None, None), (NOW + SECOND, None), (NOW, Reason.STALE_SECRET)])
def test_an_older_secret_lives_until_its_grace_ends(ends, reason):
    assert secret_state(a_stored_secret(a_token(), ends_at=ends), NOW) is reason


LIMITED = LifetimePolicy(default=timedelta(days=90), maximum=timedelta(days=366))
UNLIMITED = LifetimePolicy(default=None, maximum=None)


@pytest.mark.parametrize(
    ("wish", "policy", "ends"),
    [
        pytest.param(None, LIMITED, NOW + timedelta(days=90), id="default"),
        pytest.param(None, UNLIMITED, None, id="no-default-is-never"),
        pytest.param(timedelta(days=366), LIMITED, NOW + timedelta(days=366), id="exactly-the-maximum"),
        pytest.param(timedelta.max, UNLIMITED, None, id="never-where-allowed"),
        pytest.param(NOW + timedelta(days=1), LIMITED, NOW + timedelta(days=1), id="an-instant"),
        pytest.param(
            datetime(2026, 11, 22, 14, 0, tzinfo=timezone(timedelta(hours=1))),
            LIMITED,
            NOW + timedelta(hours=1),
            id="an-instant-elsewhere",
        ),
    ],
)
def test_an_allowed_expiry(wish, policy, ends):
    assert expiry(wish, policy, NOW) == ends


@pytest.mark.parametrize(
    ("wish", "policy"),
    [
        pytest.param(timedelta(days=367), LIMITED, id="beyond-the-maximum"),
        pytest.param(timedelta.max, LIMITED, id="never-where-not-allowed"),
        pytest.param(NOW, LIMITED, id="T24-now"),
        pytest.param(timedelta(seconds=-1), LIMITED, id="T24-negative"),
        pytest.param(timedelta(days=999_999_998), UNLIMITED, id="T24-beyond-the-calendar"),
    ],
)
def test_a_refused_expiry_says_why(wish, policy):
    refused = expiry(wish, policy, NOW)
    assert isinstance(refused, ExpiryRefused)
    assert len(refused.why) > 20
