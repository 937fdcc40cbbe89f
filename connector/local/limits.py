"""A container's hard limits, enforced by the kernel where this machine allows it.

Fargate kills a container that needs more memory than its `memory`. Here the worker is put into a control
group of its own: version 1 or 2 of the kernel's interface, and only as root. Elsewhere nothing is enforced,
and `why_not` returns the reason; a peak can still be compared with the limit. The group's name holds the
task's id, so that it can be found and removed even after the process that made it has ended.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from connector.domain.stage.aws_names import PRODUCT

#: Where the kernel's control groups are mounted.
MOUNT = Path("/sys/fs/cgroup")
_NAME = f"{PRODUCT}-task-"
_MIB = 1024 * 1024
#: A process that was killed leaves its group a moment after it was waited for.
_TIMEOUT_SECONDS = 5.0
_PERIOD_US = 100_000
#: One vCPU in Fargate's units.
_VCPU = 1024


@dataclass(frozen=True)
class Version:
    """How one version of the interface spells what is needed; controllers that share a directory share it."""

    directories: Mapping[str, Path]
    limit: str
    no_swap: Mapping[str, str]
    peak: str
    events: str
    quota: str

    def writable(self, controller: str) -> bool:
        """Whether groups can be made for this controller."""
        directory = self.directories.get(controller)
        return (
            directory is not None and (directory / "cgroup.procs").exists() and os.access(directory, os.W_OK)
        )


@dataclass(frozen=True)
class Group:
    """The control group of one task: its directories, which may be one."""

    version: Version
    name: str
    controllers: tuple[str, ...] = field(default=("memory",))

    @property
    def directories(self) -> list[Path]:
        """Where the kernel has it."""
        return [
            *dict.fromkeys(
                parent / self.name
                for controller, parent in self.version.directories.items()
                if controller in self.controllers
            )
        ]

    def add(self, pid: int) -> None:
        """Move a process in. What it has allocated until now does not count; its children follow it."""
        for directory in self.directories:
            with suppress(ProcessLookupError):
                (directory / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def peak(self) -> int | None:
        """The most bytes that it ever held, file cache included; None if the kernel does not say."""
        try:
            return int((self._memory / self.version.peak).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def killed(self) -> bool:
        """Whether the kernel has killed a process of it for its memory."""
        try:
            lines = (self._memory / self.version.events).read_text(encoding="ascii").splitlines()
        except OSError:
            return False
        return any(line.split()[0] == "oom_kill" and line.split()[1] != "0" for line in lines if line.strip())

    @property
    def _memory(self) -> Path:
        return self.version.directories["memory"] / self.name


def find(mount: Path = MOUNT) -> Version | None:
    """The version with which memory can be limited here; None where that is not possible."""
    return next((found for found in (_two(mount), _one(mount)) if found.writable("memory")), None)


def why_not(mount: Path = MOUNT) -> str:
    """The reason for which memory is not enforced; empty where it is."""
    if find(mount) is not None:
        return ""
    if os.geteuid() != 0:
        return "not enforced: only root can create control groups"
    return f"not enforced: no writable memory controller in {mount}"


def make(
    task: str, *, memory_mib: int | None, cpu_units: int | None = None, mount: Path = MOUNT
) -> Group | None:
    """A group for a task, with its limits set; None where nothing can be enforced or nothing is asked for."""
    version = find(mount)
    if version is None or memory_mib is None:
        return None
    with_cpu = cpu_units is not None and version.writable("cpu")
    group = Group(version, _NAME + task, ("memory", "cpu") if with_cpu else ("memory",))
    try:
        for directory in group.directories:
            directory.mkdir(exist_ok=True)
        memory = version.directories["memory"] / group.name
        limit = str(memory_mib * _MIB)
        (memory / version.limit).write_text(limit, encoding="ascii")
        for name, value in version.no_swap.items():
            if (memory / name).exists():
                (memory / name).write_text(value or limit, encoding="ascii")
        if with_cpu and cpu_units:
            _limit_cpu(version.directories["cpu"] / group.name, version.quota, cpu_units)
    except OSError:
        # A kernel that shows the files and refuses to be changed: as where there are none.
        remove(task, mount=mount)
        return None
    return group


def of(task: str, *, mount: Path = MOUNT) -> Group | None:
    """The group of a task that runs, whoever made it; None if it has none."""
    version = find(mount)
    group = None if version is None else Group(version, _NAME + task)
    return group if group is not None and all(d.is_dir() for d in group.directories) else None


def remove(task: str, *, mount: Path = MOUNT) -> None:
    """Remove a task's group, whoever made it. Idempotent; its processes must have ended."""
    for version in (_two(mount), _one(mount)):
        for parent in dict.fromkeys(version.directories.values()):
            _remove(parent / (_NAME + task))


def resident_peak(pid: int) -> int | None:
    """The most memory in bytes that a running process ever held (VmHWM); None if it does not run."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def _limit_cpu(directory: Path, quota: str, units: int) -> None:
    share = units * _PERIOD_US // _VCPU
    text = f"{share} {_PERIOD_US}" if quota == "cpu.max" else str(share)
    (directory / quota).write_text(text, encoding="ascii")


def _remove(directory: Path) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while directory.is_dir():
        try:
            directory.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)


def _one(mount: Path) -> Version:
    cpu = next((mount / name for name in ("cpu", "cpu,cpuacct") if (mount / name).is_dir()), mount / "cpu")
    return Version(
        directories={"memory": mount / "memory", "cpu": cpu},
        limit="memory.limit_in_bytes",
        no_swap={"memory.memsw.limit_in_bytes": "", "memory.swappiness": "0"},
        peak="memory.max_usage_in_bytes",
        events="memory.oom_control",
        quota="cpu.cfs_quota_us",
    )


def _two(mount: Path) -> Version:
    """Version 2 has one directory; only what the root hands on can be limited below it."""
    handed = _lines(mount / "cgroup.subtree_control")
    return Version(
        directories={controller: mount for controller in ("memory", "cpu") if controller in handed},
        limit="memory.max",
        no_swap={"memory.swap.max": "0"},
        peak="memory.peak",
        events="memory.events",
        quota="cpu.max",
    )


def _lines(file: Path) -> Sequence[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return ()
