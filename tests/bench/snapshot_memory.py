"""Does each stage's task size carry the initial snapshot of a million rows? Run by `make memory`.

For every distinct size in config/: a local world of its own, the rows, `sceptre launch` of a stage that has
the size, with the container's memory and the task's CPU enforced by the kernel. The worker must not be
killed or replaced, and every row must be on its topic once. Exit status 1 when not.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from psycopg import sql

from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.local import broker, limits, schema
from connector.local.aws import ENFORCE_CPU
from connector.local.fargate import METRICS_PORT
from connector.local.world import World
from tests.support import sizes
from tests.support.consumer import Consumer
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import sceptre
from tests.support.sizes import Size
from tests.support.sockets import connections
from tests.support.stage_under_test import StageUnderTest

ROWS = 1_000_000
#: Without a new row for this long the snapshot is given up.
_TIMEOUT_SECONDS = 300
_MIB = 1 << 20
_DATABASE_PORT = 5432

#: Widths like the real columns': titles up to 255, remarks mostly of a few hundred characters and up to
#: 4000. The text is a hash, which hardly compresses.
_TITLE = "left(md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) || md5((n + 3)::text), 40 + n % 89)"
_REMARKS = (
    "(SELECT string_agg(md5((n * 131 + i)::text), ' ') "
    "FROM generate_series(1, CASE WHEN n % 50 = 0 THEN 121 ELSE 4 + n % 32 END) AS i)"
)
_VALUES: Mapping[str, Mapping[str, str]] = {
    schema.BASE: {
        "PLAN_BASE_WVR_ID": "n",
        "STATE_CD": "'MD'",
        "WVR_NUM": "'MD.' || n || '.R01.00'",
        "WVR_TTL_TXT": _TITLE,
        "WVR_TYPE_CD": "'1915C'",
        "EFCTV_DT": "date '2020-01-01' + n % 2000",
        "EXPRTN_DT": "date '2025-01-01' + n % 2000",
        "ENRLMT_CNT": "n % 100000",
        "FED_SHR_PCT": "50 + n % 25",
    },
    schema.REVISION: {
        "PLAN_WVR_RVSN_ID": "n",
        "PLAN_BASE_WVR_ID": "n",
        "RVSN_NUM": "n % 9",
        "RVSN_STUS_CD": "'APPROVED'",
        "SBMSN_DT": "date '2020-01-01' + n % 2000",
        "APRVL_DT": "date '2020-04-01' + n % 2000",
        "RMRKS_TXT": _REMARKS,
    },
}


@dataclass
class Seen:
    """What was observed of one snapshot."""

    stage: str
    size: Size
    rows: int
    enforced: bool = False
    row_bytes: int = 0
    tasks: set[tuple[str, int]] = field(default_factory=set)
    resident: int = 0
    charged: int = 0
    killed: bool = False
    connections: Counter[int] = field(default_factory=Counter)
    heap: float = 0
    committed: float = 0
    gc_seconds: float = 0
    seconds: float = 0
    distinct: int = 0
    again: int = 0
    other: int = 0
    stopped: Sequence[str] = ()
    running: bool = False

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        limit = self.size.container_memory * _MIB
        found = {
            f"the worker was killed or replaced: {', '.join(self.stopped) or len(self.tasks)}": (
                self.killed or len(self.tasks) != 1 or self.stopped
            ),
            "connector and task do not run": not self.running,
            f"{self.rows - self.distinct} of {self.rows} rows are missing": self.distinct != self.rows,
            f"{self.again} rows came more than once": self.again,
            f"{self.other} records are not of a snapshot": self.other,
            f"peak {self.resident / _MIB:.0f} MiB is more than the limit": self.resident > limit,
        }
        return [words for words, is_so in found.items() if is_so]


class Sampler(threading.Thread):
    """Looks at the worker once a second: which one it is, and the most memory that it ever had."""

    def __init__(self, under_test: StageUnderTest, seen: Seen) -> None:
        super().__init__(daemon=True)
        self._under_test, self._seen = under_test, seen
        self._end = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._end.wait(1):
            self.sample()

    def stop(self) -> None:
        """End, with a last look."""
        self._end.set()
        self.join()
        self.sample()

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
            seen.heap = max(seen.heap, page.get('jvm_memory_used_bytes{area="heap"}', 0))
            seen.committed = max(seen.committed, page.get('jvm_memory_committed_bytes{area="heap"}', 0))
            seen.gc_seconds = sum(
                value for name, value in page.items() if name.startswith("jvm_gc_collection_seconds_sum")
            )


def prove(stage: Stage, size: Size, rows: int, directory: Path) -> Seen:
    """One snapshot in one size."""
    seen = Seen(stage.name, size, rows)
    project = set_settings(copy_project(directory / "project"), stage.name, **asdict(size))
    with World.up(directory / "world") as world:
        seen.row_bytes = _seed(world, rows)
        _say(f"{rows:,} rows are there, {seen.row_bytes} bytes each")
        _launch(world, project, "foundation")
        under_test = StageUnderTest(world, stage)
        sampler = Sampler(under_test, seen)
        sampler.start()
        _launch(world, project, stage.name)
        _say(f"stage {stage.name} is launched; the snapshot runs")
        try:
            _read(under_test, seen)
        finally:
            sampler.stop()
            seen.stopped = _stopped(under_test)
        seen.running = under_test.states() == ("RUNNING", "RUNNING")
    return seen


def _seed(world: World, rows: int) -> int:
    """A quarter of the rows into each table; answers the bytes of one on average."""
    with world.database.app() as connection:
        for name, table in schema.TABLES:
            values = _VALUES[table]
            connection.execute(
                sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) AS n").format(
                    sql.Identifier(name, table),
                    sql.SQL(", ").join(map(sql.Identifier, values)),
                    sql.SQL(", ").join(map(sql.SQL, values.values())),
                    sql.Literal(rows // len(schema.TABLES)),
                )
            )
    with world.database.admin() as connection:
        size = sum(
            int((connection.execute("SELECT pg_table_size(%s)", [f'"{s}"."{t}"']).fetchone() or [0])[0])
            for s, t in schema.TABLES
        )
    return size // rows


def _launch(world: World, project: Path, group: str) -> None:
    run = sceptre(world.env(), "launch", group, "--yes", project=project, seconds=1200)
    if run.status:
        sys.exit(f"sceptre launch {group} failed:\n{run.output[-3000:]}")


def _read(under_test: StageUnderTest, seen: Seen) -> None:
    """Wait until the topics have grown to the wanted number of records; only then read and count them."""
    with Consumer(
        under_test.bootstrap,
        under_test.stage.topics.roles["data"],
        fetch_max_bytes=64 * _MIB,
        max_partition_fetch_bytes=16 * _MIB,
        max_poll_records=5000,
    ) as consumer:
        _grown(consumer, seen.rows)
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


def _stopped(under_test: StageUnderTest) -> list[str]:
    """Words of each task that has ended."""
    tasks = under_test.service.tasks("STOPPED")
    return [f"{t['stoppedReason']} ({c.get('exitCode')})" for t in tasks for c in t["containers"]]


def _metrics(address: str) -> Mapping[str, float]:
    lines = [line.rpartition(" ") for line in _get(f"http://{address}:{METRICS_PORT}/metrics").splitlines()]
    return {name: float(value) for name, _, value in lines if not name.startswith("#") and value}


def _get(url: str) -> str:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http, ours
        return str(answer.read().decode())
    return ""


def main() -> int:
    """All sizes; prints a row for each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows in all (default {ROWS:,})")
    parser.add_argument("--stage", choices=NAMED_STAGES, help="this stage's size only")
    parser.add_argument("--memory", type=int, help="container_memory in MiB instead of what config/ says")
    parser.add_argument("--any-cpu", action="store_true", help="do not enforce the task's CPU")
    options = parser.parse_args()
    os.environ[ENFORCE_CPU] = "" if options.any_cpu else "1"
    if reason := limits.why_not():
        _say(f"memory is {reason}; the worker's peak (VmHWM) is compared with the limit instead")
    failed = False
    rows = options.rows - options.rows % len(schema.TABLES)
    for size, groups in sizes.distinct().items():
        if options.stage and options.stage not in groups:
            continue
        name = options.stage or next(group for group in groups if group in NAMED_STAGES)
        tried = replace(size, container_memory=options.memory or size.container_memory)
        _say(f"==> {', '.join(groups)}: {tried}")
        with tempfile.TemporaryDirectory() as directory:
            seen = prove(Stage.parse(name), tried, rows, Path(directory))
        wrong = seen.wrong()
        failed = failed or bool(wrong)
        _say(_row(groups, seen))
        _say("as it must be" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return int(failed)


def _row(groups: Sequence[str], seen: Seen) -> str:
    limit = seen.size.container_memory
    brokers, sources = seen.connections[broker.PORT], seen.connections[_DATABASE_PORT]
    pace = seen.distinct / max(seen.seconds, 0.001)
    how = "enforced" if seen.enforced else "compared"
    return "\n".join(
        (
            f"  stages             {', '.join(groups)}",
            f"  memory             {limit} MiB, {how}; CPU {seen.size.task_cpu / 1024:g} vCPU",
            f"  peak resident      {seen.resident / _MIB:.0f} MiB, {seen.resident / _MIB / limit:.0%}",
            f"  peak of the group  {seen.charged / _MIB:.0f} MiB (file cache included)",
            f"  heap, each second  {seen.heap / _MIB:.0f} MiB in use, {seen.committed / _MIB:.0f} MiB taken",
            f"  garbage collection {seen.gc_seconds:.1f} s",
            f"  rows               {seen.distinct:,} of {seen.rows:,}, {seen.row_bytes} bytes each",
            f"  first to last row  {seen.seconds:.0f} s, {pace:,.0f} rows/s",
            f"  connections        {brokers} to the broker, {sources} to the database, at most",
            f"  workers            {len(seen.tasks)}, stopped {len(seen.stopped)}",
        )
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
