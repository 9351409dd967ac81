"""What an operator may write in `routes`: routes, and groups of routes that share keys."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic.json_schema import JsonSchemaValue

from gateway.config.fault import Fault
from gateway.config.kinds.app_secrets import SecretFile
from gateway.config.kinds.headers import Credential, Method, TokenKind
from gateway.config.kinds.networks import NetworkList
from gateway.config.kinds.patterns import Host, PathText
from gateway.config.kinds.rates import MaxRate
from gateway.config.kinds.texts import Boolean, Flag, Name, OneOrMany, RouteName, Word
from gateway.config.section import Section, Shorthand
from gateway.core.target import LENIENCES

Names = Annotated[tuple[Name, ...], OneOrMany()]
Hosts = Annotated[tuple[Host, ...], OneOrMany()]
Paths = Annotated[tuple[PathText, ...], OneOrMany()]
Methods = Annotated[tuple[Method, ...], OneOrMany()]
Kinds = Annotated[tuple[TokenKind, ...], OneOrMany()]
Credentials = Annotated[tuple[Credential, ...], OneOrMany()]
Challenges = Annotated[tuple[Annotated[str, Word("basic", "bearer", what="a challenge")], ...], OneOrMany()]
Leniences = Annotated[tuple[Annotated[str, Word(*sorted(LENIENCES), what="a leniency")], ...], OneOrMany(or_none=True)]
PathStyle = Annotated[str, Word("posix", "windows", what="a way to read paths")]


StripOrKeep = Annotated[str, Word("strip", "keep", what="strip or keep")]


class AppCredential(Section):
    """A credential of the app's own, which it gets in place of the client's."""

    secret_file: SecretFile = Field(
        description="A file whose one line is the value of `Authorization`, or a folder with such a file for each "
        "login, named as the login. Read at start and reload; others must not be able to read it."
    )


def _authorization_shape(value: object) -> str:
    return "<own>" if isinstance(value, dict | AppCredential) else "<word>"


Authorization = Annotated[
    Annotated[StripOrKeep, Tag("<word>")] | Annotated[AppCredential, Tag("<own>")], Discriminator(_authorization_shape)
]


class Demand(Section):
    """Scopes that a token must have: `any` of them, or `all` of them."""

    any: Names | None = Field(default=None, description="One of these scopes is enough.")
    all: Names | None = Field(default=None, description="Every one of these scopes is needed.")

    @model_validator(mode="after")
    def _one(self) -> "Demand":
        if (self.any is None) == (self.all is None):
            raise Fault("says not exactly one of any and all", "write {any: [...]} or {all: [...]}")
        return self


def _scope_alone(value: object) -> object:
    if isinstance(value, dict | Demand):
        return value
    if isinstance(value, list) and len(value) > 1:
        raise Fault(
            "names several scopes and does not say whether one of them is enough",
            "write {any: [...]} or {all: [...]}",
        )
    return {"any": value}


_ONE_SCOPE: JsonSchemaValue = {"type": "string", "description": "The one scope that is needed."}
_LIST_OF_ONE: JsonSchemaValue = {"type": "array", "items": _ONE_SCOPE, "minItems": 1, "maxItems": 1}
Scopes = Annotated[Demand, Shorthand(_scope_alone, _ONE_SCOPE, _LIST_OF_ONE)]


class RouteKeys(Section):
    """What a route says, and what a group of routes says for its children."""

    host: Hosts | None = Field(
        default=None,
        description="The host or hosts: exact, `*.example.org` (exactly one label for the `*`), or `*` for any.",
    )
    path: Paths | None = Field(
        default=None,
        description="The path or paths: exact; `*` stands for one segment, `**` (once) for any number of them, also "
        "none, `{login}` for one that equals the owner's login.",
    )
    methods: Methods | None = Field(
        default=None, description="The method or methods; GET implies HEAD. Default: every method."
    )
    from_: NetworkList | None = Field(
        default=None,
        alias="from",
        description="The route matches only for clients in these networks; others fall through to later routes. "
        "Default: it matches for all.",
    )
    scopes: Scopes | None = Field(
        default=None,
        description="Holders of a token with this scope may pass; several: `{any: [...]}` or `{all: [...]}`.",
    )
    authenticated: Flag | None = Field(default=None, description="Holders of any valid token may pass.")
    public: Flag | None = Field(default=None, description="Everybody may pass; no credential is looked at.")
    deny: Flag | None = Field(default=None, description="Nobody may pass.")
    groups: Names | None = Field(
        default=None, description="The owner must be in one of these groups, besides. Default: no group is asked for."
    )
    waive_groups_for: Kinds | None = Field(
        default=None, description="Kinds of tokens for which `groups` is not asked. Default: none."
    )
    kinds: Kinds | None = Field(
        default=None, description="Kinds of tokens that may pass: `personal`, `application`. Default: both."
    )
    networks: NetworkList | None = Field(
        default=None,
        description="The client must be in one of these networks, or is refused with 403. Default: anywhere.",
    )
    credentials: Credentials | None = Field(
        default=None,
        description="Where a token is looked for: `bearer`, `token`, `basic`, `header:NAME`; and, discouraged, "
        "`query:NAME`, `form:NAME`; `rt`: tokens moved in from Request Tracker count there too. Default: "
        "`defaults.credentials`.",
    )
    challenge: Challenges | None = Field(
        default=None,
        description="The schemes that a 401 names: `basic`, `bearer`; then browsers show their password box too. "
        "Default: those among the route's credentials, basic first, and no `basic` for a browser asking for a page.",
    )
    identity: Name | None = Field(
        default=None, description="The identity set that the app receives. Default: `defaults.identity`."
    )
    authorization: Authorization | None = Field(
        default=None,
        description="Whether the app receives the client's credential: `strip` or `keep`; or a credential of its own: "
        "`{secret_file: FILE}`. Default: `defaults.authorization`, and `keep` for public routes.",
    )
    cookies: StripOrKeep | None = Field(
        default=None,
        description="Whether the app receives the client's cookies: `keep` or `strip`. Default: `defaults.cookies`.",
    )
    lenient: Leniences | None = Field(
        default=None,
        description="Ambiguities of a path that this route accepts because its app needs them: "
        + ", ".join(f"`{leniency}`" for leniency in sorted(LENIENCES))
        + ". Default: none, and such a request is refused.",
    )
    paths: PathStyle | None = Field(
        default=None,
        description="`windows`: the app ignores case in paths, so the route does; names that only Windows maps to "
        "another file are refused. Default: `posix`.",
    )
    allow_preflight: Boolean | None = Field(
        default=None,
        description="Whether CORS preflights pass without credential and identity: OPTIONS with Origin and "
        "Access-Control-Request-Method. Default: false.",
    )
    rate: MaxRate = Field(
        default=None,
        description="How often one token may pass here, such as `10/s` or `600/h burst 100`; on a public route, and "
        "for preflights, one client network. More is refused with 429 `limited`. Default: unlimited.",
    )


class RouteEntry(RouteKeys):
    """Who may pass at a host and path. Says exactly one of `scopes`, `authenticated`, `public` and `deny`."""

    name: RouteName | None = Field(
        default=None,
        description="What logs, metrics and `explain` call the route; unique. Default: its first host and path.",
    )


class RouteGroup(RouteKeys):
    """Routes that share keys: a child has the group's keys, and may say its own instead. Groups do not nest."""

    routes: tuple[RouteEntry, ...] = Field(description="The children, in their order.", min_length=1)
