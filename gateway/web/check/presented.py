"""What a check presents: headers, the URL's query and, where nothing else was, a form in its body."""

import asyncio

from gateway.core.credential import Ambiguous, Credential, NoCredential, agree, form_names, present, query_names
from gateway.core.form import MAX_BYTES, form_type, read_form
from gateway.core.parameters import urlencoded
from gateway.web.check.dialect import Body, Headers

BODY_DEADLINE_S = 1.0


async def presented(headers: Headers, query: bytes, body: Body | None, credentials: tuple[str, ...]) -> Credential:
    """The one value in the transports that the route lists. `body` None: there is none, or the proxy brings none.

    Waits for a body at most `BODY_DEADLINE_S`, and only on a route that lists a form.
    """
    credential = in_head(headers, query, credentials)
    if isinstance(credential, NoCredential) and body is not None and form_names(credentials):
        return await _in_form(headers, body, credentials)
    return credential


def in_head(headers: Headers, query: bytes, credentials: tuple[str, ...]) -> Credential:
    """The one value in the headers and in the query, in the transports that the route lists."""
    names = query_names(credentials)
    found = present(headers, credentials)
    return agree(found, urlencoded(query, names)) if names else found


async def _in_form(headers: Headers, body: Body, credentials: tuple[str, ...]) -> Credential:
    content_type = form_type(headers)
    if not isinstance(content_type, bytes):
        return content_type
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            read = await body.read(MAX_BYTES)
    except TimeoutError:
        return Ambiguous(f"the form did not come within {BODY_DEADLINE_S:g} s")
    if read is None:
        return Ambiguous(f"the form is longer than {MAX_BYTES} bytes, or broke off")
    return read_form(content_type, read, credentials)
