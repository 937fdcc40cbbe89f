"""How much of a core a process uses, from the kernel's own count (proc(5): utime and stime)."""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process has used, in user and kernel mode. OSError when there is none."""
    # The name in brackets may hold spaces: what counts begins behind it, with the state.
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / _TICKS


class CoreShare:
    """The share of one core that a process has used since this was made."""

    def __init__(self, pid: int) -> None:
        self._pid, self._began, self._before = pid, time.monotonic(), cpu_seconds(pid)

    def __call__(self) -> float:
        """1.0 is one core in full."""
        return (cpu_seconds(self._pid) - self._before) / max(time.monotonic() - self._began, 0.001)
