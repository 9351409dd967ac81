"""The section `portal`: how people sign in, how long they stay, and what they find there."""

from datetime import timedelta

from pydantic import Field, model_validator

from gateway.config.fault import Fault
from gateway.config.kinds.durations import Duration, DurationOrNever, duration_text
from gateway.config.kinds.texts import Boolean
from gateway.config.section import Section
from gateway.config.sso_schema import Sso

SHORTEST = timedelta(minutes=5)  # it is written down once a minute that a session is used
LONGEST = timedelta(days=30)


class PortalSession(Section):
    """How long somebody is signed in, and how long what they proved at the sign-in counts."""

    idle: Duration = Field(
        default=timedelta(hours=8),
        description="How long a session lasts without a request, from 5m up to its lifetime. Default: 8h.",
    )
    lifetime: Duration = Field(
        default=timedelta(hours=24),
        description="How long a session lasts at the most, from 5m to 30d. Default: 24h.",
    )
    proof_age: DurationOrNever = Field(
        default=timedelta(minutes=15),
        description="How long a typed password counts before it is asked for again where a session gives somebody "
        "power, such as making a token; `never` asks for it at the sign-in alone. Default: 15m.",
    )

    @model_validator(mode="after")
    def _in_bounds(self) -> "PortalSession":
        if self.lifetime > LONGEST:
            raise Fault("is longer than 30d", "shorten it", at=("lifetime",))
        for key, length in (("idle", self.idle), ("lifetime", self.lifetime)):
            if length < SHORTEST:
                raise Fault("is shorter than 5m", "lengthen it: nobody can work like that", at=(key,))
        if self.idle > self.lifetime:
            raise Fault(
                f"idle {duration_text(self.idle)} is longer than lifetime {duration_text(self.lifetime)}",
                "shorten idle, or lengthen lifetime",
            )
        return self


class Portal(Section):
    """How people use the gateway through a session."""

    my_account: Boolean = Field(
        default=True,
        description="Whether people find the pages on which they make tokens of their own. Who may have some is said "
        "by `permissions.own_tokens`, and the API goes by that alone. Default: true.",
    )
    session: PortalSession = Field(default=PortalSession(), description="How long somebody is signed in.")
    sso: Sso | None = Field(
        default=None,
        description="The proxy that is believed about who signs in. Default: everybody signs in with a password.",
    )
