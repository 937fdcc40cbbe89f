"""A small AWS behind Sceptre's connection manager: it stores, finds and refuses as the real one does."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from connector.image_publishing import content
from connector.local.state import ROOT

FOUNDATION = {
    "StackName": "wms-foundation",
    "StackStatus": "CREATE_COMPLETE",
    "Outputs": [
        {"OutputKey": "ArtifactBucketName", "OutputValue": "artifacts"},
        {
            "OutputKey": "RepositoryUri",
            "OutputValue": "123456789012.dkr.ecr.us-east-1.amazonaws.com/wms-connector",
        },
    ],
}

GOOD_SECRETS = {
    "vpc": json.dumps(
        {
            "id": "vpc-0a1b2c3d",
            "dataSubnets": ["subnet-0a1b2c3d"],
            "privateSubnets": ["subnet-1a1b2c3d"],
            "publicSubnets": [],
        }
    ),
    "iam/path": "/delegatedadmin/developer/",
    "iam/permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "brokerString": "broker-1.example:9098,broker-2.example:9098",
    "dbInfo": json.dumps(
        {"host": "10.1.2.3", "port": 1521, "dbname": "WMSPRD", "username": "reader", "password": "s3cret!"}
    ),
    "alertEmails": json.dumps({"emails": ["platform@example.gov"]}),
}


def refuse(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeConnection:
    """Implements `connector.aws.stacks.Connection`."""

    region: str = "us-east-1"
    profile: str | None = None
    sceptre_role: str | None = None
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Secret path -> text, or the error that reading it gives.
    secrets: dict[str, str | ClientError] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    #: Time in seconds and message.
    log_events: list[tuple[float, str]] = field(default_factory=list)
    invoke: Callable[[Mapping[str, Any]], Any] | None = None
    #: Subnet id -> block.
    subnets: dict[str, str] = field(
        default_factory=lambda: {"subnet-0a1b2c3d": "10.1.0.0/24", "subnet-1a1b2c3d": "10.1.1.0/24"}
    )
    #: Image tag -> digest.
    images: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def ready(cls, owner: str = "default") -> "FakeConnection":
        """An account with the foundation, the secrets of `owner` and the worker's image."""
        stored: dict[str, str | ClientError] = {
            f"wms/{owner}/{name}": text for name, text in GOOD_SECRETS.items()
        }
        published = {content.tag(): f"sha256:{'1' * 64}"}
        return cls(stacks={"wms-foundation": dict(FOUNDATION)}, secrets=stored, images=published)

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        self.calls.append((service, command))
        return getattr(self, f"_{service}_{command}")(kwargs or {})

    def _secretsmanager_get_secret_value(self, kwargs: Mapping[str, Any]) -> Any:
        path = kwargs["SecretId"]
        stored = self.secrets.get(path)
        if stored is None:
            raise refuse(
                "GetSecretValue",
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            )
        if isinstance(stored, ClientError):
            raise stored
        arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{path}-AbCdEf"
        return {"ARN": arn, "VersionId": "v1", "SecretString": stored}

    def _ec2_describe_subnets(self, kwargs: Mapping[str, Any]) -> Any:
        missing = [name for name in kwargs["SubnetIds"] if name not in self.subnets]
        if missing:
            message = f"The subnet ID '{missing[0]}' does not exist"
            raise refuse("DescribeSubnets", "InvalidSubnetID.NotFound", message)
        return {
            "Subnets": [{"SubnetId": name, "CidrBlock": self.subnets[name]} for name in kwargs["SubnetIds"]]
        }

    def _cloudformation_describe_stacks(self, kwargs: Mapping[str, Any]) -> Any:
        if "StackName" not in kwargs:
            return {"Stacks": list(self.stacks.values())}
        name = kwargs["StackName"]
        if name not in self.stacks:
            raise refuse("DescribeStacks", "ValidationError", f"Stack with id {name} does not exist")
        return {"Stacks": [self.stacks[name]]}

    def _cloudformation_describe_stack_events(self, kwargs: Mapping[str, Any]) -> Any:
        return {"StackEvents": self.events}

    def _cloudformation_update_termination_protection(self, kwargs: Mapping[str, Any]) -> Any:
        self.stacks[kwargs["StackName"]]["EnableTerminationProtection"] = kwargs[
            "EnableTerminationProtection"
        ]
        return {}

    def _ecr_describe_images(self, kwargs: Mapping[str, Any]) -> Any:
        assert kwargs["repositoryName"] == "wms-connector"
        tag = kwargs["imageIds"][0]["imageTag"]
        if tag not in self.images:
            raise refuse("DescribeImages", "ImageNotFoundException", "The image does not exist")
        return {"imageDetails": [{"imageDigest": self.images[tag]}]}

    def _ecr_get_authorization_token(self, kwargs: Mapping[str, Any]) -> Any:
        token = base64.b64encode(b"AWS:pushing-passw0rd").decode()
        return {"authorizationData": [{"authorizationToken": token}]}

    def _sts_get_caller_identity(self, kwargs: Mapping[str, Any]) -> Any:
        return {"Account": "123456789012"}

    def _s3_head_object(self, kwargs: Mapping[str, Any]) -> Any:
        if (kwargs["Bucket"], kwargs["Key"]) not in self.objects:
            raise refuse("HeadObject", "404", "Not Found")
        return {}

    def _s3_put_object(self, kwargs: Mapping[str, Any]) -> Any:
        self.objects[kwargs["Bucket"], kwargs["Key"]] = kwargs["Body"]
        return {}

    def _logs_filter_log_events(self, kwargs: Mapping[str, Any]) -> Any:
        events = [
            {"timestamp": int(at * 1000), "message": message}
            for at, message in self.log_events
            if at * 1000 >= kwargs["startTime"] and kwargs["filterPattern"] in message
        ]
        return {"events": events}

    def _lambda_invoke(self, kwargs: Mapping[str, Any]) -> Any:
        assert self.invoke is not None
        reply = self.invoke(json.loads(kwargs["Payload"]))
        if isinstance(reply, Exception):
            body = {"errorType": type(reply).__name__, "errorMessage": str(reply)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        return {"Payload": io.BytesIO(json.dumps(reply).encode())}


@dataclass
class FakeStack:
    """Implements `connector.sceptre.stack.SceptreStack`."""

    name: str
    external_name: str
    connection_manager: FakeConnection
    region: str = "us-east-1"
    stack_group_config: dict[str, Any] = field(
        default_factory=lambda: {"secret_prefix": "wms", "project_path": str(ROOT)}
    )
