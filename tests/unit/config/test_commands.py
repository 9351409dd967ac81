"""`token-gateway config check`, `schema` and `show`, as an operator meets them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.config.json_schema import json_schema
from gateway.config.reader import read

ISSUE = Path(__file__).parent / "issue-2.yaml"


def run(*arguments: str | Path) -> Result:
    """What a command prints and exits with."""
    return CliRunner().invoke(app, ["config", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text("public_url: https://gateway.example.org\nroutes: []\nrealms: x\nlogs: {level: loud}\n")
    return file


def test_check_counts_what_it_read() -> None:
    result = run("check", "--config", ISSUE)

    assert result.exit_code == 0
    assert result.stdout == f"ok: {ISSUE}: 10 routes, 5 scopes, 2 groups, 2 identity sets\n"


def test_check_as_json() -> None:
    result = run("check", "--config", ISSUE, "--json")

    assert json.loads(result.stdout) == {
        "ok": True,
        "file": str(ISSUE),
        "routes": 10,
        "scopes": 5,
        "groups": 2,
        "identity_sets": 2,
    }


@pytest.mark.parametrize("command", ["check", "show"])
def test_errors_go_to_stderr_a_line_each_with_exit_code_2(command: str, broken: Path) -> None:
    result = run(command, "--config", broken)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"{broken}:3:1: realms: is not a known key; did you mean 'realm'?\n"
        f"{broken}:4:15: logs.level: 'loud' is not a log level; use one of debug, info, warning, error\n"
    )


def test_errors_as_json(broken: Path) -> None:
    result = run("check", "--config", broken, "--json")

    (first, _) = json.loads(result.stderr)["error"]["errors"]
    assert result.exit_code == 2
    assert (first["line"], first["column"], first["key"]) == (3, 1, "realms")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("check", "--config", tmp_path / "gone.yaml")

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "gone.yaml: file: cannot be read: No such file or directory" in result.stderr


def test_schema_prints_the_schema() -> None:
    result = run("schema")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_show_prints_a_configuration_that_loads() -> None:
    result = run("show", "--config", ISSUE)

    assert result.exit_code == 0
    assert len(read(result.stdout.encode(), path=ISSUE, env={}).routes) == 10


def test_show_as_json_has_effective_routes() -> None:
    shown = json.loads(run("show", "--config", ISSUE, "--json").stdout)

    assert shown["routes"][6]["identity"] == "grafana"
    assert shown["tokens"]["application"]["max_lifetime"] == "unlimited"


def test_help_is_quick_since_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, gateway.cli.config; "
        "print(sorted({'pydantic', 'yaml', 'aiohttp', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout == "[]\n"
