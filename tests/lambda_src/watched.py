"""A stage made of fakes that is checked from time to time, with its mails and metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.domain.stage.names import CONNECTOR
from lambda_src.connect_health.check import Answer, Clients, check
from tests.lambda_src.conftest import BROKERS, PASSWORD, USER, FakeStage
from tests.support.fake_stage_aws import client_error

TOPIC = "arn:aws:sns:us-east-1:000000000000:Alerts-wms-alerts-main"
NETWORK = "org.apache.kafka.connect.errors.ConnectException: x\nCaused by: java.io.IOException: Broken pipe"
LOGIN = "io.debezium.DebeziumException: x\nCaused by: java.sql.SQLException: ORA-01017: invalid username"
MINUTES = 60.0


@dataclass
class FakeAws:
    """CloudWatch and SNS: they keep what they are given, or refuse."""

    metrics: list[dict[str, float]] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        self.metrics.append({data["MetricName"]: data["Value"] for data in MetricData})
        return {}

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any:  # noqa: N803
        if self.refuses:
            raise client_error("AuthorizationError", "no", "Publish")
        assert TopicArn == TOPIC
        assert Subject.isascii()
        assert 0 < len(Subject) <= 100
        assert not any(value in Subject + Message for value in (PASSWORD, USER, BROKERS, "bigmac"))
        self.mails.append((Subject, Message))
        return {}


@dataclass
class Watched:
    """A stage with a clock of its own, looked at from time to time."""

    stage: FakeStage
    aws: FakeAws = field(default_factory=FakeAws)
    now: float = 1_800_000_000.0
    database: str = ""

    def check(self, minutes: float = 10) -> Answer:
        """One check, some minutes after the one before."""
        self.now += minutes * MINUTES
        self.stage.kafka.newest_at.setdefault(self.stage.stage.topics.one("heartbeat"), 0.0)
        if not isinstance(self.stage.kafka.newest_at[self.stage.stage.topics.one("heartbeat")], Exception):
            self.stage.kafka.newest_at[self.stage.stage.topics.one("heartbeat")] = self.now - 3
        session = self.stage.session()
        clients = Clients(session.aws, self.aws, self.aws)
        return check(session, clients, TOPIC, tcp_probe=lambda *_: self.database, clock=lambda: self.now)

    def fail(self, trace: str, *, for_ever: bool = False) -> None:
        """The task fails; `for_ever`: after a restart too."""
        self.stage.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": trace}
        if for_ever:
            self.stage.connect.task_state, self.stage.connect.task_trace = "FAILED", trace

    @property
    def subjects(self) -> list[str]:
        """The subjects of the mails, without the stage that all begin with."""
        return [subject.partition(": ")[2] for subject, _ in self.aws.mails]

    @property
    def restarts(self) -> int:
        return sum(path.endswith("/restart") for _, path in self.stage.connect.writes)
