"""One row of the table of AWS calls: who calls what, and what AWS asks IAM about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Caller(Enum):
    """With whose rights a call is made."""

    ADMIN_FUNCTION = "admin function"
    HEALTH_FUNCTION = "health function"
    EXECUTION_ROLE = "execution role"
    TASK_ROLE = "task role"
    DEPLOYER = "deployer"


@dataclass(frozen=True)
class AwsScope:
    """A partition, region and account: what the ARN of nearly every resource starts with."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """ARN of a resource that has no region, as IAM's."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


@dataclass(frozen=True)
class AwsCall:
    """One question that AWS asks IAM when a call is made; a call has a row for each action it needs.

    `resources` are the ARNs, or `*`, under which AWS may judge the call; each must be allowed. There are
    several where the call names several, and where public evidence disagrees which one it is (`uncertain`).
    `operation` is boto3's method; it is empty where no code of ours calls, but an AWS service with the
    caller's rights (Lambda for a function's interfaces, ECS for a task's secrets).
    `context` has the condition keys that AWS sends: a text each, or several for a key of several values.
    `source` names the page that says so.
    """

    caller: Caller
    service: str
    operation: str
    action: str
    resources: tuple[str, ...]
    source: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)
    uncertain: bool = False

    def __post_init__(self) -> None:
        prefix, _, name = self.action.partition(":")
        if not prefix or not name or "*" in self.action:
            raise ValueError(f"{self.action!r} is not one IAM action; expected <service>:<Action>")
        if not self.resources or not self.source:
            raise ValueError(f"{self.action} has no resource or no source; give both")
