"""The alarms on metrics that AWS publishes, each with the page that documents the metric."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from connector.domain.health.alarm import LEAST_CERTIFICATE_DAYS, Alarm, Compare, TreatMissingData
from connector.domain.health.metrics import LOGIN_REFUSED, METRICS, RULES
from connector.domain.stage.aws_names import Names
from connector.domain.stage.stage import NAMED_STAGES


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
_LOGS = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-"
    "Metrics.html"
)
_EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"


_ACM = "https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html"

#: The alarm of a stage whose load balancer has a certificate that somebody gave it.
CERTIFICATE_EXPIRING = "CertificateExpiring"


def aws_alarms(names: Names, certificate: str = "") -> tuple[AwsAlarm, ...]:
    """The alarms on AWS's own metrics of one stage. `certificate`: the ARN of one that was given, if any."""
    functions = {"ConnectAdmin": names.connect_admin, "ConnectHealth": names.connect_health}
    return (
        # Memory is not among them: the heap ends the worker, and it is full long before the task's memory is.
        # HeapAfterCollectionPercent is the alarm on it.
        AwsAlarm(
            "CpuHigh",
            "AWS/ECS",
            "CPUUtilization",
            Alarm(
                "The worker uses more than 90 % of its CPU.",
                "check on the dashboard when it began; if it lasts, raise task_cpu in the stage's "
                "config.yaml.",
                "CpuHigh",
                threshold=90,
                statistic="Average",
                evaluation_periods=3,
                period_seconds=300,
                treat_missing_data=TreatMissingData.MISSING,
            ),
            _ECS,
            {"ClusterName": names.service, "ServiceName": names.service},
        ),
        *(_function(title, name, which) for title, name in functions.items() for which in _FUNCTION_TEXTS),
        _dead_letters(names),
        *(_rule(names, rule) for rule in RULES),
        _log_filter(names),
        *([_certificate(certificate)] if certificate else []),
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
        # A named stage's slug is its name, and nobody else's.
        and (names.slug in NAMED_STAGES or not metric.named_only)
    }
    certificate = "any" if standing is None or CERTIFICATE_EXPIRING in standing else ""
    return {**ours, **{found.name: found.alarm for found in aws_alarms(names, certificate)}}


_FUNCTION_TEXTS = {
    "Errors": ("fails or times out.", "read the newest lines of its log group."),
    "Throttles": (
        "is throttled by Lambda.",
        "check whether the account's concurrent executions are used up.",
    ),
}


def _dead_letters(names: Names) -> AwsAlarm:
    alarm = Alarm(
        "The dead-letter queue holds events that could not be delivered or handled.",
        "read a message of the queue: it names the rule or function that failed.",
        "DeadLetters",
        period_seconds=300,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )
    dimensions = {"QueueName": names.dead_letter_queue}
    return AwsAlarm("DeadLetters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", alarm, _SQS, dimensions)


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


def _log_filter(names: Names) -> AwsAlarm:
    alarm = Alarm(
        "Lines of the worker's log about a refused login, a failed task or a missing log do not reach the "
        "health function.",
        "launch again, which sets the permission of the log filter as it was.",
        f"{LOGIN_REFUSED}Undelivered",
        statistic="Sum",
        period_seconds=300,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )
    dimensions = {
        "LogGroupName": names.connector_log_group,
        "DestinationType": "Lambda",
        "FilterName": names.rule(LOGIN_REFUSED),
    }
    return AwsAlarm(f"{LOGIN_REFUSED}Undelivered", "AWS/Logs", "DeliveryErrors", alarm, _LOGS, dimensions)


def _certificate(arn: str) -> AwsAlarm:
    """ACM counts the days twice a day, and stops when the certificate has expired."""
    alarm = Alarm(
        f"The load balancer's certificate expires in less than {LEAST_CERTIFICATE_DAYS} days.",
        "renew it and import it into ACM under the same ARN.",
        CERTIFICATE_EXPIRING,
        threshold=LEAST_CERTIFICATE_DAYS,
        compare=Compare.BELOW,
        statistic="Minimum",
        period_seconds=24 * 3600,
        treat_missing_data=TreatMissingData.IGNORE,
    )
    dimensions = {"CertificateArn": arn}
    return AwsAlarm(CERTIFICATE_EXPIRING, "AWS/CertificateManager", "DaysToExpiry", alarm, _ACM, dimensions)
