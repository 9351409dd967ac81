"""A letter as a message of the Internet (RFC 5322): ASCII on the wire, whatever the names in it."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from gateway.auth.mail.letter import House, Letter
from gateway.core.naming import email_flaw


class UnsendableError(ValueError):
    """No message can be made of this; says why."""


def message(house: House, letter: Letter, *, sender: str, to: str, mark: str, at: datetime) -> bytes:
    """The message, with line ends of CRLF. UnsendableError for what could break a header.

    `mark` gives the Message-ID: a mail that is sent a second time, since nobody knows whether the first arrived, is
    known as the same by whoever reads it.
    """
    subject = letter.subject
    if not subject.isprintable():
        raise UnsendableError("the subject holds a control character")
    if not to or email_flaw(to) is not None or email_flaw(sender) is not None:
        raise UnsendableError("the address is not one")
    local, _, domain = sender.rpartition("@")
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(display_name=house.realm, username=local, domain=domain)
    made["To"] = to
    made["Subject"] = subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{hashlib.sha256(mark.encode()).hexdigest()[:32]}@{_domain(house, domain)}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notices in return
    made["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    made.set_content(letter.text, cte="quoted-printable")
    return made.as_bytes()


def _domain(house: House, otherwise: str) -> str:
    host = urlsplit(house.public_url).hostname or ""
    return otherwise if not host or ":" in host else host
