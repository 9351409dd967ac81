"""Whatever headers come, the single sign-on's word is one that stood in one header under its one name, or none is."""

from pathlib import Path

from hypothesis import event, example, given
from hypothesis import strategies as st

from gateway.config.sso_schema import Sso
from gateway.core.naming import label_flaw
from gateway.web.portal.sso import DistrustedError, Peer, asserted

SOCKET = "/run/sso.sock"
SAID = {"socket": SOCKET, "groups": ["staff"], "headers": {"name": "Remote-Name", "email": "Remote-Email"}}
SSO = Sso.model_validate(SAID, context={"folder": Path("/")})
READ = ("remote-user", "remote-groups", "remote-name", "remote-email")

names = st.sampled_from(
    [*READ, "Remote-User", "REMOTE-GROUPS", "remote_user", "remote.groups", "remote~user", "accept"]
)
plain = st.sampled_from(
    ["eve", "staff", "staff,admins", "a b", "eve@example.org", "", " eve ", ",", "\u00e9ve", "e" * 65]
)
values = st.one_of(plain.map(str.encode), st.binary(max_size=12))
heads = st.lists(st.tuples(names.map(str.encode), values), max_size=6)


@given(heads, st.sampled_from([SOCKET, SOCKET, SOCKET, "/run/other.sock", ""]))
@example([(b"remote-user", b"eve"), (b"remote-groups", b"staff")], SOCKET)
def test_a_word_stood_in_one_header_under_its_one_name(head, came_by):
    try:
        said = asserted(head, SSO, Peer(socket=came_by))
    except DistrustedError as refused:
        event(refused.why.value)
        return
    event("believed")
    assert came_by == SOCKET
    told = {}
    for raw, value in head:
        name = raw.decode().lower()
        assert name in (*READ, "accept"), "an alias was passed over"
        assert name not in told or name == "accept", "one of two was picked"
        told[name] = value.strip(b" \t").decode() if name in READ else ""
    assert said.login == told["remote-user"]
    assert label_flaw(said.login) is None
    assert said.groups <= {one.strip(" \t") for one in told.get("remote-groups", "").split(",")}
    assert (said.name or "") == told.get("remote-name", "")
    assert (said.email or "") == told.get("remote-email", "")
