"""What the pages tell people to type and to open is there: links, commands with their options, make targets."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]
COMMANDS: Any = typer.main.get_command(app)

in_each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


@in_each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


@in_each_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in _commands(page.read_text("utf-8")):
        command, options, words = COMMANDS, _options(COMMANDS), iter(line.split())
        for word in words:
            if re.match(r"--?[a-z]", word):
                assert word in options, f"token-gateway {line}: no option {word}"
                if hasattr(command, "commands"):
                    next(words, None)  # `--config FILE`, before the command
            elif hasattr(command, "commands"):
                assert word in command.commands, f"token-gateway {line}: no command {word}"
                command = command.commands[word]
                options |= _options(command)


@in_each_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets


def test_the_first_token_comes_as_the_readme_says(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## First token")[2]
    block = section.partition("```sh\n")[2].partition("```")[0]
    before, serve, after = block.rpartition("token-gateway serve\n")
    assert (serve, after) == ("token-gateway serve\n", "")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", before], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _commands(text: str) -> list[str]:
    """What stands behind `token-gateway` where it is a command, in shell blocks and in code, up to its end."""
    code = [*re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE), *re.findall(r"`([^`\n]+)`", text)]
    begins, rest = r"(?:^|\$\(|[|&;] ?|-- )", r"([^#;|&)\n]+)"
    return re.findall(begins + "token-gateway " + rest, "\n".join(code), re.MULTILINE)


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")}
