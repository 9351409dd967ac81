"""What counts as the single sign-on's word: from the right peer, with the right secret, each header once and plain."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from gateway.auth.vouched import Vouched
from gateway.config.sso_schema import Sso
from gateway.web.portal.sso import MAX_GROUPS, Distrust, DistrustedError, Peer, asserted, is_sso_socket

SECRET, NEXT = "a" * 40, "b" * 40
PROXY, STRANGER = Peer(address=ip_address("10.0.0.5")), Peer(address=ip_address("10.0.0.6"))
SOCKET = "/run/gw/sso.sock"
SHOWN = ("X-SSO-Secret", SECRET)


@pytest.fixture
def by_secret(tmp_path):
    """Believed by address and secret; a second secret is on its way in. Reads every header that there is."""
    for name, held in (("now", SECRET), ("next", NEXT)):
        (tmp_path / name).write_text(held)
        (tmp_path / name).chmod(0o600)
    said = {
        "from": ["10.0.0.5", "2001:db8::/64"],
        "secret_header": {"secret_file": ["now", "next"]},
        "groups": {"Domain Users": "staff", "admins": "admins"},
        "headers": {"name": "Remote-Name", "email": "Remote-Email"},
    }
    return Sso.model_validate(said, context={"folder": tmp_path})


def by_socket(**more):
    return Sso.model_validate({"socket": SOCKET, **more}, context={"folder": Path("/")})


def head(*pairs):
    """Headers as they came; text is UTF-8."""
    return [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in pairs]


def distrust(sso, *pairs, peer=PROXY):
    """Why it is not believed."""
    with pytest.raises(DistrustedError) as caught:
        asserted(head(*pairs), sso, peer)
    return caught.value.why


def test_the_proxy_is_believed_with_either_secret(by_secret):
    for secret in (SECRET, NEXT, f" {SECRET}\t"):
        pairs = [("remote-user", "bob"), ("x-sso-secret", secret), ("Remote-Groups", "Domain Users , other,admins")]
        pairs += [("Remote-Name", "Bób Example"), ("Remote-Email", "bob@example.org"), ("Accept", "*/*")]
        assert asserted(head(*pairs), by_secret, PROXY) == Vouched(
            login="bob",
            groups=frozenset({"Domain Users", "other", "admins"}),
            name="Bób Example",
            email="bob@example.org",
        )


def test_an_address_in_the_network_is_believed_and_what_is_empty_is_not_said(by_secret):
    peer = Peer(address=ip_address("2001:db8::7"))
    for more in ([], [("Remote-Groups", ""), ("Remote-Name", " "), ("Remote-Email", "")]):
        assert asserted(head(SHOWN, ("Remote-User", "bob"), *more), by_secret, peer) == Vouched(login="bob")


@pytest.mark.parametrize(
    "peer",
    [
        STRANGER,
        Peer(),
        Peer(socket=SOCKET),
        Peer(socket="/run/other.sock"),
        Peer(address=ip_address("2001:db8:0:1::7")),
    ],
    ids=str,
)
def test_from_anywhere_else_nothing_counts_not_even_with_the_secret(by_secret, peer):
    assert distrust(by_secret, SHOWN, ("Remote-User", "bob"), peer=peer) is Distrust.PEER


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([], Distrust.NO_SECRET),
        ([("X-SSO-Secret", "")], Distrust.NO_SECRET),
        ([("X-SSO-Secret", "a" * 39)], Distrust.WRONG_SECRET),
        ([("X-SSO-Secret", "a" * 41)], Distrust.WRONG_SECRET),
        ([("X-SSO-Secret", SECRET.upper())], Distrust.WRONG_SECRET),
        ([("X-SSO-Secret", f"{SECRET},{SECRET}")], Distrust.WRONG_SECRET),
        ([("X-SSO-Secret", b"\xff" * 40)], Distrust.WRONG_SECRET),
        ([SHOWN, SHOWN], Distrust.DOUBLED),
        ([SHOWN, ("x-sso-secret", "wrong")], Distrust.DOUBLED),
        ([("X-SSO-Secret", "wrong"), SHOWN], Distrust.DOUBLED),
        ([("X_SSO_Secret", SECRET)], Distrust.ALIAS),
        ([SHOWN, ("X_SSO-Secret", SECRET)], Distrust.ALIAS),
        ([("X-SSO-Secret", "a" * 9000)], Distrust.TOO_LONG),
    ],
    ids=str,
)
def test_without_the_one_right_secret_nothing_counts(by_secret, pairs, why):
    assert distrust(by_secret, ("Remote-User", "bob"), *pairs) is why


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([], Distrust.NO_LOGIN),
        ([("Remote-User", "")], Distrust.NO_LOGIN),
        ([("Remote-User", "  ")], Distrust.NO_LOGIN),
        ([("Remote-User", "bob"), ("Remote-User", "bob")], Distrust.DOUBLED),
        ([("Remote-User", "bob"), ("remote-user", "root")], Distrust.DOUBLED),
        ([("Remote-User", "root"), ("REMOTE-USER", "")], Distrust.DOUBLED),
        ([("Remote-User", "bob,root")], Distrust.BAD_LOGIN),
        ([("Remote-User", "bob, bob")], Distrust.BAD_LOGIN),
        ([("Remote-User", "bob;root")], Distrust.BAD_LOGIN),
        ([("Remote-User", "bob root")], Distrust.BAD_LOGIN),
        ([("Remote-User", "bób")], Distrust.BAD_LOGIN),
        ([("Remote-User", b"b\xf3b")], Distrust.BAD_LOGIN),
        ([("Remote-User", "\u0430lice")], Distrust.BAD_LOGIN),
        ([("Remote-User", '"bob"')], Distrust.BAD_LOGIN),
        ([("Remote-User", "b%6fb")], Distrust.BAD_LOGIN),
        ([("Remote-User", "..")], Distrust.BAD_LOGIN),
        ([("Remote-User", "x" * 65)], Distrust.BAD_LOGIN),
        ([("Remote-User", "x" * 9000)], Distrust.TOO_LONG),
        ([("Remote_User", "root")], Distrust.ALIAS),
        ([("Remote-User", "bob"), ("Remote_User", "root")], Distrust.ALIAS),
        ([("Remote-User", "bob"), ("Remote.User", "root")], Distrust.ALIAS),
        ([("Remote-User", "bob"), ("remote~user", "root")], Distrust.ALIAS),
        ([("Remote-User", "bob"), ("Remote_Groups", "admins")], Distrust.ALIAS),
        ([("Remote-User", "bob"), ("Remote-Groups", "a"), ("Remote-Groups", "admins")], Distrust.DOUBLED),
        ([("Remote-User", "bob"), ("Remote-Groups", "a,,admins")], Distrust.BAD_GROUPS),
        ([("Remote-User", "bob"), ("Remote-Groups", ",")], Distrust.BAD_GROUPS),
        ([("Remote-User", "bob"), ("Remote-Groups", b"\xff,admins")], Distrust.BAD_GROUPS),
        ([("Remote-User", "bob"), ("Remote-Groups", ",".join("g" * (MAX_GROUPS + 1)))], Distrust.TOO_LONG),
        ([("Remote-User", "bob"), ("Remote-Groups", "g" * 9000)], Distrust.TOO_LONG),
        ([("Remote-User", "bob"), ("Remote-Name", "Bob\u202e")], Distrust.BAD_NAME),
        ([("Remote-User", "bob"), ("Remote-Name", "x" * 101)], Distrust.BAD_NAME),
        ([("Remote-User", "bob"), ("Remote-Name", "Bob"), ("Remote-Name", "Bob")], Distrust.DOUBLED),
        ([("Remote-User", "bob"), ("Remote-Email", "bob@a.org, root@a.org")], Distrust.BAD_EMAIL),
        ([("Remote-User", "bob"), ("Remote-Email", "bób@a.org")], Distrust.BAD_EMAIL),
        ([("Remote-User", "bob"), ("Remote-Email", "a@b.c"), ("remote-email", "d@e.f")], Distrust.DOUBLED),
    ],
    ids=lambda case: case.value if isinstance(case, Distrust) else repr(case)[:60],
)
def test_a_word_that_is_not_one_plain_word_is_none(by_secret, pairs, why):
    assert distrust(by_secret, SHOWN, *pairs) is why


def test_a_socket_of_its_own_needs_no_secret_and_nobody_else_has_it():
    sso = by_socket()
    assert asserted(head(("Remote-User", "bob")), sso, Peer(socket=SOCKET)) == Vouched(login="bob")
    for peer in (PROXY, Peer(), Peer(socket="/run/gw/check.sock"), Peer(socket=f"{SOCKET}2")):
        assert distrust(sso, ("Remote-User", "bob"), SHOWN, peer=peer) is Distrust.PEER
        assert not is_sso_socket(sso, peer)
    assert not is_sso_socket(None, Peer(socket=SOCKET))


def test_what_is_not_read_is_the_clients_to_send_and_says_nothing():
    forged = [("Remote-Groups", "admins"), ("Remote-Groups", "x"), ("Remote-Name", "Root"), ("Remote-Email", "r@x.org")]
    said = head(("Remote-User", "bob"), *forged)
    assert asserted(said, by_socket(), Peer(socket=SOCKET)) == Vouched(login="bob")
    assert asserted(said, by_socket(groups="keep"), Peer(socket=SOCKET)) == Vouched(login="bob")


def test_without_the_section_nothing_counts():
    assert distrust(None, SHOWN, ("Remote-User", "bob")) is Distrust.OFF
    assert distrust(None, SHOWN, ("Remote-User", "bob"), peer=Peer(socket=SOCKET)) is Distrust.OFF


@pytest.mark.parametrize("said", [{}, {"from": "10.0.0.5"}], ids=["nothing", "addresses alone"])
def test_a_half_configured_one_believes_nobody(said):
    """The configuration is refused before; should that fail, the door stays shut."""
    sso = Sso.model_validate(said, context={"folder": Path("/")})
    assert distrust(sso, SHOWN, ("Remote-User", "bob")) is Distrust.PEER


@pytest.mark.parametrize(
    ("separator", "value"),
    [("comma", "a b, c"), ("semicolon", "a b;c"), ("bar", " a b | c"), ("space", "a  c")],
    ids=["comma", "semicolon", "bar", "space"],
)
def test_groups_stand_between_the_separators_that_are_set(separator, value):
    sso = by_socket(separator=separator, groups=["a"])
    found = asserted(head(("Remote-User", "bob"), ("Remote-Groups", value)), sso, Peer(socket=SOCKET)).groups
    assert found == (frozenset("ac") if separator == "space" else frozenset({"a b", "c"}))


def test_headers_have_the_names_that_are_set():
    names = {"login": "X-Auth-Request-User", "groups": "X-Auth-Request-Groups", "email": "X-Auth-Request-Email"}
    sso = by_socket(headers=names, groups=["staff"])
    said = [("X-Auth-Request-User", "bob"), ("X-Auth-Request-Groups", "staff"), ("X-Auth-Request-Email", "b@x.org")]
    found = asserted(head(*said, ("Remote-User", "root"), ("Remote_User", "root")), sso, Peer(socket=SOCKET))
    assert found == Vouched(login="bob", groups=frozenset({"staff"}), email="b@x.org")
