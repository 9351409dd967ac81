"""Users and applications: stopping one, letting it work again, and deleting it. Each is asked on a page of its own."""

from gateway.auth.owners import delete_owner, set_enabled
from gateway.auth.refused import Refused
from gateway.core.owner import OwnerKind
from gateway.core.power import Act
from gateway.web.portal.effects import effect_notice
from gateway.web.portal.form import Form
from gateway.web.portal.owner_shown import HOME, owner_shown
from gateway.web.portal.page import Answer, Notice, Sent, Shown, Visit
from gateway.web.portal.pages.owners import found
from gateway.web.portal.token_shown import owner_path


async def show_enable(kind: OwnerKind, visit: Visit) -> Answer:
    """Ask whether."""
    owner = (await found(kind, visit, Act.ENABLE)).owner
    if owner.enabled:
        words = visit.words("%(login)s is enabled already.", login=owner.login)
        return Sent(to=owner_path(owner), notice=Notice(text=words, kind="info"))
    return await _confirm(kind, visit, "enable", Act.ENABLE)


async def enable(kind: OwnerKind, visit: Visit) -> Answer:
    """Let it and its tokens work again."""
    owner = (await found(kind, visit, Act.ENABLE)).owner
    await set_enabled(visit.desk, actor=visit.actor, kind=kind, login=owner.login, enabled=True, address=visit.address)
    words = visit.words("%(login)s is enabled, and tokens that have not ended work again.", login=owner.login)
    return Sent(to=owner_path(owner), notice=Notice(text=words))


async def show_disable(kind: OwnerKind, visit: Visit) -> Answer:
    """Ask whether."""
    return await _confirm(kind, visit, "disable", Act.DISABLE)


async def disable(kind: OwnerKind, visit: Visit) -> Answer:
    """Stop it and all of its tokens, until it is enabled."""
    owner = (await found(kind, visit, Act.DISABLE)).owner
    done = await set_enabled(
        visit.desk, actor=visit.actor, kind=kind, login=owner.login, enabled=False, address=visit.address
    )
    words = visit.words("%(login)s is disabled: nothing gets in with any of the tokens.", login=owner.login)
    if owner.id == visit.owner.id:
        return Sent(to="/sign-in", ends_session=True)
    return Sent(to=owner_path(owner), notice=effect_notice(visit, words, done.effect))


async def show_delete(kind: OwnerKind, visit: Visit) -> Answer:
    """Ask for the login, typed: there is no way back."""
    entry = await found(kind, visit, Act.DELETE_OWNER)
    if visit.form.given is None:
        visit.form = Form(present={"version": str(entry.version)})
    return Shown(template="owner_delete.html", data={"owner": owner_shown(visit, entry), "home": HOME[kind]})


async def delete(kind: OwnerKind, visit: Visit) -> Answer:
    """Delete it and revoke its tokens, for good."""
    owner = (await found(kind, visit, Act.DELETE_OWNER)).owner
    if visit.form.value("login") != owner.login:
        message = "that is not the name of whom you would delete"
        raise Refused("bad_value", field="login", message=message, mend=f"type {owner.login}")
    done = await delete_owner(
        visit.desk,
        actor=visit.actor,
        kind=kind,
        login=owner.login,
        expected_version=visit.form.version,
        address=visit.address,
    )
    if owner.id == visit.owner.id:
        return Sent(to="/sign-in", ends_session=True)
    words = visit.words.many(
        "%(login)s is deleted, and %(n)s token is revoked.",
        "%(login)s is deleted, and %(n)s tokens are revoked.",
        done.tokens_revoked,
        login=owner.login,
    )
    return Sent(to=HOME[kind], notice=effect_notice(visit, words, done.effect))


async def _confirm(kind: OwnerKind, visit: Visit, act: str, demanded: Act) -> Answer:
    entry = await found(kind, visit, demanded)
    return Shown(
        template="owner_confirm.html",
        data={
            "owner": owner_shown(visit, entry),
            "home": HOME[kind],
            "act": act,
            "needs_proof": visit.needs_proof and demanded is not Act.DISABLE,
        },
    )
