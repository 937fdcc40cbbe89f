"""Does each stage's task size carry the initial snapshot of a million rows? Run by `make memory`.

For every distinct size in config/: a local world of its own, the rows, `sceptre launch` of a stage that has
the size, with the container's memory and the task's CPU enforced by the kernel. The worker must not be
killed or replaced, and every row must be on its topic once. Exit status 1 when not.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.local import limits, schema
from connector.local.aws import ENFORCE_CPU
from connector.local.oracle.process import PORT as DATABASE_PORT
from connector.local.toolchain import JVM_OPTIONS
from connector.local.world import World
from tests.bench import rows as made_up
from tests.bench.processor_time import CoreShare
from tests.bench.worker_memory import MIB, Sampler, Worker, launch, say
from tests.support import sizes
from tests.support.consumer import Consumer
from tests.support.project import copy_project, set_settings
from tests.support.sizes import Size
from tests.support.stage_under_test import StageUnderTest

ROWS = 1_000_000
#: Without a new row for this long the snapshot is given up.
_TIMEOUT_SECONDS = 300


@dataclass
class Seen(Worker):
    """What was observed of one snapshot."""

    rows: int = 0
    row_bytes: int = 0
    seconds: float = 0
    distinct: int = 0
    again: int = 0
    other: int = 0
    running: bool = False
    #: Of one core, by the database's process, from the launch until all rows were on the topics.
    database_share: float = 0

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        limit = self.size.container_memory * MIB
        found = {
            f"the worker was killed or replaced: {', '.join(self.stopped) or len(self.tasks)}": (
                self.killed or len(self.tasks) != 1 or self.stopped
            ),
            "connector and task do not run": not self.running,
            f"{self.rows - self.distinct} of {self.rows} rows are missing": self.distinct != self.rows,
            f"{self.again} rows came more than once": self.again,
            f"{self.other} records are not of a snapshot": self.other,
            f"the stand-in took {self.database_share:.2f} cores": self.database_share >= 1,
            f"peak {self.resident / MIB:.0f} MiB is more than the limit": self.resident > limit,
        }
        return [words for words, is_so in found.items() if is_so]


def prove(stage: Stage, size: Size, rows: int, directory: Path) -> Seen:
    """One snapshot in one size."""
    seen = Seen(stage.name, size, rows=rows)
    project = set_settings(copy_project(directory / "project"), stage.name, **asdict(size))
    with World.up(directory / "world") as world:
        began = time.monotonic()
        seen.row_bytes = made_up.insert(world.database, schema.TABLES, rows)
        say(f"{rows:,} rows are there, {seen.row_bytes} bytes each, after {time.monotonic() - began:.0f} s")
        launch(world, project, "foundation")
        under_test = StageUnderTest(world, stage)
        sampler = Sampler(under_test, seen)
        sampler.start()
        share = CoreShare(world.status()["database"]["pid"])
        launch(world, project, stage.name)
        say(f"stage {stage.name} is launched; the snapshot runs")
        try:
            _read(under_test, seen, share)
        finally:
            sampler.stop()
        seen.running = under_test.states() == ("RUNNING", "RUNNING")
    return seen


def _read(under_test: StageUnderTest, seen: Seen, share: CoreShare) -> None:
    """Wait until the topics have grown to the wanted number of records; only then read and count them."""
    with Consumer(
        under_test.bootstrap,
        under_test.stage.topics.roles["data"],
        fetch_max_bytes=64 * MIB,
        max_partition_fetch_bytes=16 * MIB,
        max_poll_records=5000,
    ) as consumer:
        _grown(consumer, seen.rows)
        seen.database_share = share()
        _count(consumer, seen)


def _grown(consumer: Consumer, rows: int) -> None:
    before, since = -1, time.monotonic()
    while (now := sum(consumer.ends().values())) < rows:
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > _TIMEOUT_SECONDS:
            return
        time.sleep(2)


def _count(consumer: Consumer, seen: Seen) -> None:
    keys: set[tuple[str, bytes]] = set()
    first, newest = sys.maxsize, 0
    last = time.monotonic()
    while len(keys) < seen.rows and time.monotonic() - last < _TIMEOUT_SECONDS / 5:
        for record in consumer.poll(1000):
            last = time.monotonic()
            identity = (record.topic, bytes(record.key))
            seen.again += identity in keys
            keys.add(identity)
            seen.other += b'"op":"r"' not in record.value
            first, newest = min(first, record.timestamp), max(newest, record.timestamp)
    seen.distinct = len(keys)
    seen.seconds = max(0, newest - first) / 1000


def main() -> int:
    """All sizes; prints a row for each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows in all (default {ROWS:,})")
    parser.add_argument("--stage", choices=NAMED_STAGES, help="this stage's size only")
    parser.add_argument("--memory", type=int, help="container_memory in MiB instead of the task's")
    parser.add_argument("--any-cpu", action="store_true", help="do not enforce the task's CPU")
    options = parser.parse_args()
    os.environ[ENFORCE_CPU] = "" if options.any_cpu else "1"
    os.environ[JVM_OPTIONS] = ""
    if reason := limits.why_not():
        say(f"memory is {reason}; the worker's peak (VmHWM) is compared with the limit instead")
    failed = False
    rows = options.rows - options.rows % len(schema.TABLES)
    for size, groups in sizes.distinct().items():
        if options.stage and options.stage not in groups:
            continue
        name = options.stage or next(group for group in groups if group in NAMED_STAGES)
        tried = replace(size, container_memory=options.memory or size.container_memory)
        say(f"==> {', '.join(groups)}: {tried}")
        with tempfile.TemporaryDirectory() as directory:
            seen = prove(Stage.parse(name), tried, rows, Path(directory))
        wrong = seen.wrong()
        failed = failed or bool(wrong)
        say(_row(groups, seen))
        say("as it must be" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return int(failed)


def _row(groups: Sequence[str], seen: Seen) -> str:
    brokers, sources = seen.connections[KafkaAuth.SCRAM.port], seen.connections[DATABASE_PORT]
    pace = seen.distinct / max(seen.seconds, 0.001)
    return "\n".join(
        (
            f"  stages             {', '.join(groups)}",
            *seen.lines(),
            f"  rows               {seen.distinct:,} of {seen.rows:,}, {seen.row_bytes} bytes each",
            f"  first to last row  {seen.seconds:.0f} s, {pace:,.0f} rows/s",
            f"  stand-in           {seen.database_share:.2f} of a core, from the launch to the last row",
            f"  connections        {brokers} to the broker, {sources} to the database, at most",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
