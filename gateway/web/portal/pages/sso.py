"""Signing in by the single sign-on: the one address at which its proxy's word counts."""

from gateway.auth.refused import Refused
from gateway.web.api.cookie import session_secret
from gateway.web.api.problem import Problem
from gateway.web.portal.faults import told
from gateway.web.portal.own_path import own_path
from gateway.web.portal.page import Answer, Needs, Page, Sent, Visit
from gateway.web.portal.pages.sign_in import SSO, sign_in_page
from gateway.web.portal.sso import DistrustedError, asserted, peer_of


async def show(visit: Visit) -> Answer:
    """Let in whom the proxy names, and go on. The session that the browser had ends, whoever's it was.

    Who is not let in finds the sign-in page, with why.
    """
    _refuse_unasked(visit)
    to = own_path(visit.asked("to"))
    try:
        return await _signed_in(visit, to)
    except Refused as refused:
        visit.form.errors.append(told(refused, visit.words))
        return sign_in_page(visit, to, status=429 if refused.code == "limited" else 403)


async def _signed_in(visit: Visit, to: str) -> Sent:
    sessions, sso = visit.parts.sessions, visit.desk.settings.portal.sso
    before = session_secret(visit.request, visit.origin)
    try:
        said = asserted(visit.request.raw_headers, sso, peer_of(visit.request))
    except DistrustedError as error:
        sessions.distrust(reason=error.why.value, address=visit.address)
        words = "the single sign-on did not vouch for you here"
        raise Refused("sign_in", message=words, mend="sign in with your password, or ask an administrator") from None
    begun = await sessions.sign_in_elsewhere(
        login=said.login,
        groups=said.groups,
        name=said.name,
        email=said.email,
        address=visit.address,
        user_agent=visit.user_agent,
        before=before,
    )
    return Sent(to=to, session=begun.secret)


def _refuse_unasked(visit: Visit) -> None:
    """Refuse what is no person's own step to this page: an image or a frame of another site, or a browser that looks
    ahead. Coming from the identity provider is such a step, and so from another site (Fetch Metadata).
    """
    headers = visit.request.headers
    mode, where = headers.getall("Sec-Fetch-Mode", []), headers.getall("Sec-Fetch-Dest", [])
    ahead = [*headers.getall("Sec-Purpose", []), *headers.getall("Purpose", [])]
    is_step = mode in ([], ["navigate"]) and where in ([], ["document"])
    if visit.request.method != "GET" or not is_step or any("prefetch" in one.lower() for one in ahead):
        raise Problem("cross_site", "this page is opened by people, not by other pages", mend="open it yourself")


PAGES = (Page(name="sign_in_sso", path=SSO, show=show, needs=Needs.NOTHING),)
