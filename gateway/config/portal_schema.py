"""The section `portal`: how people who are signed in prove who they are."""

from datetime import timedelta

from pydantic import Field

from gateway.config.kinds.durations import DurationOrNever
from gateway.config.section import Section


class PortalSession(Section):
    """How long what a person proved at the sign-in counts."""

    proof_age: DurationOrNever = Field(
        default=timedelta(minutes=15),
        description="How long a typed password counts before it is asked for again where a session gives somebody "
        "power, such as making a token; `never` asks for it at the sign-in alone. Default: 15m.",
    )


class Portal(Section):
    """How people use the gateway through a session."""

    session: PortalSession = Field(
        default=PortalSession(), description="How long what a person proved at the sign-in counts."
    )
