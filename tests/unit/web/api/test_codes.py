"""Every refusal of a use case has a status: one table, held against the source."""

import ast
from pathlib import Path

import gateway.auth
from gateway.auth.refused import NOT_FOUND
from gateway.core.power import Why
from gateway.core.reason import OUTSIDE
from gateway.web.api.codes import OWN, PRESENTED, REFUSED, STATUS


def _codes() -> set[str]:
    """The first argument of every `Refused(...)` under gateway/auth; what is no text there has to be known here."""
    found: set[str] = set()
    for path in Path(gateway.auth.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                match node.args[0]:
                    case ast.Constant(value=str(code)):
                        found.add(code)
                    case ast.Name(id="NOT_FOUND"):
                        found.add(NOT_FOUND)
                    case ast.Attribute(attr="value"):
                        found |= {why.value for why in Why}
                    case other:
                        raise AssertionError(f"{path.name}: a code that cannot be read: {ast.unparse(other)}")
    return found


def test_every_code_that_a_use_case_refuses_with_has_a_status():
    codes = _codes()
    assert len(codes) > 30
    assert codes - set(REFUSED) == set()


def test_no_code_is_there_that_nobody_uses():
    assert set(REFUSED) - _codes() == set()


def test_a_token_that_is_not_taken_is_answered_as_a_check_answers():
    for outside in OUTSIDE.values():
        if outside.proven != "allowed":
            assert PRESENTED[outside.proven] == outside.status
    assert PRESENTED["expired"] == 401
    assert STATUS["expired"] == 409  # of a token that somebody wants to change


def test_statuses_are_those_of_errors_and_meanings_are_sentences():
    for code, about in {**OWN, **REFUSED}.items():
        assert 400 <= about.status < 600, code
        assert about.meaning.endswith("."), code
    assert not OWN.keys() & REFUSED.keys()
