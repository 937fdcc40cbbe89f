"""A stage as its templates make it somewhere in AWS: its rows in the table of calls, its roles' policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connector.domain.access.broker_calls import broker_calls
from connector.domain.access.call import AwsCall, AwsScope, Caller
from connector.domain.access.role_calls import StageResources, role_calls
from connector.domain.stage.stage import Stage
from tests.support.iam.rendered import Rendered
from tests.templates.support import built

COMMERCIAL = AwsScope("aws", "us-east-1", "123456789012")
GOVERNMENT = AwsScope("aws-us-gov", "us-gov-west-1", "123456789012")

#: The account that shares its subnets, and keys of its own.
OTHER_ACCOUNT = "210987654321"

#: Caller -> the stack and the role.
ROLES = {
    Caller.ADMIN_FUNCTION: ("functions", "ConnectAdminRole"),
    Caller.HEALTH_FUNCTION: ("functions", "ConnectHealthRole"),
    Caller.EXECUTION_ROLE: ("connector", "ExecutionRole"),
    Caller.TASK_ROLE: ("connector", "TaskRole"),
}

_BUCKET = "wms-foundation-artifacts-abc123"
_SUBNETS = ("subnet-0a000000000000001", "subnet-0a000000000000002")
_IMAGE = f"amazonaws.com/team/worker@sha256:{'0' * 64}"
_BUCKET = "wms-foundation-artifacts-abc123"
_ALB = {"certificate_authority_arn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0a1b"}


@dataclass(frozen=True)
class DeployedStage:
    """One stage, made with one way of authenticating. The second of its two subnets is another account's."""

    stage: Stage
    auth: str = "iam"
    scope: AwsScope = COMMERCIAL
    balancer: bool = False
    prefix: str = "wms"

    @property
    def key(self) -> str:
        """The foundation's key."""
        return self.scope.arn("kms", "key/0a1b2c3d-foundation")

    @cached_property
    def resources(self) -> StageResources:
        """What the table of calls has to know."""
        scope = self.scope
        owner = AwsScope(scope.partition, scope.region, OTHER_ACCOUNT)
        names = ["brokerString", "dbInfo", *(["kafkaCredentials"] if self.auth == "scram" else [])]
        return StageResources(
            self.stage,
            scope,
            self.key,
            self.prefix,
            tuple(scope.arn("secretsmanager", f"secret:{self._own(name)}-AbCdEf") for name in names),
            (scope.arn("ec2", f"subnet/{_SUBNETS[0]}"), owner.arn("ec2", f"subnet/{_SUBNETS[1]}")),
            (scope.arn("ec2", "security-group/sg-0a"), scope.arn("ec2", "security-group/sg-0b")),
            owner.arn("ecr", "repository/team/worker"),
            f"arn:{scope.partition}:s3:::{_BUCKET}",
            (scope.arn("kms", "key/own"), owner.arn("kms", "key/mrk-theirs")),
        )

    @property
    def cluster(self) -> str:
        """The MSK cluster."""
        return self.scope.arn("kafka", "cluster/bigmac/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f-7")

    @cached_property
    def calls(self) -> tuple[AwsCall, ...]:
        """Every row of the stage's roles."""
        on_brokers = (
            broker_calls(self.stage, self.cluster, self.stage.topics.connect_group)
            if self.auth == "iam"
            else ()
        )
        return (*role_calls(self.resources), *on_brokers)

    def policies(self, caller: Caller) -> list[dict[str, Any]]:
        """The policies of a caller's role."""
        return self._policies[caller]

    @cached_property
    def _policies(self) -> Mapping[Caller, list[dict[str, Any]]]:
        return {caller: self.stack(component).policies(role) for caller, (component, role) in ROLES.items()}

    def stack(self, component: str) -> Rendered:
        """The rendered template of a component."""
        return self._stacks[component]

    @cached_property
    def _stacks(self) -> Mapping[str, Rendered]:
        brokers, database, *credentials = self.resources.injected
        common: dict[str, Any] = {
            "secrets_key_arns": self.resources.secrets_keys,
            "subnets": _SUBNETS,
            "msk_cluster_arn": self.cluster if self.auth == "iam" else None,
        }
        functions = {**common, "secret_prefix": self.prefix, "alb_tls": _ALB if self.balancer else None}
        connector = {
            **common,
            "image": f"{OTHER_ACCOUNT}.dkr.ecr.{self.scope.region}.{_IMAGE}",
            "secret_prefix": self.prefix,
            "broker_secret_arn": brokers,
            "database": {
                "endpoints": [["192.0.2.10", 1521]],
                "user_key": "username",
                "password_key": "password",
                "secret_arn": database,
                "secret_version": "v1",
            },
            **({"credentials_secret_arn": credentials[0]} if credentials else {}),
        }
        made = {"functions": functions, "connector": connector}
        values = {"KmsKeyArn": self.key, "ArtifactBucketName": _BUCKET}
        return {
            component: Rendered(built(component, self.stage.name, self.auth, **changes), self.scope, values)
            for component, changes in made.items()
        }

    def _own(self, name: str) -> str:
        return f"{self.prefix}/{self.stage.name}/{name}"
