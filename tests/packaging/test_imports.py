"""What a module brings into the process with it, seen from a fresh interpreter: import-linter cannot see that."""

import sys

import pytest

from tests.packaging.conftest import run


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("gateway.web.check.app", ("alembic", "mako", "jinja2", "typer")),
        ("gateway.web.check.dialects", ("aiohttp", "sqlalchemy", "pydantic", "asyncio")),
        ("gateway.core.decision", ("aiohttp", "asyncio", "sqlalchemy", "pydantic", "structlog", "logging")),
    ],
)
def test_a_module_brings_nothing_heavy(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"
    assert run(sys.executable, "-c", code).strip() == "[]"
