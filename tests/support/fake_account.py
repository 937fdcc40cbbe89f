"""The account in which a stage is deployed, as an operator's clients see it: it stores, sends and refuses."""
# ruff: noqa: N803 - arguments are spelt as boto3 spells them

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.domain.health.aws_alarms import alarms_of
from connector.domain.stage.names import COMPONENTS
from connector.domain.stage.stage import Stage
from tests.support.fake_stage_aws import client_error

REGION_AND_OWNER = "us-east-1:123456789012"


@dataclass
class Pages:
    """A paginator of one page."""

    call: Callable[..., Any]

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        yield self.call(**arguments)


class Client:
    """What clients have in common."""

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))


@dataclass
class FakeStacks(Client):
    """CloudFormation: stack name -> what DescribeStacks tells."""

    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def describe_stacks(self, *, StackName: str) -> Any:
        if StackName not in self.stacks:
            raise client_error(
                "ValidationError", f"Stack with id {StackName} does not exist", "DescribeStacks"
            )
        return {"Stacks": [self.stacks[StackName]]}


@dataclass
class FakeQueues:
    """SQS: queue name -> policy and messages."""

    queues: dict[str, tuple[str, list[dict[str, str]]]] = field(default_factory=dict)

    def create_queue(self, *, QueueName: str, Attributes: Mapping[str, str]) -> Any:
        self.queues[QueueName] = (Attributes["Policy"], [])
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, WaitTimeSeconds: int) -> Any:
        assert WaitTimeSeconds
        _, waiting = self.queues[QueueUrl.rpartition("/")[2]]
        return {"Messages": waiting[:MaxNumberOfMessages]} if waiting else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Any:
        _, waiting = self.queues[QueueUrl.rpartition("/")[2]]
        waiting[:] = [message for message in waiting if message["ReceiptHandle"] != ReceiptHandle]

    def delete_queue(self, *, QueueUrl: str) -> Any:
        del self.queues[QueueUrl.rpartition("/")[2]]


@dataclass
class FakeTopic(Client):
    """SNS with one topic: who is subscribed, and what was published."""

    arn: str
    sqs: FakeQueues
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    published: list[tuple[str, str]] = field(default_factory=list)
    #: Subjects that contain this are lost on their way.
    loses: str = ""
    keeps_subscriptions: bool = False

    def list_subscriptions_by_topic(self, *, TopicArn: str) -> Any:
        assert TopicArn == self.arn
        return {"Subscriptions": self.subscriptions}

    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str, ReturnSubscriptionArn: bool) -> Any:
        assert (TopicArn, Protocol, ReturnSubscriptionArn) == (self.arn, "sqs", True)
        arn = f"{self.arn}:{len(self.subscriptions)}"
        self.subscriptions.append({"Protocol": Protocol, "Endpoint": Endpoint, "SubscriptionArn": arn})
        return {"SubscriptionArn": arn}

    def unsubscribe(self, *, SubscriptionArn: str) -> Any:
        if self.keeps_subscriptions:
            raise client_error("AuthorizationError", "not authorized", "Unsubscribe")
        self.subscriptions = [s for s in self.subscriptions if s["SubscriptionArn"] != SubscriptionArn]

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any:
        assert TopicArn == self.arn
        self.published.append((Subject, Message))
        identifier = f"m-{len(self.published)}"
        body = json.dumps({"MessageId": identifier, "Subject": Subject, "Message": Message})
        for subscription in self.subscriptions:
            name = subscription["Endpoint"].rpartition(":")[2]
            if subscription["Protocol"] != "sqs" or (self.loses and self.loses in Subject):
                continue
            policy, messages = self.sqs.queues[name]
            (statement,) = json.loads(policy)["Statement"]
            assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
            if statement["Condition"]["ArnEquals"]["aws:SourceArn"] == TopicArn:
                messages.append({"Body": body, "ReceiptHandle": identifier})
        return {"MessageId": identifier}


@dataclass
class FakeAlarms(Client):
    """CloudWatch: the stage's alarms, which send when their state changes, and when checks ran."""

    topic: FakeTopic
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[tuple[datetime, float]] = field(default_factory=list)
    refuses: str = ""
    #: The states that it refuses to set for those.
    refuses_states: tuple[str, ...] = ("ALARM",)

    def describe_alarms(self, *, AlarmNames: list[str]) -> Any:
        assert len(AlarmNames) <= 100, "CloudWatch refuses more"
        return {"MetricAlarms": [a for name, a in self.alarms.items() if name in AlarmNames]}

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> Any:
        if self.refuses and AlarmName.endswith(self.refuses) and StateValue in self.refuses_states:
            raise client_error("AccessDenied", "not authorized", "SetAlarmState")
        alarm = self.alarms[AlarmName]
        changed = alarm["StateValue"] != StateValue
        alarm |= {"StateValue": StateValue, "StateReason": StateReason}
        if changed and alarm["AlarmActions"]:
            message = json.dumps({"AlarmName": AlarmName, "NewStateValue": StateValue})
            subject = f'{StateValue}: "{AlarmName}"'
            self.topic.publish(TopicArn=alarm["AlarmActions"][0], Subject=subject, Message=message)

    def get_metric_statistics(self, *, StartTime: datetime, **_: Any) -> Any:
        points = [{"Timestamp": at, "Maximum": value} for at, value in self.checks if at >= StartTime]
        return {"Datapoints": points}


@dataclass
class FakeAccount:
    """One deployed stage, all of it well; `functions` are its Lambdas: name -> event -> answer."""

    stage: Stage
    functions: dict[str, Callable[[Any], Any]]
    now: datetime
    cloudformation: FakeStacks = field(default_factory=FakeStacks)
    sqs: FakeQueues = field(default_factory=FakeQueues)
    sns: FakeTopic = field(init=False)
    cloudwatch: FakeAlarms = field(init=False)

    def __post_init__(self) -> None:
        topic = f"arn:aws:sns:{REGION_AND_OWNER}:{self.stage.names.sns_topic}"
        people = {"Protocol": "email", "Endpoint": "a@example.gov", "SubscriptionArn": f"{topic}:people"}
        self.sns = FakeTopic(topic, self.sqs, [people])
        self.cloudwatch = FakeAlarms(self.sns, checks=[(self.now - timedelta(minutes=4), 0.0)])
        for component in COMPONENTS:
            self.cloudformation.stacks[self.stage.names.stack(component)] = {
                "StackName": self.stage.names.stack(component),
                "StackStatus": "UPDATE_COMPLETE",
                "EnableTerminationProtection": True,
                "Outputs": [{"OutputKey": "TopicArn", "OutputValue": topic}],
            }
        for name, alarm in alarms_of(self.stage.names, "debezium").items():
            self.cloudwatch.alarms[self.stage.names.alarm(name)] = {
                "AlarmName": self.stage.names.alarm(name),
                "StateValue": "OK",
                "AlarmActions": [topic] if alarm.mails else [],
                "Period": alarm.period_seconds or 600,
                "EvaluationPeriods": alarm.evaluation_periods,
            }

    def client(self, service: str, **_: Any) -> Any:
        """In the place of `connector.aws.account.client`."""
        return self if service == "lambda" else getattr(self, service)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:
        if FunctionName not in self.functions:
            raise client_error("ResourceNotFoundException", "Function not found", "Invoke")
        found = self.functions[FunctionName](json.loads(Payload))
        if isinstance(found, Exception):
            body = {"errorType": type(found).__name__, "errorMessage": str(found)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        return {"Payload": io.BytesIO(json.dumps(found).encode())}
