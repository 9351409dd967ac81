"""A token ends on the instant it says, and no new one outlives the policy."""

from datetime import datetime, timedelta, timezone

import pytest

from gateway.core.lifecycle import (
    USES_LAG,
    ExpiryRefused,
    LifetimePolicy,
    expiry,
    secret_state,
    takes_away,
    token_state,
)
from gateway.core.network import Networks
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


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("quiet_since", "reason"),
    [
        pytest.param(NOW - DAY, None, id="a-use-elsewhere-may-not-be-written-yet"),
        pytest.param(NOW - DAY - USES_LAG + SECOND, None, id="one-second-left"),
        pytest.param(NOW - DAY - USES_LAG, Reason.IDLE, id="on-the-instant"),
        pytest.param(None, Reason.IDLE, id="never-used-counts-from-creation"),
    ],
)
def test_a_token_that_rests_longer_than_its_idle_expiry_is_idle(quiet_since, reason):
    token = a_token(idle=DAY, created_at=NOW - 2 * DAY)
    assert token_state(token, an_owner(), NOW, quiet_since) is reason
    assert token_state(a_token(created_at=NOW - 2 * DAY), an_owner(), NOW, quiet_since) is None


@pytest.mark.parametrize(
    ("over", "owner", "reason"),
    [
        pytest.param({"revoked_at": NOW}, {}, Reason.REVOKED, id="revoked"),
        pytest.param({"expires_at": NOW}, {}, Reason.EXPIRED, id="expired"),
        pytest.param({"expires_at": NOW, "idled_at": NOW}, {}, Reason.IDLE, id="ended-for-it"),
        pytest.param({"expires_at": NOW + DAY, "idled_at": NOW + DAY}, {}, Reason.IDLE, id="ended-by-another-clock"),
        pytest.param({"suspended_at": NOW}, {}, Reason.SUSPENDED, id="suspended-may-come-back"),
        pytest.param({}, {"enabled": False}, Reason.OWNER_DISABLED, id="so-may-its-owner"),
    ],
)
def test_idle_is_asked_last_for_it_ends_the_token(over, owner, reason):
    token = a_token(idle=DAY, created_at=NOW - 9 * DAY, **over)
    assert token_state(token, an_owner(**owner), NOW, NOW - 9 * DAY) is reason


TEN = Networks.of(["10.0.0.0/8"])
PART_OF_TEN = Networks.of(["10.1.0.0/16"])


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        pytest.param({"scopes": frozenset({"a", "b"})}, {"scopes": frozenset({"a"})}, id="scopes"),
        pytest.param({"networks": None}, {"networks": TEN}, id="networks-at-all"),
        pytest.param({"networks": TEN}, {"networks": PART_OF_TEN}, id="fewer-networks"),
        pytest.param({"hosts": None}, {"hosts": frozenset({"x.org"})}, id="hosts-at-all"),
        pytest.param({"hosts": frozenset({"*.x.org"})}, {"hosts": frozenset({"a.x.org"})}, id="fewer-hosts"),
        pytest.param({"expires_at": None}, {"expires_at": NOW}, id="expiry-at-all"),
        pytest.param({"expires_at": NOW}, {"expires_at": NOW - SECOND}, id="earlier-expiry"),
        pytest.param({"idle": None}, {"idle": DAY}, id="idle-at-all"),
        pytest.param({"idle": 2 * DAY}, {"idle": DAY}, id="shorter-idle"),
    ],
)
def test_an_edit_takes_away_one_way_and_gives_the_other(wide, narrow):
    assert takes_away(a_token(**wide), a_token(**narrow))
    assert not takes_away(a_token(**narrow), a_token(**wide))
    assert not takes_away(a_token(**wide), a_token(**wide))
    assert takes_away(a_token(networks=TEN, name="a"), a_token(networks=Networks.of(["192.0.2.0/24"])))


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
