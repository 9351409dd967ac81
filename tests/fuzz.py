"""`make fuzz MINUTES=n`: the suite's property tests with many examples, another seed each round, until the time is up.

Prints what it ran, and writes it into docs/assurance.md. Exit 1: an invariant broke; the smallest input was printed.
"""

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.assurance import minutes, today, write_section
from tests.effort import FACTOR

ROOT = Path(__file__).parents[1]
TURN_S = 12.0  # that a file gets at once: a run goes round several times, so that none waits for the others
COUNTS = re.compile(r"- (\d+) passing, (\d+) failing, and (\d+) invalid test cases")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Files of property tests, and what they hold in one sentence."""

    name: str
    invariant: str
    files: tuple[str, ...]


SUBJECTS = (
    Subject(
        name="heads",
        invariant="Any bytes are answered alike by both lanes, or refused and the connection closed.",
        files=("tests/unit/web/test_lanes_agree.py", "tests/unit/web/test_lane_bytes.py"),
    ),
    Subject(
        name="credentials",
        invariant="A token that is presented is the only one that any server could read from the places listed.",
        files=(
            "tests/property/test_presented.py",
            "tests/unit/core/test_credential.py",
            "tests/unit/core/test_parameters.py",
        ),
    ),
    Subject(
        name="targets",
        invariant="Any bytes are a target or malformed; what a server reads of a path is among what is judged.",
        files=("tests/property/test_target.py", "tests/attacks/test_servers.py", "tests/unit/core/test_network.py"),
    ),
    Subject(
        name="routes",
        invariant="The index finds the route that a walk from the top of the file finds.",
        files=("tests/property/test_route_index.py",),
    ),
    Subject(
        name="tokens",
        invariant="What is read as a token writes itself back byte for byte, and no damaged one is read.",
        files=(
            "tests/property/test_token_bytes.py",
            "tests/unit/auth/test_token_index.py",
            "tests/contract/test_secrets_model.py",
        ),
    ),
    Subject(
        name="YAML",
        invariant="Any bytes are settings, or errors with a place; nothing is expanded or run.",
        files=("tests/unit/config/test_yaml_nodes.py", "tests/unit/config/test_substitute.py"),
    ),
    Subject(
        name="forms",
        invariant="Any body is a credential, none, or ambiguous, and never another value than a server would find.",
        files=("tests/unit/core/test_form.py",),
    ),
    Subject(
        name="pages",
        invariant="Any bytes are a page's form or one refusal; any return address is a path of ours for every parser.",
        files=("tests/property/test_forms.py",),
    ),
    Subject(
        name="API",
        invariant="Any request gets an answer that the document names; JSON is read alike by two parsers or refused.",
        files=(
            "tests/property/test_api_requests.py",
            "tests/property/test_api_bytes.py",
            "tests/unit/web/api/test_json_text.py",
            "tests/unit/web/api/test_cursor.py",
        ),
    ),
    Subject(
        name="identity",
        invariant="Whatever an owner is called, the app gets one header line of it, and no two owners look alike.",
        files=(
            "tests/unit/core/test_identity.py",
            "tests/unit/web/test_dialect_reply.py",
            "tests/unit/core/test_naming.py",
        ),
    ),
    Subject(
        name="power",
        invariant="Whatever somebody does in whatever order, they never control more power than they had.",
        files=("tests/property/test_power.py",),
    ),
)


@dataclass
class Tried:
    """What one subject was tried with."""

    turns: int = 0
    examples: int = 0
    tests: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)


def turn(path: str, seed: int, factor: float, patience_s: float) -> tuple[str, bool]:
    """Run the property tests of a file; what pytest printed, and whether all held."""
    words = [sys.executable, "-m", "pytest", path, "-m", "hypothesis", "-q", "-p", "no:cacheprovider", "--tb=short"]
    words += ["-p", "no:randomly", f"--hypothesis-seed={seed}", "--hypothesis-show-statistics"]
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=os.environ | {FACTOR: str(factor)}, capture_output=True, text=True, timeout=patience_s,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{path} with seed {seed} did not end in {patience_s:.0f} s", False
    return done.stdout + done.stderr, done.returncode == 0


def note(tried: Tried, printed: str) -> None:
    """Count what pytest printed."""
    tried.turns += 1
    tried.tests.update(re.findall(r"^(tests/\S+::\S+):$", printed, re.MULTILINE))
    tried.examples += sum(sum(map(int, found)) for found in COUNTS.findall(printed))


def fuzz(seconds: float) -> dict[str, Tried]:
    """Turn after turn until the time is up; every file has at least one."""
    begin, factors = time.monotonic(), Counter[str]()
    files = [(subject, path) for subject in SUBJECTS for path in subject.files]
    found = {subject.name: Tried() for subject in SUBJECTS}
    first = True
    while first or time.monotonic() - begin < seconds:
        random.shuffle(files)
        for subject, path in files:
            if not first and time.monotonic() - begin >= seconds:
                break
            seed, factor = random.randrange(2**32), factors[path] or 1
            started = time.monotonic()
            printed, held = turn(path, seed, factor, max(120.0, seconds))
            took = time.monotonic() - started
            factors[path] = max(1, min(1000, round(factor * TURN_S / max(took - 1.5, 0.3))))  # pytest itself: 1.5 s
            before = found[subject.name].examples
            note(found[subject.name], printed)
            tried = found[subject.name].examples - before
            print(f"{path}: seed {seed}, {tried} examples in {took:.1f} s: {'held' if held else 'BROKEN'}", flush=True)
            if not held:
                print(printed, flush=True)
                found[subject.name].broken.append(f"`{path}` with seed {seed}")
        first = False
    return found


def section(found: dict[str, Tried], seconds: float) -> str:
    """The result, for people."""
    broken = [where for tried in found.values() for where in tried.broken]
    verdict = f"**Broken:** {', '.join(broken)}." if broken else "**Every invariant held.**"
    total = sum(tried.examples for tried in found.values())
    rows = [
        f"| {subject.name} | {subject.invariant} | {len(tried.tests)} | {tried.examples:,} |"
        for subject in SUBJECTS
        for tried in [found[subject.name]]
    ]
    return "\n".join([
        f"{today()}: {total:,} examples in {seconds / 60:.1f} minutes. {verdict}",
        "",
        "| of | what has to hold | tests | examples |",
        "|---|---|---|---|",
        *rows,
    ])  # fmt: skip


def main() -> int:
    """Run it."""
    begin = time.monotonic()
    found = fuzz(minutes(default=5) * 60)
    text = section(found, time.monotonic() - begin)
    print(text)
    if not os.environ.get("CI"):
        write_section("fuzz", text)
    empty = [name for name, tried in found.items() if not tried.examples]
    if empty:
        print(f"tried nothing of: {', '.join(empty)}", file=sys.stderr)
    return 1 if empty or any(tried.broken for tried in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
