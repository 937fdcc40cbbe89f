"""A stage `main` made of fakes, and sessions upon it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.domain.admin_api import Answer, Operation
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage
from lambda_src.connect_admin import operations
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.session import Session
from tests.support.fake_connect import FakeConnect
from tests.support.fake_kafka import FakeKafka
from tests.support.fake_lambda_aws import (
    ACCOUNT,
    FakeEcs,
    FakeLambdaAws,
    FakeLogs,
    FakeSecrets,
    FakeTable,
)

PASSWORD = "tiger\"and'scott"
USER = "wms_capture"
BROKERS = "b-1.bigmac.example:9092,b-2.bigmac.example:9092"
ADDRESS = "127.0.0.9"
#: When a heartbeat was written that is newer than anything, in seconds since 1970.
BEATS = 4e9

#: The environment of each function of stage main.
VARIABLES = {
    "STAGE": "main",
    "SECRET_PREFIX": "wms",
    "TABLE_NAME": "wms-connector-main-state",
    "CLUSTER_NAME": "wms-connector-main",
    "SERVICE_NAME": "wms-connector-main",
    "KAFKA_AUTH": "iam",
    "CONNECTOR_SETTINGS": ConnectorSettings().to_json(),
}


@dataclass
class Time:
    """A clock that sleeping moves, and what happens when it has moved."""

    seconds: float = 1000.0
    on_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.on_sleep()


@dataclass
class FakeListener:
    """The database's listeners: `error` is why none accepts a connection, empty when all do.

    `aws_error`: the same of AWS's endpoints, which are all on port 443.
    """

    error: str = ""
    aws_error: str = ""
    probed: list[tuple[str, int]] = field(default_factory=list)

    def probe(self, host: str, port: int, seconds: float) -> str:
        assert 0 < seconds <= 3
        if port == 443:
            return self.aws_error
        self.probed.append((host, port))
        return self.error


@dataclass
class FakeStage:
    """Everything that the admin function of a stage speaks to."""

    stage: Stage = field(default_factory=lambda: Stage.parse("main"))
    auth: KafkaAuth = KafkaAuth.PLAINTEXT
    settings: ConnectorSettings = field(default_factory=ConnectorSettings)
    #: How many workers the stage is configured to have.
    desired_count: int = 1
    #: The artifact bucket; with none nothing is backed up, and nothing can be compared.
    bucket: str = ""
    connect: FakeConnect = field(default_factory=FakeConnect)
    kafka: FakeKafka = field(default_factory=FakeKafka)
    time: Time = field(default_factory=Time)
    listener: FakeListener = field(default_factory=FakeListener)
    aws: FakeLambdaAws = field(init=False)

    def __post_init__(self) -> None:
        self.aws = FakeLambdaAws(self.stage.names)
        database = {
            "host": "127.0.0.8",
            "dbname": "WMSPRD",
            "username": USER,
            "password": PASSWORD,
        }
        self.secrets.values = {
            "wms/default/brokerString": BROKERS,
            "wms/main/dbInfo": json.dumps(database),
        }

    @property
    def secrets(self) -> FakeSecrets:
        return self.aws.secrets

    @property
    def ecs(self) -> FakeEcs:
        return self.aws.ecs

    @property
    def table(self) -> FakeTable:
        return self.aws.table

    @property
    def logs(self) -> FakeLogs:
        return self.aws.logs

    @property
    def environment(self) -> Environment:
        names = self.stage.names
        return Environment(
            self.stage,
            "wms",
            names.table,
            names.service,
            names.service,
            self.auth,
            self.settings,
            desired_count=self.desired_count,
            bucket=self.bucket,
        )

    def session(
        self,
        seconds: float = 50,
        desired_count: int | None = None,
        *,
        launch: bool = False,
        meant: str | None = None,
    ) -> Session:
        """A new invocation."""
        return Session(
            self.environment,
            ACCOUNT,
            Deadline(self.time.seconds + seconds, self.time.now, self.time.sleep),
            aws=self.aws.clients,
            transport=self.connect,
            open_kafka=self.kafka.open,
            tcp_probe=self.listener.probe,
            desired_count=desired_count,
            launch=launch,
            meant=meant,
        )

    def ask(
        self,
        operation: Operation,
        desired_count: int | None = None,
        *,
        launch: bool = False,
        meant: str | None = None,
        **more: Any,
    ) -> Answer:
        """One request, as the handler would put it; no answer may hold anything confidential."""
        session = self.session(desired_count=desired_count, launch=launch, meant=meant)
        for name, value in more.items():
            assert hasattr(session, name), name
            setattr(session, name, value)
        answer = operations.answer(operation, session)
        found = json.dumps(answer.to_payload())
        for confidential in (PASSWORD, json.dumps(PASSWORD)[1:-1], USER, "bigmac", BROKERS):
            assert confidential not in found
        assert "\n" not in answer.summary
        return answer


@pytest.fixture
def world() -> FakeStage:
    """Stage main with a worker that runs and nothing registered."""
    world = FakeStage()
    world.ecs.start(ADDRESS)
    # Heartbeats arrive, whatever the time is.
    for role in ("heartbeat", "heartbeat_table"):
        world.kafka.newest_at[world.stage.topics.one(role)] = BEATS
    return world
