"""What the deployer of ephemeral stages must not touch: everything of the named stages, name by name. Pure.

The policy for ephemeral stages allows patterns, and `wms-connector-*` also matches what belongs to `main`. A
pattern for `main` would match what belongs to the legal stage `main-x`. Hence exact names, which no ephemeral
stage can have: behind `wms-connector-main`, the names of `main-x` go on with `-` and a small letter or a
digit, never with `-` and a capital letter, and never with the rest of a name of `main`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.domain.access.call import AwsScope
from connector.domain.access.deployer import log_groups, topics
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.metrics import METRICS, RULES
from connector.domain.stage import backup
from connector.domain.stage.aws_names import FOUNDATION_STACK, PRODUCT, RolePart
from connector.domain.stage.stage import Stage

Statement = Mapping[str, Any]


def statements(scope: AwsScope, stages: Iterable[Stage], secret_prefix: str) -> Iterator[Statement]:
    """Denials of every action on what belongs to these named stages."""
    chosen = tuple(stages)
    for stage in chosen:
        arns = sorted(protected_arns(scope, stage, secret_prefix))
        yield {
            "Sid": f"Protect{stage.name.capitalize()}",
            "Effect": "Deny",
            "Action": "*",
            "Resource": arns,
        }
    # What has a random name or id: security groups, load balancers, certificates. The rest once more.
    yield by_tag(chosen)
    functions = [arn for stage in chosen for arn in _functions(scope, stage)]
    alerts = [scope.arn("sns", name) for stage in chosen for name in topics(stage.names)]
    yield _denied("ProtectFromRules", "events:PutTargets", "events:TargetArn", [*functions, *alerts])
    yield _denied("ProtectFromAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:AlarmActions", alerts)
    yield {
        "Sid": "ProtectTaskDefinitions",
        "Effect": "Deny",
        "Action": ["ecs:CreateService", "ecs:RunTask", "ecs:UpdateService"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "ecs:task-definition": [
                    scope.arn("ecs", f"task-definition/{stage.names.service}:*") for stage in chosen
                ]
            }
        },
    }
    yield {
        "Sid": "ProtectPolicies",
        "Effect": "Deny",
        "Action": "iam:AttachRolePolicy",
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "iam:PolicyARN": [arn for stage in chosen for arn in _by_part(scope, stage, "policy")]
            }
        },
    }


def by_tag(stages: Iterable[Stage]) -> Statement:
    """Denial of every action on what has the stack tags of these stages.

    CloudFormation gives a stack's tags to every resource that takes tags. Which actions know
    `aws:ResourceTag` is in the Service Authorization Reference; iam:PassRole does not reliably ("Grant a user
    permissions to pass a role to an AWS service", IAM user guide), so roles are told apart by name.
    """
    return {
        "Sid": "ProtectByTag",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "aws:ResourceTag/project": PRODUCT,
                "aws:ResourceTag/stage": [stage.name for stage in stages],
            }
        },
    }


def protected_arns(scope: AwsScope, stage: Stage, secret_prefix: str) -> Iterator[str]:
    """Patterns of the ARNs of everything of a named stage that has a name of ours."""
    names = stage.names
    service = names.service
    ours = {
        "cloudformation": [f"stack/{name}/*" for name in names.stacks.values()],
        # Services, deployments, tasks and container instances have the cluster in their ARN.
        "ecs": [f"cluster/{service}", f"task-definition/{service}:*", f"*/{service}/*"],
        "dynamodb": [f"table/{names.table}", f"table/{names.table}/*"],
        "sqs": [names.dead_letter_queue, f"{names.drill_queue('')}*"],
        "sns": [f"{topic}{end}" for topic in topics(names) for end in ("", ":*")],
        "logs": [
            f"log-group:{group}{end}"
            for group in (*log_groups(names), names.insights_log_group)
            for end in ("", ":*")
        ],
        "events": [f"rule/{names.rule(rule)}" for rule in RULES],
        # By first letters: there are more alarms than a policy has room for.
        "cloudwatch": [f"alarm:{service}-{letter}*" for letter in sorted(_first_letters(stage))],
        "secretsmanager": [f"secret:{secret_prefix}/{stage.name}/*"],
    }
    for service_name, resources in ours.items():
        yield from (scope.arn(service_name, resource) for resource in resources)
    for function in _functions(scope, stage):
        yield from (function, f"{function}:*")
    yield scope.global_arn("cloudwatch", f"dashboard/{names.dashboard}")
    for kind in ("role", "policy"):
        yield from _by_part(scope, stage, kind)
    for folder in (f"{stage.name}/", backup.prefix(stage)):
        yield f"arn:{scope.partition}:s3:::{FOUNDATION_STACK}-artifacts-*/{folder}*"


def _first_letters(stage: Stage) -> set[str]:
    names = [metric.name for metric in METRICS] + [alarm.name for alarm in aws_alarms(stage.names)]
    return {name[0] for name in names}


def _functions(scope: AwsScope, stage: Stage) -> tuple[str, ...]:
    names = (stage.names.connect_admin, stage.names.connect_health)
    return tuple(scope.arn("lambda", f"function:{name}") for name in names)


def _by_part(scope: AwsScope, stage: Stage, kind: str) -> Iterator[str]:
    """Roles or policies under any path: that of a named stage need not be that of a branch."""
    for part in RolePart:
        yield scope.global_arn("iam", f"{kind}*/{stage.names.role_start(part)}*")


def _denied(sid: str, action: str, key: str, values: list[str]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Action": action,
        "Resource": "*",
        "Condition": {"ForAnyValue:StringLike": {key: values}},
    }
