"""AWS's endpoints that a stage connects to: without NAT each needs a VPC endpoint in the stage's VPC. Pure.

Tasks: "Amazon ECR interface VPC endpoints" (Amazon ECR User Guide) and "Amazon ECS interface VPC endpoints":
a task on Fargate reaches ECR, the layers in S3, its log and its secrets through its own network interface,
and needs no endpoint of ECS. Functions: what `lambda_src` calls, which a test compares with this table. What
Lambda itself does for a function (its log, its dead letters, its start) goes through Lambda's own network.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TASKS, FUNCTIONS = "tasks", "functions"
PORT = 443


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    `name`: what follows `com.amazonaws.<region>.` in the name of its VPC endpoint. `service`: AWS's service
    as boto3 calls it. `docker`: whether it is the registry that images are pulled from, rather than an API.
    """

    name: str
    service: str
    used_by: tuple[str, ...]
    purpose: str
    kind: str = "interface"
    docker: bool = False


ENDPOINTS = (
    Endpoint("ecr.api", "ecr", (TASKS,), "permission to pull the worker's image"),
    Endpoint("ecr.dkr", "ecr", (TASKS,), "the image's manifest", docker=True),
    Endpoint("s3", "s3", (TASKS, FUNCTIONS), "the image's layers, backups, comparisons", kind="gateway"),
    Endpoint("logs", "logs", (TASKS, FUNCTIONS), "the worker's log, which the health check reads"),
    Endpoint("secretsmanager", "secretsmanager", (TASKS, FUNCTIONS), "the stage's secrets"),
    Endpoint("ecs", "ecs", (FUNCTIONS,), "the service and its tasks"),
    Endpoint("dynamodb", "dynamodb", (FUNCTIONS,), "stage record and restart budget", kind="gateway"),
    Endpoint("monitoring", "cloudwatch", (FUNCTIONS,), "the health check's metrics"),
    Endpoint("sns", "sns", (FUNCTIONS,), "the health check's mails"),
)

#: Services that functions call through FIPS endpoints where the setting `fips` is true, by the first part of
#: their host names.
FIPS_SERVICES = tuple(sorted(endpoint.name for endpoint in ENDPOINTS if FUNCTIONS in endpoint.used_by))


@dataclass(frozen=True)
class Reached:
    """Whether one address of AWS was reached from inside. `reason`: why not; empty if it was."""

    name: str
    address: str
    reason: str = ""

    def describe(self) -> str:
        """Why it was not reached, and what that stops, as a text."""
        endpoint = _BY_NAME.get(self.name)
        if endpoint is None:
            return f"{self.name} ({self.address}): {self.reason}"
        whom = " and ".join(endpoint.used_by)
        return f"{self.name} ({self.address}): {self.reason}; {whom} need it for {endpoint.purpose}"


_BY_NAME: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in ENDPOINTS}
