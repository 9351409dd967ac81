"""What requests and answers about users and applications are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from gateway.auth.owners import MAX_ORGANISATIONS
from gateway.core.naming import MAX_EMAIL, MAX_LABEL, MAX_NAME
from gateway.store import OwnerEntry
from gateway.web.api.effect import EffectView
from gateway.web.api.etag import etag
from gateway.web.api.model import Body, PageQuery, View

MAX_GROUPS = 1000
# The rules are the use case's, which says the same words at the command line. These are for readers of the document.
_LABEL: dict[str, Any] = {"minLength": 1, "maxLength": MAX_LABEL, "pattern": "^[A-Za-z0-9._@+/:-]+$"}
Login = Annotated[str, Field(description="Letters, digits and . _ @ + / : -", json_schema_extra=_LABEL)]
Name = Annotated[str, Field(json_schema_extra={"maxLength": MAX_NAME})]
Email = Annotated[str, Field(json_schema_extra={"maxLength": MAX_EMAIL})]
Label = Annotated[str, Field(json_schema_extra=_LABEL)]
Organisations = Annotated[Sequence[Label], Field(json_schema_extra={"maxItems": MAX_ORGANISATIONS})]
Groups = Annotated[Sequence[Label], Field(max_length=MAX_GROUPS)]
Sought = Annotated[str, Field(max_length=MAX_LABEL, pattern=r"^[A-Za-z0-9._@+/:-]+$")]


class ApplicationNew(Body):
    """A service account to be made."""

    login: Login
    name: Name = Field(default="", description="What it is called for people.")
    email: Email = Field(default="", description="The address of who looks after it.")
    groups: Groups = Field(default=(), description="As declared: `GET /api/v1/groups`.")
    organisations: Organisations = ()


class UserNew(Body):
    """A person to be let in."""

    login: Login
    name: Name = Field(default="", description="How the person is called.")
    email: Email = ""
    groups: Groups = Field(default=(), description="As declared: `GET /api/v1/groups`.")
    organisations: Organisations = ()
    sso: bool = Field(default=False, description="Signs in elsewhere: no password here.")


class OwnerEdit(Body):
    """What is to be another; what is not given stays. The login stays for ever."""

    name: Name = ""
    email: Email = Field(default="", description="Of an application: its contact.")
    organisations: Organisations = Field(default=(), description="All of them, anew.")


class GroupsSet(Body):
    """Exactly these groups, in place of those given here before. Those from a single sign-on stay."""

    groups: Groups


class GroupsChange(Body):
    """Into some groups, and out of others."""

    add: Groups = ()
    remove: Groups = ()


class ApplicationsQuery(PageQuery):
    """Which applications: those that pass everything given."""

    login: Sought | None = Field(default=None, description="Exactly this name, in any case.")
    search: str | None = Field(
        default=None,
        max_length=MAX_NAME,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="A part of login, name or address.",
    )
    group: Sought | None = Field(default=None, description="In this group.")
    organisation: Sought | None = Field(default=None, description="Of this organisation.")
    enabled: bool | None = None


class UsersQuery(ApplicationsQuery):
    """Which users: those that pass everything given."""

    sso: bool | None = Field(default=None, description="Whether they sign in elsewhere.")


class OwnerView(View):
    """A user or an application."""

    id: str = Field(description="What paths name it by. Never given to another.")
    etag: str = Field(description="Its version, for `If-Match`.")
    kind: Literal["user", "application"]
    login: str
    name: str
    email: str = Field(description="An application's contact.")
    groups: Sequence[str] = Field(description="From every source.")
    organisations: Sequence[str]
    enabled: bool
    sso: bool = Field(description="Signs in elsewhere.")
    confirmed_at: datetime | None = Field(description="When the single sign-on vouched for the person last.")
    created_at: datetime
    tokens: str = Field(description="Where the list of its tokens is.")


class OwnerChangedView(OwnerView, EffectView):
    """An owner after a change."""

    changed: bool = Field(description="false: it was so already.")


class OwnerRegroupedView(OwnerView, EffectView):
    """An owner with the groups that were entered and left."""

    added: Sequence[str]
    removed: Sequence[str]


class OwnerDeletedView(EffectView):
    """Who was deleted, for good."""

    id: str
    login: str = Field(description="Never given again.")
    tokens_revoked: int


class OwnerGroupsView(View):
    """The groups of an owner, by where they come from."""

    local: Sequence[str] = Field(description="Given here: what `PUT` replaces.")
    sso: Sequence[str] = Field(description="From a single sign-on, which replaces them by itself.")


def shown(entry: OwnerEntry) -> dict[str, Any]:
    """The fields of an `OwnerView`."""
    owner = entry.owner
    return {
        "id": owner.id,
        "etag": etag(entry.version),
        "kind": owner.kind.value,
        "login": owner.login,
        "name": owner.name,
        "email": owner.email,
        "groups": owner.groups,
        "organisations": owner.organisations,
        "enabled": owner.enabled,
        "sso": owner.sso,
        "confirmed_at": owner.confirmed_at,
        "created_at": entry.created_at,
        "tokens": f"/api/v1/tokens?{owner.kind.value}={quote(owner.login, safe='')}",
    }
