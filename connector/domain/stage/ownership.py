"""Whether a CloudFormation stack of one of our names is ours, and which names a template claims. Pure.

Others give stacks the same names: the predecessor's are called `wms-alerts-<stage>` and
`wms-connector-<stage>` too. Sceptre updates or deletes whatever stack has the name that it is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.domain.errors import one_line
from connector.domain.stage.aws_names import COMPONENTS, FOUNDATION_STACK, PRODUCT
from connector.domain.stage.stage import Stage

#: The page that says how to move from the predecessor.
MIGRATION = "docs/migration.md"
#: The section on what a deleted stack leaves behind.
COMING_BACK = "docs/stages.md, 'When a stack was deleted by hand'"

#: The tags of our stacks since the first release (`stack_tags` in config/, `stage_tags` in the stack files).
PROJECT_TAG, STAGE_TAG = "project", "stage"

#: What follows "wms-connector <stage>: " in the description of a template of ours, older releases' too.
_DESCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "alerts": ("alerts and the worker's log group",),
    "network": ("which parts may connect to which", "who may speak to whom"),
    "functions": ("Lambdas and their state",),
    "connector": ("the Kafka Connect worker",),
    "alarms": ("alarms and dashboard",),
    "events": ("schedule and event rules",),
}
_FOUNDATION = f"{PRODUCT}: what the account has once (key, artifacts, images)"

#: The parameter that AWS CDK (version 2) gives to the stacks that it makes; no template of ours has it. CDK
#: developer guide, "Customize CDK stack synthesis": the rule that checks the bootstrap version.
CDK_PARAMETER = "BootstrapVersion"

#: How much of somebody else's texts a message repeats.
_MOST_TAGS, _MOST_CHARACTERS = 5, 80

Description = Mapping[str, Any]


@dataclass(frozen=True)
class ForeignStack:
    """A stack that has one of our names and is not ours; `owner` is what is known of its owner."""

    name: str
    owner: str

    def refusal(self, stage: Stage | None, where: str) -> str:
        """Why nothing is done to it, and the next step, in one line. `stage` is None for the foundation.

        `where` is the account and the region: in the wrong one a stack is somebody else's, too.
        """
        plan = "" if stage is None else f"; `wms-connector adopt {stage.name} --plan` prints the steps"
        return (
            f"stack {self.name} was not made by this tool ({self.owner}); nothing was changed in "
            f"{where}. {MIGRATION} says how to move from the predecessor{plan}"
        )


def foreign_stack(stage: Stage | None, description: Description) -> ForeignStack | None:
    """None if a stack is ours: by the tags of its stage, or by a description that only our templates have.

    `description` is an element of CloudFormation's DescribeStacks; `stage` is None for the foundation. A
    stack that AWS CDK made is not ours, whatever its tags are.
    """
    if not _made_by_cdk(description) and (
        _tagged(stage, tags_of(description)) or str(description.get("Description", "")) in descriptions(stage)
    ):
        return None
    return ForeignStack(str(description["StackName"]), owner_of(description))


def descriptions(stage: Stage | None) -> tuple[str, ...]:
    """Every description that a template of ours has, or had in an earlier release."""
    if stage is None:
        return (_FOUNDATION,)
    return tuple(
        f"{PRODUCT} {stage.name}: {text}" for component in COMPONENTS for text in _DESCRIPTIONS[component]
    )


def tags_of(description: Description) -> dict[str, str]:
    """The tags of a stack."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in description.get("Tags") or ()}


def _tagged(stage: Stage | None, tags: Mapping[str, str]) -> bool:
    if tags.get(PROJECT_TAG) != PRODUCT:
        return False
    return stage is None or tags.get(STAGE_TAG) == stage.name


def _made_by_cdk(description: Description) -> bool:
    return any(found.get("ParameterKey") == CDK_PARAMETER for found in description.get("Parameters") or ())


def owner_of(description: Description) -> str:
    """What is known of a stack's owner: when it was created, its description, its tags, what made it."""
    text, tags = str(description.get("Description") or ""), tags_of(description)
    shown = [f"{_cut(key)}={_cut(value)}" for key, value in sorted(tags.items())]
    more = f" and {len(shown) - _MOST_TAGS} more" if len(shown) > _MOST_TAGS else ""
    return "; ".join(
        (
            f"created {_day(description.get('CreationTime'))}",
            f"description {_cut(text)!r}" if text else "no description",
            f"tags {', '.join(shown[:_MOST_TAGS])}{more}" if shown else "no tags",
            *(("made by AWS CDK",) if _made_by_cdk(description) else ()),
        )
    )


def _day(created: object) -> str:
    if isinstance(created, datetime):
        return created.date().isoformat()
    return "at an unknown time"


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."


#: Type of a resource -> the property with its name, where AWS has only one of a name. A CloudFormation
#: stack fails on such a name if something has it already, or takes over what is not its own.
NAME_PROPERTIES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::Events::Rule": "Name",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}

#: What people call them.
_KINDS: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::DynamoDB::Table": "table",
    "AWS::EC2::SecurityGroup": "security group",
    "AWS::ECR::Repository": "image repository",
    "AWS::ECS::Cluster": "ECS cluster",
    "AWS::Events::Rule": "event rule",
    "AWS::KMS::Alias": "key alias",
    "AWS::Lambda::Function": "function",
    "AWS::Logs::LogGroup": "log group",
    "AWS::SNS::Topic": "SNS topic",
    "AWS::SQS::Queue": "queue",
}


@dataclass(frozen=True, order=True)
class NameClaim:
    """A name that a template gives to something. `scope` is the VPC of a security group, else empty."""

    kind: str
    name: str
    scope: str = ""

    def __str__(self) -> str:
        return f"{_KINDS[self.kind]} {self.name}"


def claims(template: Mapping[str, Any]) -> Iterator[NameClaim]:
    """The names that a template gives to things of which AWS has one of a name."""
    for resource in template.get("Resources", {}).values():
        kind = str(resource.get("Type"))
        properties = resource.get("Properties", {})
        name = properties.get(NAME_PROPERTIES.get(kind, ""))
        if isinstance(name, str):
            vpc = properties.get("VpcId")
            yield NameClaim(kind, name, vpc if isinstance(vpc, str) else "")


def collision(stage: Stage | None, taken: Sequence[NameClaim], where: str) -> str:
    """Why a launch cannot create its stacks in an account: names that something outside of them has."""
    more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
    things = ", ".join(map(str, taken[:3])) + more
    exists, is_, it = ("exists", "it is", "it") if len(taken) == 1 else ("exist", "they are", "them")
    whose = f"stack {FOUNDATION_STACK}" if stage is None else f"stage {stage.name!r}"
    return (
        f"{things} {exists} already, in no stack of this tool, so {whose} cannot create {it}; nothing was "
        f"changed in {where}. If {is_} the predecessor's or somebody else's, read {MIGRATION}; if {is_} left "
        f"from a stack of this tool, {COMING_BACK}, says how to come back"
    )
