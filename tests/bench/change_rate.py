"""Does the stand-in carry a thousand changes a second, and how much of a core does it take?

Run as `python -m tests.bench.change_rate` (`make bench`). A stage is launched on the local world. Inserts of
rows of about 500 bytes are committed at the wanted pace, ten to a transaction, while the connector reads
them. Exit status 1 when the pace is missed, or when a row is missing on the topic or comes twice.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.toolchain import JVM_OPTIONS
from connector.local.world import World
from tests.bench import rows as made_up
from tests.bench.processor_time import CoreShare
from tests.bench.worker_memory import launch, say
from tests.support.consumer import Consumer
from tests.support.project import copy_project
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for

_TABLE = ("WMS", schema.REVISION)
_PER_COMMIT = 10
#: How much slower than wanted the writer may be.
_TOLERANCE = 0.98
_ARRIVE_SECONDS = 120.0


@dataclass
class Pace:
    """What was observed. `share`: of one core, by the database's process."""

    wanted: int
    changes: int = 0
    seconds: float = 0.0
    caught_up_after: float = 0.0
    arrived: int = 0
    again: int = 0
    share: float = 0.0

    @property
    def rate(self) -> float:
        """Changes that were committed in a second."""
        return self.changes / max(self.seconds, 0.001)

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        found = {
            f"{self.rate:.0f} changes a second instead of {self.wanted}": self.rate
            < self.wanted * _TOLERANCE,
            f"{self.changes - self.arrived} of {self.changes} changes are missing": (
                self.arrived != self.changes
            ),
            f"{self.again} changes came more than once": self.again,
            f"the stand-in took {self.share:.2f} cores": self.share >= 1,
        }
        return [words for words, is_so in found.items() if is_so]

    def lines(self) -> list[str]:
        """For people."""
        return [
            (
                f"  committed          {self.changes:,} changes in {self.seconds:.1f} s, {self.rate:,.0f}/s, "
                f"{_PER_COMMIT} to a transaction"
            ),
            f"  all on the topic   {self.caught_up_after:.1f} s after the last commit",
            f"  arrived            {self.arrived:,}, {self.again} more than once",
            f"  stand-in           {self.share:.2f} of a core",
        ]


def measure(wanted: int, seconds: int, directory: Path) -> Pace:
    """Write at the wanted pace for so long, and read what arrives."""
    seen = Pace(wanted)
    with World.up(directory / "world") as world:
        project = copy_project(directory / "project")
        launch(world, project, "foundation")
        launch(world, project, "main")
        under_test = StageUnderTest(world, Stage.parse("main"))
        wait_for(under_test.streams, "the stage streams", 120)
        (topic,) = [t for t in under_test.stage.topics.roles["data"] if t.endswith(".".join(_TABLE))]
        with Consumer(under_test.bootstrap, [topic], from_end=True) as consumer:
            first = sum(consumer.ends().values())
            share = CoreShare(world.status()["database"]["pid"])
            _write(world, seen, seconds)
            committed = time.monotonic()
            wait_for(
                # The end of a topic counts the transactions' markers too.
                lambda: sum(consumer.ends().values()) - first >= seen.changes,
                "all changes are on the topic",
                _ARRIVE_SECONDS,
            )
            _count(consumer, seen)
            seen.caught_up_after, seen.share = time.monotonic() - committed, share()
    return seen


def _write(world: World, seen: Pace, seconds: int) -> None:
    statement = made_up.statement(*_TABLE)
    with world.database.app() as session:
        next_key = int(
            session.value(f'SELECT MAX("{schema.key(_TABLE[1])}") FROM "{_TABLE[0]}"."{_TABLE[1]}"') or 0
        )
        began = time.monotonic()
        while seen.changes < seen.wanted * seconds:
            numbers = range(next_key + seen.changes + 1, next_key + seen.changes + 1 + _PER_COMMIT)
            session.execute_many(statement, made_up.values(_TABLE[1], numbers))
            session.commit()
            seen.changes += _PER_COMMIT
            time.sleep(max(0.0, began + seen.changes / seen.wanted - time.monotonic()))
        seen.seconds = time.monotonic() - began


def _count(consumer: Consumer, seen: Pace) -> None:
    keys: set[bytes] = set()
    last = time.monotonic()
    while len(keys) < seen.changes and time.monotonic() - last < _ARRIVE_SECONDS / 4:
        for record in consumer.poll(500):
            last = time.monotonic()
            seen.again += record.key in keys
            keys.add(record.key)
    seen.arrived = len(keys)


def main() -> int:
    """Prints what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="changes a second (default 1000)")
    parser.add_argument("--seconds", type=int, default=60, help="for how long (default 60)")
    options = parser.parse_args()
    os.environ[JVM_OPTIONS] = ""
    with tempfile.TemporaryDirectory() as directory:
        seen = measure(options.rate, options.seconds, Path(directory))
    say("\n".join(seen.lines()))
    wrong = seen.wrong()
    say("as it must be" if not wrong else f"WRONG: {'; '.join(wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
