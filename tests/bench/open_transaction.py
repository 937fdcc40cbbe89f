"""How many changes of one open transaction does each stage's task size carry? Run by `make memory`.

LogMiner gives changes as they are made. Debezium keeps those of a transaction on the heap until its commit.
For every distinct size in config/: a local world of its own, a launched stage of the size with its memory
enforced by the kernel, and one transaction of a million changes. Measured is the heap for each change that
the connector holds, and what becomes of the worker: it must hold the whole transaction, and bring each change
once after the commit. Exit status 1 when not.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from connector.domain.health.metrics import METRICS
from connector.domain.health.observation import Source
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.local import limits, schema
from connector.local.aws import ENFORCE_CPU
from connector.local.oracle.client import Client
from connector.local.toolchain import JVM_OPTIONS
from connector.local.world import World
from tests.bench import rows as made_up
from tests.bench.worker_memory import MIB, Sampler, Worker, launch, say
from tests.support import sizes
from tests.support.consumer import Consumer
from tests.support.project import copy_project, set_settings
from tests.support.sizes import Size
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for

CHANGES = 1_000_000
#: The wider of the two tables.
_TABLE = ("WMS", schema.REVISION)
#: How many changes are written between two looks.
_STEP = 20_000
#: Without a change more for this long the connector is taken to hold all it can.
_STANDSTILL_SECONDS = 120.0
#: Of the streaming MBean: the changes that it has seen.
_SEEN = "debezium_metrics_totalcaptureddmlcount"
_HEAP = 'jvm_memory_used_bytes{area="heap"}'
_HEAP_LIMIT = 'jvm_memory_max_bytes{area="heap"}'
_OLD = 'jvm_memory_pool_used_bytes{pool="G1 Old Gen"}'
_SURVIVORS = 'jvm_memory_pool_used_bytes{pool="G1 Survivor Space"}'
#: From these percentages on the health check tells of the transaction, and the alarm of the heap goes off.
ALARMED, HEAP_ALARMED = (
    next(m.alarm.threshold for m in METRICS if m.name == name and m.alarm)
    for name in ("TransactionBufferPercent", "HeapAfterCollectionPercent")
)


@dataclass
class Held(Worker):
    """What was observed of one transaction."""

    changes: int = 0
    remarks_size: int = 0
    #: The most changes that a worker held while it lived, and the heap in use before the first one.
    held: int = 0
    heap_before: float = 0
    heap_limit: float = 0
    heap_held: float = 0
    seconds: float = 0
    arrived: int = 0
    again: int = 0
    #: The most that the product said of the transaction while the worker lived.
    percent: float = 0
    #: What the product said of the heap after the last collection: before the first change, and at most.
    heap_idle: float = 0
    heap_most: float = 0

    @property
    def each(self) -> float:
        """Bytes of the heap for one change: garbage that was not collected is in it."""
        return max(0.0, self.heap_held - self.heap_before) / max(1, self.held)

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        found = {
            f"the worker ended without a word before: the product's figure was {self.percent:.0f} %": (
                self.stopped and self.percent < ALARMED
            ),
            f"the worker ended, and of the heap the product had said {self.heap_most:.0f} %": (
                self.stopped and self.heap_most < HEAP_ALARMED
            ),
            f"an idle worker's heap is at {self.heap_idle:.0f} %": self.heap_idle > HEAP_ALARMED / 2,
            f"the worker ended: {', '.join(self.stopped)}": self.stopped or len(self.tasks) != 1,
            f"{self.changes - self.arrived} of {self.changes} changes are missing": (
                self.arrived != self.changes
            ),
            f"{self.again} changes came more than once": self.again,
        }
        return [words for words, is_so in found.items() if is_so]


def prove(stage: Stage, size: Size, changes: int, directory: Path, remarks_size: int = 0) -> Held:
    """One transaction in one size."""
    seen = Held(stage.name, size, changes=changes, remarks_size=remarks_size)
    project = set_settings(copy_project(directory / "project"), stage.name, **asdict(size))
    with World.up(directory / "world") as world:
        launch(world, project, "foundation")
        launch(world, project, stage.name)
        under_test = StageUnderTest(world, stage)
        wait_for(under_test.streams, "the stage streams", 120)
        sampler = Sampler(under_test, seen)
        sampler.sample()
        seen.heap_before, seen.heap_limit = sampler.page[_HEAP], sampler.page.get(_HEAP_LIMIT, 0)
        seen.heap_idle = _source(sampler.page).heap_percent or 0
        sampler.start()
        began = time.monotonic()
        try:
            with world.database.app() as session:
                _write(session, sampler, seen)
                _wait_until_held(sampler, seen)
            seen.seconds = time.monotonic() - began
            say(f"{seen.held:,} of {changes:,} changes were held; committed after {seen.seconds:.0f} s")
            _count(under_test, sampler, seen)
        finally:
            sampler.stop()
    return seen


def _write(session: Client, sampler: Sampler, seen: Held) -> None:
    """All changes, in one transaction."""
    statement = made_up.statement(*_TABLE)
    for first in range(1, seen.changes + 1, _STEP):
        numbers = range(first, min(first + _STEP, seen.changes + 1))
        session.execute_many(statement, made_up.values(_TABLE[1], numbers, remarks_size=seen.remarks_size))
        _note(sampler, seen)


def _note(sampler: Sampler, seen: Held) -> int:
    """How many changes the worker of the newest look holds."""
    page = sampler.page
    held = int(sum(value for name, value in page.items() if name.startswith(_SEEN)))
    source = _source(page, held)
    seen.percent = max(seen.percent, source.buffer_percent or 0)
    seen.heap_most = max(seen.heap_most, source.heap_percent or 0)
    if held > seen.held:
        seen.held, seen.heap_held = held, sampler.page.get(_HEAP, 0)
    return held


def _source(page: Mapping[str, float], held: int = 0) -> Source:
    """The product's reading of a page."""
    return Source(
        buffered_changes=held,
        heap_limit=page.get(_HEAP_LIMIT),
        old_generation=page.get(_OLD),
        survivors=page.get(_SURVIVORS),
    )


