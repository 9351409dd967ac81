"""docs/cli.md and the program say the same: every command and option is there, no other is, and its examples run."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.main import app
from tests.installation import handle

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
SHARED = {"--config", "-c", "--json", "--help", "-h", "--no-wait"}
PLACEHOLDER = "tgp_0123456789a"  # stands on the page for the handle of the token made last

_SECTION = re.compile(r"^### `token-gateway ([^`]+)`\n(.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)
_EXAMPLE = re.compile(
    r"(?:(?P<name>[A-Z]+)=\$\()?token-gateway (?P<words>.*?)(?(name)\))"
    r"(?: < (?P<source>\S+))?(?: > (?P<target>\S+))?(?: +# exit code (?P<code>\d))?"
)


def commands(group, path=()):
    """Every command of the program, with its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def documented():
    """The sections by command; the arguments stand behind its words in the title."""
    found = {}
    for title, text in _SECTION.findall(PAGE):
        words = title.split()
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), title)
        found[name] = (title.removeprefix(name).split(), text)
    return found


SECTIONS = documented()


def test_the_page_has_a_section_for_every_command_and_for_no_other():
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_names_every_option_and_argument_and_no_other(name):
    arguments, text = SECTIONS[name]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `-")]
    told = set(re.findall(r"`(-[\w-]+)", " ".join(rows)))
    parameters = COMMANDS[name].params
    options = {option for one in parameters if one.param_type_name == "option" for option in one.opts}
    assert told == options - SHARED
    assert len(arguments) == sum(one.param_type_name == "argument" for one in parameters)


def test_what_every_command_has_is_told_once():
    shared = PAGE.split("## Set up and run", maxsplit=1)[0]
    root = {option for one in typer.main.get_command(app).params for option in one.opts}
    for option in SHARED | root:
        assert f"`{option}" in shared or f"`token-gateway {option}" in shared


def test_the_examples_run_from_top_to_bottom(installed, monkeypatch):
    monkeypatch.chdir(installed.folder)
    monkeypatch.delenv("TOKEN_GATEWAY_CONFIG", raising=False)
    known: dict[str, str] = {}
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)).splitlines()
    for line in lines:
        written = re.fullmatch(r"""printf '%s\\n' "\$(\w+)" > (\S+)""", line)
        if written is not None:
            Path(written[2]).write_text(known[written[1]] + "\n", "utf-8")
            continue
        written = re.fullmatch(r"printf '([^'%]*)' > (\S+)", line)
        if written is not None:
            Path(written[2]).write_text(written[1].replace("\\n", "\n"), "utf-8")
            continue
        example = _EXAMPLE.fullmatch(line)
        assert example is not None, f"not an example that this test can run: {line}"
        words = shlex.split(example["words"])
        if "T" in known:
            words = [word.replace(PLACEHOLDER, handle(known["T"])) for word in words]
        source = Path(example["source"]).read_bytes() if example["source"] else None
        done = CliRunner().invoke(app, words, input=source)
        assert done.exit_code == int(example["code"] or 0), f"{line}\n{done.output}"
        if example["target"]:
            Path(example["target"]).write_text(done.stdout, "utf-8")
        if example["name"]:
            known[example["name"]] = done.stdout.strip()
    assert {name for name in COMMANDS if any(f"token-gateway {name}" in line for line in lines)} == set(COMMANDS) - {
        "serve",
        "reload",
    }
