"""What an operator may write: one model a section, one field a key. This is also the JSON Schema that editors use.

Here stands what can be judged from one section alone; what two sections say about each other is in `check`.
Every list may be written as its only member. Unknown keys are refused everywhere.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from gateway.config.fault import Fault
from gateway.config.kinds.counts import CountOrUnlimited
from gateway.config.kinds.days import Day
from gateway.config.kinds.durations import Duration, MaxDuration, duration_text
from gateway.config.kinds.headers import HeaderName
from gateway.config.kinds.networks import SkippedNetworks, TrustedProxies, TrustedProxyList
from gateway.config.kinds.places import FilePath, PublicUrl, StoreUrl
from gateway.config.kinds.texts import BasicUser, Brand, Group, Line, Name, OneOrMany, Realm, Word
from gateway.config.limits_schema import Caches, Limits
from gateway.config.listen_schema import Listen
from gateway.config.mail_schema import Mail
from gateway.config.portal_schema import Portal
from gateway.config.route_schema import Credentials, Names, RouteEntry, RouteGroup, StripOrKeep
from gateway.config.section import Section, Shorthand
from gateway.core.identity import FIELDS
from gateway.core.network import Networks
from gateway.core.policy import EVERYONE

MaxTokens = Annotated[int | None, CountOrUnlimited(1, 1_000_000)]


class Lifetimes(Section):
    """How long tokens of one kind live, and how many one owner may have."""

    default_lifetime: Duration
    max_lifetime: MaxDuration
    max_per_owner: MaxTokens

    @model_validator(mode="after")
    def _in_order(self) -> "Lifetimes":
        if self.max_lifetime is not None and self.default_lifetime > self.max_lifetime:
            raise Fault(
                f"default_lifetime {duration_text(self.default_lifetime)} is longer than max_lifetime "
                f"{duration_text(self.max_lifetime)}",
                "shorten default_lifetime, or lengthen max_lifetime",
            )
        return self


_DEFAULT_LIFETIME = "The lifetime of a token whose maker names none, such as `90d`, `12h`, `30m`, `10s`."
_MAX_LIFETIME = "The longest lifetime anybody may ask for; `unlimited` also allows tokens that never expire."
_MAX_PER_OWNER = "How many tokens one owner may have that have neither ended nor been revoked, or `unlimited`."


class PersonalLifetimes(Lifetimes):
    """How long personal tokens live, and how many there may be. They act as the person who made them."""

    default_lifetime: Duration = Field(default=timedelta(days=90), description=f"{_DEFAULT_LIFETIME} Default: 90d.")
    max_lifetime: MaxDuration = Field(default=timedelta(days=366), description=f"{_MAX_LIFETIME} Default: 366d.")
    max_per_owner: MaxTokens = Field(default=100, description=f"{_MAX_PER_OWNER} Default: 100.")


class ApplicationLifetimes(Lifetimes):
    """How long application tokens live, and how many there may be. They act as a service account."""

    default_lifetime: Duration = Field(default=timedelta(days=366), description=f"{_DEFAULT_LIFETIME} Default: 366d.")
    max_lifetime: MaxDuration = Field(default=None, description=f"{_MAX_LIFETIME} Default: unlimited.")
    max_per_owner: MaxTokens = Field(default=1000, description=f"{_MAX_PER_OWNER} Default: 1000.")


class Tokens(Section):
    """What tokens look like, how long they live, and how Basic clients may send them."""

    brand: Brand = Field(
        default="tg", description="The two letters that every token starts with. Fixed once tokens exist. Default: tg."
    )
    personal: PersonalLifetimes = Field(
        default=PersonalLifetimes(),
        description="Tokens that people make for themselves.",
    )
    application: ApplicationLifetimes = Field(default=ApplicationLifetimes(), description="Tokens of service accounts.")
    reconfirm_every: MaxDuration = Field(
        default=timedelta(days=90),
        description="How long tokens of people from the single sign-on work after the last time that they signed in or "
        "that `user sync` found them; `unlimited`: for ever. Default: 90d.",
    )
    basic_users: Annotated[tuple[BasicUser, ...], OneOrMany(or_none=True)] = Field(
        default=("x-access-token", "oauth2"),
        description="User names that HTTP Basic clients may send with a token as password, besides the owner's login, "
        "`__token__` and none. Default: [x-access-token, oauth2], which git clients use.",
    )


class Import(Section):
    """What was moved in from elsewhere, and for how long it is taken as it is."""

    rt_until: Day | None = Field(
        default=None,
        description="The last day (UTC) on which routes that list `rt` take tokens of Request Tracker, such as "
        '`"2027-06-30"`. Must be there when a route lists `rt`. Default: none is taken.',
    )


class ClientAddress(Section):
    """How the client's address is found in X-Forwarded-For."""

    skip: SkippedNetworks = Field(
        default=Networks(()),
        description="Networks of further proxies in front of yours, passed over from the right end of X-Forwarded-For. "
        "Default: [].",
    )


class StoreSection(Section):
    """Where users, tokens and the audit are kept."""

    url: StoreUrl = Field(
        description="The database: `sqlite:///FILE`, counted from the configuration's folder, or "
        "`sqlite:////ABSOLUTE/FILE`. Default: sqlite:///token-gateway.db."
    )


class Logs(Section):
    """What is logged, and how. Logs go to stderr."""

    level: Annotated[str, Word("debug", "info", "warning", "error", what="a log level")] = Field(
        default="info", description="The least severe level that is logged. Default: info."
    )
    format: Annotated[str, Word("json", "console", what="a log format")] = Field(
        default="json", description="`json`: one object a line. `console`: for reading in a terminal. Default: json."
    )


Holders = Annotated[tuple[Name, ...], OneOrMany(or_none=True)]


