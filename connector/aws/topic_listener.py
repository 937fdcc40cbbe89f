"""A temporary queue on topics of a stage: it receives what every subscriber gets."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from connector.aws import calls
from connector.aws.admin_function import Clock
from connector.domain.errors import ServerError, WmsError

_POLL_SECONDS = 2
#: The queue outlives the drill only if deleting it fails; then its messages expire.
_KEEP_SECONDS = "900"


@dataclass(frozen=True)
class Message:
    """One message as SNS hands it to its subscribers."""

    id: str
    subject: str
    text: str
    #: ARN of the topic that it was published to.
    topic: str

    @property
    def alarm(self) -> tuple[str, str] | None:
        """Name and new state, if the message comes from a CloudWatch alarm."""
        try:
            content = json.loads(self.text)
            return str(content["AlarmName"]), str(content["NewStateValue"])
        except (ValueError, KeyError, TypeError):
            return None


class TopicListener:
    """A queue that is subscribed to every topic for as long as the block runs, and deleted afterwards."""

    def __init__(
        self, port: calls.Port, topics: Sequence[str], queue: str, clock: Clock | None = None
    ) -> None:
        self._port, self._topics, self._queue = port, topics, queue
        self._clock = clock or Clock()
        self._url = ""
        self._subscriptions: list[str] = []
        self.left_behind = ""

    def __enter__(self) -> Self:
        partition, _, region, owner, _ = self._topics[0].split(":")[1:]
        arn = f"arn:{partition}:sqs:{region}:{owner}:{self._queue}"
        with calls.errors():
            try:
                attributes = {"Policy": _policy(arn, self._topics), "MessageRetentionPeriod": _KEEP_SECONDS}
                created = self._port.call(
                    "sqs", "create_queue", {"QueueName": self._queue, "Attributes": attributes}
                )
                self._url = created["QueueUrl"]
                for topic in self._topics:
                    # Not raw: a raw message has lost its subject and its topic.
                    wanted = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}
                    answer = self._port.call("sns", "subscribe", {**wanted, "ReturnSubscriptionArn": True})
                    self._subscriptions.append(answer["SubscriptionArn"])
            except BaseException:
                self._leave()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def receive(self, enough: Callable[[Sequence[Message]], bool], seconds: float) -> tuple[Message, ...]:
        """Everything that arrives until `enough` is true or the time is up."""
        received: list[Message] = []
        give_up = self._clock.now() + seconds
        while not enough(received) and self._clock.now() < give_up:
            with calls.errors():
                query = {"QueueUrl": self._url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": _POLL_SECONDS}
                answer = self._port.call("sqs", "receive_message", query)
                for message in answer.get("Messages", ()):
                    received.append(_message(message["Body"]))
                    receipt = {"QueueUrl": self._url, "ReceiptHandle": message["ReceiptHandle"]}
                    self._port.call("sqs", "delete_message", receipt)
        return tuple(received)

    def _leave(self) -> None:
        """Delete every part, even if one fails; what is left is reported, not raised."""
        left = []
        for arn in self._subscriptions:
            left += self._remove("sns", "unsubscribe", f"subscription {arn}", SubscriptionArn=arn)
        if self._url:
            left += self._remove("sqs", "delete_queue", f"queue {self._queue}", QueueUrl=self._url)
        self.left_behind = ", ".join(left)

    def _remove(self, service: str, command: str, what: str, **which: str) -> list[str]:
        """What stays, if it stays."""
        try:
            with calls.errors():
                self._port.call(service, command, which)
        except WmsError as error:
            return [f"{what} ({error})"]
        return []


def _policy(queue: str, topics: Sequence[str]) -> str:
    """Only these topics may send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _message(body: str) -> Message:
    try:
        content = json.loads(body)
        return Message(
            str(content["MessageId"]),
            str(content.get("Subject") or ""),
            str(content["Message"]),
            str(content["TopicArn"]),
        )
    except (ValueError, KeyError, TypeError):
        raise ServerError("a message of SNS could not be parsed") from None
