"""What an idle worker takes: share of a core, and memory, while nothing changes in the database."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processor_time import CoreShare
from tests.bench.rig import Rig, Running

#: Then so long is measured. The JVM compiles well what has run 15,000 times (Tier4CompileThreshold): at a
#: hundred polls a second that takes minutes.
_SETTLE_SECONDS, _SECONDS = 240, 60


@dataclass(frozen=True)
class Rest:
    """Of one way. Shares are of one core."""

    way: str
    worker_share: float
    stand_in_share: float
    resident_mib: float


def measure(rig: Rig, running: Sequence[Running]) -> list[Rest]:
    """Wait, and see what is used meanwhile, by all of them at once."""
    time.sleep(_SETTLE_SECONDS)
    workers, stand_in = [CoreShare(one.pid) for one in running], CoreShare(rig.database_pid)
    time.sleep(_SECONDS)
    shares = [share() for share in workers]
    each = stand_in() / len(running)
    return [
        Rest(one.way.name, share, each, resident_mib(one.pid))
        for one, share in zip(running, shares, strict=True)
    ]


def resident_mib(pid: int) -> float:
    """Memory of a process that is in RAM now (proc(5), VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no VmRSS")
