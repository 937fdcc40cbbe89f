"""What checkov or cdk-nag asks for and this product does not do, with the reason: the table of exceptions.

`annotate` writes each row into the metadata of the resources that need it, in the forms that the two tools
read: `Metadata.checkov.skip` and `Metadata.cdk_nag.rules_to_suppress`. CloudFormation acts on neither. `make
check` and `make nist` fail on a finding without a row, and on a row that no finding needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Template

#: What cdk-nag calls its pack of rules for NIST 800-53, revision 5.
NIST = "NIST.800.53.R5-"

_Properties = Mapping[str, Any]


def _always(_properties: _Properties) -> bool:
    return True


def _without_recovery(table: _Properties) -> bool:
    return not table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def _with_recovery(table: _Properties) -> bool:
    return not _without_recovery(table)


def _without_log(bucket: _Properties) -> bool:
    return "LoggingConfiguration" not in bucket


def _without_own_key(bucket: _Properties) -> bool:
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return bool(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] != "aws:kms")


def _without_dead_letters(function: _Properties) -> bool:
    return "DeadLetterConfig" not in function


def _attributes(balancer: _Properties) -> dict[str, str]:
    return {entry["Key"]: entry["Value"] for entry in balancer.get("LoadBalancerAttributes", [])}


def _without_access_log(balancer: _Properties) -> bool:
    return _attributes(balancer).get("access_logs.s3.enabled") != "true"


def _unprotected(balancer: _Properties) -> bool:
    """Said in so many words: a named stage's balancer that lacks the attribute is a mistake, and found."""
    return _attributes(balancer).get("deletion_protection.enabled") == "false"


@dataclass(frozen=True)
class GateException:
    """Resources of one type that a rule does not bind.

    `checkov` and `nist` are the rules' ids, the latter without the pack's name. `needed` tells by the
    properties which resources of the type need it. The reason is for people: whole sentences.
    """

    kind: str
    reason: str
    checkov: tuple[str, ...] = ()
    nist: tuple[str, ...] = ()
    needed: Callable[[_Properties], bool] = _always


EXCEPTIONS = (
    GateException(
        "AWS::Lambda::Function",
        "Reserved concurrency is taken from the account's quota. A launch fails where too little of it is "
        "left, and a reserved function is throttled above its share: a health check that must mail would be "
        "lost. One schedule, a few rules and operators are all that call these functions.",
        checkov=("CKV_AWS_115",),
        nist=("LambdaConcurrency",),
    ),
    GateException(
        "AWS::Lambda::Function",
        "The function is called synchronously only: its caller gets every error. Lambda puts nothing but "
        "failed asynchronous events into a dead-letter queue.",
        checkov=("CKV_AWS_116",),
        nist=("LambdaDLQ",),
        needed=_without_dead_letters,
    ),
    GateException(
        "AWS::DynamoDB::Table",
        "An ephemeral stage's table goes with its stage, and a launch writes its content anew. Nobody would "
        "restore it.",
        checkov=("CKV_AWS_28",),
        nist=("DynamoDBPITREnabled", "DynamoDBInBackupPlan"),
        needed=_without_recovery,
    ),
    GateException(
        "AWS::DynamoDB::Table",
        "Point-in-time recovery is the table's backup: any second of 35 days, and DynamoDB keeps a last "
        "backup for 35 days when the table is deleted. A plan would keep copies for longer of a record that "
        "a launch writes anew and of a restart budget that is one hour old at most. An organization's "
        "backup policy can select the table by its tag project.",
        nist=("DynamoDBInBackupPlan",),
        needed=_with_recovery,
    ),
    GateException(
        "AWS::ECS::Cluster",
        "Container Insights writes into a log group that ECS makes: without this product's key, and still "
        "there after the stage is deleted. ECS publishes CPU and memory of the service without it; heap, "
        "lag and queue come from the worker's own metrics page.",
        checkov=("CKV_AWS_65",),
    ),
    GateException(
        "AWS::S3::Bucket",
        "This bucket receives access logs. A log of the log would deliver to itself without end.",
        checkov=("CKV_AWS_18",),
        needed=_without_log,
    ),
    GateException(
        "AWS::S3::Bucket",
        "AWS's page on server access logging admits only S3's own encryption (SSE-S3) as the default of the "
        "bucket that receives the logs.",
        nist=("S3DefaultEncryptionKMS",),
        needed=_without_own_key,
    ),
    GateException(
        "AWS::S3::Bucket",
        "Nothing here needs a copy in another region. A launch uploads the Lambda zip from the commit when "
        "it is missing, and another region has a foundation of its own.",
        nist=("S3BucketReplicationEnabled",),
    ),
    GateException(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "The balancer is internal. Its security group takes connections from this stage's two functions "
        "only, and a web ACL filters what browsers and strangers send.",
        nist=("ALBWAFEnabled",),
    ),
    GateException(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "This stage's two functions are the only clients, and Connect writes a line for every request that "
        "changes something into the worker's encrypted log group.",
        checkov=("CKV_AWS_91",),
        nist=("ELBLoggingEnabled",),
        needed=_without_access_log,
    ),
    GateException(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "An ephemeral stage's balancer is deleted with its stage, by whoever made the stage.",
        nist=("ELBDeletionProtectionEnabled",),
        needed=_unprotected,
    ),
)


def annotate(template: Template) -> None:
    """Write every exception into the metadata of the resources that need it."""
    for resource in template.resources.values():
        shown = resource.to_dict()
        found = [
            row for row in EXCEPTIONS if row.kind == shown["Type"] and row.needed(shown.get("Properties", {}))
        ]
        skip = [{"id": rule, "comment": row.reason} for row in found for rule in row.checkov]
        suppress = [{"id": f"{NIST}{rule}", "reason": row.reason} for row in found for rule in row.nist]
        metadata = dict(shown.get("Metadata", {}))
        if skip:
            metadata["checkov"] = {"skip": skip}
        if suppress:
            metadata["cdk_nag"] = {"rules_to_suppress": suppress}
        if metadata:
            resource.Metadata = metadata
