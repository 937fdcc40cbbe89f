"""The stage that falls ill: its parts as faults handle them, and the check as its schedule calls it."""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3
from kafka import KafkaConsumer, TopicPartition

from connector.domain.health.budget import BUDGET_KEY
from connector.domain.health.observation import Source
from connector.domain.health.state import STATE_KEY
from connector.domain.stage.names import CONNECT_PORT, CONNECTOR, METRICS_PORT
from connector.domain.stage.stage import Stage
from connector.local.aws import REGION
from connector.local.world import World
from lambda_src.clients.metrics_page import parse, source_of
from tests.faults.health.mailbox import Mail, Mailbox
from tests.support.deployed import Rows, eventually, service, tasks
from tests.support.in_process_check import InProcessCheck

STAGE = Stage.parse("main")
#: As EventBridge's schedule calls the function.
SCHEDULED: Mapping[str, Any] = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-02T03:04:05Z",
    "region": REGION,
    "resources": [],
    "detail": {},
}
#: For a new worker and its first rebalance, on a machine that others use too.
_REST_SECONDS = 180.0
#: How old the newest heartbeat may be before a fault.
_HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class Check:
    """What one health check answered, and the mails that came of it."""

    content: Mapping[str, Any]
    mails: Sequence[Mail] = ()

    @property
    def found(self) -> Sequence[str]:
        """The metrics of its findings."""
        return [*self.content["causes"]]

    @property
    def done(self) -> str:
        """What it did, in its words."""
        return str(self.content["done"])

    def cause(self, metric: str) -> str:
        """Class and owner of a finding; empty when there is none."""
        cause = self.content["causes"].get(metric)
        return f"{cause['class']}, {cause['owner']}" if cause else ""


