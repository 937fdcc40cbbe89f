"""What people would find in their mail: the messages of a topic, and the requests to confirm an address."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from connector.domain.health.worker_event import EventKind
from connector.local.aws import REGION
from connector.local.state import MAILBOX
from tests.support.waiting import wait_for

_QUEUE = "people"


class Sender(StrEnum):
    """Who mailed."""

    CHECK = "health check"
    ALARM = "alarm"
    EVENT = "health function, for an event"


@dataclass(frozen=True)
class Mail:
    """One message that was delivered."""

    subject: str
    text: str

    @property
    def sender(self) -> Sender:
        """By the subject: CloudWatch names state and alarm, the health function a finding or an event."""
        if self.subject.startswith(("ALARM:", "OK:")):
            return Sender.ALARM
        name = self.subject.partition(": ")[2].partition(" ")[0]
        return Sender.EVENT if name in set(EventKind) else Sender.CHECK

    def value(self, title: str) -> str:
        """What stands behind `title:` in the text; empty when there is no such line."""
        lines = [line for line in self.text.splitlines() if line.startswith(f"{title}:")]
        return lines[0].removeprefix(f"{title}:").strip() if lines else ""


class Mailbox:
    """Receives what a topic delivers. SNS delivers to a queue as it does to an address.

    `client` makes a client of one of AWS's services; `topic` is a name or an ARN.
    """

    def __init__(self, client: Callable[[str], Any], topic: str) -> None:
        self._sqs, self._sns = client("sqs"), client("sns")
        self._url = self._sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        arn = f"arn:aws:sns:{REGION}:{queue.split(':')[4]}:{topic.rpartition(':')[2]}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
                }
            ],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        self._subscription = self._sns.subscribe(
            TopicArn=arn, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True
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

    def receive(self, count: int, seconds: float = 20) -> Sequence[Mail]:
        """At least so many mails, oldest first."""
        found: list[Mail] = []

        def enough() -> bool:
            found.extend(self.take())
            return len(found) >= count

        wait_for(enough, f"{count} mails", seconds)
        return found


def requests_to_confirm(state: Path, topic: str) -> list[Mapping[str, str]]:
    """What SNS has mailed to the owners of the addresses on a topic; `state`: the world's directory.

    Each has `topic_arn`, `endpoint` and the `token` that ConfirmSubscription takes.
    """
    lines = (state / MAILBOX).read_text(encoding="utf-8").splitlines()
    name = topic.rpartition(":")[2]
    return [mail for mail in map(json.loads, lines) if mail["topic_arn"].endswith(f":{name}")]
