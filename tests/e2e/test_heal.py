"""The health check heals a real failed task, once, however many checks run at the same time."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import boto3
import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.budget import BUDGET_KEY, LIMIT
from connector.domain.health.state import STATE_KEY
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.local.aws import REGION
from connector.local.world import World
from lambda_src.clients.state_table import Table, read_budget
from lambda_src.connect_health.check import Answer, Clients, check
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.session import Aws, Session
from tests.support.sceptre_cli import Run

pytestmark = pytest.mark.e2e

STAGE = Stage.parse("main")
CHECKS = 50
#: Every record, heartbeats included, lacks this field: the task fails with the first one.
BROKEN = {
    "transforms": "broken",
    "transforms.broken.type": "org.apache.kafka.connect.transforms.ExtractField$Value",
    "transforms.broken.field": "nowhere",
}


class Watcher:
    """Checks of the real stage with a clock that can be set forward; what they tell is kept here."""

    def __init__(self, world: World) -> None:
        account = world.account
        dynamodb = boto3.resource(
            "dynamodb",
            endpoint_url=world.env()["AWS_ENDPOINT_URL"],
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.dynamodb = dynamodb.Table(STAGE.names.table)
        self.table = cast(Table, self.dynamodb)
        secrets, ecs = account.client("secretsmanager"), account.client("ecs")
        self.clients = Clients(Aws(lambda: secrets, lambda: ecs, lambda _: self.table), self, self)
        self.mails: list[str] = []
        self.ahead = 0.0

    def put_metric_data(self, **_: Any) -> Any:
        return {}

    def publish(self, **mail: Any) -> Any:
        self.mails.append(mail["Subject"])
        return {}

    def session(self) -> Session:
        names = STAGE.names
        environment = Environment(
            STAGE, "wms", names.table, names.service, names.service, KafkaAuth.PLAINTEXT, ConnectorSettings()
        )
        return Session(environment, "000000000000", Deadline.within(120), aws=self.clients.aws)

    def check(self) -> Answer:
        return check(self.session(), self.clients, "topic", clock=lambda: time.time() + self.ahead)

    def wait_for(self, state: str) -> None:
        """Until the task is in that state."""
        give_up = time.monotonic() + 60
        while True:
            status = self.session().connect().status(CONNECTOR)
            if status is not None and [task.state for task in status.tasks] == [state]:
                return
            assert time.monotonic() < give_up, status
            time.sleep(0.5)

    def configure(self, config: Mapping[str, str]) -> None:
        self.session().connect().put_config(CONNECTOR, config, timeout=60)


@pytest.fixture
def failed(world: World, main: Run) -> Iterator[Watcher]:
    """Main with a task that fails on its first record, before and after a restart."""
    watcher = Watcher(world)
    good = watcher.session().connect().config(CONNECTOR)
    assert good is not None
    watcher.configure({**good, **BROKEN})
    try:
        watcher.wait_for("FAILED")
        yield watcher
    finally:
        watcher.configure(good)
        watcher.wait_for("RUNNING")
        for key in (BUDGET_KEY, STATE_KEY):
            watcher.dynamodb.delete_item(Key={"id": key})


def test_fifty_checks_at_once_restart_a_failed_task_once_and_never_more_than_three_times_an_hour(
    failed: Watcher,
):
    made = 0
    for failed.ahead in (0.0, 600.0, 1500.0, 2100.0):
        failed.wait_for("FAILED")
        with ThreadPoolExecutor(CHECKS) as pool:
            answers = list(pool.map(lambda _: failed.check(), range(CHECKS)))
        restarts = [
            answer for answer in answers if answer.facts["done"] == "restarted the failed connector or task"
        ]
        assert len(restarts) <= 1
        made += len(restarts)
    assert made == LIMIT
    assert len(read_budget(failed.table).claims) == LIMIT
    assert failed.mails == ["wms-connector-main: ConnectorTaskFailed (unknown)"]