class Permissions(Section):
    """Which groups may do what in the gateway itself. `everyone` stands for all owners; an empty list for nobody."""

    own_tokens: Holders = Field(
        default=(EVERYONE,),
        description="Have and make tokens of one's own. Default: [everyone].",
    )
    any_tokens: Holders = Field(
        default=(),
        description="See, make, rotate and revoke the tokens of others. Default: [].",
    )
    users: Holders = Field(default=(), description="Manage people. Default: [].")
    applications: Holders = Field(default=(), description="Manage service accounts. Default: [].")
    audit: Holders = Field(default=(), description="Read the audit. Default: [].")
    explain: Holders = Field(
        default=(),
        description="Ask why a request would pass or not; see the routes with their hits, and how the gateway is. "
        "Default: [].",
    )
    introspect: Holders = Field(default=(), description="Ask what a token is, without using it. Default: [].")


class IdentityField(Section):
    """One header's value, and the groups that it may tell."""

    field: Annotated[str, Word(*sorted(FIELDS), what="a field")] = Field(
        description="What the header tells about who asks: " + ", ".join(f"`{field}`" for field in sorted(FIELDS)) + "."
    )
    only: Names | None = Field(
        default=None, description="With `field: groups`, the groups that this app may learn of. Default: all."
    )

    @model_validator(mode="after")
    def _only_groups(self) -> "IdentityField":
        if self.only is not None and self.field != "groups":
            raise Fault(
                "limits groups, but this header does not tell them", "remove only, or use field: groups", at=("only",)
            )
        return self


def _field_alone(value: object) -> object:
    return value if isinstance(value, dict) else {"field": value}


IdentityValue = Annotated[IdentityField, Shorthand(_field_alone, {"enum": sorted(FIELDS)})]

_DEFAULT_IDENTITY = {
    "default": {
        "X-Auth-User": IdentityField(field="login"),
        "X-Auth-Email": IdentityField(field="email"),
        "X-Auth-Groups": IdentityField(field="groups"),
        "X-Auth-Token-Name": IdentityField(field="token_name"),
    }
}


class Defaults(Section):
    """What routes say that do not say it themselves."""

    credentials: Credentials = Field(
        default=("bearer", "token", "basic"),
        description="Where a token is looked for: `bearer`, `token`, `basic`, `header:NAME`; and, discouraged, "
        "`query:NAME`, `form:NAME`. Default: [bearer, token, basic].",
    )
    identity: Name = Field(default="default", description="The identity set that apps receive. Default: default.")
    authorization: StripOrKeep = Field(
        default="strip", description="Whether apps receive the client's credential. Public routes keep. Default: strip."
    )
    cookies: StripOrKeep = Field(
        default="keep",
        description="Whether apps receive the client's cookies. Default: keep.",
    )


class Document(Section):
    """All that a Token Gateway is told. The first matching route decides; what no route matches is denied."""

    listen: Listen = Field(default=Listen(), description="Where the gateway listens.")
    public_url: Annotated[tuple[PublicUrl, ...], OneOrMany()] = Field(
        description="The address people use for the portal: scheme, host, maybe a port, no path. Of several the first "
        "is the one that is told; http is for localhost alone."
    )
    realm: Realm = Field(default="Token Gateway", description="The realm that a 401 names. Default: Token Gateway.")
    support_contact: Line = Field(
        default="", description="Whom to ask, shown to people on refusal pages. Default: nothing is shown."
    )
    trusted_proxies: TrustedProxyList = Field(
        default=TrustedProxies(networks=Networks.of(["127.0.0.1/32", "::1/128"]), unix=True),
        description="Who may ask: addresses and networks of your proxies, and `unix` for the Unix sockets. All others "
        'are refused, whatever they send. Default: ["127.0.0.1/32", "::1/128", "unix"].',
    )
    client_address: ClientAddress = Field(default=ClientAddress(), description="How the client's address is found.")
    store: StoreSection | None = Field(default=None, description="Where users, tokens and the audit are kept.")
    key_file: FilePath | None = Field(
        default=None,
        description="The file with the keys that protect tokens at rest. `token-gateway init` makes it; back it up, "
        "apart from the database. Default: token-gateway.key.",
    )
    tokens: Tokens = Field(default=Tokens(), description="What tokens look like and how long they live.")
    import_: Import = Field(
        default=Import(), alias="import", description="What was moved in from elsewhere, and how long it is taken."
    )
    portal: Portal = Field(default=Portal(), description="How people use the gateway through a session.")
    groups: Annotated[tuple[Group, ...], OneOrMany(or_none=True)] = Field(
        default=(), description="The groups that routes, permissions and identity sets may name. Default: []."
    )
    permissions: Permissions = Field(
        default=Permissions(),
        description="Which groups may do what in the gateway itself.",
    )
    scopes: dict[Name, Line] = Field(
        default={},
        description="The scopes that tokens may have, each with a line of text.",
    )
    identity: dict[Name, dict[HeaderName, IdentityValue]] = Field(
        default=_DEFAULT_IDENTITY,
        description="Identity sets: which headers tell an app who asks. Headers of the other sets are sent empty.",
    )
    defaults: Defaults = Field(default=Defaults(), description="What routes say that do not say it themselves.")
    limits: Limits = Field(default=Limits(), description="What is refused when it is asked too often.")
    caches: Caches = Field(default=Caches(), description="How much is kept in memory.")
    logs: Logs = Field(default=Logs(), description="What is logged, and how.")
    mail: Mail | None = Field(
        default=None, description="The mail server through which people are told about their tokens. Default: no mail."
    )
    routes: tuple[RouteEntry | RouteGroup, ...] = Field(
        description="Who may pass where. The first match in file order decides; no match: deny."
    )
