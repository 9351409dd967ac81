"""Who is there in the proof: for each kind of change somebody whose rights it takes away, and bystanders."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.auth.desk import Desk
from gateway.auth.groups import change_groups
from gateway.auth.owners import create_owner, set_enabled
from gateway.auth.power import operator
from gateway.auth.token_edit import edit_token
from gateway.auth.token_stops import resume_token
from gateway.auth.tokens import create_token
from gateway.core.owner import OwnerKind
from tests.installation import handle
from tests.proof.revocation.wire import Target

ACTOR = operator("proof")
ADMIN = "alice"
USER, APP = OwnerKind.USER, OwnerKind.APPLICATION
BYSTANDERS = 3
CONFIG = """\
public_url: https://gateway.example.org
tokens:
  personal: {default_lifetime: 90d, max_lifetime: 366d}
  application: {default_lifetime: 366d, max_lifetime: unlimited}
groups: [staff, admins]
permissions: {own_tokens: [staff, admins], any_tokens: [admins], users: [admins], applications: [admins]}
scopes: {gateway: Act in the gateway itself, rest: REST and JSON API, write: Change things}
identity:
  default: {X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups}
routes:
  - {name: public, host: app.example.org, path: "/public/**", public: true}
  - {name: read, host: app.example.org, path: "/api/**", methods: [GET], scopes: rest}
  - {name: write, host: app.example.org, path: "/api/**", methods: [POST], scopes: {all: [rest, write]}}
  - {name: staff, host: app.example.org, path: "/staff/**", authenticated: true, groups: [staff]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way in which a right goes.

    `owner`: None for a token of the administrator's; else whose kind of owner of its own it is about. `back`: how the
    right is given back; None: another token, or another owner, takes its place. `is_timed`: it goes at a moment after
    the call.
    """

    name: str
    owner: OwnerKind | None = None
    back: str | None = None
    needs_owner: bool = False
    is_timed: bool = False
    request: tuple[str, str] = ("GET", "/api/x")


REVOKE = Kind(name="revoke")
PRESENTED = Kind(name="revoke by the secret")
ROTATE = Kind(name="rotate", back="rotated")
GRACE = Kind(name="rotate, end of the grace", back="rotated", is_timed=True)
EXPIRE = Kind(name="edit the expiry", is_timed=True)
CUT = Kind(name="cut a scope", back="scopes", request=("POST", "/api/x"))
SUSPEND = Kind(name="suspend", back="resume")
DISABLE_USER = Kind(name="disable the user", owner=USER, back="enable")
DISABLE_APP = Kind(name="disable the application", owner=APP, back="enable")
DELETE_USER = Kind(name="delete the user", owner=USER, needs_owner=True)
DELETE_APP = Kind(name="delete the application", owner=APP, needs_owner=True)
UNGROUP = Kind(name="remove from a group", owner=USER, back="group", request=("GET", "/staff/x"))
REVOKE_ALL = Kind(name="revoke all of a user", owner=USER)
SUSPEND_ALL = Kind(name="suspend all of a user", owner=USER, back="resume")
KINDS = (
    *(REVOKE, PRESENTED, ROTATE, GRACE, EXPIRE, CUT, SUSPEND),
    *(DISABLE_USER, DISABLE_APP, DELETE_USER, DELETE_APP, UNGROUP, REVOKE_ALL, SUSPEND_ALL),
)


@dataclass(slots=True, kw_only=True)
class Slot:
    """Whoever a kind of change is about, from round to round. `secrets` are of their tokens, as they are now."""

    kind: Kind
    login: str
    owner_kind: OwnerKind
    owner_id: str = ""
    secrets: list[str] = field(default_factory=list)
    is_whole: bool = False

    @property
    def handles(self) -> list[str]:
        """The public names of the tokens."""
        return [handle(secret) for secret in self.secrets]

    def targets(self) -> list[Target]:
        """What is asked with each of the tokens: half of them as nginx asks."""
        method, path = self.kind.request
        return [Target(method, path, secret, dialect=sum(secret.encode()) % 2) for secret in self.secrets]


class Roster:
    """All slots, and what makes them whole again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = replace(desk, waits=False)
        self._made = 0
        self.slots: dict[Kind, Slot] = {}
        self.bystanders: list[str] = []
        self.admin = ""  # a token that acts in the API

    async def begin(self) -> None:
        """The administrator's tokens."""
        self.admin = await self._token(ADMIN, USER, ("gateway", "rest", "write"), days=300)
        self.bystanders = [await self._token(ADMIN, USER) for _ in range(BYSTANDERS)]

    async def whole(self, kinds: Sequence[Kind]) -> None:
        """See that these have all of their rights. Others may still use older state for as long as the bound."""
        for kind in kinds:
            slot = self.slots.get(kind)
            if slot is None or (kind.needs_owner and not slot.is_whole):
                slot = self.slots[kind] = await self._slot(kind)
            if not slot.is_whole:
                await self._give_back(slot)
                slot.is_whole = True

    async def _slot(self, kind: Kind) -> Slot:
        if kind.owner is None:
            return Slot(kind=kind, login=ADMIN, owner_kind=USER)
        self._made += 1
        login = f"{kind.owner.value}-{self._made}"
        owner = await create_owner(self._desk, actor=ACTOR, kind=kind.owner, login=login, groups=["staff"])
        return Slot(kind=kind, login=login, owner_kind=kind.owner, owner_id=owner.id)

    async def _give_back(self, slot: Slot) -> None:
        desk = self._desk
        if not slot.secrets or slot.kind.back is None:
            count = 1 if slot.kind.owner is None else 2
            slot.secrets = [await self._token(slot.login, slot.owner_kind) for _ in range(count)]
            return
        match slot.kind.back:
            case "resume":
                for one in slot.handles:
                    await resume_token(desk, actor=ACTOR, reference=one)
            case "scopes":
                await edit_token(desk, actor=ACTOR, reference=slot.handles[0], scopes=["rest", "write"])
            case "enable":
                await set_enabled(desk, actor=ACTOR, kind=slot.owner_kind, login=slot.login, enabled=True)
            case "group":
                await change_groups(desk, actor=ACTOR, kind=slot.owner_kind, login=slot.login, add=["staff"])
            case "rotated":
                pass  # the new secret is there already

    async def _token(
        self, login: str, kind: OwnerKind, scopes: Sequence[str] = ("rest", "write"), days: int = 30
    ) -> str:
        self._made += 1
        minted = await create_token(
            self._desk,
            actor=ACTOR,
            owner_kind=kind,
            login=login,
            name=f"t{self._made}",
            scopes=scopes,
            expires=timedelta(days=days),
        )
        return minted.whole.reveal()
