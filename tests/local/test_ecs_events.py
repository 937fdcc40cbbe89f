"""The embedded ECS tells of stopped tasks and failed deployments, as the health function reads them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connector.domain.health.worker_event import EventKind, parse
from tests.local.cluster import SECONDS, Cluster
from tests.local.conftest import Embedded
from tests.support.waiting import wait_for

REGION, ACCOUNT = "us-east-1", "000000000000"


class Listener:
    """A queue that gets every event of ECS's."""

    def __init__(self, embedded: Embedded) -> None:
        self.sqs = embedded.client("sqs")
        self.url = self.sqs.create_queue(QueueName="ecs-events")["QueueUrl"]
        events = embedded.client("events")
        events.put_rule(Name="ecs", EventPattern=json.dumps({"source": ["aws.ecs"]}))
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ecs-events"
        events.put_targets(Rule="ecs", Targets=[{"Id": "queue", "Arn": arn}])
        self.heard: list[dict[str, Any]] = []

    def take(self) -> list[dict[str, Any]]:
        """Everything that has come so far."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.heard.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.heard


@pytest.fixture
def listener(embedded: Embedded) -> Iterator[Listener]:
    made = Listener(embedded)
    yield made
    made.sqs.delete_queue(QueueUrl=made.url)


def test_a_deployment_whose_workers_die_is_told_by_each_stop_and_once_by_itself(
    embedded: Embedded, listener: Listener
):
    cluster = Cluster(embedded, "told")
    cluster.create(cluster.register({"BEHAVIOUR": "die"}))

    def of_deployment() -> bool:
        return any(parse(event).kind is EventKind.DEPLOYMENT_FAILED for event in listener.take())

    wait_for(of_deployment, "the deployment's event", SECONDS)
    told = [parse(event) for event in listener.take() if "told" in json.dumps(event)]
    stops = [event for event in told if event.kind is EventKind.TASK_STOPPED]
    (failed,) = [event for event in told if event.kind is EventKind.DEPLOYMENT_FAILED]
    assert len(stops) == 3
    assert {(stop.code, stop.reason) for stop in stops} == {
        ("EssentialContainerExited", "Essential container in task exited; exit code 3")
    }
    assert {stop.subject for stop in stops} == {task["taskArn"] for task in cluster.tasks("STOPPED")}
    assert failed.subject.endswith(":service/told/told")
    assert "no such broker" in failed.reason
    assert {event.account for event in told} == {ACCOUNT}


def test_a_stop_by_scaling_is_told_as_one_that_was_planned(embedded: Embedded, listener: Listener):
    cluster = Cluster(embedded, "scaled")
    cluster.create(cluster.register())
    cluster.steady()
    cluster.update(desiredCount=0)
    wait_for(lambda: [e for e in listener.take() if "scaled" in json.dumps(e)], "an event", SECONDS)
    (event,) = [parse(event) for event in listener.heard if "scaled" in json.dumps(event)]
    assert (event.kind, event.planned) == (EventKind.TASK_STOPPED, True)
