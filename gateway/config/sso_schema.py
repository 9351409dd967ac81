"""The section `portal.sso`: whose word about who somebody is counts at the sign-in, and for how much.

What a section says by itself is here; that exactly one way to be believed is given, and that groups are declared, is
judged in `check_portal`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, PlainValidator, Tag
from pydantic import WithJsonSchema as Schema

from gateway.config.kinds.networks import ProxyNetworks
from gateway.config.kinds.sso import SharedSecret, SsoHeader, TheirGroup, WebAddress
from gateway.config.kinds.texts import Boolean, Group, OneOrMany, Word
from gateway.config.listen_schema import UnixListener
from gateway.config.section import Section, Shorthand

KEEP = "keep"
SEPARATORS = {"comma": ",", "semicolon": ";", "bar": "|", "space": " "}


class SecretHeader(Section):
    """A header by which the proxy shows that it is the one."""

    name: SsoHeader = Field(default="X-SSO-Secret", description="The header's name. Default: X-SSO-Secret.")
    secret_file: Annotated[tuple[SharedSecret, ...], OneOrMany()] = Field(
        description="The file with the secret, one line of 32 characters or more that others cannot read. Of several "
        "each is taken, so that it can be changed without a gap.",
    )


class SsoHeaders(Section):
    """Which headers tell who signs in. The proxy must set or remove each of them in every request."""

    login: SsoHeader = Field(default="Remote-User", description="The login. Default: Remote-User.")
    groups: SsoHeader = Field(
        default="Remote-Groups", description="The groups; read where `groups` lists some. Default: Remote-Groups."
    )
    name: SsoHeader | None = Field(
        default=None, description="The name for people to read, such as Remote-Name. Default: it is not read."
    )
    email: SsoHeader | None = Field(
        default=None, description="The e-mail address, such as Remote-Email. Default: it is not read."
    )


def _groups_shape(value: object) -> str:
    if value == KEEP:
        return "<keep>"
    return "<mapping>" if isinstance(value, dict) else "<list>"


def _keep(value: object) -> object:
    return value  # the shape has been told by the word


SsoGroups = Annotated[
    Annotated[Literal["keep"], PlainValidator(_keep), Schema({"const": KEEP}), Tag("<keep>")]
    | Annotated[dict[TheirGroup, Group], Tag("<mapping>")]
    | Annotated[tuple[Group, ...], OneOrMany(or_none=True), Tag("<list>")],
    Discriminator(_groups_shape),
]


def _path_alone(value: object) -> object:
    return {"unix": value.removeprefix("unix:")} if isinstance(value, str) else value


class Sso(Section):
    """The proxy that is believed about who signs in. Off without this section; `trusted_proxies` counts for nothing."""

    from_: ProxyNetworks | None = Field(
        default=None,
        alias="from",
        description="The addresses of the proxy that does the single sign-on, beside `secret_header`. No default.",
    )
    secret_header: SecretHeader | None = Field(
        default=None, description="The header by which that proxy shows that it is the one. Beside `from`."
    )
    socket: Annotated[UnixListener, Shorthand(_path_alone, {"type": "string", "minLength": 1})] | None = Field(
        default=None,
        description="A Unix socket that the portal listens on for this proxy alone, in place of `from` and "
        "`secret_header`: a path, or a mapping with `unix`, `mode` and `group`.",
    )
    headers: SsoHeaders = Field(default=SsoHeaders(), description="Which headers tell who signs in.")
    separator: Annotated[str, Word(*SEPARATORS, what="a separator")] = Field(
        default="comma",
        description="What stands between two groups: `comma`, `semicolon`, `bar` or `space`. Default: comma.",
    )
    groups: SsoGroups = Field(
        default=(),
        description="The groups that a sign-in gives, and takes away where the header does not name them: a list, or a "
        "mapping from the single sign-on's name to ours. `keep`: a sign-in leaves them as `user sync` has set them. "
        "Default: [], none.",
    )
    create: Boolean = Field(
        default=False,
        description="Whether somebody who has no account gets one by signing in. Default: false.",
    )
    sign_out_url: WebAddress | None = Field(
        default=None,
        description="Where people go after they have signed out, such as the single sign-on's own page for that. "
        "Default: they stay here.",
    )

    @property
    def between_groups(self) -> str:
        """The character between two groups."""
        return SEPARATORS[self.separator]

    @property
    def keeps_groups(self) -> bool:
        """Whether a sign-in leaves the groups alone."""
        return self.groups == KEEP

    @property
    def grants(self) -> Mapping[str, str]:
        """Which groups a sign-in may give: what the single sign-on calls one, to what it is called here."""
        if isinstance(self.groups, str):
            return {}
        return self.groups if isinstance(self.groups, dict) else {name: name for name in self.groups}
