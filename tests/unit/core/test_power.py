"""Who may do what in the gateway, and that nobody borrows power."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.network import Networks
from gateway.core.owner import OwnerKind
from gateway.core.policy import PERMISSIONS
from gateway.core.power import DEMANDS, Act, Actor, How, Why, beyond, lacking, power
from tests.builders import NOW, a_token, an_owner

PERMITTED = {
    "own_tokens": frozenset({"staff"}),
    "any_tokens": frozenset({"admins"}),
    "users": frozenset({"admins", "helpdesk"}),
    "applications": frozenset({"admins"}),
    "audit": frozenset({"auditors"}),
}


def by_session(*groups, login="actor", **over):
    return Actor(name=login, how=How.SESSION, owner=an_owner(login, groups=groups, **over), proven=True)


def by_token(*groups, scopes=("gateway",)):
    owner = an_owner("actor", groups=groups)
    return Actor(name="actor", how=How.TOKEN, owner=owner, token=a_token(owner, scopes=frozenset(scopes)))


def why(actor, act, target=None):
    found = lacking(PERMITTED, actor, act, target or an_owner("bob", groups=("staff",)))
    return None if found is None else found.why


def test_the_table_knows_every_act():
    assert set(DEMANDS) == set(Act)


@pytest.mark.parametrize("act", Act, ids=str)
def test_the_operator_may_do_all_and_nobody_nothing(act):
    assert why(Actor(name="cli:root", how=How.CLI), act, an_owner("bob", groups=("admins", "auditors"))) is None
    for nobody in (Actor(name="", how=How.SESSION), by_session("admins", enabled=False), by_token("admins", scopes=())):
        assert why(nobody, act) is not None
        assert power(PERMITTED, nobody) == frozenset()


def test_the_operator_holds_every_permission():
    assert power(PERMITTED, Actor(name="cli:root", how=How.CLI)) == PERMISSIONS


@pytest.mark.parametrize(
    ("act", "groups", "target", "expected"),
    [
        (Act.ADD_OWNER, ("helpdesk", "staff"), {}, None),
        (Act.ADD_OWNER, ("staff",), {}, Why.PERMISSION),
        (Act.ADD_OWNER, ("helpdesk",), {"kind": OwnerKind.APPLICATION, "groups": ()}, Why.PERMISSION),
        (Act.SET_GROUPS, ("helpdesk", "staff"), {"groups": ("admins",)}, Why.BORROWED),
        (Act.SET_GROUPS, ("helpdesk", "staff"), {"groups": ("auditors",)}, Why.BORROWED),
        (Act.SET_GROUPS, ("helpdesk",), {}, Why.BORROWED),
        (Act.SET_PASSWORD, ("helpdesk", "staff"), {}, None),
        (Act.SET_PASSWORD, ("helpdesk", "staff"), {"groups": ("admins",)}, Why.BORROWED),
        (Act.ENABLE, ("helpdesk", "staff"), {"groups": ("admins",), "enabled": False}, Why.BORROWED),
        (Act.DISABLE, ("helpdesk",), {}, None),
        (Act.DISABLE, ("helpdesk",), {"groups": ("admins",)}, Why.BORROWED),
        (Act.DISABLE, ("admins",), {"groups": ("auditors",)}, Why.BORROWED),
        (Act.DISABLE, ("admins",), {"groups": ("admins", "helpdesk")}, None),
        (Act.DELETE_OWNER, ("helpdesk",), {"groups": ("auditors",)}, Why.BORROWED),
        (Act.END_SESSIONS, ("helpdesk",), {"groups": ("admins",)}, Why.BORROWED),
        (Act.END_SESSIONS, ("helpdesk",), {}, None),
        (Act.SEE_SESSIONS, ("helpdesk",), {"groups": ("admins",)}, None),
        (Act.SEE_OWNER, ("helpdesk",), {"groups": ("admins",)}, None),
        (Act.MINT_TOKEN, ("admins", "staff"), {}, None),
        (Act.MINT_TOKEN, ("admins", "staff"), {"groups": ("auditors",)}, Why.BORROWED),
        (Act.MINT_TOKEN, ("helpdesk", "staff"), {}, Why.PERMISSION),
        (Act.END_TOKEN, ("admins",), {"groups": ("auditors",)}, None),
    ],
)
def test_an_act_on_others_needs_the_permission_and_gives_no_power_that_one_lacks(act, groups, target, expected):
    assert why(by_session(*groups), act, an_owner("bob", **({"groups": ("staff",)} | target))) is expected


@pytest.mark.parametrize(
    ("act", "groups", "expected"),
    [
        (Act.SEE_OWNER, (), None),
        (Act.END_SESSIONS, (), None),
        (Act.MINT_TOKEN, ("staff",), None),
        (Act.MINT_TOKEN, (), Why.PERMISSION),
        (Act.SEE_TOKENS, (), Why.PERMISSION),
        (Act.SET_GROUPS, ("staff",), Why.PERMISSION),
        (Act.EDIT_OWNER, ("staff",), Why.PERMISSION),
        (Act.ENABLE, ("staff",), Why.PERMISSION),
    ],
)
def test_an_act_on_oneself_needs_less(act, groups, expected):
    actor = by_session(*groups)
    assert why(actor, act, actor.owner) is expected


def test_nobody_sets_their_own_password_by_a_permission():
    for groups in ((), ("helpdesk", "staff"), ("admins",)):
        actor = by_session(*groups)
        assert why(actor, Act.SET_PASSWORD, actor.owner) is Why.OLD_PASSWORD


@pytest.mark.parametrize(("before", "after"), [("admins", ()), ("admins", ("staff",)), ("auditors", ("staff",))])
def test_nobody_takes_the_groups_of_somebody_who_holds_more(before, after):
    target, was = an_owner("bob", groups=after), an_owner("bob", groups=(before,))
    found = lacking(PERMITTED, by_session("helpdesk", "staff"), Act.SET_GROUPS, target, was)
    assert (found.why, found.is_held) == (Why.BORROWED, True)
    operator = Actor(name="cli:root", how=How.CLI)
    assert lacking(PERMITTED, operator, Act.SET_GROUPS, target, was) is None


def test_nobody_puts_themselves_into_a_group_with_more_power():
    actor = by_session("helpdesk", "staff")
    assert why(actor, Act.SET_GROUPS, an_owner("actor", groups=("helpdesk", "admins"))) is Why.BORROWED


def test_a_token_needs_the_scope_of_the_gateway_and_never_sets_a_password():
    assert why(by_token("admins", "staff"), Act.ADD_OWNER) is None
    assert why(by_token("admins", "staff", scopes=("rest",)), Act.ADD_OWNER) is Why.SCOPE
    actor = by_token("admins", "staff")
    for target in (actor.owner, an_owner("bob", groups=())):
        assert why(actor, Act.SET_PASSWORD, target) is Why.SESSION


def test_a_token_does_not_vouch_for_its_own_owner_but_for_others():
    actor = by_token("admins", "helpdesk", "staff")
    assert why(actor, Act.CONFIRM, actor.owner) is Why.SESSION
    assert why(actor, Act.CONFIRM, an_owner("bob", groups=())) is None
    person = by_session("helpdesk", "staff")
    assert why(person, Act.CONFIRM, person.owner) is None


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({}, None),
        ({"scopes": frozenset({"rest"})}, None),
        ({"scopes": frozenset({"rest", "write"})}, "scopes"),
        ({"expires_at": NOW + timedelta(hours=2)}, "expires"),
        ({"expires_at": None}, "expires"),
        ({"idle": None}, "idle"),
        ({"idle": timedelta(days=8)}, "idle"),
        ({"networks": None}, "networks"),
        ({"networks": Networks.of(["10.0.0.0/7"])}, "networks"),
        ({"networks": Networks.of(["10.1.0.0/16"])}, None),
        ({"hosts": None}, "hosts"),
        ({"hosts": frozenset({"b.example.org"})}, "hosts"),
        ({"hosts": frozenset({"*.example.org"})}, "hosts"),
        ({"hosts": frozenset({"x.apps.example.org"})}, None),
        ({"hosts": frozenset({"*.apps.example.org"})}, None),
        ({"hosts": frozenset({"*.x.apps.example.org"})}, "hosts"),
    ],
    ids=str,
)
def test_what_a_token_makes_reaches_no_farther_than_itself(over, field):
    limits = {
        "scopes": frozenset({"gateway", "rest"}),
        "expires_at": NOW + timedelta(hours=1),
        "idle": timedelta(days=7),
        "networks": Networks.of(["10.0.0.0/8"]),
        "hosts": frozenset({"a.example.org", "*.apps.example.org"}),
    }
    parent = a_token(**limits)
    assert beyond(parent, replace(parent, **over)) == field
