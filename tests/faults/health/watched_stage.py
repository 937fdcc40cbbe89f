"""The stage that faults are injected into: its health check with the mails that come of it, and its rest."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.domain.health.budget import BUDGET_KEY
from connector.domain.health.state import STATE_KEY
from connector.local.world import World
from tests.support.consumer import Consumer
from tests.support.in_process_check import InProcessCheck
from tests.support.mailbox import Mail, Mailbox
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import TIMEOUT_SECONDS, wait_for

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
    def summary(self) -> str:
        """What it found, without the figures that are not known here."""
        return str(self.content["summary"]).partition("; ScnHeadroomMinutes: not known")[0]

    @property
    def done(self) -> str:
        """What it did, in its words."""
        return str(self.content["done"])

    def cause(self, metric: str) -> str:
        """Class and owner of a finding; empty when there is none."""
        cause = self.content["causes"].get(metric)
        return f"{cause['class']}, {cause['owner']}" if cause else ""


class WatchedStage(StageUnderTest):
    """The launched stage main of a world."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.mailbox = Mailbox(world.account.client, self.stage.names.sns_topic)
        self.rows = self.new_rows()

    # -- the check ------------------------------------------------------------

    def check(self) -> Check:
        """One check by the deployed function."""
        return Check(self.health(), self.mailbox.take())

    def check_later(self, seconds: float) -> Check:
        """One check in this process, with the clock set forward; the rest of it is as deployed."""
        answer = InProcessCheck(self.world, self.stage).check(seconds)
        content = {"summary": answer.summary, "metrics": answer.metrics, **answer.facts}
        return Check(content, self.mailbox.take())

    # -- the worker, the table ------------------------------------------------

    def signal_worker(self, number: signal.Signals) -> str:
        """A signal for the worker's whole process group; answers its task."""
        (arn,) = self.service.task_arns()
        (worker,) = self.service.workers()
        worker.signal(number)
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

    def restarts(self) -> int:
        """How many restarts and registrations the check has claimed."""
        claims = self.item(BUDGET_KEY).get("claims")
        return len(claims["L"]) if claims else 0

    @contextmanager
    def expecting_the_log(self, words: str, seconds: float = TIMEOUT_SECONDS) -> Iterator[None]:
        """Until the worker has logged these words because of what is done meanwhile."""
        began = time.time()
        yield
        wait_for(lambda: self._said(words, began), f"{words!r} in the worker's log", seconds)

    def until_the_log_says(self, words: str) -> None:
        """Until the worker has tried again and logged why it could not."""
        began = time.time()
        wait_for(lambda: self._said(words, began), f"{words!r} in the worker's log")

    def until_the_log_is_silent(self, words: str, seconds: float) -> None:
        """Until the worker has not said so for as long as a check looks back."""
        grace_period = seconds + 60
        wait_for(lambda: not self._said(words, time.time() - seconds), f"no {words!r}", grace_period)

    def _said(self, words: str, since: float) -> bool:
        logs, group = self.world.account.client("logs"), self.stage.names.connector_log_group
        events = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]
        return any(words in event["message"] for event in events)

    # -- rest -----------------------------------------------------------------

    def forget(self) -> None:
        """A stage at rest with nothing behind it: no budget spent, nothing remembered, no mail unread."""
        self.rest()
        # Faults in quick succession would else leave the newest heartbeat older than it may be.
        with Consumer(self.bootstrap, [self.stage.topics.one("heartbeat")]) as heartbeats:
            wait_for(lambda: heartbeats.has_since(time.time() - _HEARTBEAT_SECONDS), "a heartbeat")
        self.delete_items(BUDGET_KEY, STATE_KEY)
        wait_for(lambda: self.check().summary == "healthy", "a healthy stage")
        self.mailbox.take()
