"""What a client can put into bytes that a proxy hands on to the sign-in by single sign-on: nobody becomes another."""

import contextlib
import socket

import pytest

from tests.attacks.corpus import attack
from tests.installation import an_installation
from tests.process.serving import Serving

HOST = "gateway.example.org"
SET = b"Remote-User: eve\r\n"  # by the proxy, after what the client sent


class BehindSso(Serving):
    """The portal with a socket for the proxy; eve and mallory are of the single sign-on."""

    def base(self):
        return f"{super().base()}portal: {{sso: {{socket: sso.sock, groups: [staff, admins], create: true}}}}\n"

    def raw(self, sent):
        """All that comes back for these bytes at the proxy's socket, until nothing more does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10 if b"Connection: close" in sent else 1)
            connection.connect(str(self.installation.folder / "sso.sock"))
            connection.sendall(sent)
            found = b""
            with contextlib.suppress(TimeoutError, ConnectionError):
                while more := connection.recv(65536):
                    found += more
            return found

    def signed_in(self):
        """The logins of everybody who ever got a session, and those who have an account."""
        written = self.installation.rows("SELECT DISTINCT subject_label FROM audit WHERE action = 'signed_in'")
        return {login for (login,) in written}, {
            login for (login,) in self.installation.rows("SELECT login FROM owners")
        }


@pytest.fixture(scope="module")
def behind(template, tmp_path_factory):
    """One for all of it."""
    made = BehindSso(an_installation(template, tmp_path_factory.mktemp("sso") / "gw"))
    for login in ("eve", "mallory"):
        made.installation.ok("user", "add", login, "--sso")
    made.start()
    yield made
    assert made.stop() == 0


def head(*lines, target=b"/sign-in/sso", method=b"GET", close=True):
    first = method + b" " + target + b" HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\nX-Forwarded-For: 203.0.113.9\r\n"
    return first + b"".join([b"Connection: close\r\n"] * close) + b"".join(lines) + b"\r\n"


SMUGGLED = head(b"Remote-User: mallory\r\n", close=False)
HOSTILE = {
    "doubled before": head(b"Remote-User: mallory\r\n", SET),
    "doubled after": head(SET, b"REMOTE-USER: mallory\r\n"),
    "an alias": head(b"Remote_User: mallory\r\n", SET),
    "an alias alone": head(b"Remote_User: mallory\r\n"),
    "a blank before the colon": head(b"Remote-User : mallory\r\n", SET),
    "a blank before the name": head(b" Remote-User: mallory\r\n", SET),
    "a folded line": head(b"X: y\r\n Remote-User: mallory\r\n", SET),
    "folded on": head(SET, b" ,mallory\r\n"),
    "a bare line feed": head(b"X: y\nRemote-User: mallory\r\n", SET),
    "a bare carriage return": head(b"X: y\rRemote-User: mallory\r\n", SET),
    "a NUL": head(b"Remote-User: mallory\x00eve\r\n"),
    "a NUL in a name": head(b"Remote-User\x00: mallory\r\n", SET),
    "a list": head(b"Remote-User: mallory, eve\r\n"),
    "nothing": head(b"Remote-User:\r\n"),
    "in the query": head(target=b"/sign-in/sso?Remote-User=mallory&login=mallory"),
    "in a cookie": head(b"Cookie: Remote-User=mallory\r\n"),
    "Connection names it": head(b"Connection: Remote-User\r\n", b"Remote-User: mallory\r\n", SET),
    "in a trailer": head(b"Transfer-Encoding: chunked\r\n", b"Trailer: Remote-User\r\n")
    + b"0\r\nRemote-User: mallory\r\n\r\n",
    "behind two lengths": head(b"Content-Length: 0\r\nContent-Length: 5\r\n", SET, close=False) + SMUGGLED,
    "behind a length and chunks": head(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", SET, close=False)
    + b"0\r\n\r\n"
    + SMUGGLED,
    "another method": head(b"Remote-User: mallory\r\n", method=b"POST"),
    "a method override": head(b"Remote-User: mallory\r\nX-HTTP-Method-Override: GET\r\n", method=b"POST"),
    "another host": head(b"Remote-User: mallory\r\n").replace(HOST.encode(), b"evil.example"),
    "two hosts": head(b"Remote-User: mallory\r\nHost: evil.example\r\n"),
}


@attack("D01", "D02", "H07", "H12", "H17", "M05", "M08")
@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_no_bytes_make_anybody_another(behind, sent):
    answer = behind.raw(sent)
    assert answer.startswith(b"HTTP/1.")
    assert b"mallory" not in answer
    sessions, people = behind.signed_in()
    assert sessions <= {"eve"}
    assert people == {"alice", "eve", "mallory"}


@attack("D01", "D02")
def test_a_request_in_the_body_of_another_is_its_body(behind):
    answer = behind.raw(head(SET, b"Content-Length: %d\r\n" % len(SMUGGLED), close=False) + SMUGGLED)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert behind.signed_in()[0] <= {"eve"}


@attack("M04", "P28")
@pytest.mark.parametrize(
    "to",
    [
        *(b"https://evil.example/", b"//evil.example/", b"/%5cevil.example", b"/\\evil.example", b"%2f%2fevil.example"),
        *(b"/%2f%2fevil.example", b"/%0d%0aLocation:%20https://evil.example", b"/%09/evil.example", b"/x%00"),
        *(
            b"/&to=//evil.example",
            b"/sign-out",
            b"/sign-in/sso?to=/sign-in/sso",
            b"/" + b"x" * 8000,
            b"%E2%80%8B//e.example",
        ),
    ],
)
def test_the_way_on_stays_here(behind, to):
    answer = behind.raw(head(SET, target=b"/sign-in/sso?to=" + to))
    assert answer.startswith(b"HTTP/1.")
    locations = [line for line in answer.split(b"\r\n") if line.lower().startswith(b"location:")]
    assert locations in ([], [b"Location: /"])
    assert b"evil" not in answer.partition(b"\r\n\r\n")[0]


@attack("M05", "D02")
def test_the_word_itself_is_taken_from_the_same_socket(behind):
    """So that the cases above are refused for what they are."""
    answer = behind.raw(head(SET))
    assert answer.startswith(b"HTTP/1.1 303")
    assert "eve" in behind.signed_in()[0]
