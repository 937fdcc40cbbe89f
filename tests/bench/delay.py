"""How long after its commit a change reaches a consumer: p50, p95 and p99, in milliseconds.

Rows are committed at an even pace; a consumer in a process of its own, with `read_committed`, notes when it
has each. The delay has two parts, told apart by the time at which the connector made the record (`ts_ms` of
the message). Before it lies the connector's own loop: Debezium 3.6 sleeps one second between two looks at the
log (AbstractLogMinerStreamingChangeEventSource.pauseBetweenMiningSessions of v3.6.1.Final). Behind it lie
queue, transaction, broker and consumer.
"""

import json
import multiprocessing
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self

from connector.domain.capture.envelope import payload
from connector.local import schema
from connector.local.database import LocalDatabase
from tests.bench import rows as made_up
from tests.bench.processor_time import CoreShare
from tests.bench.rig import Rig, Running
from tests.support.consumer import Consumer

RATES = (10, 200, 1000)
#: Rows that are measured at each rate, at least; and the seconds of the shortest run.
_ROWS, _SHORTEST = 900, 30
#: Commits a second at most: at 1,000 rows a second ten rows share one.
_COMMITS = 100
TABLE = ("WMS", schema.REVISION)
_ARRIVE_SECONDS = 60.0
_QUANTILES = (50, 95, 99)
_WARM_SECONDS = 20


@dataclass(frozen=True)
class Percentiles:
    """In milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Percentiles":
        """Of seconds."""
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        return cls(*(cuts[quantile - 1] * 1000 for quantile in _QUANTILES))


@dataclass(frozen=True)
class Delay:
    """What was measured of one way at one rate. Shares are of one core, while rows were written."""

    way: str
    rate: int
    rows: int
    achieved: float
    whole: Percentiles
    loop: Percentiles | None
    rest: Percentiles | None
    worker_share: float
    stand_in_share: float


@dataclass(frozen=True)
class Seen:
    """A record as the consumer had it: when, and when the connector made it; both in seconds since 1970."""

    at: float
    made: float | None


def warm_up(rig: Rig, one: Running) -> None:
    """Let the worker's JVM compile what it will use: rows whose delay does not count."""
    measure(rig, one, RATES[-1], _WARM_SECONDS)


def measure(rig: Rig, one: Running, rate: int, seconds: int | None = None) -> Delay:
    """Write at this rate, and read what arrives. AssertionError if a row is missing or comes twice."""
    topics = [topic for topic in one.data_topics if topic.endswith(".".join(TABLE))]
    return measure_topics(rig, one.way.name, topics, pid=one.pid, rate=rate, seconds=seconds)


def measure_topics(
    rig: Rig, way: str, topics: Sequence[str], *, pid: int, rate: int, seconds: int | None = None
) -> Delay:
    """The same of any process `pid` that brings the rows to topics."""
    with Watching(rig.bootstrap, topics) as watch:
        worker, stand_in = CoreShare(pid), CoreShare(rig.database_pid)
        committed, took = write(rig.world.database, rate, seconds or max(_SHORTEST, _ROWS // rate))
        shares = worker(), stand_in()
        seen = watch.until(committed)
    missing = committed.keys() - seen.keys()
    assert not missing, f"{way}: {len(missing)} rows are missing"
    return summary((way, rate, len(committed) / took), shares, committed, seen)


def summary(
    run: tuple[str, int, float],
    shares: tuple[float, float],
    committed: Mapping[int, float],
    seen: Mapping[int, Seen],
) -> Delay:
    """The percentiles of both parts. A message without a time of its own (the poller's) has no parts.

    `run`: the way, the rate that was wanted and the one that was reached, in rows a second.
    """
    way, rate, achieved = run
    whole = [seen[key].at - at for key, at in committed.items()]
    parts = [(made - committed[key], found.at - made) for key, found in seen.items() if (made := found.made)]
    loop, rest = ([part[index] for part in parts] for index in (0, 1))
    return Delay(
        way,
        rate,
        len(committed),
        achieved,
        Percentiles.of(whole),
        Percentiles.of(loop) if parts else None,
        Percentiles.of(rest) if parts else None,
        *shares,
    )


def write(database: LocalDatabase, rate: int, seconds: int) -> tuple[dict[int, float], float]:
    """Key -> time of its commit, for rows at an even pace; and how many seconds that took."""
    each = max(1, rate // _COMMITS)
    statement = made_up.statement(*TABLE)
    key = schema.key(TABLE[1])
    committed: dict[int, float] = {}
    with database.app() as session:
        first = int(session.value(f'SELECT MAX("{key}") FROM "{TABLE[0]}"."{TABLE[1]}"') or 0) + 1
        batches = [
            (range(start, start + each), list(made_up.values(TABLE[1], range(start, start + each))))
            for start in range(first, first + rate * seconds, each)
        ]
        began = time.monotonic()
        for numbers, rows in batches:
            time.sleep(max(0.0, began + len(committed) / rate - time.monotonic()))
            session.execute_many(statement, rows)
            session.commit()
            now = time.time()
            committed.update(dict.fromkeys(numbers, now))
        return committed, time.monotonic() - began


class Watching:
    """A consumer in another process, at the end of some topics. `until` answers key -> what was seen."""

    def __init__(self, bootstrap: str, topics: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_consume, args=(bootstrap, list(topics), theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        assert self._ours.recv() == "ready"
        return self

    def until(self, keys: Collection[int]) -> dict[int, Seen]:
        """Those of these rows that came in time. AssertionError when one comes twice."""
        self._ours.send(set(keys))
        assert self._ours.poll(_ARRIVE_SECONDS * 2), "the consumer does not answer"
        seen, again = self._ours.recv()
        assert not again, f"{again} rows came more than once"
        return {key: seen[key] for key in keys if key in seen}

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _consume(bootstrap: str, topics: list[str], to_parent: Connection) -> None:
    """Keep what comes and when; read it afterwards, for reading would take the time that is measured."""
    arrived: list[tuple[float, list[Any]]] = []
    missing: set[int] = set()
    seen: dict[int, Seen] = {}
    again, deadline = 0, float("inf")
    # Checksums of batches are computed in Python here: a quarter of a millisecond for each KB, which no other
    # client needs.
    with Consumer(bootstrap, topics, from_end=True, check_crcs=False) as consumer:
        to_parent.send("ready")
        while deadline == float("inf") or (missing and time.monotonic() < deadline):
            if records := consumer.poll(200):
                arrived.append((time.time(), records))
            if to_parent.poll():
                missing, deadline = to_parent.recv(), time.monotonic() + _ARRIVE_SECONDS
            while arrived and missing:
                at, records = arrived.pop(0)
                for record in records:
                    key = _key(record.key)
                    again += key in seen
                    seen[key] = Seen(at, _made(record.value))
                    missing.discard(key)
        to_parent.send((seen, again))
        to_parent.recv()


def _key(text: bytes) -> int:
    return int(payload(json.loads(text))[schema.key(TABLE[1])])


def _made(text: bytes) -> float | None:
    """`ts_ms` of a message is a whole number of milliseconds; on average half of one is lost."""
    made = payload(json.loads(text)).get("ts_ms")
    return None if made is None else (made + 0.5) / 1000
