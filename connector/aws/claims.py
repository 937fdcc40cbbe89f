"""Which names are taken in this account and region, by what AWS's own describing calls say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from connector.aws import calls
from connector.domain.stage.ownership import NameClaim

#: Codes with which services refuse a question about something that does not exist, beside `calls.missing`.
_ABSENT = (
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "NotFoundException",
    "RepositoryNotFoundException",
    "ClusterNotFoundException",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")

#: CloudWatch answers about at most so many alarms at once.
_ALARMS_AT_ONCE = 100

Claims = Sequence[NameClaim]
Find = Callable[[calls.Port, Claims], Iterable[str]]


@dataclass(frozen=True)
class Taken:
    """The names that are taken, and the calls that these credentials may not make."""

    claims: Claims
    denied: Sequence[str]


def taken(port: calls.Port, claims: Iterable[NameClaim]) -> Taken:
    """Which names exist. Raises botocore's errors, except where a right is lacking: that is in `denied`."""
    found: list[NameClaim] = []
    denied: list[str] = []
    for kind, group in groupby(sorted(set(claims)), key=lambda claim: claim.kind):
        wanted = tuple(group)
        try:
            names = set(_FIND[kind](port, wanted))
        except calls.ClientError as error:
            if calls.code(error) not in _DENIED:
                raise
            denied.append(error.operation_name)
            continue
        found += [claim for claim in wanted if claim.name in names]
    return Taken(found, denied)


def _alarms(port: calls.Port, claims: Claims) -> Iterable[str]:
    names = [claim.name for claim in claims]
    for first in range(0, len(names), _ALARMS_AT_ONCE):
        query = {"AlarmNames": names[first : first + _ALARMS_AT_ONCE]}
        for page in calls.pages(port, "cloudwatch", "describe_alarms", query):
            yield from (alarm["AlarmName"] for alarm in page.get("MetricAlarms", ()))


def _dashboards(port: calls.Port, claims: Claims) -> Iterable[str]:
    for claim in claims:
        query = {"DashboardNamePrefix": claim.name}
        for page in calls.pages(port, "cloudwatch", "list_dashboards", query):
            yield from (entry["DashboardName"] for entry in page.get("DashboardEntries", ()))


def _log_groups(port: calls.Port, claims: Claims) -> Iterable[str]:
    for claim in claims:
        query = {"logGroupNamePrefix": claim.name}
        for page in calls.pages(port, "logs", "describe_log_groups", query):
            yield from (group["logGroupName"] for group in page.get("logGroups", ()))


def _clusters(port: calls.Port, claims: Claims) -> Iterable[str]:
    answer = port.call("ecs", "describe_clusters", {"clusters": [claim.name for claim in claims]})
    # A deleted cluster is described for a while, as INACTIVE; its name is free.
    yield from (c["clusterName"] for c in answer.get("clusters", ()) if c.get("status") == "ACTIVE")


def _security_groups(port: calls.Port, claims: Claims) -> Iterable[str]:
    for vpc in sorted({claim.scope for claim in claims if claim.scope}):
        names = [claim.name for claim in claims if claim.scope == vpc]
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": names}]
        for page in calls.pages(port, "ec2", "describe_security_groups", {"Filters": filters}):
            # Not every AWS filters.
            yield from (g["GroupName"] for g in page.get("SecurityGroups", ()) if g.get("VpcId") == vpc)


def _topics(port: calls.Port, claims: Claims) -> Iterable[str]:
    identity: Mapping[str, str] = port.call("sts", "get_caller_identity")
    partition = (identity.get("Arn") or "arn:aws:").split(":")[1]
    for claim in claims:
        arn = f"arn:{partition}:sns:{port.region}:{identity['Account']}:{claim.name}"
        if _exists(port, "sns", "get_topic_attributes", {"TopicArn": arn}):
            yield claim.name


def _each(service: str, command: str, argument: str, *, many: bool = False) -> Find:
    """One question for each name."""

    def find(port: calls.Port, claims: Claims) -> Iterable[str]:
        for claim in claims:
            if _exists(port, service, command, {argument: [claim.name] if many else claim.name}):
                yield claim.name

    return find


def _exists(port: calls.Port, service: str, command: str, arguments: Mapping[str, object]) -> bool:
    try:
        return calls.find(port, service, command, arguments) is not None
    except calls.ClientError as error:
        if calls.code(error) in _ABSENT:
            return False
        raise


_FIND: Mapping[str, Find] = {
    "AWS::CloudWatch::Alarm": _alarms,
    "AWS::CloudWatch::Dashboard": _dashboards,
    "AWS::DynamoDB::Table": _each("dynamodb", "describe_table", "TableName"),
    "AWS::EC2::SecurityGroup": _security_groups,
    "AWS::ECR::Repository": _each("ecr", "describe_repositories", "repositoryNames", many=True),
    "AWS::ECS::Cluster": _clusters,
    "AWS::Events::Rule": _each("events", "describe_rule", "Name"),
    "AWS::KMS::Alias": _each("kms", "describe_key", "KeyId"),
    "AWS::Lambda::Function": _each("lambda", "get_function_configuration", "FunctionName"),
    "AWS::Logs::LogGroup": _log_groups,
    "AWS::SNS::Topic": _topics,
    "AWS::SQS::Queue": _each("sqs", "get_queue_url", "QueueName"),
}
