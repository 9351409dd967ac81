"""What there is to look at: every page of the table, and what pages look like in the middle of things.

A new page goes into `SCENES` with an address of the sample: a test fails until it does. Scenes change nothing that
another one shows.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode, urlsplit

from playwright.async_api import Page

from tests.portal.harness.browser import Tabs
from tests.portal.harness.people import Person
from tests.portal.harness.sample import Sample

_MADE = count(1)  # a name is given once, and a scene may be played again
Doing = Callable[[Page], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`name` is that of the picture; `page` the row of the table that it shows. `who` is somebody of the sample, if
    anybody; `does` is done after the address was opened.
    """

    name: str
    page: str
    path: Callable[[Sample], str]
    who: str = "alice"
    does: Doing | None = None
    status: int = 200

    async def play(self, tabs: Tabs, sample: Sample, **how: object) -> Page:
        """Open it; `how` as for `Tabs.tab`."""
        person: Person | None = getattr(sample, self.who) if self.who else None
        only_looks = person is not None and self.does is None and "now" not in how
        page = await (tabs.look(person, **how) if only_looks else tabs.tab(person, **how))  # type: ignore[arg-type]
        wanted = self.path(sample)
        answer = await page.goto(wanted)
        assert answer is not None
        assert (answer.status, urlsplit(page.url).path) == (self.status, urlsplit(wanted).path), await page.inner_text(
            "body"
        )
        if self.does is not None:
            await self.does(page)
        return page


def _at(path: str) -> Callable[[Sample], str]:
    return lambda _: path


def _token(name: str, more: str = "") -> Callable[[Sample], str]:
    return lambda sample: sample.path(name, more)


def _explained(name: str) -> Callable[[Sample], str]:
    asked = {"method": "GET", "url": "https://app.example.org/api/items", "address": "198.51.100.7"}
    return lambda sample: f"/explain?{urlencode({**asked, 'token': sample.path(name).rpartition('/')[2]})}"


async def _make_a_token(page: Page) -> None:
    number = next(_MADE)
    await page.get_by_label("Name", exact=True).fill(f"nightly report {number}" if number > 1 else "nightly report")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("checkbox", name="pull").check()
    await page.get_by_role("button", name="Make the token").click()
    await page.wait_for_selector("text=Try it")


async def _send_nothing(page: Page) -> None:
    await page.get_by_role("button", name="Make the token").click()
    await page.wait_for_selector("#faults")


async def _mistype(page: Page) -> None:
    await page.get_by_label("Login").fill("alice")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("#faults")


async def _choose_two(page: Page) -> None:
    await page.get_by_role("checkbox", name="Choose export", exact=True).check()
    await page.get_by_role("checkbox", name="Choose deploys", exact=True).check()
    await page.get_by_role("button", name="Revoke the chosen").click()
    await page.wait_for_selector("text=What will end")


async def _verify(page: Page) -> None:
    await page.get_by_role("button", name="Verify now").click()
    await page.wait_for_selector("text=It holds")


def _user(name: str, more: str = "") -> Callable[[Sample], str]:
    return lambda sample: f"/users/{getattr(sample, name).id}{more}"


def _application(name: str, more: str = "") -> Callable[[Sample], str]:
    return lambda sample: f"/applications/{sample.applications[name]}{more}"


async def _make_a_password(page: Page) -> None:
    await page.get_by_role("main").get_by_role("button").first.click()
    await page.wait_for_selector("#secret, output")


