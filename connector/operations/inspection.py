"""Inspect a deployed stage with the operator's own credentials, and through its admin Lambda."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from connector.aws import calls, worker_log
from connector.aws.admin_function import invoke
from connector.aws.stacks import describe_stack
from connector.domain.admin_api import Operation, Request, State
from connector.domain.capture.settings import KINDS
from connector.domain.errors import ServerError
from connector.domain.health.alarm import AlarmMails
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.check_result import CheckResult, launch
from connector.domain.health.facts import (
    ADMIN,
    ALARMS,
    CHECK,
    MAIL,
    PAGERS,
    AlarmState,
    Facts,
    Stack,
    Subscription,
)
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from connector.operations.deadline import Questions
from connector.operations.not_deployed import not_deployed

#: The metric that every check publishes, and how far back its newest value is looked for.
_CHECK_METRIC = "HealthCheckFailed"
_CHECK_HOURS = 6
#: The lag for the picture in `status`, and how far back it goes.
_LAG_METRIC = "ReplicationLagSeconds"
_LAG_HOURS = 3
#: How long all of it may take: with the program's start and its tables, `status` ends within 15 s. The admin
#: function has a shorter limit of its own, which names the part that did not answer it.
_SECONDS = 14.0

T = TypeVar("T")


def inspect(port: calls.Port, stage: Stage, now: datetime) -> Facts:
    """Everything that can be seen of a stage by the deadline; `ServerError` when it is not deployed.

    What does not depend on each other is asked at the same time. A part without an answer is unavailable.
    """
    deadline, unavailable = Questions(_SECONDS), dict[str, str]()
    standing = {name: deadline.ask(partial(_stack, port, stage, name)) for name in COMPONENTS}
    inside = deadline.ask(lambda: _inside(port, stage, now))
    # Which kind the stage has is part of what its function answers.
    alarms = deadline.ask(lambda: {kind: alarm_states(port, stage, kind) for kind in KINDS})
    last = deadline.ask(lambda: _last_check(port, stage, now))
    lags = deadline.ask(lambda: _lags(port, stage, now))
    described = {name: deadline.answer(asked) for name, asked in standing.items()}
    stacks = {name: stack for name, stack in described.items() if stack is not None}
    if not stacks:
        raise deadline.answer(deadline.ask(lambda: not_deployed(port, stage)))
    topic, machines = (_output(stacks.get("alerts"), key) for key in ("TopicArn", "AlarmsTopicArn"))
    mail = deadline.ask(lambda: subscriptions(port, topic))
    # A stage that an earlier version launched has no such topic: its alarms' actions show that.
    pagers = deadline.ask(lambda: subscriptions(port, machines) if machines else ())
    seen = _try(unavailable, ADMIN, lambda: deadline.answer(inside)) or {}
    found = _try(unavailable, ADMIN, lambda: _findings(seen)) if seen else None
    states = _try(unavailable, ALARMS, lambda: deadline.answer(alarms)) or {}
    checked_at, failed = _try(unavailable, CHECK, lambda: deadline.answer(last)) or (None, False)
    return Facts(
        stage,
        {
            name: Stack(s["StackStatus"], bool(s.get("EnableTerminationProtection")), s.get("CreationTime"))
            for name, s in stacks.items()
        },
        {name: part for name, part in seen.items() if name != "findings"},
        found or (),
        states.get(str(seen.get("kind", KINDS[0])), {}),
        _try(unavailable, MAIL, lambda: deadline.answer(mail)) or (),
        _try(unavailable, PAGERS, lambda: deadline.answer(pagers)) or (),
        checked_at,
        failed,
        # A picture of the past, without which everything else is still worth showing.
        _try({}, "lags", lambda: deadline.answer(lags)) or (),
        unavailable,
    )


@dataclass(frozen=True)
class AlarmRouting:
    """Where a stage's alarms are sent, as its stacks say: ARNs of the two topics, and who is mailed."""

    people: str
    machines: str
    mails: AlarmMails


def alarm_routing(port: calls.Port, stage: Stage) -> AlarmRouting:
    """Where the alarms of a deployed stage are sent."""
    stacks = _stacks(port, stage)
    if not stacks:
        raise not_deployed(port, stage)
    found = []
    for component, key in (("alerts", "TopicArn"), ("alerts", "AlarmsTopicArn"), ("alarms", "AlarmMails")):
        found.append(_output(stacks.get(component), key))
        if not found[-1]:
            raise ServerError(
                f"stack {stage.names.stack(component)} has no output {key}; run `{launch(stage)}`"
            )
    people, machines, mails = found
    return AlarmRouting(people, machines, AlarmMails(mails))


