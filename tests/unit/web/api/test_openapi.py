"""The document says what the routes do, since both are written from the same rows."""

import json
import re

import pytest
import schemathesis

from gateway.web.api.openapi import document, problems_of
from gateway.web.api.operation import IfMatch, Needs
from gateway.web.api.operations import all_operations

ROWS = all_operations()
DOCUMENT = document(ROWS)


def test_the_document_is_valid_openapi():
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_every_reference_leads_to_a_schema_and_every_schema_is_referred_to():
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert referred == set(DOCUMENT["components"]["schemas"])


def test_the_same_rows_give_the_same_bytes():
    assert json.dumps(DOCUMENT) == json.dumps(document(all_operations()))


def test_no_two_rows_are_one_operation():
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({(row.method, row.path) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_what_its_answers_are(row):
    written = DOCUMENT["paths"][row.path][row.method.lower()]
    assert set(written["responses"]) == {str(status) for status in row.answers} | {str(s) for s, _ in problems_of(row)}
    assert row.tag
    assert row.summary[0].isupper()
    assert set(row.parts) == {part[1:-1] for part in row.path.split("/") if part.startswith("{")}
    assert row.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    if row.method == "PATCH":
        assert row.if_match is IfMatch.REQUIRED, "who edits says what they have seen"
    if row.is_repeatable:
        assert row.needs in {Needs.CALLER, Needs.SESSION}


def test_bodies_take_no_field_that_they_do_not_name():
    for row in ROWS:
        for model in (row.body, row.query):
            if model is not None:
                assert model.model_config["extra"] == "forbid", row.name
        if row.body is not None:
            assert row.body.model_config["strict"] is True, row.name
