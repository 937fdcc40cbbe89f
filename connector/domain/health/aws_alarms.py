"""The alarms on metrics that AWS publishes, each with the page that documents the metric."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from connector.domain.health.alarm import Alarm, TreatMissingData
from connector.domain.health.metrics import METRICS, RULES
from connector.domain.stage.aws_names import Names


@dataclass(frozen=True)
class AwsAlarm:
    """An alarm on a metric that AWS publishes. `source` documents the metric."""

    name: str
    namespace: str
    metric: str
    alarm: Alarm
    source: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
_SQS = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-"
    "metrics.html"
)
_EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"


def aws_alarms(names: Names) -> tuple[AwsAlarm, ...]:
    """The alarms on AWS's own metrics of one stage."""
    functions = {"ConnectAdmin": names.connect_admin, "ConnectHealth": names.connect_health}
    return (
        _usage(names, "CpuHigh", "CPUUtilization", "CPU", "task_cpu"),
        _usage(names, "MemoryHigh", "MemoryUtilization", "memory", "task_memory"),
        *(_function(title, name, which) for title, name in functions.items() for which in _FUNCTION_TEXTS),
        AwsAlarm(
            "DeadLetters",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            Alarm(
                "The dead-letter queue holds events that could not be delivered or handled.",
                "read a message of the queue: it names the rule or function that failed.",
                "DeadLetters",
                period_seconds=300,
                treat_missing_data=TreatMissingData.NOT_BREACHING,
            ),
            _SQS,
            {"QueueName": names.dead_letter_queue},
        ),
        *(_rule(names, rule) for rule in RULES),
    )


def alarms_of(names: Names, kind: str, standing: Container[str] | None = None) -> Mapping[str, Alarm]:
    """Every alarm of one stage, by the last part of the alarm's name.

    Some alarms exist only with a certain setting, which cannot be seen from outside. With `standing`, the
    names of the alarms that exist, such an alarm counts only if it is among them.
    """
    ours = {
        metric.name: metric.alarm
        for metric in METRICS
        if metric.alarm is not None
        and kind in metric.kinds
        and (standing is None or not metric.setting or metric.name in standing)
    }
    return {**ours, **{found.name: found.alarm for found in aws_alarms(names)}}


def _usage(names: Names, title: str, metric_name: str, what: str, setting: str) -> AwsAlarm:
    alarm = Alarm(
        f"The worker uses more than 90 % of its {what}.",
        f"check on the dashboard when it began; if it lasts, raise {setting} in the stage's config.yaml.",
        title,
        threshold=90,
        statistic="Average",
        evaluation_periods=3,
        period_seconds=300,
        treat_missing_data=TreatMissingData.MISSING,
    )
    dimensions = {"ClusterName": names.service, "ServiceName": names.service}
    return AwsAlarm(title, "AWS/ECS", metric_name, alarm, _ECS, dimensions)


_FUNCTION_TEXTS = {
    "Errors": ("fails or times out.", "read the newest lines of its log group."),
    "Throttles": (
        "is throttled by Lambda.",
        "check whether the account's concurrent executions are used up.",
    ),
}


def _function(title: str, function: str, which: str) -> AwsAlarm:
    what, first_step = _FUNCTION_TEXTS[which]
    alarm = Alarm(
        f"The function {function} {what}",
        first_step,
        f"Function{which}",
        statistic="Sum",
        period_seconds=300,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )
    return AwsAlarm(f"{title}{which}", "AWS/Lambda", which, alarm, _LAMBDA, {"FunctionName": function})


def _rule(names: Names, rule: str) -> AwsAlarm:
    alarm = Alarm(
        f"EventBridge could not deliver an event of the rule {names.rule(rule)}.",
        "read the message in the dead-letter queue: it names the permission or target that is missing.",
        "RuleFailedInvocations",
        statistic="Sum",
        period_seconds=300,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )
    dimensions = {"RuleName": names.rule(rule)}
    return AwsAlarm(f"{rule}Undelivered", "AWS/Events", "FailedInvocations", alarm, _EVENTS, dimensions)
