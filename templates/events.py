"""Events: the schedule of the health check, and the mails about what happens to the ECS service.

This stack does not depend on the connector's: a failed registration must not leave the stage unmonitored.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from troposphere import GetAtt, Ref, Template, awslambda, events

from connector.domain.health import metrics
from connector.domain.health.alarm import RUNBOOK
from connector.domain.health.worker_stops import NOT_STARTED_CODE
from templates.shared import common
from templates.shared.settings import HealthMinutes, StageSettings, parse_settings

#: How ECS begins the reason when a deployment or a change of the desired count stops a task. The stop code
#: does not help: tasks that fail their health checks are stopped with the same one.
SCALING = "Scaling activity initiated by"

#: A run that starts later than this is not worth starting: the next one is due. EventBridge's minimum is 60.
_LATE_SECONDS = 60


class EventsSettings(StageSettings):
    """The settings of the events stack."""

    health_schedule_minutes: HealthMinutes = Field(description="How often the health check runs, in minutes.")


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(EventsSettings, sceptre_user_data)))


def build(settings: EventsSettings) -> Template:
    """The schedule with the permission it needs, and the rules that mail."""
    template = common.new_template(f"wms-connector {settings.stage}: schedule and event rules")
    topic = common.parameter(template, "AlertsTopicArn", "The SNS topic that mails people")
    health = common.parameter(template, "ConnectHealthArn", "The health check's function")
    queue = common.parameter(template, "DeadLetterQueueArn", "Keeps events that could not be delivered")
    _add_schedule(template, settings, health, queue)
    for rule, pattern in patterns(settings).items():
        _add_mail(template, settings, rule, pattern, topic=topic, queue=queue)
    return template


def schedule(minutes: int) -> str:
    """EventBridge's rate expression, which knows singular and plural."""
    return f"rate({minutes} minute{'' if minutes == 1 else 's'})"


def patterns(settings: StageSettings) -> dict[str, dict[str, Any]]:
    """Rule -> event pattern, for this stage's service and no other.

    The documented events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html.
    Those about a service name it in `resources` only.
    """
    service = settings.names.service
    stopped = {
        "clusterArn": [common.arn("ecs", f"cluster/{service}")],
        "group": [f"service:{service}"],
        "lastStatus": ["STOPPED"],
    }
    of_service = [common.arn("ecs", f"service/{service}/{service}")]
    return {
        metrics.TASK_STOPPED: {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {
                **stopped,
                "stopCode": [{"anything-but": [NOT_STARTED_CODE]}, {"exists": False}],
                "stoppedReason": [{"anything-but": {"prefix": SCALING}}, {"exists": False}],
            },
        },
        # A rule of its own: such a task has no log, and a mail's text cannot depend on the event.
        metrics.TASK_NOT_STARTED: {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {**stopped, "stopCode": [NOT_STARTED_CODE]},
        },
        metrics.SERVICE_TROUBLE: {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Service Action"],
            "resources": of_service,
            "detail": {"eventType": ["WARN", "ERROR"]},
        },
        metrics.DEPLOYMENT_FAILED: {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            "resources": of_service,
            "detail": {"eventType": ["ERROR"]},
        },
    }


