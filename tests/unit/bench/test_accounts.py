"""What the kernel knows of processes."""

import os
import subprocess
import sys
from pathlib import Path

from bench.accounts import cpu_s, family, machine_s, own_s, rss_mb


def test_children_and_their_children_are_family():
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"
        assert len(family(process.pid)) == 2
        assert set(family(process.pid)) < set(family(os.getpid()))
        process.communicate(b"\n")


WORK = """
import threading, time
def work():
    while time.thread_time() < 0.05:
        pass
worker = threading.Thread(target=work)
worker.start()
worker.join()
print(1, flush=True)
input()
"""


def test_work_of_a_thread_that_has_ended_still_counts():
    with subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"
        main = Path(f"/proc/{process.pid}/task/{process.pid}/schedstat").read_text()
        process_s = cpu_s([process.pid])
        process.communicate(b"\n")
    assert process_s - int(main.split()[0]) / 1e9 >= 0.05


def test_several_processes_add_up():
    one = cpu_s([os.getpid()])
    assert cpu_s([os.getpid()] * 2) >= 2 * one > 0


def test_memory_is_listed_from_the_largest():
    with subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=-1, stdout=-1) as process:
        process.stdout.readline()
        listed = rss_mb([process.pid, os.getpid()])
        process.communicate(b"\n")
    assert listed[0] > listed[1] > 1


def test_a_check_worker_is_listed_before_the_larger_process_beside_it():
    words = [sys.executable, "-c", "print(1, flush=True); input()", "gateway.runtime.child", "worker-1"]
    with subprocess.Popen(words, stdin=-1, stdout=-1) as process:
        process.stdout.readline()
        listed = rss_mb([os.getpid(), process.pid])
        process.communicate(b"\n")
    assert 1 < listed[0] < listed[1]


def test_the_machine_has_worked_at_least_as_long_as_this_process():
    own = own_s()
    assert machine_s() >= own > 0
