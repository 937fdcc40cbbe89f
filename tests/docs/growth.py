"""What one stage takes of an account and of a cluster, counted in the templates and the topic catalogue."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from connector.domain.stage.stage import Stage
from tests.support import sizes
from tests.support.rendered_config import rendered_group

_WORKER = Path(__file__).parents[2] / "connector" / "image" / "conf" / "worker.properties"
_VCPU = 1024

#: Column -> the config directory whose templates are counted, and the stage whose topics are.
COLUMNS: Mapping[str, tuple[str, Stage]] = {
    "an ephemeral stage": (sizes.DEFAULT, Stage("feature-xyz")),
    "`production`": ("production", Stage("production")),
}
EPHEMERAL = next(iter(COLUMNS))


@dataclass(frozen=True)
class Quota:
    """What AWS allows, where that is written, and what of a stage counts against it."""

    what: str
    default: int
    source: str
    unit: str


#: Defaults as the named pages of AWS's documentation give them, per account and region unless they say more.
QUOTAS: Sequence[Quota] = (
    Quota(
        "Fargate: vCPU of all tasks",
        6,
        "Amazon ECS endpoints and quotas (new accounts may have less)",
        "vCPU",
    ),
    Quota(
        "MSK `kafka.t3.small`: partitions per broker",
        300,
        "Best practices for Standard brokers",
        "partitions",
    ),
    Quota("EventBridge: rules per event bus", 300, "Amazon EventBridge quotas", "EventBridge rules"),
    Quota(
        "MSK `kafka.m7g.large`: partitions per broker",
        1000,
        "Best practices for Standard brokers",
        "partitions",
    ),
    Quota(
        "Lambda: network interfaces per VPC",
        250,
        "Lambda quotas",
        "network interfaces of Lambdas",
    ),
    Quota("IAM: roles per account", 1000, "IAM and AWS STS quotas", "IAM roles"),
    Quota("CloudFormation: stacks", 2000, "Understand CloudFormation quotas", "stacks"),
    Quota("VPC: security groups", 2500, "Amazon VPC quotas", "security groups"),
    Quota(
        "VPC: addresses of two `/26` subnets",
        2 * (64 - 5),
        "Subnet CIDR blocks",
        "network interfaces, all",
    ),
    Quota("VPC: network interfaces", 5000, "Amazon VPC quotas", "network interfaces, all"),
)


def counts(group: str, stage: Stage) -> Mapping[str, int]:
    """What one stage takes, by name."""
    kinds = _kinds(group)
    tasks = int(sizes.settings(group)["desired_count"])
    lambdas = len(_lambda_networks(group))
    return {
        "stacks": len(_templates(group)),
        "topics": len(_partitions(stage)),
        "partitions": sum(_partitions(stage).values()),
        "vCPU": sizes.size(group).task_cpu * tasks // _VCPU,
        "network interfaces of Lambdas": lambdas,
        "network interfaces, all": lambdas + tasks,
        "security groups": kinds["AWS::EC2::SecurityGroup"],
        "IAM roles": kinds["AWS::IAM::Role"],
        "Lambdas": kinds["AWS::Lambda::Function"],
        "EventBridge rules": kinds["AWS::Events::Rule"],
        "CloudWatch alarms": kinds["AWS::CloudWatch::Alarm"],
        "log groups": kinds["AWS::Logs::LogGroup"],
        "SNS topics": kinds["AWS::SNS::Topic"],
        "DynamoDB tables": kinds["AWS::DynamoDB::Table"],
        "SQS queues": kinds["AWS::SQS::Queue"],
    }


def rows() -> list[tuple[str, ...]]:
    """A row for each kind of thing that a stage takes."""
    found = {column: counts(*of) for column, of in COLUMNS.items()}
    return [(name, *(str(each[name]) for each in found.values())) for name in found[EPHEMERAL]]


def limits() -> list[tuple[str, ...]]:
    """A row for each quota, the one that is reached first at the top."""
    per_stage = counts(*COLUMNS[EPHEMERAL])
    return [
        (quota.what, f"{quota.default:,}", str(per_stage[quota.unit]), f"**{fit}**", quota.source)
        for quota, fit in _fitting()
    ]


def fits() -> list[tuple[str, int]]:
    """Each quota and how many ephemeral stages it allows, the one that is reached first at the top."""
    return [(quota.what, fit) for quota, fit in _fitting()]


def _fitting() -> list[tuple[Quota, int]]:
    per_stage = counts(*COLUMNS[EPHEMERAL])
    found = [(quota, quota.default // per_stage[quota.unit]) for quota in QUOTAS]
    return sorted(found, key=lambda each: each[1])


def _partitions(stage: Stage) -> Mapping[str, int]:
    """Topic -> partitions: what registration makes, and the three that the worker makes for itself."""
    made = {spec.name: spec.partitions for spec in stage.topics.specs("debezium")}
    lines = _WORKER.read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    for role, key in (("connect_offsets", "offset"), ("connect_status", "status")):
        made[stage.topics.one(role)] = int(given[f"{key}.storage.partitions"])
    # Connect allows no other number for this one.
    made[stage.topics.one("connect_config")] = 1
    return made


@cache
def _templates(group: str) -> Mapping[str, Any]:
    return {name: json.loads(text) for name, text in rendered_group(group).items()}


def _resources(group: str) -> list[Mapping[str, Any]]:
    return [resource for made in _templates(group).values() for resource in made["Resources"].values()]


def _kinds(group: str) -> Counter[str]:
    # What has a condition is made only with a load balancer.
    return Counter(resource["Type"] for resource in _resources(group) if "Condition" not in resource)


def _lambda_networks(group: str) -> set[tuple[str, str]]:
    """Lambda makes one interface for each combination of subnet and security groups, for all functions."""
    found = set()
    for resource in _resources(group):
        network = (
            resource["Properties"].get("VpcConfig") if resource["Type"] == "AWS::Lambda::Function" else {}
        )
        for subnet in (network or {}).get("SubnetIds", []):
            found.add((str(subnet), json.dumps(network["SecurityGroupIds"], sort_keys=True)))
    return found
