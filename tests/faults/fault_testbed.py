"""A launched stage whose worker reaches the database through a proxy, and faults on it under load."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from connector.domain.health.state import STATE_KEY
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES
from connector.local.state import ROOT
from connector.local.world import World
from tests.faults.compare import Comparison, compare
from tests.faults.load import Load
from tests.faults.proxy import Proxy
from tests.faults.reader import Reader
from tests.faults.report import Row
from tests.support.project import copy_project
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest
from tests.support.waiting import wait_for

#: What differs from the stock project: nobody waits ten minutes for the health check to help.
SETTINGS = {"health_schedule_minutes": 1}
#: A stage that is launched and goes again within one fault.
SNAPSHOT = "snapshot"
#: Each load has keys of its own.
_KEYS = 1_000_000
_FIRST = count(1)


def next_keys() -> int:
    """The first of a million keys that nobody else uses."""
    return next(_FIRST) * _KEYS


#: How long the stream may need to come to rest after a fault, and one step of a fault, in seconds.
TIMEOUT_SECONDS, STEP_SECONDS = 240.0, 120.0


@dataclass
class FaultTestbed:
    """Everything that a fault needs."""

    world: World
    project: Path
    proxy: Proxy
    stage: Stage = MAIN
    under_test: StageUnderTest = field(init=False)
    #: How long a standby took to take over, in seconds, once that was measured.
    takeover: float | None = None

    def __post_init__(self) -> None:
        self.under_test = StageUnderTest(self.world, self.stage)

    @property
    def topics(self) -> Mapping[tuple[str, str], str]:
        """The topic of each captured table."""
        return dict(zip(CAPTURED_TABLES, self.stage.topics.roles["data"], strict=True))

    def launch(self, group: str) -> Run:
        """`sceptre launch` as a person types it."""
        return sceptre(self.world.env(), "launch", group, "--yes", project=self.project)

    def delete(self, group: str) -> Run:
        """`sceptre delete` as a person types it."""
        return sceptre(self.world.env(), "delete", group, "--yes", project=self.project)

    def configure(self, **settings: Any) -> None:
        """Give the stage's directory these settings, and those of the scene, and no others."""
        file = self.project / "config" / self.stage.name / "config.yaml"
        original = (ROOT / "config" / self.stage.name / "config.yaml").read_text(encoding="utf-8")
        added = yaml.safe_dump({**SETTINGS, **settings})
        file.write_text(f"{original}\n{added}", encoding="utf-8")

    def start_over(self) -> None:
        """What a person does once the owners of the data agree: forget the position, snapshot again."""
        under_test = self.under_test
        under_test.connect("PUT", "/stop")
        under_test.wait_for_states("STOPPED", seconds=STEP_SECONDS)
        under_test.connect("DELETE", "/offsets")
        under_test.connect("PUT", "/resume")
        wait_for(under_test.streams, "the snapshot is over", STEP_SECONDS)

    def incident(self) -> str | None:
        """The incident that people were mailed about and that is still open."""
        incident = self.under_test.item(STATE_KEY).get("incident", {}).get("M")
        return None if incident is None else str(incident["title"]["S"])


class Stream:
    """A load and its reader."""

    def __init__(self, testbed: FaultTestbed, *, per_second: float = 25.0) -> None:
        first = next_keys()
        self.load = Load(testbed.world.database, testbed.topics, first_key=first, per_second=per_second)
        self.reader = Reader(
            testbed.world.kafka_bootstrap, testbed.topics, lambda key: first <= key < first + _KEYS
        )

    def until_flowing(self, seconds: float = TIMEOUT_SECONDS) -> None:
        """Until a change that is committed from now on has arrived."""
        known = len(self.load.committed)

        def flows() -> bool:
            # Of a row that a snapshot reads, only its newest change arrives by itself.
            later = self.load.committed[known:]
            return self.load.has_committed(known + 1) and any(self.reader.has(c.row, c.number) for c in later)

        wait_for(flows, "the stream flows", seconds)

    def finish(self, seconds: float = TIMEOUT_SECONDS) -> Comparison:
        """Stop writing, wait until the last rows have arrived, compare."""
        last = self.load.stop(seconds)
        self.reader.arrives(lambda: all(self.reader.has(place.row, 1) for place in last), seconds)
        return compare(self.load.committed, self.reader.found)


@contextmanager
def streaming(testbed: FaultTestbed, *, per_second: float = 25.0) -> Iterator[Stream]:
    """A load that flows."""
    stream = Stream(testbed, per_second=per_second)
    stream.load.start()
    try:
        stream.until_flowing()
        yield stream
    finally:
        # Ends a writer that a fault has left behind; what is wrong with it was told by then.
        with suppress(Exception):
            stream.load.stop(10)
        stream.load.close()
        stream.reader.close()


def under_load(
    testbed: FaultTestbed, title: str, inject: Callable[[Stream], Mapping[str, Any] | None]
) -> Row:
    """Inject a fault while rows are written; what must hold is that nobody can tell from the topics."""
    with streaming(testbed) as stream:
        figures = inject(stream) or {}
        stream.until_flowing()
        result = stream.finish()
    return Row(title, result.cells(), result.wrong, figures={**result.figures(), **figures})


@contextmanager
def testbed(directory: Path, *, enforce_iam: bool = False) -> Iterator[FaultTestbed]:  # noqa: PT028 - no test
    """A world of its own with foundation and main."""
    with World.up(directory / "world", enforce_iam=enforce_iam) as world:
        proxy = Proxy((world.database.host, world.database.port))
        host, port = proxy.address
        world.account.put_secret("main/dbInfo", {**world.database.db_info, "ip": host, "port": port})
        made = FaultTestbed(world, copy_project(directory / "project", SNAPSHOT), proxy)
        made.configure()
        try:
            for group in ("foundation", "main"):
                run = made.launch(group)
                if run.status:
                    raise RuntimeError(run.output)
            yield made
        finally:
            proxy.close()
