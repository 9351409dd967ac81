"""`allowed_until` names the very moment at which the rules begin to refuse, whichever of them it is."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.decision import Allow, choose, decide
from gateway.core.evidence import Proven
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.until import allowed_until
from tests.builders import NOW, a_policy, a_route, a_stored_secret, a_target, a_token, an_owner

MOMENTS = st.none() | st.integers(1, 100).map(lambda days: NOW + timedelta(days=days))
PAST = st.integers(0, 20).map(lambda days: NOW - timedelta(days=days))
TICK = timedelta(microseconds=1)


@given(
    expires_at=MOMENTS,
    ends_at=MOMENTS,
    rt_until=MOMENTS,
    idle=st.none() | st.integers(21, 100).map(lambda days: timedelta(days=days)),
    quiet_since=st.none() | PAST,
    confirmed_at=PAST,
    reconfirm_every=st.none() | st.integers(21, 100).map(lambda days: timedelta(days=days)),
    sso=st.booleans(),
    from_rt=st.booleans(),
)
def test_an_allow_lasts_until_the_moment_named_and_not_longer(
    expires_at, ends_at, rt_until, idle, quiet_since, confirmed_at, reconfirm_every, sso, from_rt
):
    assume(rt_until is not None or not from_rt)
    policy = a_policy(a_route("/**", credentials=("bearer", "rt")), rt_until=rt_until, reconfirm_every=reconfirm_every)
    owner = replace(an_owner(), sso=sso, confirmed_at=confirmed_at)
    token = a_token(owner, expires_at=expires_at, idle=idle)
    secret = a_stored_secret(token, ends_at=ends_at, scheme=RT_BCRYPT if from_rt else "argon2id")
    proven = Proven(token=token, owner=owner, secret=secret, quiet_since=quiet_since)
    target = a_target()
    demands = choose(policy, target)

    def allowed(now):
        return isinstance(decide(policy, target, demands, proven, now), Allow)

    until = allowed_until(proven, policy)
    assert allowed(NOW)
    if until is None:
        assert allowed(NOW + timedelta(days=100_000))
    else:
        assert allowed(until - TICK)
        assert not allowed(until)
        assert not allowed(until + timedelta(days=1))
