"""What people would find in their mail: a queue that is subscribed to the stage's topic."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.domain.stage.names import Names
from connector.local.aws import REGION
from connector.local.world import World

_QUEUE = "people"


class Sender(StrEnum):
    """Who mailed."""

    CHECK = "health check"
    ALARM = "alarm"
    EVENT = "event rule"


@dataclass(frozen=True)
class Mail:
    """One message that was delivered."""

    subject: str
    text: str

    @property
    def sender(self) -> Sender:
        """By the subject: the health check writes its own, CloudWatch names state and alarm."""
        if self.subject.startswith(("ALARM:", "OK:")):
            return Sender.ALARM
        return Sender.CHECK if self.subject.startswith("wms-connector-") else Sender.EVENT

    def value(self, title: str) -> str:
        """What stands behind `title:` in the text; empty when there is no such line."""
        lines = [line for line in self.text.splitlines() if line.startswith(f"{title}:")]
        return lines[0].removeprefix(f"{title}:").strip() if lines else ""


class Mailbox:
    """Receives what the topic delivers. SNS delivers to a queue as it does to an address."""

    def __init__(self, world: World, names: Names) -> None:
        account = world.account
        self._sqs = account.client("sqs")
        self._url = self._sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        topic = f"arn:aws:sns:{REGION}:{queue.split(':')[4]}:{names.sns_topic}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        self._sns = account.client("sns")
        self._subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True
        )["SubscriptionArn"]

    def close(self) -> None:
        """Receive nothing any more."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)

    def take(self) -> Sequence[Mail]:
        """Everything that has arrived since the last time, oldest first."""
        found: list[Mail] = []
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            messages: Sequence[Mapping[str, Any]] = answer.get("Messages", [])
            if not messages:
                return found
            for message in messages:
                body = json.loads(message["Body"])
                found.append(Mail(body.get("Subject", ""), body["Message"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
