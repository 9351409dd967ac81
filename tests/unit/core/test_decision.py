"""From target and evidence to a decision: closed by default, one reason, one table of rules."""

from datetime import timedelta

import pytest

from gateway.core.credential import Ambiguous, NoCredential
from gateway.core.decision import Allow, Challenge, Deny, choose, decide
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.network import Networks
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.route import Access
from gateway.core.rules import RULES
from gateway.core.token import Kind
from tests.builders import NOW, a_policy, a_route, a_stored_secret, a_target, a_token, an_owner


class Steps:
    """A recorder that remembers."""

    def __init__(self):
        self.taken = []

    def step(self, name, broken, words):
        self.taken.append((name, broken, words))


def proven(owner=None, token=None, *, basic_user=None, secret_over=None):
    owner = owner or an_owner()
    token = token or a_token(owner)
    secret = a_stored_secret(token, **(secret_over or {}))
    return Proven(token=token, owner=owner, secret=secret, basic_user=basic_user)


def outcome(policy, target, evidence, recorder=None):
    chosen = choose(policy, target, recorder)
    return decide(policy, target, chosen, evidence, NOW, recorder) if isinstance(chosen, tuple) else chosen


def test_no_route_denies():
    assert outcome(a_policy(), a_target(), proven()) == Deny(reason=Reason.NO_ROUTE)


def test_a_denying_route_denies_before_any_credential_is_looked_at():
    decision = choose(a_policy(a_route(access=Access.DENY)), a_target())
    assert isinstance(decision, Deny)
    assert decision.reason is Reason.ROUTE_DENIES


def test_a_public_route_allows_without_identity():
    decision = choose(a_policy(a_route(access=Access.PUBLIC)), a_target())
    assert isinstance(decision, Allow)
    assert decision.reason is Reason.PUBLIC
    assert {value for _, value in decision.headers} == {b""}


def test_a_valid_token_allows_with_its_identity():
    decision = outcome(a_policy(a_route()), a_target(), proven())
    assert isinstance(decision, Allow)
    assert dict(decision.headers)[b"X-Auth-User"] == b"alice"
    assert dict(decision.headers)[b"X-WEBAUTH-USER"] == b""


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (NoCredential(), Reason.NO_CREDENTIAL),
        (Rejected(reason=Reason.MALFORMED_TOKEN), Reason.MALFORMED_TOKEN),
        (Rejected(reason=Reason.UNKNOWN_TOKEN), Reason.UNKNOWN_TOKEN),
        (Rejected(reason=Reason.WRONG_SECRET), Reason.WRONG_SECRET),
    ],
)
def test_what_is_no_token_is_challenged(evidence, reason):
    decision = outcome(a_policy(a_route()), a_target(), evidence)
    assert isinstance(decision, Challenge)
    assert (decision.reason, decision.proven) == (reason, False)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Ambiguous("two"), Reason.AMBIGUOUS_REQUEST),
        (NotChecked(reason=Reason.UNAVAILABLE), Reason.UNAVAILABLE),
        (NotChecked(reason=Reason.LIMITED), Reason.LIMITED),
    ],
)
def test_what_cannot_be_judged_is_denied_without_a_challenge(evidence, reason):
    decision = outcome(a_policy(a_route()), a_target(), evidence)
    assert isinstance(decision, Deny)
    assert decision.reason is reason


