"""Events: what starts the health function: the schedule, the ECS service, secrets, lines of the worker's log.

This stack does not depend on the connector's: a failed registration must not leave the stage unmonitored.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from troposphere import GetAtt, Ref, Template, awslambda, events, logs

from connector.domain.health import log_phrases, metrics
from connector.domain.health.alarm import RUNBOOK
from connector.domain.health.worker_stops import NOT_STARTED_CODE, SCALING
from connector.domain.secrets.fallback import DEFAULT_OWNER
from templates.shared import common
from templates.shared.settings import HealthMinutes, StageSettings, parse_settings

#: A run that starts later than this is not worth starting: the next one is due. EventBridge's minimum is 60.
_LATE_SECONDS = 60
#: An event of ECS's comes once, so a late one is still told: its mail names the time of the event. After an
#: hour the checks have told what lasts, and the dead-letter queue, whose alarm mails, keeps the event.
_EVENT_SECONDS = 3600
#: EventBridge's default and maximum. The time is what ends the attempts.
_EVENT_ATTEMPTS = 185

_MEANING = {
    metrics.TASK_STOPPED: "a worker stopped, and neither a deployment nor scaling is why.",
    metrics.TASK_NOT_STARTED: "a worker's task never started.",
    metrics.SERVICE_TROUBLE: "ECS has trouble with the worker's service.",
    metrics.DEPLOYMENT_FAILED: "a deployment of the worker failed.",
    metrics.SECRET_CHANGED: "a secret changed that the stage may use.",
}
_MAILS = "The health function mails it."
#: What becomes of an event that is not just mailed.
_THEN = {metrics.SECRET_CHANGED: "The health function tries it and gives it to the workers."}

#: The calls of Secrets Manager that give a secret another value, or let one appear or vanish.
_CHANGES_OF_SECRETS = (
    *("CreateSecret", "DeleteSecret", "PutSecretValue", "RestoreSecret", "UpdateSecret"),
    "UpdateSecretVersionStage",
)


class EventsSettings(StageSettings):
    """The settings of the events stack."""

    health_schedule_minutes: HealthMinutes = Field(description="How often the health check runs, in minutes.")
    secret_prefix: str = Field(min_length=1, description="What the paths of all secrets start with.")


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(EventsSettings, sceptre_user_data)))


def build(settings: EventsSettings) -> Template:
    """The schedule and the other rules, each with the permission to start the health function."""
    template = common.new_template(f"wms-connector {settings.stage}: schedule and event rules")
    health = common.parameter(template, "ConnectHealthArn", "The health check's function")
    queue = common.parameter(template, "DeadLetterQueueArn", "Keeps events that could not be delivered")
    _add_schedule(template, settings, health, queue)
    for rule, pattern in patterns(settings).items():
        _add_event_rule(template, settings, rule, pattern, health=health, queue=queue)
    _add_log_filter(template, settings, health)
    return template


def schedule(minutes: int) -> str:
    """EventBridge's rate expression, which knows singular and plural."""
    return f"rate({minutes} minute{'' if minutes == 1 else 's'})"


def patterns(settings: EventsSettings) -> dict[str, dict[str, Any]]:
    """Rule -> event pattern, for this stage's service and secrets, and for the default secrets.

    The documented events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html.
    Those about a service name it in `resources` only.
    """
    return {**_of_worker(settings), metrics.SECRET_CHANGED: _of_secrets(settings)}


def _of_secrets(settings: EventsSettings) -> dict[str, Any]:
    """Calls of Secrets Manager, which EventBridge has where a trail of CloudTrail's logs them.

    The request's parameters are those of the API in CloudTrail's spelling: `name` of CreateSecret, `secretId`
    of the others, which is a name or an ARN, as the caller gave it ("CloudTrail record contents").
    """
    owners = (settings.parsed_stage.name, DEFAULT_OWNER)
    paths = [f"{settings.secret_prefix}/{owner}/" for owner in owners]
    names = [{"prefix": path} for path in paths]
    arns = [{"prefix": common.arn("secretsmanager", f"secret:{path}")} for path in paths]
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": list(_CHANGES_OF_SECRETS),
            # A call that was refused has changed nothing.
            "errorCode": [{"exists": False}],
            "$or": [
                {"requestParameters": {"name": names}},
                {"requestParameters": {"secretId": [*names, *arns]}},
            ],
        },
    }


