"""Inspect a deployed stage with the operator's own credentials, and through its admin Lambda."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from connector.aws import account
from connector.aws.admin_function import invoke
from connector.aws.region import region
from connector.domain.admin_api import Operation, Request, State
from connector.domain.errors import ServerError
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.check_result import CheckResult, launch
from connector.domain.health.facts import ADMIN, ALARMS, CHECK, MAIL, AlarmState, Facts, Stack, Subscription
from connector.domain.stage.names import COMPONENTS
from connector.domain.stage.stage import Stage
from connector.operations import cluster_view

#: The metric that every check publishes, and how far back its newest value is looked for.
_CHECK_METRIC = "HealthCheckFailed"
_CHECK_HOURS = 6

T = TypeVar("T")


@dataclass(frozen=True)
class Clients:
    """Clients of the operator's account."""

    cloudformation: Any
    cloudwatch: Any
    sns: Any
    functions: Any

    @classmethod
    def real(cls) -> "Clients":
        """With the environment's credentials."""
        return cls(
            account.client("cloudformation"),
            account.client("cloudwatch"),
            account.client("sns"),
            cluster_view.functions(),
        )


def inspect(clients: Clients, stage: Stage, now: datetime) -> Facts:
    """Everything that can be seen of a stage; `ServerError` when it is not deployed."""
    stacks = _stacks(clients.cloudformation, stage)
    if not stacks:
        raise not_deployed(stage)
    unavailable: dict[str, str] = {}
    inside = _try(unavailable, ADMIN, lambda: _inside(clients.functions, stage)) or {}
    found = _try(unavailable, ADMIN, lambda: _findings(inside)) if inside else None
    kind = str(inside.get("kind", "debezium"))
    alarms = _try(unavailable, ALARMS, lambda: alarm_states(clients.cloudwatch, stage, kind)) or {}
    topic = _output(stacks.get("alerts"), "TopicArn")
    subscribed = _try(unavailable, MAIL, lambda: subscriptions(clients.sns, topic)) or ()
    checked_at, failed = _try(unavailable, CHECK, lambda: _last_check(clients.cloudwatch, stage, now)) or (
        None,
        False,
    )
    return Facts(
        stage,
        {
            name: Stack(s["StackStatus"], bool(s.get("EnableTerminationProtection")))
            for name, s in stacks.items()
        },
        {name: part for name, part in inside.items() if name != "findings"},
        found or (),
        alarms,
        subscribed,
        checked_at,
        failed,
        unavailable,
    )


def not_deployed(stage: Stage) -> ServerError:
    """The error for a stage that has no stack."""
    make = f"`wms-connector ephemeral create {stage.name}`, then " if stage.ephemeral else ""
    return ServerError(
        f"stage {stage.name!r} is not deployed in region {region()} of this account: it has no stacks. If "
        f"region and account are right, deploy it with {make}`{launch(stage)}`"
    )


def topic_of(clients: Clients, stage: Stage) -> str:
    """ARN of the topic that mails people."""
    stacks = _stacks(clients.cloudformation, stage)
    if not stacks:
        raise not_deployed(stage)
    topic = _output(stacks.get("alerts"), "TopicArn")
    if not topic:
        raise ServerError(
            f"stack {stage.names.stack('alerts')} has no output TopicArn; run `{launch(stage)}`"
        )
    return topic


def alarm_states(cloudwatch: Any, stage: Stage, kind: str) -> dict[str, AlarmState]:
    """The alarm's short name -> its state, for the alarms of the stage that exist."""
    full = {stage.names.alarm(name): name for name in alarms_of(stage.names, kind)}
    with account.errors():
        pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=list(full))
        found = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    return {
        name: AlarmState(
            found[alarm]["StateValue"],
            str(found[alarm].get("StateReason", "")),
            tuple(found[alarm].get("AlarmActions", ())),
            int(found[alarm].get("Period", 0)) * int(found[alarm].get("EvaluationPeriods", 0)),
        )
        for alarm, name in full.items()
        if alarm in found
    }


def subscriptions(sns: Any, topic: str) -> tuple[Subscription, ...]:
    """Who is subscribed to a topic."""
    if not topic:
        raise ServerError("the alerts stack has no SNS topic")
    with account.errors():
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        found = [entry for page in pages for entry in page["Subscriptions"]]
    return tuple(
        Subscription(entry["Protocol"], entry["Endpoint"], entry["SubscriptionArn"].startswith("arn:"))
        for entry in found
        # A deleted subscription is still listed for some days.
        if entry["SubscriptionArn"] != "Deleted"
    )


def kind_of(clients: Clients, stage: Stage) -> str:
    """The kind of connector, as the stage's function is configured."""
    return str(_inside(clients.functions, stage).get("kind", "debezium"))


def _stacks(cloudformation: Any, stage: Stage) -> dict[str, Mapping[str, Any]]:
    """Each stack by its own name: AWS answers termination protection only to a request for one stack."""
    found: dict[str, Mapping[str, Any]] = {}
    with account.errors():
        for component in COMPONENTS:
            try:
                (stack,) = cloudformation.describe_stacks(StackName=stage.names.stack(component))["Stacks"]
            except ClientError as error:
                if "does not exist" in error.response.get("Error", {}).get("Message", ""):
                    continue
                raise
            if stack["StackStatus"] != "DELETE_COMPLETE":
                found[component] = stack
    return found


def _inside(functions: Any, stage: Stage) -> Mapping[str, Any]:
    answer = invoke(functions, stage, Request(Operation.STATUS, stage=stage.name))
    if answer.state is not State.DONE:
        raise ServerError(answer.summary)
    return answer.details


def _findings(inside: Mapping[str, Any]) -> tuple[CheckResult, ...]:
    """The findings of the answer to a request for the status."""
    if "findings" not in inside:
        raise ServerError("the admin Lambda is an older version that reports no findings; launch the stage")
    return tuple(map(CheckResult.from_payload, inside["findings"]))


def _last_check(cloudwatch: Any, stage: Stage, now: datetime) -> tuple[datetime | None, bool]:
    """When the newest check was published, to the minute, and whether it failed at its own work."""
    with account.errors():
        answer = cloudwatch.get_metric_statistics(
            Namespace=stage.names.health_namespace,
            MetricName=_CHECK_METRIC,
            StartTime=now - timedelta(hours=_CHECK_HOURS),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return (points[-1]["Timestamp"], points[-1]["Maximum"] >= 1) if points else (None, False)


def _output(stack: Mapping[str, Any] | None, key: str) -> str:
    outputs = (stack or {}).get("Outputs", ())
    return next((str(o["OutputValue"]) for o in outputs if o["OutputKey"] == key), "")


def _try(unavailable: dict[str, str], part: str, see: Callable[[], T]) -> T | None:
    try:
        return see()
    except ServerError as error:
        unavailable[part] = str(error)
        return None
