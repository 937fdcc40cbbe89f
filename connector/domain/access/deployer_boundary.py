"""A permissions boundary for the roles of ephemeral stages. Pure.

Whoever deploys a stage writes the policies of its roles. So a deployer's own policy does not limit what a
branch's role may do, only the role's boundary does. This one ends at what belongs to a named stage. A role
has one boundary: where the account prescribes another, its owners put these denials into that one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from connector.domain.access import deployer_protection
from connector.domain.access.call import AwsScope
from connector.domain.access.deployer import log_groups, topics
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR, PRODUCT, RolePart
from connector.domain.stage.stage import NAMED_STAGES, Stage, bare_names
from connector.domain.stage.topics import BROKER_TOPICS, CAPTURED_TABLES

Statement = Mapping[str, Any]

#: All that a stage's roles are granted, but for the roles that a rotation passes to ECS. None of it invokes
#: or changes a function.
ROLE_ACTIONS: tuple[str, ...] = (
    "cloudwatch:PutMetricData",
    *("dynamodb:GetItem", "dynamodb:PutItem"),
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"),
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
    *("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"),
    *("ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks"),
    *("ecs:RegisterTaskDefinition", "ecs:UpdateService"),
    "kafka-cluster:*",
    *("kms:Decrypt", "kms:GenerateDataKey"),
    *("logs:CreateLogStream", "logs:FilterLogEvents", "logs:PutLogEvents"),
    *("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    *("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "sqs:SendMessage"),
    *("sns:GetTopicAttributes", "sns:Publish"),
)

#: What may not be done to topics and groups without a namespace: they belong to named stages. Their names may
#: be seen, because a launch refuses a cluster with conflicting ones.
_KAFKA_CHANGES = (
    *("kafka-cluster:Alter*", "kafka-cluster:Create*", "kafka-cluster:Delete*"),
    *("kafka-cluster:ReadData", "kafka-cluster:WriteData"),
)


def statements(scope: AwsScope, secret_prefix: str) -> Iterator[Statement]:
    """Everything that roles are granted, and denials of it on what belongs to named stages."""
    # Shorter, for one document must hold it all. A wildcard may stand in each segment of an ARN but the
    # service's ("IAM JSON policy elements: Resource").
    anywhere = replace(scope, partition="*", region="*", account="*")
    stages = [Stage.parse(name) for name in NAMED_STAGES]
    yield {"Sid": "UpTo", "Effect": "Allow", "Action": list(ROLE_ACTIONS), "Resource": "*"}
    yield {
        "Sid": "UpToRoles",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": anywhere.global_arn("iam", f"role/*{PRODUCT}-*"),
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }
    yield _denied(
        "NamedStages", "*", [arn for stage in stages for arn in _of_roles(anywhere, stage, secret_prefix)]
    )
    yield deployer_protection.by_tag(stages)
    clusters = [anywhere.arn("ecs", f"cluster/{stage.names.service}") for stage in stages]
    yield _denied("Clusters", "ecs:*", "*", {"ArnLike": {"ecs:cluster": clusters}})
    spaces = [f"{stage.names.service}/*" for stage in stages]
    yield _denied(
        "Metrics", "cloudwatch:PutMetricData", "*", {"StringLike": {"cloudwatch:namespace": spaces}}
    )
    names = [anywhere.arn("kafka", f"*/{name}") for name in sorted({*map(_shorter, _bare(stages))})]
    yield _denied("Topics", list(_KAFKA_CHANGES), names)


def _bare(stages: Iterable[Stage]) -> set[str]:
    """Topics, groups and transactional ids without a namespace: exactly, for `wms.x` is a legal stage."""
    groups = {stage.topics.connect_group for stage in stages}
    either = _either(CONNECTOR, COMPARISON_CONNECTOR)
    ids = {f"connect-cluster-{g}" for g in groups} | {f"{g}-{either}-0" for g in groups}
    return ids | {name for name in bare_names() if name not in BROKER_TOPICS}


def _shorter(name: str) -> str:
    """One pattern for the topics of the two tables of a schema."""
    base, revision = (table for _, table in CAPTURED_TABLES[:2])
    return name.replace(base, _either(base, revision)).replace(revision, _either(base, revision))


def _either(one: str, other: str) -> str:
    """A pattern for two names of one length; a branch's names that begin in the same way are longer."""
    return "".join(a if a == b else "?" for a, b in zip(one, other, strict=True))


def _of_roles(scope: AwsScope, stage: Stage, secret_prefix: str) -> Iterator[str]:
    """What roles of other stages could be granted of a named stage."""
    names = stage.names
    yield scope.arn("secretsmanager", f"secret:{secret_prefix}/{stage.name}/*")
    yield scope.arn("dynamodb", f"table/{names.table}")
    yield scope.arn("ecs", f"*/{names.service}/*")
    # A task definition. The capital letter of a role's name, behind the slug, is in no slug.
    yield scope.arn("ecs", f"*/{names.service}:*")
    # With any path and without one: behind a wildcard alone, a branch's name may end as a named stage's does.
    yield from (
        scope.global_arn("iam", f"role*/{names.service}-{part.value[0]}*")
        for part in (RolePart.EXECUTION, RolePart.TASK)
    )
    yield scope.arn("sqs", names.dead_letter_queue)
    # Its folder in each of those of the artifact bucket: backups, and digests of comparisons.
    yield f"arn:*:s3:::*/{names.slug}/*"
    yield from (scope.arn("sns", topic) for topic in topics(names))
    for group in log_groups(names):
        # Without the folders of the name: one document must hold it all.
        own = scope.arn("logs", f"log-group:*/{group.rpartition('/')[2]}")
        yield from (own, f"{own}:*")


def _denied(
    sid: str, actions: str | list[str], resources: str | list[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    bound = {"Condition": condition} if condition else {}
    return {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resources, **bound}
