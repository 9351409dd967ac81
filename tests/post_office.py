"""A real mail server (aiosmtpd) on loopback, with or without TLS and a login, that keeps what it is given."""
# ruff: noqa: ARG002, N802  # names and arguments as aiosmtpd has them

import asyncio
import contextlib
import email
import email.policy
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

TLS = Path(__file__).parent / "tls"
CA_FILE = TLS / "ca.pem"
USER, PASSWORD = "gateway", "CANARYmossHarbour42"


@dataclass
class PostOffice:
    """One server. `replies` has what is said to a recipient, or to all (`*`), in place of 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str], str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    data_reply: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take the recipient, or not."""
        reply = self.replies.get(address) or self.replies.get("*")
        if reply is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the mail."""
        if self.data_reply:
            return self.data_reply
        self.raw.append(envelope.content)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        secured = "plain" if server.transport.get_extra_info("sslcontext") is None else "tls"
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, secured))
        return "250 kept"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Take the one user."""
        self.logins.append(mechanism)
        fits = data.login == USER.encode() and data.password == PASSWORD.encode()
        return AuthResult(success=fits, handled=False)

    def texts(self) -> list[str]:
        """The bodies of the mails, decoded."""
        return [mail.get_content() for mail in self.mails]


@contextlib.contextmanager
def post_office(*, security: str = "none", login: bool = False) -> Iterator[PostOffice]:
    """A server that runs in a thread of its own. `login`: it takes mails only of who logged in."""
    office = PostOffice()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    options: dict[str, Any] = {"hostname": "localhost", "enable_SMTPUTF8": False}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": office.authenticate, "auth_required": True}
        options |= {"auth_require_tls": security == "starttls"}

    def made() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of logins in clear, which are what some tests are about
            return SMTP(office, **options)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="post office")
    thread.start()
    listening = loop.create_server(made, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result(5)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:

        async def close() -> None:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
