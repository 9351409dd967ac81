"""The section `mail`: how people are told about their tokens, and what a mail server asks for."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from gateway.config.fault import Fault
from gateway.config.kinds.durations import Duration
from gateway.config.kinds.mail import CaFile, MailAddress, MailHost, MailUser, PasswordFrom, Port, is_loopback
from gateway.config.kinds.texts import OneOrMany, Word
from gateway.config.section import Section

STARTTLS, TLS, NONE = "starttls", "tls", "none"
USUAL_PORT = {STARTTLS: 587, TLS: 465, NONE: 25}
STAGES = (timedelta(days=30), timedelta(days=7), timedelta(days=1))
LONGEST_STAGE = timedelta(days=90)
LONGEST_WAIT = timedelta(minutes=1)


class Mail(Section):
    """The mail server. Without this section nobody is mailed."""

    host: MailHost = Field(description="The SMTP server: a name, or an IP address.")
    port: Port | None = Field(
        default=None, description="Its port. Default: 587 with `starttls`, 465 with `tls`, 25 with `none`."
    )
    security: Annotated[str, Word(STARTTLS, TLS, NONE, what="a way to secure a connection")] = Field(
        default=STARTTLS,
        description="`starttls`: TLS from the server's STARTTLS on; refused when it offers none. `tls`: from the first "
        "byte. `none`: in clear, to this machine only. Certificates are verified. Default: starttls.",
    )
    plain_to: MailHost | None = Field(
        default=None,
        description="With `security: none`, the name of the `host` once more, if it is another machine: what is sent "
        "there can be read on the way. Default: mails in clear go to this machine only.",
    )
    user: MailUser | None = Field(default=None, description="Whom to log in as. Default: no login.")
    password_file: PasswordFrom | None = Field(
        default=None, description="The file with the password, one line, that others cannot read."
    )
    from_: MailAddress = Field(alias="from", description="The address that mails come from, such as gw@example.org.")
    ca_file: CaFile | None = Field(
        default=None,
        description="A PEM file of the certificates to trust for the mail server, instead of the system's.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=10), description="How long each answer is waited for, at most 1m. Default: 10s."
    )
    before_expiry: Annotated[tuple[Duration, ...], OneOrMany(or_none=True)] = Field(
        default=STAGES,
        description="How long before the end of a token, and before people have to sign in again for the single "
        "sign-on, they are told; each at most 90d; an empty list: never. Default: [30d, 7d, 1d].",
    )

    @property
    def port_number(self) -> int:
        """The port to connect to."""
        return self.port or USUAL_PORT[self.security]

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, raw: Any) -> Any:
        """So that what is shown, with its port, means the same."""
        if not isinstance(raw, dict) or "port" in raw:
            return raw
        usual = USUAL_PORT.get(str(raw.get("security", STARTTLS)))
        return raw if usual is None else {**raw, "port": usual}

    @model_validator(mode="after")
    def _holds(self) -> "Mail":
        if self.security == NONE and not is_loopback(self.host) and self.plain_to != self.host:
            raise Fault(
                f"security: none would send mails to {self.host} in clear",
                f"use starttls or tls, or add plain_to: {self.host} if everybody on the way may read them",
                echoes=True,
            )
        if (self.user is None) != (self.password_file is None):
            raise Fault("user and password_file belong together", "give both, or neither")
        if self.security == NONE and self.user is not None and not is_loopback(self.host):
            raise Fault("a password is never sent in clear to another machine", "use starttls or tls")
        if self.timeout > LONGEST_WAIT:
            raise Fault("is longer than 1m", "shorten it", at=("timeout",))
        for at, stage in enumerate(self.before_expiry):
            if stage > LONGEST_STAGE:
                raise Fault("is longer than 90d", "name a shorter one", at=("before_expiry", at))
        return self