SCOPES = {"access": Access.SCOPES}
CASES = [
    pytest.param({}, {}, {"revoked_at": NOW}, {}, Reason.REVOKED, id="revoked"),
    pytest.param({}, {}, {"suspended_at": NOW}, {}, Reason.SUSPENDED, id="suspended"),
    pytest.param({}, {}, {"expires_at": NOW}, {}, Reason.EXPIRED, id="T22-expired"),
    pytest.param({}, {"enabled": False}, {}, {}, Reason.OWNER_DISABLED, id="R17-owner-disabled"),
    pytest.param({}, {}, {}, {"secret_over": {"ends_at": NOW}}, Reason.STALE_SECRET, id="R20-stale-secret"),
    pytest.param({}, {}, {}, {"basic_user": b"bob"}, Reason.BASIC_USER, id="R02-other-user"),
    pytest.param({}, {}, {}, {"basic_user": b"\xff"}, Reason.BASIC_USER, id="R02-user-not-utf8"),
    pytest.param({"kinds": frozenset({Kind.APPLICATION})}, {}, {}, {}, Reason.KIND, id="R15-kind"),
    pytest.param({"networks": Networks.of(["192.0.2.0/24"])}, {}, {}, {}, Reason.NETWORK, id="route-network"),
    pytest.param({}, {}, {"networks": Networks.of(["192.0.2.0/24"])}, {}, Reason.NETWORK, id="token-network"),
    pytest.param({}, {}, {"hosts": frozenset({"www.example.org"})}, {}, Reason.HOST, id="token-host"),
    pytest.param({"groups": frozenset({"admins"})}, {}, {}, {}, Reason.GROUP, id="R16-group"),
    pytest.param(SCOPES | {"any_of": frozenset({"write"})}, {}, {}, {}, Reason.INSUFFICIENT_SCOPE, id="R14-any"),
    pytest.param(
        SCOPES | {"all_of": frozenset({"rest", "write"})}, {}, {}, {}, Reason.INSUFFICIENT_SCOPE, id="R14-all"
    ),
    pytest.param(SCOPES | {"any_of": frozenset({"res"})}, {}, {}, {}, Reason.INSUFFICIENT_SCOPE, id="T30-prefix"),
    pytest.param(SCOPES | {"any_of": frozenset({"Rest"})}, {}, {}, {}, Reason.INSUFFICIENT_SCOPE, id="T30-case"),
    pytest.param(SCOPES, {}, {}, {}, Reason.INSUFFICIENT_SCOPE, id="scopes-without-a-scope-opens-nothing"),
    pytest.param(
        SCOPES | {"any_of": frozenset({"rest"})}, {}, {"scopes": frozenset()}, {}, Reason.INSUFFICIENT_SCOPE, id="empty"
    ),
]


@pytest.mark.parametrize(("route", "owner", "token", "more", "reason"), CASES)
def test_one_broken_rule_refuses_with_its_reason_and_explain_agrees(route, owner, token, more, reason):
    who = an_owner(**owner)
    evidence = proven(who, a_token(who, **token), **more)
    policy, target, steps = a_policy(a_route(**route)), a_target(), Steps()
    decision = outcome(policy, target, evidence)
    assert not isinstance(decision, Allow)
    assert decision.reason is reason
    assert decision.handle.startswith("tgp_")
    assert isinstance(decision, Challenge) == (OUTSIDE[reason].status == 401)
    assert outcome(policy, target, evidence, steps) == decision
    assert [broken for _, broken, _ in steps.taken if broken] == [reason]


@pytest.mark.parametrize(
    ("route", "more"),
    [
        pytest.param({"kinds": frozenset({Kind.PERSONAL})}, {}, id="kind"),
        pytest.param({"networks": Networks.of(["10.0.0.0/8"])}, {}, id="network"),
        pytest.param({"groups": frozenset({"staff", "admins"})}, {}, id="any-group"),
        pytest.param(
            {"groups": frozenset({"admins"}), "waive_groups_for": frozenset({Kind.PERSONAL})}, {}, id="R16-waived"
        ),
        pytest.param(SCOPES | {"any_of": frozenset({"rest", "write"})}, {}, id="any-scope"),
        pytest.param(SCOPES | {"all_of": frozenset({"rest"})}, {}, id="all-scopes"),
        *(
            pytest.param({}, {"basic_user": user}, id=f"R02-basic-{user.decode() or 'empty'}")
            for user in (b"", b"__token__", b"alice", b"ALICE", b"x-access-token", b"oauth2")
        ),
        pytest.param({}, {"secret_over": {"ends_at": NOW + timedelta(seconds=1)}}, id="R20-in-grace"),
    ],
)
def test_a_kept_rule_allows(route, more):
    assert isinstance(outcome(a_policy(a_route(**route)), a_target(), proven(**more)), Allow)


def test_losing_own_tokens_refuses_personal_tokens_at_every_use_but_not_application_tokens():  # R10
    policy = a_policy(a_route(), permissions={"own_tokens": frozenset({"admins"})})
    assert outcome(policy, a_target(), proven()).reason is Reason.PERMISSION
    application = a_token(kind=Kind.APPLICATION)
    assert isinstance(outcome(policy, a_target(), proven(token=application)), Allow)
    assert isinstance(outcome(policy, a_target(), proven(an_owner(groups=("admins",)))), Allow)


@pytest.mark.parametrize(
    ("path", "windows", "allowed"),
    [
        ("/sasha/x", False, True),
        ("/SASHA/x", False, False),
        ("/SASHA/x", True, True),
        ("/bob/x", True, False),
        ("/sasha2/x", False, False),
        pytest.param("/%C5%BFasha/x", False, False, id="long-s"),
        pytest.param("/%C5%BFasha/x", True, False, id="long-s-on-windows"),
    ],
)
def test_a_login_in_the_path_must_be_the_owners(path, windows, allowed):
    route = a_route("/{login}/**", windows=windows)
    decision = outcome(a_policy(route), a_target(path), proven(an_owner("sasha")))
    assert isinstance(decision, Allow) == allowed
    assert allowed or decision.reason in {Reason.LOGIN, Reason.AMBIGUOUS_REQUEST}


