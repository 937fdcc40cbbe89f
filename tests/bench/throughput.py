"""Rows a second of the first snapshot and of the catch-up after an outage, and bytes per event on the broker.

The end of a run is when the last transaction is committed: the last moment at which the topics' last stable
offsets moved. Its beginning is the timestamp of the first record, so starting the worker and reading the
dictionary do not count.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from kafka import TopicPartition

from connector.local import schema
from connector.local.database import LocalDatabase
from tests.bench import rows as made_up
from tests.bench.delay import TABLE
from tests.bench.processor_time import CoreShare
from tests.bench.rig import Rig, Running
from tests.bench.ways import Way
from tests.support.consumer import Consumer
from tests.support.waiting import wait_for

#: How often the topics' ends are looked at, in seconds: the error of a run's end.
_LOOK_SECONDS = 0.05
#: Rows of one transaction of the backlog.
_EACH = 100
_SECONDS = 900.0


@dataclass(frozen=True)
class Run:
    """One run of one way. Shares are of one core, between the first record and the last commit."""

    way: str
    what: str
    rows: int
    seconds: float
    #: What the broker keeps for an event, in bytes; with the marks of the transactions.
    event_bytes: float
    worker_share: float
    stand_in_share: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / max(self.seconds, 0.001)


class Progress(threading.Thread):
    """Looks at the ends of topics: when they last moved, and what processes had used by then."""

    def __init__(self, consumer: Consumer, pids: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._consumer, self._pids = consumer, pids
        self._end = threading.Event()
        self._shares: list[CoreShare] = []
        self.ends: Mapping[TopicPartition, int] = consumer.ends()
        #: Seconds since 1970.
        self.moved = 0.0
        self.used: list[float] = []

    def run(self) -> None:
        """Until `stop`."""
        while not self._end.wait(_LOOK_SECONDS):
            ends = self._consumer.ends()
            if ends == self.ends:
                continue
            self._shares = self._shares or [CoreShare(pid) for pid in self._pids]
            self.ends, self.moved = ends, time.time()
            self.used = [share() for share in self._shares]

    def stop(self) -> None:
        """End."""
        self._end.set()
        self.join()


def snapshot(rig: Rig, way: Way, rows: int) -> Run:
    """The first snapshot of all that is in the tables: `rows` rows."""
    with rig.running(way, until_streaming=False) as one:
        return measure(rig, one, "snapshot", rows)


def catch_up(rig: Rig, ways: Sequence[Way], rows: int) -> list[Run]:
    """Each way's worker is stopped, `rows` rows are committed, then one after the other is started again."""
    with ExitStack() as stack:
        stopped = []
        for way in ways:
            one = stack.enter_context(rig.running(way))
            one.until_past_snapshot()
            one.worker.stop()
            stopped.append(one)
        add(rig.world.database, rows)
        found = []
        for one in stopped:
            with Consumer(rig.bootstrap, one.data_topics) as consumer:
                before = consumer.ends()
            one.worker.start()
            found.append(measure(rig, one, "catch-up", rows, before))
            one.worker.stop()
        return found


def add(database: LocalDatabase, rows: int) -> None:
    """Commit so many new rows."""
    statement, key = made_up.statement(*TABLE), schema.key(TABLE[1])
    with database.app() as session:
        first = int(session.value(f'SELECT MAX("{key}") FROM "{TABLE[0]}"."{TABLE[1]}"') or 0) + 1
        for start in range(first, first + rows, _EACH):
            session.execute_many(
                statement, made_up.values(TABLE[1], range(start, min(start + _EACH, first + rows)))
            )
            session.commit()


def measure(
    rig: Rig, one: Running, what: str, rows: int, before: Mapping[TopicPartition, int] | None = None
) -> Run:
    """Wait for so many rows behind these offsets. AssertionError unless just so many come."""
    before = before or {}
    size = rig.bytes_on_disk(one.data_topics)
    with Consumer(rig.bootstrap, one.data_topics) as looker:
        progress = Progress(looker, (one.pid, rig.database_pid))
        progress.start()
        try:
            # The ends count the transactions' marks too, so this is a little before the last row.
            wanted = rows + sum(before.values())
            wait_for(
                lambda: sum(progress.ends.values()) >= wanted, f"{rows} rows of {one.way.name}", _SECONDS
            )
            first = _count(rig, one, rows, before)
        finally:
            progress.stop()
    grown = rig.bytes_on_disk(one.data_topics) - size
    return Run(one.way.name, what, rows, progress.moved - first, grown / rows, *progress.used)


def _count(rig: Rig, one: Running, rows: int, before: Mapping[TopicPartition, int]) -> float:
    """When the first record was made, in seconds since 1970. AssertionError unless there are just so many."""
    count, first = 0, float("inf")
    with Consumer(rig.bootstrap, one.data_topics, max_poll_records=10_000, check_crcs=False) as reader:
        reader.seek(before)
        deadline = time.monotonic() + _SECONDS
        while (records := reader.poll(2000)) or (count < rows and time.monotonic() < deadline):
            count += len(records)
            first = min([first, *(record.timestamp / 1000 for record in records)])
    assert count == rows, f"{one.way.name}: {count} records of {rows} rows"
    return first
