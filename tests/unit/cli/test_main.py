"""The command as a whole: quick help, shared options, and failures that are one line with a stable exit code."""

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from gateway import __version__
from gateway.cli import main
from gateway.cli.main import app, run
from tests.installation import an_installation

HEAVY = {"aiohttp", "sqlalchemy", "alembic", "rich", "yaml", "argon2", "asyncio", "structlog", "gateway.config"}


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY | {"pydantic"}),
        # typer itself brings pydantic as soon as it reads an option that is not a flag (the root's --config).
        (["token", "create", "--help"], HEAVY),
        (["config", "--help"], HEAVY),
        (["version"], HEAVY),
    ],
)
def test_help_and_version_import_nothing_heavy(words, heavy):
    program = (
        "import sys\n"
        "from gateway.cli.main import app\n"
        f"app({words!r}, standalone_mode=False)\n"
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_completion_is_there():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert "--install-completion" in shown


def test_the_version_is_printed():
    assert CliRunner().invoke(app, ["version"]).stdout == f"{__version__}\n"
    assert json.loads(CliRunner().invoke(app, ["version", "--json"]).stdout)["version"] == __version__


def commands(group=None, path=()):
    """Every command with its words."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize(
    ("words", "command"), list(commands()), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_config_json_and_an_example(words, command):
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--config", "--json"} <= options
    assert f"token-gateway {' '.join(words)}" in command.help
    assert "\\b" not in command.help  # the mark that keeps lines apart is a character, and is never seen


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "CONFIG", "user", "list", "--json"],
        ["--json", "user", "list", "--config", "CONFIG"],
        ["--json", "--config", "/nowhere", "user", "list", "-c", "CONFIG"],
    ],
    ids=str,
)
def test_config_and_json_count_before_and_behind_the_command(installed, words):
    words = [str(installed.config) if word == "CONFIG" else word for word in words]
    done = CliRunner().invoke(app, words)
    assert [one["login"] for one in json.loads(done.stdout)] == ["alice"], done.stderr


def on_database(installed, statement):
    """Change the database behind the program's back."""
    with contextlib.closing(sqlite3.connect(installed.database, isolation_level=None)) as connection:
        connection.execute(statement)


def another_brand(installed):
    text = installed.config.read_text("utf-8").replace("tokens:\n", "tokens:\n  brand: xy\n", 1)
    installed.config.write_text(text, "utf-8")


def another_key(installed):
    key_file(installed).unlink()
    installed.ok("key", "new")


def another_database(installed):
    installed.database.unlink()
    on_database(installed, "CREATE TABLE t (x)")


def key_file(installed):
    return installed.folder / "token-gateway.key"


SPOILED = {
    "no config": lambda it: it.config.unlink(),
    "bad config": lambda it: it.config.write_text(it.config.read_text("utf-8") + "what: is this\n", "utf-8"),
    "no key file": lambda it: key_file(it).unlink(),
    "not a key file": lambda it: key_file(it).write_text("hello\n", "utf-8"),
    "another key": another_key,
    "no database": lambda it: it.database.unlink(),
    "not a database": lambda it: it.database.write_bytes(b"hello, world" * 100),
    "another program's database": another_database,
    "newer database": lambda it: on_database(it, "UPDATE alembic_version SET version_num = '9999'"),
    "another brand": another_brand,
}


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("no config", "token-gateway.yaml"),
        ("bad config", "what"),
        ("no key file", "token-gateway key new"),
        ("not a key file", "not a key"),
        ("another key", "token-gateway key register"),
        ("no database", "token-gateway init"),
        ("not a database", "store.url"),
        ("another program's database", "another program"),
        ("newer database", "newer token-gateway"),
        ("another brand", "tokens.brand"),
    ],
)
@pytest.mark.parametrize("words", [["user", "list"], ["serve"]], ids=["command", "serve"])
def test_a_broken_installation_is_one_line_exit_2_and_nothing_changed(installed, what, says, words):
    SPOILED[what](installed)
    before = {path: path.read_bytes() for path in installed.folder.iterdir()}
    ran = installed.run(*words)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert says in ran.err
    assert {path: path.read_bytes() for path in before} == before


def test_serve_with_a_port_in_use_is_one_line_and_exit_2(installed):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        installed.config.write_text(
            f'listen: {{check: ["127.0.0.1:{port}"]}}\n' + installed.config.read_text("utf-8"), "utf-8"
        )
        taken.listen()
        ran = installed.run("serve")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert str(port) in ran.err


def test_an_unreadable_key_file_is_told(installed):
    key = installed.folder / "token-gateway.key"
    key.unlink()
    key.mkdir()  # unreadable for root too
    assert "cannot read the key file" in installed.run("user", "list").err


def test_all_errors_of_a_configuration_are_told_as_json_too(installed):
    SPOILED["bad config"](installed)
    ran = installed.run("user", "list", "--json")
    error = json.loads(ran.err)["error"]
    assert (error["code"], [one["key"] for one in error["errors"]]) == ("config_invalid", ["what"])


def test_a_refusal_as_json_names_code_and_field(installed):
    ran = installed.run("--json", "user", "add", "a b")
    assert json.loads(ran.err)["error"] | {"message": "", "mend": ""} == {
        "code": "bad_value",
        "field": "login",
        "message": "",
        "mend": "",
    }


def test_an_unknown_option_or_command_is_usage_and_exit_2():
    for words in (["user", "list", "--no-such"], ["no-such"], ["token", "create"]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert "Traceback" not in done.output


def test_a_fault_of_the_program_is_told_without_a_traceback_or_its_text(monkeypatch, capsys):
    def broken():
        raise KeyError("tgp_secret")

    monkeypatch.setattr(main, "app", broken)
    with pytest.raises(SystemExit) as caught:
        run()
    said = capsys.readouterr().err
    assert caught.value.code == 70
    assert said.startswith("token-gateway: internal error: KeyError at test_main.py:")
    assert "tgp_secret" not in said
    monkeypatch.setenv("TOKEN_GATEWAY_TRACEBACK", "1")
    with pytest.raises(SystemExit):
        run()
    assert "Traceback" in capsys.readouterr().err


def test_two_installations_do_not_meet(installed, template, tmp_path):
    other = an_installation(template, tmp_path / "other")
    installed.ok("user", "add", "bob")
    assert other.run("user", "show", "bob").code == 3


@pytest.mark.parametrize(
    "words",
    [("user", "show", "\udce9"), ("token", "list", "--scope", "\udce9"), ("audit", "list", "--actor", "\udce9")],
    ids=lambda words: words[0],
)
def test_a_value_from_a_terminal_that_is_not_utf_8_is_told_in_one_line(installed, words):
    ran = installed.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "token-gateway: a value is not UTF-8; set the terminal to UTF-8, and type it anew\n"
