"""Whatever somebody does, and in whatever order: the accounts that they come to control never hold more than they did,
and whoever holds more than they did is as they were.

Control is what a password or a token gives. The world is small, so that groups, permissions and people meet.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.owner import OwnerKind
from gateway.core.policy import EVERYONE, PERMISSIONS
from gateway.core.power import DEMANDS, OVER_ONESELF, Act, Actor, How, held, lacking, power
from tests.builders import an_owner

GROUPS = ("a", "b", "c", "d")
LOGINS = ("mallory", "bob", "carol", "cron")
some_groups = st.frozensets(st.sampled_from(GROUPS))
policies = st.fixed_dictionaries(
    {}, optional={name: st.frozensets(st.sampled_from((*GROUPS, EVERYONE))) for name in sorted(PERMISSIONS)}
)
worlds = st.fixed_dictionaries({login: st.tuples(some_groups, st.booleans()) for login in LOGINS})
acts = st.sampled_from([act for act in Act if DEMANDS[act].gives_power or act in {Act.DISABLE, Act.DELETE_OWNER}])
steps = st.lists(st.tuples(st.sampled_from(LOGINS), acts, st.sampled_from(LOGINS), some_groups), max_size=12)


def people(world):
    """The owners of a world; cron is an application."""
    return {
        login: an_owner(
            login,
            kind=OwnerKind.APPLICATION if login == "cron" else OwnerKind.USER,
            groups=tuple(sorted(groups)),
            enabled=enabled,
        )
        for login, (groups, enabled) in world.items()
    }


@given(policies, worlds, steps)
def test_nobody_comes_to_control_more_power_than_they_had(permissions, world, plan):
    owners = people(world)
    owners["mallory"] = replace(owners["mallory"], enabled=True)
    ceiling = held(permissions, owners["mallory"].groups)
    above = {login for login, one in owners.items() if held(permissions, one.groups) - ceiling - OVER_ONESELF}
    began = dict(owners)
    controlled = {"mallory"}
    for as_whom, act, on_whom, groups in plan:
        if as_whom not in controlled:
            continue
        actor = Actor(name=as_whom, how=How.SESSION, proven=True, owner=owners[as_whom])
        target = owners[on_whom]
        if act in {Act.SET_GROUPS, Act.ADD_OWNER}:
            target = replace(target, groups=tuple(sorted(groups)))
        if lacking(permissions, actor, act, target, owners[on_whom]) is not None:
            continue
        if act is Act.SET_GROUPS:
            owners[on_whom] = target
        elif act in {Act.ENABLE, Act.DISABLE}:
            owners[on_whom] = replace(target, enabled=act is Act.ENABLE)
        elif act in {Act.SET_PASSWORD, Act.MINT_TOKEN}:
            controlled.add(on_whom)
        for login in controlled:
            assert held(permissions, owners[login].groups) <= ceiling
    for login in above:
        assert owners[login] == began[login]


@given(policies, worlds, st.sampled_from(list(Act)), some_groups)
def test_an_act_that_gives_power_gives_none_that_its_actor_lacks(permissions, world, act, groups):
    owners = people(world)
    actor = Actor(name="mallory", how=How.SESSION, proven=True, owner=owners["mallory"])
    after = replace(owners["bob"], groups=tuple(sorted(groups)))
    if DEMANDS[act].gives_power and lacking(permissions, actor, act, after) is None:
        assert held(permissions, after.groups) <= power(permissions, actor)
