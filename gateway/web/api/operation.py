"""One operation of the API as a row: from these rows come the routes, the checks before a handler, and the document."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel

from gateway.auth.desk import Desk
from gateway.auth.idempotency import Attempt
from gateway.auth.sessions import Session
from gateway.core.network import Address
from gateway.core.owner import Owner, Token
from gateway.core.power import Actor
from gateway.core.token import Secret
from gateway.web.api.caller import Caller
from gateway.web.api.cursor import BadCursorError, decode, encode
from gateway.web.api.model import PageQuery
from gateway.web.api.origin import Origin
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.api.problem import Problem
from gateway.web.api.stream import Stream

Wanted = TypeVar("Wanted", bound=BaseModel)


class Needs(StrEnum):
    """Who may ask at all. What they may do is the use case's to say, which asks inside its change."""

    NOTHING = "nothing"  # not even a look at who asks
    SIGN_IN = "sign_in"  # nobody yet; what a browser sends has to come from here all the same
    TOKEN = "token"  # a token for itself, whatever its scopes; the handler looks at it
    ANY_SESSION = "any_session"  # also one whose password has to be changed first
    SESSION = "session"
    CALLER = "caller"  # a session, or a token with the scope `gateway`


class IfMatch(StrEnum):
    """Whether an operation looks at the version that the client has seen."""

    IGNORED = "ignored"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler answers. No `body` and no `stream`: 204. `version`: of what is shown, for the `ETag`."""

    body: BaseModel | Mapping[str, Any] | None = None
    stream: Stream | None = None
    status: int = 200
    version: int | None = None
    session: Secret | None = None  # of a session that begins
    ends_session: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that has passed every check of its row. `address`: the client's, as the audit writes it."""

    request: web.Request
    parts: Parts
    here: Surroundings
    origin: Origin
    client: Address | None
    caller: Caller | None = None
    actor_if_any: Actor | None = None
    given_body: BaseModel | None = None
    given_query: BaseModel | None = None
    expected_version: int | None = None
    attempt: Attempt | None = None

    @property
    def desk(self) -> Desk:
        """The store and the settings of this moment."""
        return self.here.desk

    @property
    def address(self) -> str:
        """The client's address, empty when it is not known."""
        return str(self.client or "")

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.request.headers.get("User-Agent", "")

    @property
    def actor(self) -> Actor:
        """Who acts."""
        assert self.actor_if_any is not None, "the operation does not ask who calls"
        return self.actor_if_any

    @property
    def owner(self) -> Owner:
        """Whose session or token asks."""
        assert self.caller is not None, "the operation does not ask who calls"
        return self.caller.owner

    @property
    def token(self) -> Token | None:
        """The token that asks; None for a session."""
        return None if self.caller is None else self.caller.token

    @property
    def session(self) -> Session:
        """The caller's session."""
        assert self.caller is not None
        assert self.caller.session is not None, "the operation does not need a session"
        return self.caller.session

    def body(self, model: type[Wanted]) -> Wanted:
        """The body, which the row says is of this model."""
        assert isinstance(self.given_body, model)
        return self.given_body

    def query(self, model: type[Wanted]) -> Wanted:
        """The query parameters, which the row says are of this model."""
        assert isinstance(self.given_query, model)
        return self.given_query

    def part(self, name: str) -> str:
        """A named part of the path."""
        return self.request.match_info[name]

    def place(self, list_name: str, *shape: type) -> list[str | int] | None:
        """Where a list goes on by `cursor`; None at its beginning. Problem `bad_cursor`."""
        cursor = self.query(PageQuery).cursor
        if cursor is None:
            return None
        try:
            return decode(list_name, cursor, *shape)
        except BadCursorError:
            words = "the cursor is none of this list"
            raise Problem("bad_cursor", words, mend="begin without one", errors=[_bad_cursor(words)]) from None

    def next_page(self, list_name: str, *place: str | int) -> str:
        """The way to the part of the list after a place: the same question, further on."""
        asked = self.query(PageQuery).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        said = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.items()}
        return f"{self.request.rel_url.raw_path}?{urlencode(said | {'cursor': encode(list_name, place)}, doseq=True)}"


Handler = Callable[[Ask], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row. `answers`: status to the model of the body, None for none; `streams`: the content type of an answer
    that is no JSON document. `problems`: codes of the use case; those of the checks before it are added by themselves.
    `form`: the body is a form that the handler reads. `counts_apart`: a token that may ask is counted by itself, and
    its network is not: a service asks for everybody behind it.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Handler
    answers: Mapping[int, type[BaseModel] | None]
    needs: Needs = Needs.CALLER
    permission: str | None = None  # that it needs at most, for people to read
    streams: str | None = None
    body: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    parts: Mapping[str, str] = field(default_factory=dict)  # of the path: name to description
    problems: Sequence[str] = ()
    description: str = ""
    tag: str = ""
    if_match: IfMatch = IfMatch.IGNORED
    is_repeatable: bool = False  # takes an Idempotency-Key
    has_etag: bool = False
    changes_cookie: bool = False
    counts_apart: bool = False


def _bad_cursor(words: str) -> dict[str, str]:
    return {"parameter": "cursor", "detail": words}
