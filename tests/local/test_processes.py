"""Child processes are ours by pid and start time; the rest of the machine is not touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.domain.errors import DeadlineExceeded, OperatorError
from connector.local.processes import Process, end, spawn, start_time, tail, wait_until

ENV = {"PATH": "/usr/bin:/bin"}


def sleeper(tmp_path: Path, script: str = "import time; time.sleep(60)") -> Process:
    return spawn([sys.executable, "-c", script], log=tmp_path / "log", env=ENV, cwd=tmp_path)


def test_a_spawned_process_lives_until_it_is_ended(tmp_path: Path):
    process = sleeper(tmp_path)
    assert process.alive
    assert end(process, grace=5)
    assert not process.alive
    assert not end(process, grace=5), "a second time there is nothing to end"


def test_a_reused_pid_is_not_ended(tmp_path: Path):
    """The same number with another start time is somebody else."""
    process = sleeper(tmp_path)
    stranger = Process(process.pid, process.started - 1, process.log)
    assert not stranger.alive
    assert not end(stranger, grace=1)
    assert process.alive
    end(process, grace=5)


def test_a_process_that_ignores_the_first_signal_is_killed(tmp_path: Path):
    process = sleeper(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True); time.sleep(60)",
    )
    wait_until(lambda: "deaf" in tail(process.log), what="it", seconds=5)
    assert end(process, grace=0.2)
    assert not process.alive


def test_a_zombie_does_not_count_as_running():
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_time(child.pid) is None
    child.wait()


def test_a_part_that_dies_while_starting_is_reported_with_its_last_words(tmp_path: Path):
    process = sleeper(tmp_path, "import sys; sys.exit('no room')")
    with pytest.raises(DeadlineExceeded, match="part ended while starting: no room"):
        wait_until(lambda: False, what="part", seconds=5, process=process)


def test_a_condition_that_does_not_come_true_ends_at_its_deadline():
    with pytest.raises(DeadlineExceeded, match="part was not ready within 0 s"):
        wait_until(lambda: False, what="part", seconds=0.1)


def test_a_program_that_does_not_exist_is_one_line(tmp_path: Path):
    with pytest.raises(OperatorError, match="cannot start /absent: No such file or directory"):
        spawn(["/absent"], log=tmp_path / "log", env=ENV, cwd=tmp_path)
