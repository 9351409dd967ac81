"""The pages on the portal listener's application: what every request for one passes before its row, and after it.

A form that is refused is shown again with what was typed; one whose session was lost waits on the sign-in page.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import assert_never
from urllib.parse import unquote

from aiohttp import web

from gateway.auth.refused import Refused
from gateway.core.naming import holds_token
from gateway.store import StoreError
from gateway.web.api.app import tell_program
from gateway.web.api.caller import client_of
from gateway.web.api.codes import STATUS
from gateway.web.api.cookie import drop, keep, session_secret
from gateway.web.api.origin import Origin, asked_origin, refuse_cross_site
from gateway.web.api.parts import Parts
from gateway.web.api.problem import Problem
from gateway.web.portal import static
from gateway.web.portal.faults import fault_page, told
from gateway.web.portal.form import Form, read_form
from gateway.web.portal.notices import Notices
from gateway.web.portal.once import Sendings
from gateway.web.portal.own_path import sign_in_path
from gateway.web.portal.page import (
    NOT_YOURS,
    Answer,
    Needs,
    Notice,
    Page,
    Resumed,
    Sent,
    Shown,
    Visit,
    linked,
    permitted,
    shown_at,
)
from gateway.web.portal.pages.sign_in import waiting
from gateway.web.portal.render import Entry, Frame, Look, Me

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PASSWORD = "/password"
_PROGRAMS = ("/api/", "/token/")  # who asks there reads no HTML
_PASSED_ON = ("Retry-After", "Allow", "Connection")  # headers of a problem that say the same of a page
_Answering = Callable[[Visit, Page], Awaitable[web.StreamResponse]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The pages over the API's parts."""

    def __init__(self, parts: Parts, pages: Sequence[Page], look: Look) -> None:
        self._parts = parts
        self._pages = pages
        self._look = look
        self._notices = Notices()
        self._sendings = Sendings()

    def add_to(self, app: web.Application) -> None:
        """Add the routes of all pages and of the static files."""
        app.router.add_get(static.PATH, self._look.static.answer)
        for page in self._pages:
            if page.show is not None:
                app.router.add_get(page.path, self._answering(page, self._get))
            if page.act is not None:
                app.router.add_post(page.path, self._answering(page, self._post))

    async def tell(self, request: web.Request, problem: Problem) -> web.Response:
        """An error: a page for people, a problem for programs, and under a strange name nobody's page either.

        Where there is no page, whoever is signed in finds the way on in the navigation, if the store can be asked.
        """
        origin = asked_origin(request, self._parts.surroundings().desk.settings.public_urls)
        if origin is None or request.path.startswith(_PROGRAMS):
            return await tell_program(request, problem)
        visit = self._visit(request, origin)
        if problem.code == "not_found":
            with contextlib.suppress(StoreError, Problem):
                await self._look_up(visit)
        return self._fault(visit, problem)

    def _answering(self, page: Page, answer: _Answering) -> _Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            origin = asked_origin(request, self._parts.surroundings().desk.settings.public_urls)
            assert origin is not None  # the frame has looked
            visit = self._visit(request, origin)
            visit.values = dict(request.match_info)
            try:
                _refuse_secret(request)
                return await answer(visit, page)
            except Problem as problem:
                return self._fault(visit, problem)
            except Refused as refused:
                if refused.code == "password_must_change":
                    return self._redirect(visit, Sent(to=PASSWORD))
                return self._fault(visit, Problem.of(refused))

        return handler

    def _visit(self, request: web.Request, origin: Origin) -> Visit:
        here = self._parts.surroundings()
        return Visit(
            request=request,
            parts=self._parts,
            here=here,
            origin=origin,
            client=client_of(request, here),
            words=self._look.languages.best(request.headers.get("Accept-Language", "")),
            path=request.rel_url.raw_path,
        )

    async def _get(self, visit: Visit, page: Page) -> web.StreamResponse:
        assert page.show is not None
        had = await self._look_up(visit)
        if page.needs is not Needs.NOTHING and visit.signed_in is None:
            return self._redirect(visit, Sent(to=sign_in_path(visit.request.raw_path), ends_session=had))
        if away := self._elsewhere(visit, page):
            return away
        return self._answer(visit, await page.show(visit))

    async def _post(self, visit: Visit, page: Page) -> web.StreamResponse:
        assert page.act is not None
        refuse_cross_site(visit.request, visit.origin)
        visit.form = await read_form(visit.request)
        await self._look_up(visit)
        if page.needs is not Needs.NOTHING and visit.signed_in is None:
            return self._answer(visit, waiting(visit))
        if away := self._elsewhere(visit, page):
            return away
        try:
            await self._prove(visit)
            answer = await self._act(visit, page)
        except Refused as refused:
            if page.show is None or refused.code == "password_must_change":
                raise
            visit.form.errors.append(told(refused, visit.words))
            answer = await page.show(visit)
            visit.form.forget_tokens()
            if isinstance(answer, Shown):
                answer = replace(answer, status=STATUS[refused.code])
        if isinstance(answer, Resumed):
            return await self._resume(visit, answer)
        return self._answer(visit, answer)

    async def _act(self, visit: Visit, page: Page) -> Answer:
        assert page.act is not None
        if not page.is_once:
            return await page.act(visit)
        act = page.act
        answer = await self._sendings.once(f"{visit.path} {visit.session.id}", visit.form.nonce, lambda: act(visit))
        if answer is not None:
            return answer
        text = visit.words("That was done already. A secret is shown once; make a new one if you did not keep it.")
        return Sent(to="/", notice=Notice(text=text, kind="info"))

    async def _look_up(self, visit: Visit) -> bool:
        """Find who is signed in; whether a cookie came."""
        secret = session_secret(visit.request, visit.origin)
        if secret is None:
            return False
        visit.signed_in = await self._parts.sessions.look_up(secret)
        if visit.signed_in is None:
            self._parts.limit.failure(visit.client)
        return True

    def _elsewhere(self, visit: Visit, page: Page) -> web.Response | None:
        """Where to go before this page may be seen; None when it may. Problem `permission`."""
        if page.needs is Needs.SESSION and visit.session.must_change:
            return self._redirect(visit, Sent(to=PASSWORD))
        if not permitted(page, visit.permissions):
            raise Problem("permission", NOT_YOURS)
        return None

    async def _prove(self, visit: Visit) -> None:
        """Take the password that a form asked for again, when it has been too long since it was typed."""
        if visit.signed_in is None or not visit.form.secret("proof").reveal() or not visit.needs_proof:
            return
        try:
            visit.signed_in = await self._parts.sessions.prove(
                visit.session, password=visit.form.secret("proof"), address=visit.address
            )
        except Refused as refused:
            raise Refused(refused.code, field="proof", message=refused.message, mend=refused.mend) from None

    async def _resume(self, visit: Visit, resumed: Resumed) -> web.Response:
        """Show the page whose form had been sent, with what had been typed. One is signed in, whatever comes of it."""
        begun = Sent(to=resumed.path, session=resumed.session)
        found = shown_at(self._pages, resumed.path)
        if found is None:
            return self._redirect(visit, begun)
        page, values = found
        assert page.show is not None
        again = replace(
            visit,
            path=resumed.path,
            values=values,
            signed_in=resumed.signed_in,
            form=Form(given=resumed.given),
        )
        notice = Notice(text=visit.words("You are signed in again. Nothing was sent: look it over, then send it."))
        try:
            response = self._elsewhere(again, page)
            if response is None:
                shown = await page.show(again)
                response = self._answer(again, replace(shown, notice=notice) if isinstance(shown, Shown) else shown)
        except (Problem, Refused):  # the page says why, asked for by itself
            return self._redirect(visit, begun)
        response.headers["Set-Cookie"] = keep(visit.origin, resumed.session)
        return response

    def _answer(self, visit: Visit, answer: Answer) -> web.Response:
        match answer:
            case Shown():
                return self._page(visit, answer)
            case Sent():
                return self._redirect(visit, answer)
            case Resumed():
                raise AssertionError("resumed where no form was sent")
            case _:
                assert_never(answer)

    def _redirect(self, visit: Visit, sent: Sent) -> web.Response:
        headers = {**HEADERS, "Location": sent.to}
        if sent.session is not None:
            headers["Set-Cookie"] = keep(visit.origin, sent.session)
        elif sent.ends_session:
            headers["Set-Cookie"] = drop(visit.origin)
        if sent.notice is not None and visit.signed_in is not None:
            self._notices.keep(visit.signed_in.id, sent.notice)
        return web.Response(status=303, headers=headers)

    def _page(self, visit: Visit, shown: Shown) -> web.Response:
        notice = shown.notice
        if notice is None and visit.signed_in is not None and shown.status < HTTPStatus.BAD_REQUEST:
            notice = self._notices.take(visit.signed_in.id)
        html = self._look.html(
            shown.template,
            words=visit.words,
            frame=self._frame(visit, notice),
            form=visit.form,
            now=visit.desk.now(),
            data=shown.data,
        )
        headers = {**HEADERS, "Set-Cookie": drop(visit.origin)} if shown.ends_session else HEADERS
        return web.Response(text=html, status=shown.status, headers=headers, content_type="text/html")

    def _fault(self, visit: Visit, problem: Problem) -> web.Response:
        response = self._page(visit, fault_page(problem, visit.words))
        response.headers.update({name: problem.headers[name] for name in _PASSED_ON if name in problem.headers})
        return response

    def _frame(self, visit: Visit, notice: Notice | None) -> Frame:
        who, session = None, visit.signed_in
        pages: Sequence[Page] = ()
        if session is not None:
            who = Me(session.owner.id, session.owner.login, session.owner.name, visit.permissions)
            pages = () if session.must_change else linked(self._pages, visit.permissions)
        return Frame(
            path=visit.path,
            language=visit.words.language,
            nav=[_entry(page, visit) for page in pages],
            me=who,
            notice=notice,
            is_plain_http=not visit.origin.is_secure,
            support_contact=visit.desk.settings.support_contact,
        )


def _refuse_secret(request: web.Request) -> None:
    """Refuse an address that holds a whole token, and repeat it on no page: histories and logs have it by now."""
    if holds_token(unquote(request.raw_path)):
        raise Problem(
            "secret_given",
            "the address holds a whole token, with its secret, which should not be handed around",
            mend="revoke that token: histories and logs keep addresses",
        )


def _entry(page: Page, visit: Visit) -> Entry:
    assert page.link is not None
    is_current = visit.path == page.path or (page.path != "/" and visit.path.startswith(page.path + "/"))
    return Entry(visit.words(page.link.label), page.path, page.link.icon, page.link.group, is_current)
