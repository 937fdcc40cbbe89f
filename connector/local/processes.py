"""Child processes that outlive the command which started them, and are ended only if they are still ours.

A process is remembered as (pid, start time). The kernel reuses pids, so a pid alone would let `down` end
a stranger; pid and start time together name one process for as long as the machine runs.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connector.domain.errors import DeadlineExceeded, OperatorError

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """One process of the local world. `started` is in clock ticks since boot, from `/proc`."""

    pid: int
    started: int
    log: str

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Process":
        """The inverse of `to_dict`."""
        return cls(pid=int(value["pid"]), started=int(value["started"]), log=str(value["log"]))

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can carry."""
        return asdict(self)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return start_time(self.pid) == self.started


def start_time(pid: int) -> int | None:
    """Start of a running process in clock ticks since boot; None if there is none or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command name is in brackets and may itself contain spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX" and not _has_threads(pid):
        return None
    return int(fields[19])


def _has_threads(pid: int) -> bool:
    """A killed process whose first thread has ended but others have not still holds its ports."""
    try:
        return len([*Path(f"/proc/{pid}/task").iterdir()]) > 1
    except OSError:
        return False


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    uid: int | None = None,
) -> Process:
    """Start `command` in a session of its own, with its output appended to `log`.

    With `uid`, as that user (only root may ask for it).

    Raises OperatorError if the program cannot be executed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(  # the child outlives us on purpose: nobody waits for it
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
                **become(uid),
            )
        except OSError as error:
            raise OperatorError(f"cannot start {command[0]}: {error.strerror}") from error
    started = start_time(child.pid)
    child.returncode = 0  # keeps Popen from warning that a child it knows still runs
    return Process(child.pid, -1 if started is None else started, str(log))


def become(uid: int | None) -> dict[str, Any]:
    """The arguments with which `subprocess` starts a program as another user; none for None."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


def end(process: Process, *, grace: float, first: signal.Signals = signal.SIGTERM) -> bool:
    """End a process of ours: `first`, then after `grace` seconds SIGKILL. False if it was not running."""
    if not process.alive:
        _reap(process.pid)
        return False
    os.kill(process.pid, first)
    if not _gone(process, grace):
        os.kill(process.pid, signal.SIGKILL)
        _gone(process, 10)
    return True


def _gone(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    _reap(process.pid)
    return True


def _reap(pid: int) -> None:
    """Collect a child of this very process, so that no zombie stays; others' children are init's."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def tail(log: Path | str, lines: int = 3) -> str:
    """The last non-empty lines of a log file, joined by ` | `; empty if there is none."""
    try:
        text = Path(log).read_bytes()[-8192:].decode("utf-8", errors="replace")
    except OSError:
        return ""
    return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])


def wait_until(
    ready: Callable[[], bool], *, what: str, seconds: float, process: Process | None = None
) -> None:
    """Wait for a condition; fails early, with the process's last output, if the process ends.

    Raises DeadlineExceeded with the end of the log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process is not None and not process.alive:
            raise DeadlineExceeded(f"{what} ended while starting: {tail(process.log)} (log: {process.log})")
        if time.monotonic() > deadline:
            words = f": {tail(process.log)} (log: {process.log})" if process else ""
            raise DeadlineExceeded(f"{what} was not ready within {seconds:.0f} s{words}")
        time.sleep(_POLL_SECONDS)
