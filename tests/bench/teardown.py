"""`make bench`: how long a teardown takes on a real broker, among 1,000 and then 10,000 topics of others.

Measured is what is beyond Sceptre's waiting and the workers' leave: the requests that look at the cluster,
each with a connection of its own, as the Lambda has; ECS and DynamoDB are fakes.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaAdminClient

from connector.domain.admin_api import TEARDOWN, Operation, State
from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from lambda_src.connect_admin import operations
from lambda_src.runtime.deadline import Deadline
from lambda_src.session import Session
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_lambda_aws import ACCOUNT
from tests.support.waiting import wait_for

STAGE = Stage.parse("bench")
#: Topics of others -> seconds that the teardown may take.
LIMITS = {1_000: 5.0, 10_000: 15.0}
_BATCH = 250


def main() -> None:
    """Print one line for each figure; exit status 1 when a limit is passed."""
    with tempfile.TemporaryDirectory() as directory:
        late = [others for others, taken in measure(Path(directory)) if taken > LIMITS[others]]
    sys.exit(bool(late))


def measure(directory: Path) -> Iterator[tuple[int, float]]:
    """Topics of others, and the seconds of a teardown among them."""
    with World.up(directory, report=_show) as world:
        others: list[str] = []
        for wanted, limit in LIMITS.items():
            more = [f"bench.other.team.{number:05d}.events" for number in range(len(others), wanted)]
            began = time.monotonic()
            create(world.kafka_bootstrap, more)
            _wait_for(world, more)
            _show(f"{wanted} topics of others ({time.monotonic() - began:.0f} s to make)")
            others += more
            create(world.kafka_bootstrap, list(STAGE.topics))
            _wait_for(world, list(STAGE.topics))
            taken = tear_down(world)
            _show(f"  teardown of {len(list(STAGE.topics))} topics: {taken:.2f} s (limit {limit:.0f} s)")
            left = topics_of(world.kafka_bootstrap)
            assert not left & set(STAGE.topics), "a topic of the stage is left"
            assert set(others) <= left, "a topic of others is gone"
            yield wanted, taken


def tear_down(world: World) -> float:
    """Seconds for all requests of a teardown."""
    stage = FakeStage(stage=STAGE)
    stage.secrets.values |= {"wms/default/brokerString": world.kafka_bootstrap}
    stage.secrets.values["wms/bench/dbInfo"] = (
        '{"ip": "10.0.0.1", "db": "WMSPRD", "user": "wms_capture", "password": "tiger"}'
    )
    stage.ecs.missing = True
    total = 0.0
    for operation in TEARDOWN:
        taken = _ask(stage, operation)
        _show(f"    {operation.value}: {taken:.2f} s")
        total += taken
    return total


def _ask(stage: FakeStage, operation: Operation) -> float:
    began = time.monotonic()
    while True:
        session = Session(
            stage.environment,
            ACCOUNT,
            Deadline.within(50),
            aws=stage.aws.clients,
            meant=STAGE.name,
        )
        answer = operations.answer(operation, session)
        if answer.state is State.DONE:
            return time.monotonic() - began
        assert answer.state is State.WAITING, answer.summary


def create(bootstrap: str, names: list[str]) -> None:
    """Create topics with one partition and one replica, some hundred in each request."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=120_000)
    for first in range(0, len(names), _BATCH):
        batch = names[first : first + _BATCH]
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1} for name in batch})
    admin.close()


def _wait_for(world: World, names: list[str]) -> None:
    """A broker lists a topic some time after it has taken the order to make it."""
    wait_for(lambda: set(names) <= topics_of(world.kafka_bootstrap), "the topics are listed", 600)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
