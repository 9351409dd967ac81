"""Users and applications: adding one, what is said of them, and their groups."""

from collections.abc import Sequence
from itertools import chain

from gateway.auth.groups import change_groups
from gateway.auth.owner_list import MANAGES, declared_groups, owner_groups
from gateway.auth.owners import create_owner, edit_owner
from gateway.core.owner import OwnerKind
from gateway.core.power import Act, held
from gateway.web.portal.effects import effect_notice
from gateway.web.portal.form import Form
from gateway.web.portal.owner_shown import HOME, owner_shown
from gateway.web.portal.page import Answer, Notice, Sent, Shown, Visit
from gateway.web.portal.pages.owners import found
from gateway.web.portal.token_shown import owner_path


async def show_new(kind: OwnerKind, visit: Visit) -> Answer:
    """The form for another one."""
    data = {
        "is_person": kind is OwnerKind.USER,
        "home": HOME[kind],
        "groups": _choices(visit, ()),
        "needs_proof": visit.needs_proof,
    }
    return Shown(template="owner_new.html", data=data)


async def create(kind: OwnerKind, visit: Visit) -> Answer:
    """Another one, enabled. A person who signs in here needs a password next."""
    form, is_person = visit.form, kind is OwnerKind.USER
    owner = await create_owner(
        visit.desk,
        actor=visit.actor,
        kind=kind,
        login=form.value("login"),
        name=form.value("name"),
        email=form.value("email"),
        groups=sorted(form.values("group")),
        organisations=form.lines("organisations"),
        sso=is_person and form.has("sso"),
        address=visit.address,
    )
    if is_person and not owner.sso:
        words = visit.words("%(login)s is added. Give an initial password now, or later.", login=owner.login)
        return Sent(to=f"{owner_path(owner)}/password", notice=Notice(text=words))
    return Sent(to=owner_path(owner), notice=Notice(text=visit.words("%(login)s is added.", login=owner.login)))


async def show_edit(kind: OwnerKind, visit: Visit) -> Answer:
    """The form for what is said of them."""
    entry = await found(kind, visit, Act.EDIT_OWNER)
    owner = entry.owner
    if visit.form.given is None:
        visit.form = Form(
            present={
                "name": owner.name,
                "email": owner.email,
                "organisations": "\n".join(owner.organisations),
                "version": str(entry.version),
            }
        )
    data = {"owner": owner_shown(visit, entry), "home": HOME[kind], "needs_proof": visit.needs_proof}
    return Shown(template="owner_edit.html", data=data)


async def edit(kind: OwnerKind, visit: Visit) -> Answer:
    """Change it."""
    entry, form = await found(kind, visit, Act.EDIT_OWNER), visit.form
    done = await edit_owner(
        visit.desk,
        actor=visit.actor,
        kind=kind,
        login=entry.owner.login,
        name=form.value("name"),
        email=form.value("email"),
        organisations=form.lines("organisations"),
        expected_version=form.version,
        address=visit.address,
    )
    words = visit.words("Saved.") if done.changed else visit.words("Nothing was changed.")
    return Sent(to=owner_path(entry.owner), notice=effect_notice(visit, words, done.effect))


async def show_groups(kind: OwnerKind, visit: Visit) -> Answer:
    """The form for the groups that are given here; those from a single sign-on stand beside."""
    entry, groups = await owner_groups(visit.desk, actor=visit.actor, kind=kind, owner_id=visit.part("id"))
    owner = owner_shown(visit, entry, groups)
    if visit.form.given is None:
        visit.form = Form(present={"group": list(owner.local), "version": str(entry.version)})
    data = {
        "owner": owner,
        "home": HOME[kind],
        "groups": _choices(visit, owner.local),
        "needs_proof": visit.needs_proof,
    }
    return Shown(template="owner_groups.html", data=data)


async def set_groups(kind: OwnerKind, visit: Visit) -> Answer:
    """Exactly these."""
    entry = await found(kind, visit, Act.SET_GROUPS)
    done = await change_groups(
        visit.desk,
        actor=visit.actor,
        kind=kind,
        login=entry.owner.login,
        groups=sorted(visit.form.values("group")),
        expected_version=visit.form.version,
        address=visit.address,
    )
    changed = bool(done.added or done.removed)
    words = visit.words("The groups are set.") if changed else visit.words("Nothing was changed.")
    is_in_sight = entry.owner.id != visit.owner.id or MANAGES[kind] in held(
        visit.here.policy.permissions, done.owner.groups
    )
    return Sent(to=owner_path(entry.owner) if is_in_sight else "/", notice=effect_notice(visit, words, done.effect))


def _choices(visit: Visit, present: Sequence[str]) -> Sequence[tuple[str, Sequence[str], bool]]:
    """Each group with the permissions that it gives beyond those that all have, and whether it is declared: one that is
    not may be left.
    """
    declared, of_all = declared_groups(visit.desk, actor=visit.actor), held(visit.here.policy.permissions, ())
    known = ((name, sorted(gives - of_all), True) for name, gives in declared.items())
    return [*chain(known, ((name, (), False) for name in present if name not in declared))]
