"""docs/audit.md and the code say the same: every action that is written is explained, and no other."""

import ast
import re
from pathlib import Path

from gateway.auth import audit_against
from gateway.store import audit_chain

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit.md").read_text("utf-8")
KINDS = ("user", "application")
# Each takes an action, or the part of one behind the owner's kind, and hands it to `audit`.
WRAPPERS = {"_token_done", "_set_all", "_account_done", "_owner_done"}
CONSTANTS = {"PRUNED": audit_chain.PRUNED}


def written():
    """Every action that the program writes, read from its source."""
    found = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        found |= in_tree(ast.parse(path.read_text("utf-8")))
    return found


def in_tree(tree, wrapper=False):
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name in WRAPPERS or (name == "audit" and not wrapper and node.args):
                said = literal(node.args[0])
                found |= {f"{kind}_{verb}" for kind in KINDS for verb in said} if name == "_owner_done" else said
        found |= in_tree(node, wrapper or getattr(node, "name", "") in WRAPPERS)
    return found


def literal(argument):
    match argument:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return literal(one) | literal(other)
        case ast.Name(id=name) if name in CONSTANTS:
            return {CONSTANTS[name]}
    raise AssertionError(f"line {argument.lineno}: say the action literally, so that this test can read it")


def documented():
    tables = PAGE.split("## Every action")[1].split("## How do I")[0]
    return [
        action for cell in re.findall(r"^\| (`.*?) \|", tables, re.MULTILINE) for action in re.findall(r"`(\w+)`", cell)
    ]


def test_every_action_that_is_written_is_explained_and_no_other():
    assert sorted(documented()) == sorted(written())


def test_every_verdict_is_explained():
    source = "".join(Path(module.__file__).read_text("utf-8") for module in (audit_chain, audit_against))
    told = re.findall(r"^\| `(.*?)` \|", PAGE.split("### verify it?")[1], re.MULTILINE)
    assert len(told) == 7
    for words in told:
        assert words.partition(" ...")[0] in source


def test_every_field_of_an_export_is_explained():
    fields = PAGE.split("## What is in a row")[1].split("**No secret")[0]
    for name in ("seq", "at", "actor", "address", "action", "subject", "detail", "key_id", "mac"):
        assert f"`{name}`" in fields