@dataclass
class StageUnderTest:
    """The launched stage main of a world."""

    world: World
    stage: Stage = STAGE
    mailbox: Mailbox = field(init=False)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(self.world, self.stage.names)
        self.rows = Rows(self.world, self.stage, self.world.kafka_bootstrap)

    # -- the check ------------------------------------------------------------

    def check(self) -> Check:
        """One check by the deployed function."""
        answer = self.invoke("RequestResponse")
        content = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, content
        return Check(content, self.mailbox.take())

    def invoke(self, how: str) -> Any:
        """A call of the deployed function with its schedule's event; `how` is Lambda's invocation type."""
        return self.world.account.client("lambda").invoke(
            FunctionName=self.stage.names.connect_health,
            InvocationType=how,
            Payload=json.dumps(SCHEDULED).encode(),
        )

    def check_later(self, seconds: float) -> Check:
        """One check in this process, with the clock set forward; the rest of it is as deployed."""
        answer = InProcessCheck(self.world, self.stage).check(seconds)
        content = {"summary": answer.summary, "metrics": answer.metrics, **answer.facts}
        return Check(content, self.mailbox.take())

    # -- Connect --------------------------------------------------------------

    def address(self) -> str:
        """The address of the worker."""
        ecs, names = self.world.account.client("ecs"), self.stage.names
        found = ecs.describe_tasks(cluster=names.service, tasks=tasks(self.world, self.stage))["tasks"]
        details = {d["name"]: d["value"] for t in found for a in t["attachments"] for d in a["details"]}
        return str(details["privateIPv4Address"])

    def connect(self, method: str, path: str = "", body: Mapping[str, str] | None = None) -> Any:
        """A request about the connector; answers the JSON, None for 404 and for an empty answer."""
        url = f"http://{self.address()}:{CONNECT_PORT}/connectors/{CONNECTOR}{path}"
        reply = urllib3.request(method, url, json=body, timeout=60.0, retries=False)
        if reply.status == 404:
            return None
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.data[:300]!r}"
        return reply.json() if reply.data else None

    def states(self) -> tuple[str, ...]:
        """State of the connector, then of its tasks; empty when nobody tells."""
        try:
            status = self.connect("GET", "/status")
        except (AssertionError, KeyError, ValueError, urllib3.exceptions.HTTPError):
            return ()
        if status is None:
            return ()
        return (status["connector"]["state"], *(task["state"] for task in status["tasks"]))

    def source(self) -> Source:
        """What Debezium's metrics say; nothing when nobody tells."""
        url = f"http://{self.address()}:{METRICS_PORT}/metrics"
        try:
            reply = urllib3.request("GET", url, timeout=5.0, retries=False)
        except urllib3.exceptions.HTTPError:
            return Source()
        return source_of(list(parse(reply.data.decode())), self.stage.topics.prefix)

    def wait_for(self, *states: str) -> None:
        """Until connector and task are in these states."""
        eventually(lambda: self.states() == states, f"connector and task {states}")

    # -- the worker, the table ------------------------------------------------

    def signal_worker(self, number: signal.Signals) -> str:
        """A signal for the worker's whole process group; answers its task."""
        (arn,) = tasks(self.world, self.stage)
        file = self.world.state.directory / "tasks" / arn.rpartition("/")[2] / "process.json"
        os.killpg(int(json.loads(file.read_text(encoding="utf-8"))["pid"]), number)
        return arn

    def alarm(self, metric: str) -> str:
        """The state of a metric's alarm."""
        cloudwatch = self.world.account.client("cloudwatch")
        names = [self.stage.names.alarm(metric)]
        (found,) = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        return str(found["StateValue"])

    def published(self, metric: str, since: float) -> Sequence[float]:
        """The values of a metric that CloudWatch has got since then."""
        cloudwatch = self.world.account.client("cloudwatch")
        points = cloudwatch.get_metric_statistics(
            Namespace=self.stage.names.health_namespace,
            MetricName=metric,
            StartTime=since,
            EndTime=time.time() + 60,
            Period=1,
            Statistics=["Maximum"],
        )["Datapoints"]
        return [point["Maximum"] for point in sorted(points, key=lambda point: point["Timestamp"])]

    def remembered(self, key: str, name: str) -> Any:
        """A field of an item of the state table, as DynamoDB has it; None where there is none."""
        table = self.world.account.client("dynamodb")
        item = table.get_item(TableName=self.stage.names.table, Key={"id": {"S": key}}).get("Item", {})
        return item.get(name)

    def restarts(self) -> int:
        """How many restarts and registrations the check has claimed."""
        claims = self.remembered(BUDGET_KEY, "claims")
        return len(claims["L"]) if claims else 0

    def until_the_log_says(self, words: str) -> None:
        """Until the worker has tried again and logged why it could not."""
        began = time.time()
        eventually(lambda: self._said(words, began), f"{words!r} in the worker's log")

    def until_the_log_is_silent(self, words: str, seconds: float) -> None:
        """Until the worker has not said so for as long as a check looks back."""
        grace_period = seconds + 60
        eventually(lambda: not self._said(words, time.time() - seconds), f"no {words!r}", grace_period)

    def _said(self, words: str, since: float) -> bool:
        logs, group = self.world.account.client("logs"), self.stage.names.connector_log_group
        events = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]
        return any(words in event["message"] for event in events)

    # -- rest -----------------------------------------------------------------

    def rests(self) -> bool:
        """Whether one worker runs, connector and task run, and changes are streamed."""
        found = service(self.world, self.stage)
        if (found["runningCount"], found["desiredCount"]) != (1, 1) or len(found["deployments"]) != 1:
            return False
        try:
            source = self.source()
            streams = bool(source.streaming) and not source.snapshot_running
            return self.states() == ("RUNNING", "RUNNING") and streams
        except KeyError:
            # A task that has no address yet.
            return False

    def rest(self) -> None:
        """Wait until the stage rests."""
        eventually(self.rests, "a stage at rest", _REST_SECONDS)

    def forget(self) -> None:
        """A stage at rest with nothing behind it: no budget spent, nothing remembered, no mail unread."""
        self.rest()
        self._wait_for_heartbeat()
        table = self.world.account.client("dynamodb")
        for key in (BUDGET_KEY, STATE_KEY):
            table.delete_item(TableName=self.stage.names.table, Key={"id": {"S": key}})
        eventually(lambda: self.check().content["summary"] == "healthy", "a healthy stage")
        self.mailbox.take()

    def _wait_for_heartbeat(self) -> None:
        """Faults in quick succession would else leave the newest heartbeat older than it may be."""
        partition = TopicPartition(self.stage.topics.one("heartbeat"), 0)
        consumer = KafkaConsumer(bootstrap_servers=self.world.kafka_bootstrap, group_id=None)

        def recent() -> bool:
            since = int((time.time() - _HEARTBEAT_SECONDS) * 1000)
            return consumer.offsets_for_times({partition: since})[partition] is not None

        try:
            eventually(recent, "a heartbeat")
        finally:
            consumer.close()
