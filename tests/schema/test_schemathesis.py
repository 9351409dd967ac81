"""What the document says is what the API does, for data that it allows and for data that it does not (schemathesis).

Every operation of the document, by three roles, on a seeded gateway: no 5xx, no status, content type, header or body
that the document does not name, nothing accepted that it forbids, and no secret in an answer. The same data each time.
"""

import time
from collections import Counter
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as of_openapi

from gateway.web.api.openapi import document
from gateway.web.api.operations import all_operations
from tests.installation import an_installation
from tests.schema.seeded import ROLES, Seeded, Seeds, seeds

BUDGET_S = 25.0  # of this process's own time, for a role
CASES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 6}
# Bodies of which nearly none would be right by chance.
GOOD = {
    "create_token": [("name", "made-{}"), ("scopes", ["rest"])],
    "explain": [("method", "GET"), ("url", "https://app.example.org/api/{}")],
}
ANY_TEXT = {"type": "string"}
ROWS = {row.name: row for row in all_operations()}
SCHEMA = schemathesis.openapi.from_dict(document(all_operations()))
SCHEMA.config.checks.negative_data_rejection.expected_statuses += ["413"]
SCHEMA.config.generation.update(with_security_parameters=False)  # who asks is the roles' affair
# What ends something comes last, so that there is something to ask about before.
OPERATIONS = sorted(
    (found.ok() for found in SCHEMA.get_all_operations()),
    key=lambda one: ("revoke" in one.path, "revoke" in one.definition.raw["operationId"], one.method == "delete"),
)
CHECKS = [
    checks.not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
    of_openapi.negative_data_rejection,
]


@pytest.fixture(scope="module")
def planted(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    """The seeds, made once."""
    return seeds(an_installation(template, tmp_path_factory.mktemp("schema") / "gw"))


@pytest.fixture
def at(planted: Seeds, tmp_path: Path) -> Iterator[Seeded]:
    """A gateway of one's own."""
    made = planted.serving(tmp_path / "gw")
    yield made
    made.serving.stop()


class Asking:
    """One role, asking for all of the document."""

    def __init__(self, at: Seeded, role: str) -> None:
        self.at, self.role = at, role
        self.seen: Counter[tuple[str, int]] = Counter()
        self.made = 0
        self.wrong: dict[str, str] = {}
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def all(self) -> None:
        """Every operation, with data of both kinds."""
        for operation in OPERATIONS:
            written = operation.definition.raw
            for mode, count in _cases(written).items():
                name = written["operationId"]
                try:
                    self._one(operation, name, mode, count)
                except (FailureGroup, AssertionError) as fault:
                    self.wrong[f"{name} ({mode.value})"] = _words(fault)

    def _one(self, operation, name, mode, count):
        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(case=operation.as_strategy(generation_mode=mode), which=st.integers(0, 3))
        def ask(case, which):
            if mode is GenerationMode.POSITIVE:
                self._aim(case, which)
            answer = case.call(
                base_url=self.at.url, session=self.session, headers=self.at.headers(self.role), timeout=20
            )
            self.seen[name, answer.status_code] += 1
            if "Set-Cookie" in answer.headers or answer.status_code == 401:
                self.at.forget(self.role)
            assert not [one for one in self.at.secrets if one in answer.text], "a secret is in the answer"
            case.validate_response(answer, checks=CHECKS)

        ask()

    def _aim(self, case, which):
        """Three of four requests are for what there is; else all would end as `not_found`."""
        for path, known in self.at.known.items():
            if path in case.path and case.path_parameters and which:
                case.path_parameters[next(iter(case.path_parameters))] = known[which % len(known)]
        if case.headers and "If-Match" in case.headers and which:
            case.headers["If-Match"] = "*"
        name = case.operation.definition.raw["operationId"]
        if name in GOOD and which:
            self.made += 1
            case.body = {key: value.format(self.made) if isinstance(value, str) else value for key, value in GOOD[name]}


def _cases(written: dict[str, Any]) -> dict[GenerationMode, int]:
    """How many cases of each kind; a path takes every text, so where that is all, no data is wrong."""
    inputs = written.get("parameters", [])
    if "requestBody" in written or any(one["in"] != "path" for one in inputs):
        return CASES
    assert all(one["schema"] == ANY_TEXT for one in inputs), "there is data to try that is wrong"
    return {GenerationMode.POSITIVE: CASES[GenerationMode.POSITIVE] if inputs else 1}


def _words(fault: BaseException) -> str:
    if isinstance(fault, FailureGroup):
        return "; ".join(f"{one.title}: {one.message}" for one in fault.exceptions)
    return str(fault)


@pytest.mark.parametrize("role", ROLES)
def test_the_api_does_what_its_document_says(at, role):
    begun, asking = time.process_time(), Asking(at, role)
    asking.all()
    assert asking.wrong == {}
    assert {name for name, _ in asking.seen} == set(ROWS)
    if role == "administrator":
        plain = {name for name, row in ROWS.items() if row.method == "GET" and "{" not in row.path}
        reached = {name for name, status in asking.seen if status < 300}
        assert (plain | set(GOOD)) - {"show_token_itself"} <= reached
    assert time.process_time() - begun < BUDGET_S
    assert "request failed" not in at.serving.events()
