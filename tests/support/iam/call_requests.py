"""What AWS asks IAM when a client calls it: action, resource and keys, from the call's own parameters.

The actions come from the table of calls; on what AWS judges them is made here from the parameters.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.access.deployer import Target
from connector.domain.access.deployer_calls import CALLS, WITHOUT_RIGHTS
from connector.domain.stage.aws_names import FOUNDATION_STACK
from tests.support.iam.evaluator import IamRequest
from tests.support.iam.stack_requests import KEY_ID

Parameters = Mapping[str, Any]
_IDS = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Place:
    """Region and account of the caller."""

    region: str
    account: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def requests(place: Place, service: str, operation: str, parameters: Parameters) -> list[IamRequest]:
    """Everything that is asked; a call without a row in the table raises."""
    if (service, operation) in WITHOUT_RIGHTS:
        return []
    rows = [call for call in CALLS if (call.service, call.operation) == (service, operation)]
    if not rows:
        raise LookupError(f"{service} {operation} has no row in connector/domain/access/deployer_calls.py")
    found = list(
        dict.fromkeys(
            (row.action, resource, tuple(sorted(context.items())))
            for row in rows
            for target in row.targets
            for resource, context in _judged(place, target, service, parameters)
        )
    )
    if not found:
        raise LookupError(
            f"{service} {operation} is judged on nothing that is known here: {sorted(parameters)}"
        )
    return [IamRequest(action, resource, dict(context)) for action, resource, context in found]


def _judged(
    place: Place, target: Target, service: str, given: Parameters
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources of this kind that the call names, with their keys."""
    if target is Target.KEY:
        via = f"{service}.{place.region}.amazonaws.com"
        keys = {"kms:ResourceAliases": ("alias/wms-connector",), "kms:ViaService": via}
        yield place.arn("kms", f"key/{KEY_ID}"), keys
    elif target is Target.KEY_LOOKUP:
        yield (
            place.arn("kms", f"key/{KEY_ID}"),
            {
                "kms:ResourceAliases": ("alias/wms-connector",),
                "aws:ResourceTag/project": "wms-connector",
            },
        )
    else:
        for resource in _NAMED[target](place, given):
            yield resource, {}


def _stack(place: Place, given: Parameters, *, foundation: bool) -> list[str]:
    if "StackName" not in given:
        return []
    name = str(given["StackName"]).split(":stack/")[-1].partition("/")[0]
    found = [place.arn("cloudformation", f"stack/{name}/{_IDS}")]
    return found if (name == FOUNDATION_STACK) == foundation else []


def _log_group(place: Place, given: Parameters) -> list[str]:
    return [place.arn("logs", f"log-group:{given['logGroupName']}{end}") for end in ("", ":*")]


def _alarms(place: Place, given: Parameters) -> list[str]:
    names = given.get("AlarmNames") or [given["AlarmName"]]
    return [place.arn("cloudwatch", f"alarm:{name}") for name in names]


def _secret(place: Place, given: Parameters) -> list[str]:
    known = str(given["SecretId"])
    return [known if known.startswith("arn:") else place.arn("secretsmanager", f"secret:{known}-AbCdEf")]


def _queue(place: Place, given: Parameters) -> list[str]:
    return [place.arn("sqs", given.get("QueueName") or str(given["QueueUrl"]).rpartition("/")[2])]


#: Kind of resource -> what a call of these parameters is judged on. Without a name, it is judged on `*`.
_NAMED: Mapping[Target, Callable[[Place, Parameters], list[str]]] = {
    Target.STACK: lambda place, given: _stack(place, given, foundation=False),
    Target.FOUNDATION_STACK: lambda place, given: _stack(place, given, foundation=True),
    Target.ANYTHING: lambda _, given: [] if "StackName" in given else ["*"],
    Target.SECRET: _secret,
    # Nobody has told the deployer of another key than the foundation's.
    Target.SECRETS_KEY: lambda *_: [],
    Target.SECRETS_KEY_LOOKUP: lambda *_: [],
    Target.TABLE: lambda place, given: [place.arn("dynamodb", f"table/{given['TableName']}")],
    Target.RULE: lambda place, given: [place.arn("events", f"rule/{given['Name']}")],
    Target.CLUSTER: lambda place, given: [place.arn("ecs", f"cluster/{name}") for name in given["clusters"]],
    Target.OBJECT: lambda place, given: [f"arn:{place.partition}:s3:::{given['Bucket']}/{given['Key']}"],
    Target.BUCKET: lambda place, given: [f"arn:{place.partition}:s3:::{given['Bucket']}"],
    Target.FUNCTION: lambda place, given: [place.arn("lambda", f"function:{given['FunctionName']}")],
    Target.LOG_GROUP: _log_group,
    Target.INSIGHTS_LOG: _log_group,
    Target.ALARM: _alarms,
    Target.TOPIC: lambda _, given: [str(given.get("TopicArn") or given["SubscriptionArn"])],
    Target.QUEUE: _queue,
    Target.REPOSITORY: lambda place, given: [
        place.arn("ecr", f"repository/{name}")
        for name in given.get("repositoryNames") or [given["repositoryName"]]
    ],
}
