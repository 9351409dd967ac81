"""To a real mail server: in clear, with TLS, with a login; and what is said when it does not take a mail."""

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass

import pytest

from gateway.auth.mail.smtp import Envelope, PostError, post
from gateway.config.reader import read
from tests.post_office import CA_FILE, PASSWORD, USER, post_office

REST = "public_url: https://gateway.example.org\nroutes: []\n"
MESSAGE = b"Subject: x\r\n\r\n.a dot, and a line\r\n"
ENVELOPE = Envelope("gw@example.org", "alice@example.org", MESSAGE)


@dataclass
class Writer:
    """Writes mails as the configuration in this folder says."""

    folder: object

    async def post(self, port, words="security: none", host="localhost"):
        """Send one."""
        text = f"{REST}mail: {{from: gw@example.org, host: {host}, port: {port}, timeout: 2s, {words}}}\n"
        mail = read(text.encode(), path=self.folder / "gw.yaml", env={}).mail
        await post(mail, ENVELOPE, called="https://gateway.example.org")

    async def refusal(self, port, words="security: none", host="localhost"):
        """Send one that is not taken."""
        with pytest.raises(PostError) as refused:
            await self.post(port, words, host)
        return refused.value


@pytest.fixture
def writer(tmp_path):
    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text(PASSWORD)
    return Writer(tmp_path)


LOGIN = f"user: {USER}, password_file: password"


@pytest.mark.parametrize("login", [False, True], ids=["no login", "login"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_mail_arrives_as_it_is(writer, security, login):
    with post_office(security=security, login=login) as office:
        await writer.post(office.port, f"security: {security}, ca_file: {CA_FILE}" + (f", {LOGIN}" if login else ""))
    secured = "plain" if security == "none" else "tls"
    assert office.envelopes == [("gw@example.org", ["alice@example.org"], secured)]
    assert office.raw == [MESSAGE]
    assert bool(office.logins) == login


async def test_a_certificate_that_nobody_vouches_for_gets_no_mail_and_no_password(writer):
    for security in ("starttls", "tls"):
        with post_office(security=security, login=True) as office:
            error = await writer.refusal(office.port, f"security: {security}, {LOGIN}")
        assert "certificate is not to be trusted" in error.words
        assert not office.logins
        assert not office.mails


async def test_a_certificate_for_another_name_gets_no_mail(writer):
    with post_office(security="tls") as office:
        error = await writer.refusal(office.port, f"security: tls, ca_file: {CA_FILE}", host="127.0.0.1")
    assert "mismatch" in error.words
    assert not office.mails


async def test_a_server_that_offers_no_starttls_gets_no_mail_and_no_password(writer):
    with post_office() as office:
        error = await writer.refusal(office.port, f"security: starttls, ca_file: {CA_FILE}, {LOGIN}")
    assert "offers no STARTTLS" in error.words
    assert not office.mails
    assert not office.logins


async def test_a_wrong_password_is_told_without_it_and_without_what_the_server_says(writer):
    (writer.folder / "password").write_text("CANARYwrong77")
    with post_office(security="tls", login=True) as office:
        error = await writer.refusal(office.port, f"security: tls, ca_file: {CA_FILE}, {LOGIN}")
    assert error.words == f"localhost:{office.port}: 535: it refused user gateway and {writer.folder / 'password'}"
    assert not error.about_mail


async def test_a_server_that_takes_no_login_gets_no_mail(writer):
    with post_office() as office:
        assert "takes no login" in (await writer.refusal(office.port, f"security: none, {LOGIN}")).words
    assert not office.mails


@pytest.mark.parametrize(
    ("reply", "final"), [("550 5.1.1 nobody of that name", True), ("450 4.2.0 come\r\n450 later", False)]
)
async def test_what_a_server_says_of_a_recipient_is_about_this_mail_alone(writer, reply, final):
    with post_office() as office:
        office.replies["alice@example.org"] = reply.partition("\r\n")[0]
        error = await writer.refusal(office.port)
    assert (error.about_mail, error.is_final) == (True, final)
    assert reply.partition("\r\n")[0] in error.words


async def test_what_a_server_says_of_the_mail_itself_is_about_it_too(writer):
    with post_office() as office:
        office.data_reply = "554 5.7.1 spam \x1b[31m"
        error = await writer.refusal(office.port)
    assert error.is_final
    assert "554 5.7.1 spam <U+001B>[31m" in error.words


async def test_nobody_listening_is_told_in_words(writer):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = await writer.refusal(bound.getsockname()[1])
    assert "Connection refused" in error.words
    assert not error.about_mail


@contextlib.contextmanager
def silent(greeting=()):
    """A server that says what it is given, a byte at a time, and no more."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def drip():
            with contextlib.suppress(OSError):
                opened, _ = listening.accept()
                with opened:
                    for byte in greeting:
                        opened.sendall(bytes([byte]))
                        time.sleep(0.05)
                    opened.recv(100)

        thread = threading.Thread(target=drip)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


async def test_a_server_that_drips_its_greeting_is_cut_off(writer, monkeypatch):
    monkeypatch.setattr("gateway.auth.mail.smtp.TOTAL_S", 0.3)
    with silent(b"220-" + b"x" * 10_000) as port:
        began = time.monotonic()
        error = await writer.refusal(port)
        assert time.monotonic() - began < 2
    assert "took longer" in error.words


async def test_whoever_waits_for_a_silent_server_may_go_and_leaves_nothing_behind(writer):
    with silent() as port:
        waiting = asyncio.create_task(writer.post(port))
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for _ in range(100):
            if not any(thread.name == "smtp" for thread in threading.enumerate()):
                break
            await asyncio.sleep(0.02)
    assert not any(thread.name == "smtp" for thread in threading.enumerate())
