"""What an installation is made of: locked by hash, listed whole, and looked up honestly."""

import json
import re
import subprocess

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply.audit import CLEAN, HOLES, UNKNOWN, Found, audit, read, told
from supply.lock import LOCKS, ROOT, BadLockError, read_lock
from supply.sbom import BUILD_ONLY, PAGE, bill, licences, placed, runtime, written
from supply.vendored import FOLDER, PARTS, hash_of

PACKAGES = [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2", "vulns": []}]
HOLE = {"name": "c", "version": "3", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
SKIPPED = {"name": "d", "skip_reason": "not found and could not be audited: d (4)"}


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_no_address(lock):
    packages = read_lock(lock)
    assert packages
    assert all(one.hashes for one in packages)
    text = lock.read_text("utf-8")
    assert not re.search(r"://|@ file|--(extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize(
    "line", ["a", "a>=1", "a @ https://x.example/a.whl", "-e .", "--index-url x", "    --hash=md5:00"]
)
def test_a_line_that_pins_nothing_is_no_line_of_a_lock(tmp_path, line):
    lock = tmp_path / "lock.txt"
    lock.write_text(f"b==1 \\\n    --hash=sha256:{'0' * 64}\n{line}\n")
    with pytest.raises(BadLockError, match=r"lock\.txt:3"):
        read_lock(lock)


def test_the_bill_of_materials_lists_the_lock_and_nothing_of_this_machine():
    text = written(bill(runtime()))
    assert written(bill(runtime())) == text, "the same lock gives the same bytes"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    listed = {(one["name"], one["version"]) for one in found["components"]}
    locked = {(one.name, one.version) for one in read_lock(LOCKS / "runtime.txt") if not one.marker}
    assert {one for one in locked if one[0] not in BUILD_ONLY} <= listed
    assert "colorama" not in dict(listed), "that is for Windows"
    assert all(one["licenses"] for one in found["components"])
    assert str(ROOT) not in text
    assert "://" not in text.replace("http://cyclonedx.org/schema/", "")
    (root,) = [one for one in found["dependencies"] if one["ref"] == "token-gateway"]
    assert "pkg:pypi/aiohttp" in " ".join(root["dependsOn"])


def test_the_parts_in_the_wheel_are_what_is_written_of_them_and_keep_their_licences():
    noted = {name: hash_ for part in PARTS for name, hash_ in part.files}
    assert {file.name: hash_of(file.name) for file in FOLDER.iterdir()} == noted
    for part in PARTS:
        notice = (FOLDER / part.licence_file).read_text("utf-8")
        assert "Copyright (c)" in notice
        assert all(word in notice for word in part.licence.split(" AND "))
    listed = {(one["name"], one["version"]) for one in json.loads(written(bill(runtime())))["components"]}
    assert {(part.name, part.version) for part in PARTS} <= listed


def test_the_page_has_the_licences_of_what_runs():
    page = PAGE.read_text("utf-8")
    assert placed(page, licences(runtime())) == page, "run: make sbom"


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        pytest.param(PACKAGES, CLEAN, "no hole is known in 2", id="clean"),
        pytest.param([*PACKAGES, HOLE], HOLES, "c 3: PYSEC-1; mended in: 3.1", id="a-hole"),
        pytest.param([HOLE, SKIPPED], HOLES, "PYSEC-1", id="a-hole-beside-unknown"),
        pytest.param([*PACKAGES, SKIPPED], UNKNOWN, "NOT AUDITED: of 3 packages, 1", id="one-unknown"),
        pytest.param([SKIPPED], UNKNOWN, "NOT AUDITED", id="all-unknown"),
        pytest.param([], UNKNOWN, "NOT AUDITED", id="nothing"),
    ],
)
def test_an_audit_without_its_data_is_no_pass(packages, code, words):
    found = read(json.dumps({"dependencies": packages}))
    assert found.code == code
    assert words in told(found)


@pytest.mark.parametrize("report", ["", "[]", "{}", "no JSON", "null"])
def test_no_report_is_no_pass_either(report):
    with pytest.raises(ValueError, match="no report"):
        read(report)


def test_an_audit_that_does_not_end_or_leaves_packages_out_is_no_pass(monkeypatch):
    def hangs(words, **more):
        raise subprocess.TimeoutExpired(words, more["timeout"])

    def knows_two(words, **_):
        return subprocess.CompletedProcess(words, 0, json.dumps({"dependencies": PACKAGES}), "")

    for run, said in ((hangs, "did not end"), (knows_two, "looked at 2 packages only")):
        monkeypatch.setattr(subprocess, "run", run)
        with pytest.raises(ValueError, match=said):
            audit(LOCKS / "runtime.txt")
    assert Found(asked=1, holes=(), skipped=()).code == CLEAN
