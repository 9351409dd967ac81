"""One mail to the mail server, with the standard library's client in a thread of its own.

Certificates are verified against the name of the host; a server without STARTTLS gets nothing where it was asked for.
Every wait has a limit, and so has the whole: after that the connection is cut.
"""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gateway.config.mail_schema import STARTTLS, TLS, Mail
from gateway.core.naming import printable

TOTAL_S = 120.0  # for the whole of one mail; a claim lasts longer
MAX_REPLY = 200


class PostError(Exception):
    """The mail was not taken. `words` say why, and hold no secret.

    `about_mail`: the server refused this mail or its recipient, and may take others; `is_final`: for good.
    """

    def __init__(self, words: str, *, code: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.about_mail = code is not None
        self.is_final = code is not None and code >= 500


class Envelope(NamedTuple):
    """A message with whom it is from and to, as the mail server is told."""

    sender: str
    to: str
    message: bytes


async def post(mail: Mail, envelope: Envelope, *, called: str) -> None:
    """Hand a mail to the mail server; PostError. `called` is how we introduce ourselves: the public URL.

    Whoever is cancelled here does not wait for the thread: its connection is cut.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[PostError | None] = loop.create_future()
    dialogue = _Dialogue(mail, envelope, urlsplit(called).hostname or "localhost")

    def tell(error: PostError | None) -> None:
        if not done.done():
            done.set_result(error)

    def work() -> None:
        error = dialogue.hold()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, error)

    # A daemon, unlike the threads of executors: a mail server that stalls does not hold up the end of the process.
    threading.Thread(target=work, name="smtp", daemon=True).start()
    try:
        async with asyncio.timeout(TOTAL_S):
            error = await done
    except TimeoutError:
        raise PostError(f"{_where(mail)}: it took longer than {TOTAL_S:g} s") from None
    finally:
        dialogue.cut()
    if error is not None:
        raise error


class _Dialogue:
    def __init__(self, mail: Mail, envelope: Envelope, name: str) -> None:
        self._mail = mail
        self._envelope = envelope
        self._name = f"[{name}]" if ":" in name else name
        self._client: smtplib.SMTP | None = None

    def cut(self) -> None:
        """End the connection under whatever is going on; from any thread, at any time."""
        opened = None if self._client is None else self._client.sock
        if opened is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # past TLS, whose state is the thread's

    def hold(self) -> PostError | None:
        """Say all of it; the error, if there is one. Blocks."""
        where = _where(self._mail)
        try:
            with contextlib.closing(self._connect()) as client:
                return self._say(client)
        except ssl.SSLCertVerificationError as error:
            return PostError(f"{where}: its certificate is not to be trusted: {_clean(error.verify_message)}")
        except ssl.SSLError as error:
            return PostError(f"{where}: TLS failed: {_clean(error.reason or 'no reason given')}")
        except smtplib.SMTPResponseException as error:
            return PostError(f"{where}: {_reply(error.smtp_code, error.smtp_error)}")
        except smtplib.SMTPNotSupportedError:
            return PostError(f"{where}: it offers no STARTTLS; use security: tls, or mend the server")
        except TimeoutError:
            return PostError(f"{where}: no answer within {self._mail.timeout.total_seconds():g} s")
        except OSError as error:  # also of smtplib's own
            return PostError(f"{where}: {_clean(error.strerror or str(error) or type(error).__name__)}")
        except ValueError as error:
            return PostError(f"{where}: {type(error).__name__}")

    def _connect(self) -> smtplib.SMTP:
        mail = self._mail
        options: dict[str, Any] = {"local_hostname": self._name, "timeout": mail.timeout.total_seconds()}
        # Known here before it connects: a server that stalls in its greeting can be cut off, too.
        kind = smtplib.SMTP_SSL if mail.security == TLS else smtplib.SMTP
        if mail.security == TLS:
            options |= {"context": _trust(mail)}
        self._client = client = kind.__new__(kind)
        client.__init__(mail.host, mail.port_number, **options)  # type: ignore[misc]
        return client

    def _say(self, client: smtplib.SMTP) -> PostError | None:
        mail, envelope = self._mail, self._envelope
        client.ehlo_or_helo_if_needed()
        if mail.security == STARTTLS:
            client.starttls(context=_trust(mail))
        if mail.user is not None and mail.password_file is not None:
            try:
                client.login(mail.user, mail.password_file.secret.reveal())
            except smtplib.SMTPNotSupportedError:
                return PostError(f"{_where(mail)}: it takes no login; remove user and password_file")
            except smtplib.SMTPResponseException as error:
                # Its words are not repeated: a server could send back what it was told.
                source = mail.password_file.source
                return PostError(f"{_where(mail)}: {error.smtp_code}: it refused user {mail.user} and {source}")
            except smtplib.SMTPServerDisconnected:
                return PostError(f"{_where(mail)}: it ended the connection at the login of user {mail.user}")
            except smtplib.SMTPException:
                return PostError(f"{_where(mail)}: it offers no way to log in that is known here")
        try:
            client.sendmail(envelope.sender, [envelope.to], envelope.message)
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = error.recipients[envelope.to]
            return PostError(f"{_where(mail)}: {_reply(code, reply)}", code=code)
        except smtplib.SMTPDataError as error:
            return PostError(f"{_where(mail)}: {_reply(error.smtp_code, error.smtp_error)}", code=error.smtp_code)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client.quit()  # the mail is taken, whatever becomes of the farewell
        return None


def _trust(mail: Mail) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=mail.ca_file)


def _where(mail: Mail) -> str:
    host = f"[{mail.host}]" if ":" in mail.host else mail.host
    return f"{host}:{mail.port_number}"


def _reply(code: int, reply: bytes | str) -> str:
    text = reply if isinstance(reply, str) else reply.decode("utf-8", "replace")
    return f"{code} {_clean(text)}"


def _clean(text: str) -> str:
    """One printable line, not too long."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_REPLY else f"{line[: MAX_REPLY - 1]}…"
