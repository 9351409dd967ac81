"""Whatever is sent to whichever operation of the API, in every role: an answer that the document names, never a fault.

Bodies are JSON, damaged JSON, or bytes; queries, tags, cursors and keys are whatever somebody makes up.
"""

import asyncio
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.api.codes import STATUS
from gateway.web.api.operations import all_operations
from tests.effort import examples
from tests.installation import an_installation
from tests.unit.web.api.managing import managing

# Whoever guesses a password waits for a hash: another suite floods the sign-in. Streams end with the connection.
OPERATIONS = [one for one in all_operations() if one.needs.value != "sign_in" and one.streams is None]
MARK = "CANARYbergamot"


class Portal:
    """The API with people in every role, on a loop of its own."""

    def __init__(self, folder):
        self.loop = asyncio.new_event_loop()
        self.context = managing(an_installation(folder / "template", folder / "gateway"))
        self.at = self.loop.run_until_complete(self.context.__aenter__())
        self.count = 0

    def ask(self, who, method, path, **more):
        self.count += 1
        address = f"10.{self.count >> 16 & 255}.{self.count >> 8 & 255}.{self.count & 255}"
        sent = {"X-Forwarded-For": address, "If-Match": None, **more.pop("headers", {})}
        return self.loop.run_until_complete(
            self.at.at.ask(method, path, cookie=self.at.cookies.get(who, ""), headers=sent, **more)
        )

    def close(self):
        self.loop.run_until_complete(self.context.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    made = Portal(tmp_path_factory.mktemp("portal"))
    yield made
    made.close()


words = st.sampled_from(
    [
        "login",
        "name",
        "title",
        "contact",
        "email",
        "groups",
        "organisations",
        "scopes",
        "networks",
        "hosts",
        "expires",
        "owner",
        "idle",
        "grace",
        "token",
        "password",
        "enabled",
        "limit",
        "cursor",
        "state",
        "method",
        "url",
        "address",
        "current_password",
        "new_password",
        "until",
        "until_used",
        "kind",
        "search",
        "q",
        "order",
        MARK,
    ]
)
texts = st.text(max_size=12) | st.sampled_from(
    [
        "bob",
        "boss",
        "staff",
        "rest",
        "90d",
        "never",
        "*",
        "10.0.0.0/8",
        "app.example.org",
        "GET",
        "2027-01-31",
        MARK,
        "\0",
        "2027-02-30",
        "999999999d",
        "-1d",
        "::/0",
        "\u202e",
        "' OR 1=1 --",
        "../..",
        "%00",
        "https://app.example.org/api/x",
    ]
)
leaves = texts | st.integers(-(10**19), 10**19) | st.booleans() | st.none() | st.floats()
values = st.recursive(leaves, lambda one: st.lists(one, max_size=3) | st.dictionaries(words, one, max_size=4))
bodies = (
    st.dictionaries(words, values, max_size=5).map(lambda one: json.dumps(one).encode())
    | values.map(lambda one: json.dumps(one).encode())
    | st.binary(max_size=40)
    | st.just(b"")
)
queries = st.lists(st.tuples(words, texts), max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
types = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=utf-7",
        "text/plain",
        "x",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=\xe9",
    ]
)
lines = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": st.sampled_from(["*", '"v1"', '"v2"', 'W/"v1"', '"v0"']) | printable,
        "Idempotency-Key": printable,
        "Authorization": st.sampled_from([f"Bearer {MARK}", "Bearer", "Basic eDp5", f"Bearer tgp_{MARK}"]) | printable,
        "Cookie": st.sampled_from([f"__Host-session={MARK}", "__Host-session=", "a=b; a=c"]),
        "Origin": st.sampled_from(["https://gateway.example.org", "https://evil.example", "null", ""]),
        "Content-Encoding": st.sampled_from(["gzip", "identity"]),
    },
)
parts = (
    st.sampled_from(["tgp_00000000000", "tgp_", "bob", "0", "%00", "%ff", "..", "a" * 300, "%2e%2e%2f", "é"])
    | printable
)


@st.composite
def requests(draw):
    """An operation, and what to send it."""
    operation = draw(st.sampled_from(OPERATIONS))
    part = draw(parts) if draw(st.booleans()) else draw(st.sampled_from(["{bob}", "{boss}"]))
    part = re.sub(r"[/?#]", "", part) or "x"
    path = re.sub(r"\{[^}]*\}", lambda _: part, operation.path)
    query = draw(queries)
    method = draw(st.sampled_from([operation.method] * 5 + ["GET", "POST", "PATCH", "DELETE", "PUT", "QUERY"]))
    body = b"" if method == "GET" else draw(bodies)
    headers = draw(lines) | ({"Content-Type": draw(types)} if body else {})
    return (
        draw(st.sampled_from(["anonymous", "plain", "boss"])),
        method,
        path + ("?" + query if query else ""),
        body,
        headers,
    )


@given(requests())
@settings(max_examples=examples(150))
def test_every_request_gets_an_answer_that_the_document_names(portal, request):
    who, method, path, body, headers = request
    for name, owner in portal.at.owners.items():
        path = path.replace(f"{{{name}}}", str(owner.id))
    found = portal.ask(who, method, path, data=body or None, headers=headers)
    assert found.status < 500, (found.status, found.raw[:300])
    if found.status >= 400:
        assert found.json["code"] in STATUS, found.raw[:300]
        assert STATUS[found.json["code"]] == found.status == found.json["status"]
    assert found.headers["Cache-Control"] == "no-store"
    if f"Bearer {MARK}" in headers.get("Authorization", "") or MARK in headers.get("Cookie", ""):
        assert MARK.encode() not in found.raw or MARK.encode() in body or MARK in path