def _mail(settings: StageSettings, rule: str) -> tuple[dict[str, str], list[str]]:
    """What is taken from the event, and the lines of the mail."""
    logs = settings.names.connector_log_group
    if rule == metrics.TASK_STOPPED:
        return {
            "reason": "$.detail.stoppedReason",
            "code": "$.detail.stopCode",
            "container": "$.detail.containers[0].reason",
            "exit": "$.detail.containers[0].exitCode",
            "task": "$.detail.taskArn",
            "time": "$.time",
        }, [
            f"Stage {settings.stage}: a worker stopped, and neither a deployment nor scaling is why.",
            "ECS says: <reason> (<code>)",
            "Exit code: <exit> <container>",
            "Task: <task>, <time>",
            f"First step: read the last lines of this task in the log group {logs}.",
        ]
    if rule == metrics.TASK_NOT_STARTED:
        return {
            "reason": "$.detail.stoppedReason",
            "code": "$.detail.stopCode",
            "container": "$.detail.containers[0].reason",
            "task": "$.detail.taskArn",
            "time": "$.time",
        }, [
            f"Stage {settings.stage}: a worker's task never started, so it has no log. ECS tries again.",
            "ECS says: <reason> (<code>) <container>",
            "Task: <task>, <time>",
            f"First step: run wms-connector status {settings.stage}: it says which of these to look at.",
            "- the secret: does it exist, has it the key, may the execution role read it?",
            "- the network: way out of the task's subnets, endpoints, security groups",
            "- the image: wms-connector image status",
            "- the capacity: free addresses of the subnets, Fargate's quota",
        ]
    paths = {"name": "$.detail.eventName", "reason": "$.detail.reason", "time": "$.time"}
    if rule == metrics.SERVICE_TROUBLE:
        return paths, [
            f"Stage {settings.stage}: ECS has trouble with the worker's service.",
            "ECS says: <name> <reason>, <time>",
            "First step: read the service's newest events in the ECS console.",
            "- SERVICE_TASK_PLACEMENT_FAILURE: free addresses of the subnets, Fargate's quota",
            f"- SERVICE_TASK_START_IMPAIRED: mail of {metrics.TASK_NOT_STARTED} or {metrics.TASK_STOPPED}",
        ]
    return paths, [
        f"Stage {settings.stage}: a deployment of the worker failed; ECS goes back to the version before.",
        "ECS says: <name> <reason>, <time>",
        f"First step: read why the new workers stopped, in the log group {logs}.",
        f"- If they never started, they have no log: read the mail of {metrics.TASK_NOT_STARTED}.",
    ]


def _add_schedule(template: Template, settings: EventsSettings, health: Ref, queue: Ref) -> None:
    rule = template.add_resource(
        events.Rule(
            metrics.HEALTH_SCHEDULE,
            Name=settings.names.rule(metrics.HEALTH_SCHEDULE),
            Description=f"Runs the health check of stage {settings.stage}",
            ScheduleExpression=schedule(settings.health_schedule_minutes),
            State="ENABLED",
            Targets=[
                events.Target(
                    Id="health",
                    Arn=health,
                    RetryPolicy=events.RetryPolicy(
                        MaximumEventAgeInSeconds=_LATE_SECONDS, MaximumRetryAttempts=1
                    ),
                    DeadLetterConfig=events.DeadLetterConfig(Arn=queue),
                )
            ],
        )
    )
    template.add_resource(
        awslambda.Permission(
            "HealthSchedulePermission",
            Action="lambda:InvokeFunction",
            FunctionName=health,
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(rule, "Arn"),
        )
    )


def _add_mail(
    template: Template,
    settings: EventsSettings,
    rule: str,
    pattern: Mapping[str, Any],
    *,
    topic: Ref,
    queue: Ref,
) -> None:
    paths, lines = _mail(settings, rule)
    lines = [*lines, f"Runbook: {RUNBOOK}#{rule.lower()}"]
    template.add_resource(
        events.Rule(
            rule,
            Name=settings.names.rule(rule),
            Description=f"{lines[0]} Mails it.",
            EventPattern=pattern,
            State="ENABLED",
            Targets=[
                events.Target(
                    # No RoleArn: EventBridge publishes to topics by the topic's own policy.
                    Id="mail",
                    Arn=topic,
                    InputTransformer=events.InputTransformer(
                        InputPathsMap=paths,
                        # A template of several lines is a quoted text for each.
                        InputTemplate="\n".join(f'"{line}"' for line in lines),
                    ),
                    DeadLetterConfig=events.DeadLetterConfig(Arn=queue),
                )
            ],
        )
    )