def _wait_until_held(sampler: Sampler, seen: Held) -> None:
    """Until the connector holds all changes, or no more than before for a while, or its worker has ended."""
    since = time.monotonic()
    while seen.held < seen.changes and time.monotonic() - since < _STANDSTILL_SECONDS:
        before = seen.held
        time.sleep(2)
        _note(sampler, seen)
        if seen.held > before:
            since = time.monotonic()
        if sampler.stopped():
            return


@contextmanager
def _consumer(under_test: StageUnderTest) -> Iterator[Consumer]:
    (topic,) = [t for t in under_test.stage.topics.roles["data"] if t.endswith(".".join(_TABLE))]
    with Consumer(
        under_test.bootstrap,
        [topic],
        fetch_max_bytes=64 * MIB,
        max_partition_fetch_bytes=16 * MIB,
        max_poll_records=5000,
    ) as consumer:
        yield consumer


def _count(under_test: StageUnderTest, sampler: Sampler, seen: Held) -> None:
    """What arrives after the commit; a worker that has ended once by then is not waited for."""
    keys: set[bytes] = set()
    with _consumer(under_test) as consumer:
        last = time.monotonic()
        while len(keys) < seen.changes and time.monotonic() - last < _STANDSTILL_SECONDS:
            for record in consumer.poll(1000):
                last = time.monotonic()
                seen.again += bytes(record.key) in keys
                keys.add(bytes(record.key))
            if not keys and sampler.stopped():
                break
    seen.arrived = len(keys)


def main() -> int:
    """All sizes; prints what was seen of each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES, help=f"changes (default {CHANGES:,})")
    parser.add_argument("--stage", choices=NAMED_STAGES, help="this stage's size only")
    parser.add_argument("--memory", type=int, help="container_memory in MiB instead of the task's")
    parser.add_argument("--remarks", type=int, default=0, help="characters of each row's remark, all alike")
    options = parser.parse_args()
    os.environ[ENFORCE_CPU] = ""
    os.environ[JVM_OPTIONS] = ""
    if reason := limits.why_not():
        say(f"memory is {reason}")
    failed = False
    for size, groups in sizes.distinct().items():
        if options.stage and options.stage not in groups:
            continue
        name = options.stage or next(group for group in groups if group in NAMED_STAGES)
        tried = replace(size, container_memory=options.memory or size.container_memory)
        say(f"==> {', '.join(groups)}: {tried}")
        with tempfile.TemporaryDirectory() as directory:
            seen = prove(Stage.parse(name), tried, options.changes, Path(directory), options.remarks)
        wrong = seen.wrong()
        failed = failed or bool(wrong)
        say(_lines(groups, seen))
        say("as it must be" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return int(failed)


def _lines(groups: Sequence[str], seen: Held) -> str:
    room = (seen.heap_limit - seen.heap_before) / max(seen.each, 1)
    after = f"{seen.heap_idle:.0f} % idle, {seen.heap_most:.0f} % at most"
    return "\n".join(
        (
            f"  stages             {', '.join(groups)}",
            *seen.lines(),
            f"  heap               {seen.heap_limit / MIB:.0f} MiB, {seen.heap_before / MIB:.0f} before",
            f"  held               {seen.held:,} of {seen.changes:,} changes, {seen.each:,.0f} bytes each",
            f"  the product's word {seen.percent:.0f} % of the heap, at most; told from {ALARMED} % on",
            f"  after collections  {after}; the heap's alarm goes off from {HEAP_ALARMED} % on",
            f"  so the heap ends   at about {room:,.0f} changes",
            f"  arrived            {seen.arrived:,} changes, {seen.again} more than once",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