def _of_worker(settings: StageSettings) -> dict[str, dict[str, Any]]:
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
        # A rule of its own, as each has its alarm of undelivered events and its section of the runbook.
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


def _add_schedule(template: Template, settings: EventsSettings, health: Ref, queue: Ref) -> None:
    template.add_resource(
        events.Rule(
            metrics.HEALTH_SCHEDULE,
            Name=settings.names.rule(metrics.HEALTH_SCHEDULE),
            Description=f"Runs the health check of stage {settings.stage}",
            ScheduleExpression=schedule(settings.health_schedule_minutes),
            State="ENABLED",
            Targets=[_target(health, queue, _LATE_SECONDS, attempts=1)],
        )
    )
    _add_permission(template, metrics.HEALTH_SCHEDULE, health)


def _add_event_rule(
    template: Template,
    settings: EventsSettings,
    rule: str,
    pattern: Mapping[str, Any],
    *,
    health: Ref,
    queue: Ref,
) -> None:
    """The event goes to the function as it is, without an input transformer.

    "EventBridge doesn't escape values extracted by Input Path": a quotation mark in ECS's reason would break
    the text (EventBridge User Guide, "Transforming target input").
    """
    template.add_resource(
        events.Rule(
            rule,
            Name=settings.names.rule(rule),
            Description=f"Stage {settings.stage}: {_MEANING[rule]} {_THEN.get(rule, _MAILS)} "
            f"Runbook: {RUNBOOK}#{rule.lower()}",
            EventPattern=pattern,
            State="ENABLED",
            Targets=[_target(health, queue, _EVENT_SECONDS, attempts=_EVENT_ATTEMPTS)],
        )
    )
    _add_permission(template, rule, health)


def _add_log_filter(template: Template, settings: EventsSettings, health: Ref) -> None:
    """Lines that may tell of a refused login, a failed task or a missing log go to the function as written.

    A metric and its alarm would take minutes. One filter for all of them: a log group takes two, and one is
    left for an agency's collector. Its name is that of its first purpose: another one would be made before
    this one goes, as a third. CloudWatch Logs tries the permission when the filter is made
    (CloudWatch Logs User Guide, "Subscription filters with AWS Lambda"), so the filter waits for it. The
    group is the alerts stack's, which is launched before.
    """
    group = settings.names.connector_log_group
    permission = template.add_resource(
        awslambda.Permission(
            f"{metrics.LOGIN_REFUSED}Permission",
            Action="lambda:InvokeFunction",
            FunctionName=health,
            Principal="logs.amazonaws.com",
            SourceArn=common.arn("logs", f"log-group:{group}:*"),
            SourceAccount=Ref("AWS::AccountId"),
        )
    )
    template.add_resource(
        logs.SubscriptionFilter(
            metrics.LOGIN_REFUSED,
            FilterName=settings.names.rule(metrics.LOGIN_REFUSED),
            FilterPattern=log_phrases.PATTERN,
            LogGroupName=group,
            DestinationArn=health,
            DependsOn=permission.title,
        )
    )


def _target(health: Ref, queue: Ref, seconds: int, *, attempts: int) -> events.Target:
    return events.Target(
        Id="health",
        Arn=health,
        RetryPolicy=events.RetryPolicy(MaximumEventAgeInSeconds=seconds, MaximumRetryAttempts=attempts),
        DeadLetterConfig=events.DeadLetterConfig(Arn=queue),
    )


def _add_permission(template: Template, rule: str, health: Ref) -> None:
    """Only this rule, not every rule of the account."""
    template.add_resource(
        awslambda.Permission(
            f"{rule}Permission",
            Action="lambda:InvokeFunction",
            FunctionName=health,
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(rule, "Arn"),
        )
    )
