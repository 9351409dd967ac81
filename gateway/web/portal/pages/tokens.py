"""A person's way with one token: make it, see it, edit it, give it another secret. How it is stopped: `token_stops`."""

from datetime import datetime, timedelta

from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.token_choices import choosable_scopes, token_policy
from gateway.auth.token_edit import edit_token
from gateway.auth.token_list import daily_uses, show_token
from gateway.auth.token_wishes import NEVER, read_expires, read_owner, read_span
from gateway.auth.tokens import KIND_OF, Minted, create_token, rotate_token
from gateway.core.naming import label_flaw
from gateway.core.token import Kind
from gateway.web.api.problem import Problem
from gateway.web.portal.effects import effect_notice
from gateway.web.portal.form import Form
from gateway.web.portal.page import NOT_YOURS, OWN, Answer, Notice, Page, Sent, Shown, Visit
from gateway.web.portal.pages.account import CHART_DAYS
from gateway.web.portal.token_lines import lines_for
from gateway.web.portal.token_shown import TokenShown, token_path, token_shown

ANY = OWN | {"any_tokens"}
ONE = "/tokens/{token}"
CUSTOM, KEEP = "custom", "keep"
DEFAULT_GRACE = "0"
GRACES = ("0", "10m", "1h", "12h", "1d", "7d")
UNTIL_USED = "until_used"


async def show_new(visit: Visit) -> Answer:
    """The form for a token, for oneself or, by who may, for another."""
    user, application = _for_whom(visit)
    kind, login = read_owner(visit.actor, user, application)
    rules = token_policy(visit.desk, actor=visit.actor).lifetimes[KIND_OF[kind]]
    present = {"expires": f"{rules.default.days}d"}
    if visit.form.given is None:
        visit.form = Form(present=present)
    return Shown(
        template="token_new.html",
        data=_choices(visit, KIND_OF[kind])
        | {
            "for_user": user or "",
            "for_application": application or "",
            "owner": login,
            "is_mine": login == visit.owner.login,
            "default_lifetime": rules.default,
            "back": "/",
        },
    )


async def create(visit: Visit) -> Answer:
    """Make it, and show its secret, once."""
    form = visit.form
    user, application = _for_whom(visit)
    kind, login = read_owner(visit.actor, user, application)
    minted = await create_token(
        visit.desk,
        actor=visit.actor,
        owner_kind=kind,
        login=login,
        name=form.value("name"),
        scopes=sorted(form.values("scope")),
        networks=form.lines("networks"),
        hosts=form.lines("hosts"),
        expires=_expires(form),
        idle=_idle(form),
        address=visit.address,
    )
    return await _made(visit, minted)


async def show(visit: Visit) -> Answer:
    """A token: what it may, what it did, and what can be done with it."""
    found = await show_token(visit.desk, actor=visit.actor, reference=visit.part("token"))
    days = await daily_uses(visit.desk, actor=visit.actor, reference=visit.part("token"), days=CHART_DAYS)
    token = token_shown(visit.desk, found.entry, days)
    return Shown(
        template="token.html",
        data={
            "token": token,
            "secrets": found.secrets,
            "chart_days": CHART_DAYS,
            "is_mine": found.entry.owner.id == visit.owner.id,
        },
    )


async def show_edit(visit: Visit) -> Answer:
    """The form for other settings."""
    token = await token_of(visit)
    if token.is_ended:
        return ended(visit, token)
    if visit.form.given is None:
        visit.form = Form(
            present={
                "name": token.name,
                "scope": list(token.scopes),
                "expires": KEEP,
                "networks": "\n".join(token.networks),
                "hosts": "\n".join(token.hosts),
                "idle": "" if token.idle is None else f"{token.idle.days}d",
                "version": str(token.version),
            }
        )
    kind = Kind(token.kind)
    return Shown(template="token_edit.html", data=_choices(visit, kind, token) | {"token": token, "back": token.path})


async def edit(visit: Visit) -> Answer:
    """Change what was changed."""
    form = visit.form
    edited = await edit_token(
        visit.desk,
        actor=visit.actor,
        reference=visit.part("token"),
        name=form.value("name"),
        scopes=sorted(form.values("scope")),
        networks=form.lines("networks"),
        hosts=form.lines("hosts"),
        expires=_expires(form),
        idle=_idle(form) or NEVER,
        expected_version=form.version,
        address=visit.address,
    )
    words = visit.words("Saved.") if edited.changed else visit.words("Nothing was changed.")
    return Sent(to=token_path(visit.desk, edited.token), notice=effect_notice(visit, words, edited.effect))