def alarm_states(port: calls.Port, stage: Stage, kind: str) -> dict[str, AlarmState]:
    """The alarm's short name -> its state, for the alarms of the stage that exist."""
    full = {stage.names.alarm(name): name for name in alarms_of(stage.names, kind)}
    with calls.errors():
        pages = calls.pages(port, "cloudwatch", "describe_alarms", {"AlarmNames": list(full)})
        found = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    return {
        name: AlarmState(
            found[alarm]["StateValue"],
            str(found[alarm].get("StateReason", "")),
            tuple(found[alarm].get("AlarmActions", ())),
            int(found[alarm].get("Period", 0)) * int(found[alarm].get("EvaluationPeriods", 0)),
            tuple(found[alarm].get("OKActions", ())),
        )
        for alarm, name in full.items()
        if alarm in found
    }


def subscriptions(port: calls.Port, topic: str) -> tuple[Subscription, ...]:
    """Who is subscribed to a topic."""
    if not topic:
        raise ServerError("the alerts stack has no SNS topic")
    with calls.errors():
        pages = calls.pages(port, "sns", "list_subscriptions_by_topic", {"TopicArn": topic})
        found = [entry for page in pages for entry in page["Subscriptions"]]
    return tuple(
        Subscription(
            entry["Protocol"], _public(entry["Endpoint"]), entry["SubscriptionArn"].startswith("arn:")
        )
        for entry in found
        # A deleted subscription is still listed for some days.
        if entry["SubscriptionArn"] != "Deleted"
    )


def kind_of(port: calls.Port, stage: Stage) -> str:
    """The kind of connector, as the stage's function is configured."""
    return str(_inside(port, stage, datetime.now(UTC)).get("kind", "debezium"))


def _stacks(port: calls.Port, stage: Stage) -> dict[str, Mapping[str, Any]]:
    """Each stack by its own name: AWS answers termination protection only to a request for one stack."""
    found = {component: _stack(port, stage, component) for component in COMPONENTS}
    return {component: stack for component, stack in found.items() if stack is not None}


def _stack(port: calls.Port, stage: Stage, component: str) -> Mapping[str, Any] | None:
    with calls.errors():
        stack = describe_stack(port, stage.names.stack(component))
    return None if stack is None or stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _inside(port: calls.Port, stage: Stage, now: datetime) -> Mapping[str, Any]:
    log = worker_log.status_events(port, stage.names.connector_log_group, now)
    answer = invoke(port, stage, Request(Operation.STATUS, stage=stage.name, log=log))
    if answer.state is not State.DONE:
        raise ServerError(answer.summary)
    return answer.details


def _findings(inside: Mapping[str, Any]) -> tuple[CheckResult, ...]:
    """The findings of the answer to a request for the status."""
    if "findings" not in inside:
        raise ServerError("the admin Lambda is an older version that reports no findings; launch the stage")
    return tuple(map(CheckResult.from_payload, inside["findings"]))


def _last_check(port: calls.Port, stage: Stage, now: datetime) -> tuple[datetime | None, bool]:
    """When the newest check was published, to the minute, and whether it failed at its own work."""
    with calls.errors():
        query = {
            "Namespace": stage.names.health_namespace,
            "MetricName": _CHECK_METRIC,
            "StartTime": now - timedelta(hours=_CHECK_HOURS),
            "EndTime": now + timedelta(minutes=1),
            "Period": 60,
            "Statistics": ["Maximum"],
        }
        answer = port.call("cloudwatch", "get_metric_statistics", query)
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return (points[-1]["Timestamp"], points[-1]["Maximum"] >= 1) if points else (None, False)


def _lags(port: calls.Port, stage: Stage, now: datetime) -> tuple[tuple[datetime, float], ...]:
    """The lag that each check of the last hours published, the oldest first."""
    with calls.errors():
        query = {
            "Namespace": stage.names.health_namespace,
            "MetricName": _LAG_METRIC,
            "StartTime": now - timedelta(hours=_LAG_HOURS),
            "EndTime": now + timedelta(minutes=1),
            "Period": 300,
            "Statistics": ["Maximum"],
        }
        answer = port.call("cloudwatch", "get_metric_statistics", query)
    return tuple(sorted((point["Timestamp"], float(point["Maximum"])) for point in answer["Datapoints"]))


def _output(stack: Mapping[str, Any] | None, key: str) -> str:
    outputs = (stack or {}).get("Outputs", ())
    return next((str(o["OutputValue"]) for o in outputs if o["OutputKey"] == key), "")


def _public(endpoint: str) -> str:
    """An endpoint without what may be a key: a pager's URL often holds one behind its host."""
    url = urlsplit(endpoint)
    return f"{url.scheme}://{url.hostname}" if url.scheme in ("http", "https") else endpoint


def _try(unavailable: dict[str, str], part: str, see: Callable[[], T]) -> T | None:
    try:
        return see()
    except ServerError as error:
        unavailable[part] = str(error)
        return None
