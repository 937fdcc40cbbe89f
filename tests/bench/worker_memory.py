"""What a worker in a container of a stage's size needs, watched once a second while something happens."""

import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from connector.local import limits
from connector.local.fargate import METRICS_PORT
from connector.local.world import World
from tests.support.sceptre_cli import sceptre
from tests.support.sizes import Size
from tests.support.sockets import connections
from tests.support.stage_under_test import StageUnderTest

MIB = 1 << 20


@dataclass
class Worker:
    """What was observed of the workers of a stage; memory in bytes."""

    stage: str
    size: Size
    enforced: bool = False
    tasks: set[tuple[str, int]] = field(default_factory=set)
    resident: int = 0
    charged: int = 0
    killed: bool = False
    connections: Counter[int] = field(default_factory=Counter)
    heap: float = 0
    committed: float = 0
    gc_seconds: float = 0
    stopped: Sequence[str] = ()

    def lines(self) -> list[str]:
        """For people."""
        limit = self.size.container_memory
        how = "enforced" if self.enforced else "compared"
        return [
            f"  memory             {limit} MiB, {how}; CPU {self.size.task_cpu / 1024:g} vCPU",
            f"  peak resident      {self.resident / MIB:.0f} MiB, {self.resident / MIB / limit:.0%}",
            f"  peak of the group  {self.charged / MIB:.0f} MiB (file cache included)",
            f"  heap, each second  {self.heap / MIB:.0f} MiB in use, {self.committed / MIB:.0f} MiB taken",
            f"  garbage collection {self.gc_seconds:.1f} s",
            f"  workers            {len(self.tasks)}, stopped {len(self.stopped)}",
        ]


class Sampler(threading.Thread):
    """Looks at the worker once a second: which one it is, and the most memory that it ever had."""

    def __init__(self, under_test: StageUnderTest, seen: Worker) -> None:
        super().__init__(daemon=True)
        self._under_test, self._seen = under_test, seen
        self._end = threading.Event()
        #: The newest page of metrics of a worker that answered.
        self.page: Mapping[str, float] = {}

    def run(self) -> None:
        """Until `stop`."""
        while not self._end.wait(1):
            self.sample()

    def stop(self) -> None:
        """End, with a last look."""
        self._end.set()
        self.join()
        self.sample()
        self._seen.stopped = self.stopped()

    def stopped(self) -> list[str]:
        """Words of each task that has ended."""
        tasks = self._under_test.service.tasks("STOPPED")
        return [f"{t['stoppedReason']} ({c.get('exitCode')})" for t in tasks for c in t["containers"]]

    def sample(self) -> None:
        """One look. Memory but for the heap is a high-water mark of the kernel's."""
        seen = self._seen
        for task in self._under_test.world.status()["tasks"]:
            seen.tasks.add((task["task"], task["pid"]))
            seen.resident = max(seen.resident, limits.resident_peak(task["pid"]) or 0)
            # A counter's | keeps the larger of both counts.
            seen.connections |= connections(task["pid"])
            group = limits.of(task["task"])
            if group is not None:
                seen.enforced = True
                seen.charged = max(seen.charged, group.peak() or 0)
                seen.killed = seen.killed or group.killed()
        for worker in self._under_test.service.workers():
            page = _metrics(worker.address)
            if not page:
                continue
            self.page = page
            seen.heap = max(seen.heap, page.get('jvm_memory_used_bytes{area="heap"}', 0))
            seen.committed = max(seen.committed, page.get('jvm_memory_committed_bytes{area="heap"}', 0))
            seen.gc_seconds = sum(
                value for name, value in page.items() if name.startswith("jvm_gc_collection_seconds_sum")
            )


def launch(world: World, project: Path, group: str) -> None:
    """`sceptre launch`; ends the program if it fails."""
    run = sceptre(world.env(), "launch", group, "--yes", project=project, seconds=1200)
    if run.status:
        sys.exit(f"sceptre launch {group} failed:\n{run.output[-3000:]}")


def say(line: str) -> None:
    """To whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _metrics(address: str) -> Mapping[str, float]:
    lines = [line.rpartition(" ") for line in _get(f"http://{address}:{METRICS_PORT}/metrics").splitlines()]
    return {name: float(value) for name, _, value in lines if not name.startswith("#") and value}


def _get(url: str) -> str:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http, ours
        return str(answer.read().decode())
    return ""
