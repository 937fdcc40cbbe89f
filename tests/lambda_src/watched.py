"""A stage made of fakes that is checked from time to time, with its mails and metrics."""

from dataclasses import dataclass

from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_health.check import CheckAnswer, check
from tests.lambda_src.conftest import BROKERS, PASSWORD, USER, FakeStage

NETWORK = (
    "org.apache.kafka.connect.errors.ConnectException: x\nCaused by: oracle.net.ns.NetException: Broken pipe"
)
LOGIN = "io.debezium.DebeziumException: x\nCaused by: java.sql.SQLException: ORA-01017: invalid username"
#: Nothing heals it either, and the connector is not stopped.
RIGHTS = (
    "io.debezium.DebeziumException: x\nCaused by: java.sql.SQLException: ORA-01031: insufficient privileges"
)
MINUTES = 60.0


@dataclass
class Watched:
    """A stage with a clock of its own, looked at from time to time."""

    stage: FakeStage
    now: float = 1_800_000_000.0

    def check(self, minutes: float = 10) -> CheckAnswer:
        """One check, some minutes after the one before."""
        self.now += minutes * MINUTES
        self.stage.kafka.newest_at.setdefault(self.stage.stage.topics.one("heartbeat"), 0.0)
        if not isinstance(self.stage.kafka.newest_at[self.stage.stage.topics.one("heartbeat")], Exception):
            self.stage.kafka.newest_at[self.stage.stage.topics.one("heartbeat")] = self.now - 3
        aws = self.stage.aws
        try:
            return check(
                self.stage.session(),
                aws.check_clients,
                aws.sns.arn,
                clock=lambda: self.now,
            )
        finally:
            mailed = "".join(map("".join, self.mails))
            assert not any(value in mailed for value in (PASSWORD, USER, BROKERS, "bigmac"))

    def fail(self, trace: str, *, for_ever: bool = False) -> None:
        """The task fails; `for_ever`: after a restart too."""
        self.stage.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": trace}
        if for_ever:
            self.stage.connect.task_state, self.stage.connect.task_trace = "FAILED", trace

    @property
    def mails(self) -> list[tuple[str, str]]:
        """Subject and text of each mail."""
        return self.stage.aws.sns.mails

    @property
    def metrics(self) -> list[dict[str, float]]:
        """Metric -> value, of each check."""
        return self.stage.aws.cloudwatch.values

    @property
    def subjects(self) -> list[str]:
        """The subjects of the mails, without the stage that all begin with."""
        return [subject.partition(": ")[2] for subject, _ in self.mails]

    @property
    def restarts(self) -> int:
        return sum(path.endswith("/restart") for _, path in self.stage.connect.writes)
