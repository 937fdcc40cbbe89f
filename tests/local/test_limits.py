"""A container's memory limit kills what exceeds it, or is said not to be enforced; no group stays behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from connector.local import leftovers, limits
from connector.local.processes import Process, start_time

_REASON = limits.why_not()
needs_groups = pytest.mark.skipif(bool(_REASON), reason=_REASON)

#: Says that it runs, waits for a word, then takes as many MiB as its argument says and waits again.
_GREEDY = """
import sys
print("ready", flush=True); sys.stdin.readline()
held = [bytes(1) * (1 << 20) for _ in range(int(sys.argv[1]))]
for piece in held: memoryview(bytearray(piece))
print("held", flush=True); sys.stdin.readline()
"""


@pytest.fixture
def task() -> Iterator[str]:
    name = str(uuid4())
    yield name
    limits.remove(name)


def _greedy(mib: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _GREEDY, str(mib)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _go(process: "subprocess.Popen[str]") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


@needs_groups
def test_a_process_that_takes_more_than_its_limit_is_killed(task: str):
    group = limits.make(task, memory_mib=64)
    assert group is not None
    with _greedy(300) as process:
        group.add(process.pid)
        assert not group.killed()
        assert _go(process) == ""
    assert process.returncode == -9
    assert group.killed()
    peak = group.peak()
    assert peak is None or 32 << 20 < peak <= 64 << 20


@needs_groups
def test_a_process_that_keeps_to_its_limit_lives(task: str):
    group = limits.make(task, memory_mib=512)
    assert group is not None
    with _greedy(100) as process:
        group.add(process.pid)
        assert _go(process) == "held\n"
        assert limits.of(task) == group
        _go(process)
    assert process.returncode == 0
    assert not group.killed()


@needs_groups
def test_a_limit_on_cpu_is_one_of_its_own(task: str):
    group = limits.make(task, memory_mib=64, cpu_units=512)
    assert group is not None
    if "cpu" in group.controllers:
        text = (group.version.directories["cpu"] / group.name / group.version.quota).read_text()
        assert text.split()[0] == "50000"


@needs_groups
def test_the_group_of_a_worker_whose_server_is_gone_goes_with_it(task: str, tmp_path: Path):
    group = limits.make(task, memory_mib=64)
    assert group is not None
    with _greedy(1) as process:
        group.add(process.pid)
        record = tmp_path / "tasks" / task / "process.json"
        record.parent.mkdir(parents=True)
        started = start_time(process.pid)
        assert started is not None
        record.write_text(str(Process(process.pid, started, "log").to_dict()).replace("'", '"'))
        (running,) = leftovers.tasks(tmp_path)
        assert running["memoryEnforced"] is True
        leftovers.end_tasks(tmp_path)
    assert limits.of(task) is None
    assert not any(directory.exists() for directory in group.directories)


def test_nothing_is_enforced_where_there_are_no_groups(tmp_path: Path):
    assert limits.make("t", memory_mib=64, mount=tmp_path) is None
    assert limits.why_not(tmp_path).startswith("not enforced: ")


def test_nothing_is_made_when_no_limit_is_asked_for(task: str):
    assert limits.make(task, memory_mib=None) is None
    assert limits.of(task) is None


@pytest.mark.parametrize("more", ["", "cpu "], ids=["memory", "memory and cpu"])
def test_version_2_of_the_interface_is_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str):
    """A directory stands in for the kernel here: which files are written, not what comes of it."""
    (tmp_path / "cgroup.subtree_control").write_text(f"{more}memory pids\n")
    (tmp_path / "cgroup.procs").touch()
    made = Path.mkdir

    def with_files(self: Path, *, exist_ok: bool) -> None:
        made(self, exist_ok=exist_ok)
        (self / "memory.swap.max").touch()

    monkeypatch.setattr(Path, "mkdir", with_files)
    group = limits.make("t", memory_mib=64, cpu_units=1024, mount=tmp_path)
    assert group is not None
    (directory,) = group.directories
    assert (directory / "memory.max").read_text() == str(64 << 20)
    assert (directory / "memory.swap.max").read_text() == "0"
    assert (directory / "cpu.max").exists() is bool(more)
    (directory / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    (directory / "memory.peak").write_text("4096\n")
    assert (group.killed(), group.peak()) == (True, 4096)
    group.add(123)
    assert (directory / "cgroup.procs").read_text() == "123"


def test_the_peak_of_a_process_is_known_without_groups():
    with _greedy(50) as process:
        before = limits.resident_peak(process.pid)
        assert before is not None
        _go(process)
        after = limits.resident_peak(process.pid)
        assert after is not None
        assert after - before > 40 << 20
        _go(process)
    assert limits.resident_peak(process.pid) is None