def test_an_address_that_is_not_known_is_refused_wherever_a_network_counts():
    target = a_target(address="unknown")
    for route, token in (({"networks": Networks.of(["10.0.0.0/8"])}, {}), ({}, {"networks": Networks.of(["::/0"])})):
        decision = outcome(a_policy(a_route(**route)), target, proven(token=a_token(**token)))
        assert decision.reason is Reason.NO_ADDRESS


def test_a_preflight_passes_without_identity_only_where_the_route_says_so():
    target = a_target(method="OPTIONS", preflight=True)
    assert choose(a_policy(a_route(allow_preflight=True)), target).reason is Reason.PREFLIGHT
    assert not isinstance(choose(a_policy(a_route()), target), Allow)
    assert not isinstance(choose(a_policy(a_route(allow_preflight=True)), a_target(method="OPTIONS")), Allow)
    assert choose(a_policy(a_route(access=Access.DENY, allow_preflight=True)), target).reason is Reason.ROUTE_DENIES


@pytest.mark.parametrize(
    ("address", "reason"), [("10.1.2.3", Reason.PREFLIGHT), ("192.0.2.1", Reason.NETWORK), ("x", Reason.NO_ADDRESS)]
)
def test_a_preflight_comes_from_the_networks_of_the_route(address, reason):
    route = a_route(allow_preflight=True, networks=Networks.of(["10.0.0.0/8"]))
    assert choose(a_policy(route), a_target(method="OPTIONS", preflight=True, address=address)).reason is reason


AMBIGUOUS = "/public/..%2fadmin/x"


def test_an_ambiguous_path_is_refused_unless_every_reading_opts_in():
    public = a_route("/public/**", access=Access.PUBLIC)
    assert choose(a_policy(public), a_target(AMBIGUOUS)).reason is not Reason.PUBLIC
    leniences = a_target(AMBIGUOUS).leniences
    lenient = a_route("/public/**", access=Access.PUBLIC, lenient=leniences)
    assert choose(a_policy(lenient), a_target(AMBIGUOUS)).reason is Reason.NO_ROUTE
    whole = a_route("/**", access=Access.PUBLIC, lenient=leniences)
    assert choose(a_policy(whole), a_target(AMBIGUOUS)).reason is Reason.PUBLIC


def test_readings_that_would_allow_with_different_identities_are_refused():
    leniences = a_target(AMBIGUOUS).leniences
    public = a_route("/public/**", access=Access.PUBLIC, lenient=leniences)
    rest = a_route("/**", lenient=leniences)
    assert choose(a_policy(public, rest), a_target(AMBIGUOUS)).reason is Reason.AMBIGUOUS_REQUEST
    other = a_route("/public/**", identity="grafana", lenient=leniences)
    assert choose(a_policy(other, rest), a_target(AMBIGUOUS)).reason is Reason.AMBIGUOUS_REQUEST


def test_every_reading_must_hold_every_rule():
    leniences = a_target(AMBIGUOUS).leniences
    open_to_all = a_route("/public/**", lenient=leniences)
    for_admins = a_route("/**", groups=frozenset({"admins"}), lenient=leniences)
    policy = a_policy(open_to_all, for_admins)
    assert outcome(policy, a_target(AMBIGUOUS), proven()).reason is Reason.GROUP
    assert isinstance(outcome(policy, a_target(AMBIGUOUS), proven(an_owner(groups=("admins",)))), Allow)


def test_an_identity_that_is_too_large_is_denied_and_never_cut():
    owner = an_owner(groups=tuple(f"group-{number:04}" for number in range(500)))
    assert outcome(a_policy(a_route()), a_target(), proven(owner)).reason is Reason.IDENTITY_TOO_LARGE


def test_explain_takes_every_step_of_an_allow():
    steps = Steps()
    outcome(a_policy(a_route()), a_target(), proven(), steps)
    assert [name for name, _, _ in steps.taken] == ["route", *(rule.name for rule in RULES)]
    assert all(words for _, _, words in steps.taken)


def test_every_reason_has_its_words_outside_and_no_fine_code_reaches_strangers():
    assert set(OUTSIDE) == set(Reason)
    coarse = {"allowed", "no_credential", "invalid_token", "ambiguous_request", "forbidden", "insufficient_scope"}
    assert {outside.stranger for outside in OUTSIDE.values()} == coarse | {"limited", "unavailable"}
