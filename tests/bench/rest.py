"""What an idle worker takes: share of a core, and memory, while nothing changes in the database."""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processor_time import CoreShare
from tests.bench.rig import Rig, Running

#: The compiler is at work for some time after the start; then so long is measured.
_SETTLE_SECONDS, _SECONDS = 30, 60


@dataclass(frozen=True)
class Rest:
    """Of one way. Shares are of one core."""

    way: str
    worker_share: float
    stand_in_share: float
    resident_mib: float


def measure(rig: Rig, one: Running) -> Rest:
    """Wait, and see what is used meanwhile."""
    time.sleep(_SETTLE_SECONDS)
    worker, stand_in = CoreShare(one.pid), CoreShare(rig.database_pid)
    time.sleep(_SECONDS)
    return Rest(one.way.name, worker(), stand_in(), resident_mib(one.pid))


def resident_mib(pid: int) -> float:
    """Memory of a process that is in RAM now (proc(5), VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no VmRSS")