SCENES = (
    Scene(name="sign-in", page="sign_in", path=_at("/sign-in"), who=""),
    Scene(name="sign-in-refused", page="sign_in", path=_at("/sign-in"), who="", does=_mistype),
    Scene(name="sign-in-sso-refused", page="sign_in_sso", path=_at("/sign-in/sso"), who="", status=403),
    Scene(name="first-password", page="password", path=_at("/password"), who="initial"),
    Scene(name="password", page="password", path=_at("/password")),
    Scene(name="my-account", page="account", path=_at("/")),
    Scene(name="my-account-empty", page="account", path=_at("/"), who="fresh"),
    Scene(name="my-account-without-tokens", page="account", path=_at("/"), who="nils"),
    Scene(name="new-token", page="token_new", path=_at("/tokens/new")),
    Scene(name="new-token-refused", page="token_new", path=_at("/tokens/new"), does=_send_nothing),
    Scene(name="token-made", page="token_new", path=_at("/tokens/new"), who="maker", does=_make_a_token),
    Scene(name="token", page="token", path=_token("laptop")),
    Scene(name="token-rotated", page="token", path=_token("ci pipeline")),
    Scene(name="token-ends-soon", page="token", path=_token("backup script")),
    Scene(name="token-expired", page="token", path=_token("old phone")),
    Scene(name="token-suspended", page="token", path=_token("demo for the board")),
    Scene(name="token-unused", page="token", path=_token("office")),
    Scene(name="token-edit", page="token_edit", path=_token("office", "/edit")),
    Scene(name="token-rotate", page="token_rotate", path=_token("laptop", "/rotate")),
    Scene(name="token-suspend", page="token_suspend", path=_token("laptop", "/suspend")),
    Scene(name="token-resume", page="token_resume", path=_token("demo for the board", "/resume")),
    Scene(name="token-revoke", page="token_revoke", path=_token("backup script", "/revoke")),
    Scene(name="token-reach", page="token_reach", path=_token("laptop", "/reach")),
    Scene(name="token-reach-whole", page="token_reach", path=_token("office", "/reach"), who="ada"),
    Scene(name="all-tokens", page="all_tokens", path=_at("/tokens"), who="ada"),
    Scene(name="all-tokens-of-one", page="all_tokens", path=_at("/tokens?owner=alice&scope=rest"), who="ada"),
    Scene(name="all-tokens-none", page="all_tokens", path=_at("/tokens?name=nothing"), who="ada"),
    Scene(name="all-tokens-refused", page="all_tokens", path=_at("/tokens?owner=nobody"), who="ada", status=404),
    Scene(name="revoke-all-of-one", page="many_tokens", path=_at("/tokens/stop?act=revoke&user=alice"), who="ada"),
    Scene(name="revoke-chosen", page="many_tokens", path=_at("/tokens"), who="ada", does=_choose_two),
    Scene(name="audit", page="audit", path=_at("/audit"), who="ada"),
    Scene(name="audit-of-refusals", page="audit", path=_at("/audit?action=token_refused"), who="ada"),
    Scene(name="audit-verify", page="audit_verify", path=_at("/audit/verify"), who="ada"),
    Scene(name="audit-verified", page="audit_verify", path=_at("/audit/verify"), who="ada", does=_verify),
    Scene(name="explain", page="explain", path=_at("/explain"), who="ada"),
    Scene(name="explain-allowed", page="explain", path=_explained("laptop"), who="ada"),
    Scene(name="explain-refused", page="explain", path=_explained("office"), who="ada"),
    Scene(name="sessions", page="sessions", path=_at("/sessions")),
    Scene(name="sessions-end-others", page="sessions_others", path=_at("/sessions/others")),
    Scene(name="session-end", page="session_end", path=lambda sample: f"/sessions/{sample.session}/end"),
    Scene(name="users", page="users", path=_at("/users"), who="ada"),
    Scene(name="user-new", page="user_new", path=_at("/users/new"), who="ada"),
    Scene(name="user", page="user", path=_user("alice"), who="ada"),
    Scene(name="user-disabled", page="user", path=_user("dan"), who="ada"),
    Scene(name="user-unconfirmed", page="user", path=_user("bea"), who="ada"),
    Scene(name="user-oneself", page="user", path=_user("ada"), who="ada"),
    Scene(name="user-edit", page="user_edit", path=_user("alice", "/edit"), who="ada"),
    Scene(name="user-groups", page="user_groups", path=_user("alice", "/groups"), who="ada"),
    Scene(name="user-enable", page="user_enable", path=_user("dan", "/enable"), who="ada"),
    Scene(name="user-disable", page="user_disable", path=_user("alice", "/disable"), who="ada"),
    Scene(name="user-delete", page="user_delete", path=_user("dan", "/delete"), who="ada"),
    Scene(name="user-password", page="user_password", path=_user("fresh", "/password"), who="ada"),
    Scene(
        name="user-password-made",
        page="user_password",
        path=_user("passed", "/password"),
        who="ada",
        does=_make_a_password,
    ),
    Scene(name="user-vouch", page="user_vouch", path=_user("bea", "/vouch"), who="ada"),
    Scene(name="user-sign-out", page="user_sign_out", path=_user("alice", "/sign-out"), who="ada"),
    Scene(
        name="user-session-end",
        page="user_session_end",
        path=lambda sample: f"/users/{sample.alice.id}/sessions/{sample.session}/end",
        who="ada",
    ),
    Scene(name="applications", page="applications", path=_at("/applications"), who="ada"),
    Scene(name="application-new", page="application_new", path=_at("/applications/new"), who="ada"),
    Scene(name="application", page="application", path=_application("build-farm"), who="ada"),
    Scene(name="application-edit", page="application_edit", path=_application("build-farm", "/edit"), who="ada"),
    Scene(name="application-groups", page="application_groups", path=_application("build-farm", "/groups"), who="ada"),
    Scene(
        name="application-enable", page="application_enable", path=_application("old-dashboard", "/enable"), who="ada"
    ),
    Scene(
        name="application-disable", page="application_disable", path=_application("build-farm", "/disable"), who="ada"
    ),
    Scene(name="application-delete", page="application_delete", path=_application("build-farm", "/delete"), who="ada"),
    Scene(name="groups", page="groups", path=_at("/groups"), who="ada"),
    Scene(name="routes", page="routes", path=_at("/routes"), who="ada"),
    Scene(name="route", page="route", path=_at("/routes/3"), who="ada"),
    Scene(name="health", page="health", path=_at("/health"), who="ada"),
    Scene(name="sign-in-sso", page="sign_in_sso", path=_at("/sign-in/sso"), who="", status=403),
    Scene(name="not-there", page="", path=_at("/nothing-here"), status=404),
    Scene(name="not-for-you", page="", path=_at("/tokens/new"), who="nils", status=403),
)
