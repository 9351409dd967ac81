"""Who asks for an explanation without showing a secret: a token is named, or nobody presents anything."""

from gateway.auth.refused import Refused
from gateway.core.credential import NoCredential
from gateway.core.evidence import Evidence


def stranger(_transports: tuple[str, ...]) -> NoCredential:
    """A client without a token, as a `Presenter`."""
    return NoCredential()


async def refuse_credential(*_: object, **__: object) -> Evidence:
    """As `Authenticate`: no secret is tried. The failures would be counted for an address that the asker makes up."""
    raise Refused(
        "secret_given",
        field="url",
        message="the URL holds a credential, which should not be handed around",
        mend="leave it out, and name the token by its handle",
    )
