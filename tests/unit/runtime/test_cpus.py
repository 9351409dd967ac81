"""`--workers auto`: CPUs of the affinity mask, or fewer where a control group limits the time."""

import os

import pytest

from gateway.runtime.cpus import usable


@pytest.fixture(autouse=True)
def eight(monkeypatch):
    """A machine whose mask has eight CPUs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def group(tmp_path, own, **files):
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        file = tmp_path / "fs" / name.replace("__", "/").replace("cpu_max", "cpu.max")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return usable(tmp_path / "fs", tmp_path / "own")


def test_without_control_groups_it_is_the_mask(tmp_path):
    assert usable(tmp_path / "none", tmp_path / "none") == 8


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("garbage", 8)],
)
def test_a_quota_limits_it_and_is_rounded_up(tmp_path, quota, expected):
    assert group(tmp_path, "0::/\n", cpu_max=quota) == expected


def test_the_least_quota_of_the_group_and_those_above_it_counts(tmp_path):
    at = {"a__cpu_max": "300000 100000", "a__b__cpu_max": "600000 100000"}
    assert group(tmp_path, "0::/a/b\n", **at) == 3


def test_control_groups_of_the_first_version(tmp_path):
    folder = tmp_path / "fs" / "cpu" / "svc"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("200000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert group(tmp_path, "5:memory:/x\n4:cpu,cpuacct:/svc\n") == 2
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    assert group(tmp_path, "4:cpu,cpuacct:/svc\n") == 8