async def show_rotate(visit: Visit) -> Answer:
    """Ask how long the old secret shall work on."""
    token = await token_of(visit)
    if token.is_ended:
        return ended(visit, token)
    if visit.form.given is None:
        visit.form = Form(present={"grace": DEFAULT_GRACE})
    graces = [(grace, None if grace == "0" else read_span(grace, "grace", none="0")) for grace in GRACES]
    data = {"token": token, "graces": graces, "needs_proof": visit.needs_proof}
    return Shown(template="token_rotate.html", data=data)


async def rotate(visit: Visit) -> Answer:
    """Give it another secret, and show that, once."""
    grace = visit.form.value("grace", DEFAULT_GRACE)
    until_used = grace == UNTIL_USED
    minted = await rotate_token(
        visit.desk,
        actor=visit.actor,
        reference=visit.part("token"),
        grace=timedelta(0) if until_used else read_span(grace, "grace", none="0") or timedelta(0),
        until_used=until_used,
        address=visit.address,
    )
    return await _made(visit, minted)


async def _made(visit: Visit, minted: Minted) -> Shown:
    """The page that shows a secret: the answer itself, which no address leads back to."""
    desk, token = visit.desk, minted.token
    found = await show_token(desk, actor=visit.actor, reference=token.id)
    shown = token_shown(desk, found.entry)
    return Shown(
        template="token_made.html",
        data={
            "token": shown,
            "secret": minted.whole.reveal(),
            "old_ends_at": minted.old_ends_at,
            "until_used": minted.until_used,
            "is_rotated": minted.old_ends_at is not None,
            "lines": await lines_for(visit, minted),
        },
    )


async def token_of(visit: Visit) -> TokenShown:
    """The token that the address names."""
    found = await show_token(visit.desk, actor=visit.actor, reference=visit.part("token"))
    return token_shown(visit.desk, found.entry)


def ended(visit: Visit, token: TokenShown) -> Sent:
    """To the token's page, in place of a form that can do nothing for it any more."""
    words = visit.words("%(name)s has ended for good. Make a new token in its place.", name=token.name)
    return Sent(to=token.path, notice=Notice(text=words, kind="info"))


def _choices(visit: Visit, kind: Kind, token: TokenShown | None = None) -> dict[str, object]:
    """What a form for a token offers. Scopes that a token has and that are not declared any more may stay."""
    declared = dict(choosable_scopes(visit.desk, actor=visit.actor))
    for name in () if token is None else token.scopes:
        declared.setdefault(name, "")
    lifetimes = token_policy(visit.desk, actor=visit.actor).lifetimes[kind]
    return {
        "scopes": [{"name": name, "text": text} for name, text in declared.items()],
        "presets": [{"value": f"{span.days}d", "span": span} for span in lifetimes.presets],
        "longest": lifetimes.longest,
        "may_never": lifetimes.longest is None,
        "needs_proof": visit.needs_proof,
    }


def _for_whom(visit: Visit) -> tuple[str | None, str | None]:
    """The user or application that the page was opened for; neither: oneself. Problem for whoever may have none."""
    told = visit.asked if visit.form.given is None else visit.form.value
    user, application = told("user") or None, told("application") or None
    for login in (user, application):
        if login is not None and label_flaw(login) is not None:  # the page repeats it
            raise Refused(NOT_FOUND, message="there is nobody of that name")
    if user is None and application is None and "own_tokens" not in visit.permissions:
        raise Problem("permission", NOT_YOURS)
    return user, application


def _expires(form: Form) -> timedelta | datetime | None:
    chosen = form.value("expires")
    if chosen == CUSTOM:
        written = form.value("expires_on")
        if not written:
            raise Refused("bad_value", field="expires_on", message="no day was given", mend="choose one")
        return read_expires(written)
    return None if chosen in {"", KEEP} else read_expires(chosen)


def _idle(form: Form) -> timedelta | None:
    return read_span(form.value("idle") or "none", "idle", none="none")


PAGES = (
    Page(name="token_new", path="/tokens/new", show=show_new, act=create, permissions=ANY, is_once=True),
    Page(name="token", path=ONE, show=show, permissions=ANY),
    Page(name="token_edit", path=f"{ONE}/edit", show=show_edit, act=edit, permissions=ANY),
    Page(name="token_rotate", path=f"{ONE}/rotate", show=show_rotate, act=rotate, permissions=ANY, is_once=True),
)
