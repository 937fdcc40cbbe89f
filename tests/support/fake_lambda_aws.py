"""AWS as the functions in the VPC see it: each client stores what it is given, or refuses as AWS does."""
# ruff: noqa: N803 - arguments are spelt as boto3 spells them

import io
import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from connector.domain.stage.aws_names import CONTAINER, Names
from lambda_src.connect_health.check import CheckClients
from lambda_src.session import Aws
from tests.support.answer_shapes import shaped

ACCOUNT = "000000000000"
BUCKET = "wms-foundation-artifacts-x"


def client_error(code: str, message: str, operation: str = "Operation") -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def secret_arn(path: str) -> str:
    """The ARN of a secret."""
    return f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{path}-AbCdEf"


@shaped("secretsmanager")
@dataclass
class FakeSecrets:
    """Path -> text, or the error to raise. A text that is written with `put` is a new version."""

    values: dict[str, str | ClientError] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    #: Path -> the id of the version in force, where it is not the first.
    versions: dict[str, str] = field(default_factory=dict)
    #: When a secret was changed last, in seconds since 1970.
    changed_at: dict[str, float] = field(default_factory=dict)
    #: Path and version -> the texts of the versions before.
    older: dict[tuple[str, str], str | ClientError] = field(default_factory=dict)

    def put(self, path: str, text: str, version: str = "", at: float = 0) -> None:
        """A new version of a secret, at this time in seconds since 1970."""
        if path in self.values:
            self.older[path, self.version(path)] = self.values[path]
            number = 1 + sum(1 for known, _ in self.older if known == path)
            self.versions[path] = version or f"v{number}-{path}"
        elif version:
            self.versions[path] = version
        self.values[path], self.changed_at[path] = text, at

    def version(self, path: str) -> str:
        """The id of the version in force."""
        return self.versions.get(path, f"v1-{path}")

    def get_secret_value(self, *, SecretId: str, **version: str) -> Any:
        self.reads.append(SecretId)
        wanted = version.get("VersionId", self.version(SecretId))
        value = self.values.get(SecretId)
        if value is not None and not isinstance(value, ClientError) and wanted != self.version(SecretId):
            value = self.older.get((SecretId, wanted))
        if value is None:
            raise client_error(
                "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        if isinstance(value, ClientError):
            raise value
        return {"ARN": secret_arn(SecretId), "VersionId": wanted, "SecretString": value}

    def describe_secret(self, *, SecretId: str) -> Any:
        path = SecretId.rsplit(":", maxsplit=1)[-1].removesuffix("-AbCdEf")
        if SecretId != secret_arn(path) or not isinstance(self.values.get(path), str):
            raise client_error(
                "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        changed = datetime.fromtimestamp(self.changed_at.get(path, 0), UTC)
        stages = {self.version(path): ["AWSCURRENT"]}
        return {"Name": path, "ARN": SecretId, "LastChangedDate": changed, "VersionIdsToStages": stages}


@shaped("ecs")
@dataclass
class FakeEcs:
    """One service with tasks; `tasks` are as DescribeTasks gives them."""

    names: Names
    desired: int = 1
    revision: int = 1
    rollout: str = "COMPLETED"
    rollout_reason: str = ""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    missing: bool = False
    no_cluster: bool = False
    #: Variable -> what a launch's definition injects, by revision.
    secrets: dict[int, dict[str, str]] = field(default_factory=dict)
    #: Definition's ARN -> what was registered, besides the launch's own.
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The definitions that the service was given, in order.
    given: list[str] = field(default_factory=list)

    def start(
        self, address: str, *, status: str = "RUNNING", revision: int | None = None, at: float | None = None
    ) -> dict[str, Any]:
        """Add a task, with an address unless it is still provisioned; made at `at`, in seconds since 1970."""
        details = [{"name": "privateIPv4Address", "value": address}] if address else []
        task = {
            "taskArn": f"{self._arn('task')}/{len(self.tasks)}",
            "taskDefinitionArn": self._definition(revision or self.revision),
            "lastStatus": status,
            "attachments": [{"type": "ElasticNetworkInterface", "details": details}],
            "containers": [{"name": "kafka-connect"}],
            **({} if at is None else {"createdAt": datetime.fromtimestamp(at, UTC)}),
        }
        self.tasks.append(task)
        return task

    def stop(self, task: dict[str, Any], reason: str, exit_code: int) -> None:
        """The task stops."""
        task["lastStatus"] = "STOPPED"
        task["stoppedReason"] = reason
        task["containers"][0]["exitCode"] = exit_code

    def describe_services(self, *, cluster: str, services: Sequence[str]) -> Any:
        assert (cluster, list(services)) == (self.names.service, [self.names.service])
        if self.no_cluster:
            raise client_error("ClusterNotFoundException", "Cluster not found.")
        if self.missing:
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        deployment = {
            "status": "PRIMARY",
            "taskDefinition": self._definition(self.revision),
            "rolloutState": self.rollout,
            "rolloutStateReason": self.rollout_reason,
        }
        service = {
            "serviceName": self.names.service,
            "status": "ACTIVE",
            "desiredCount": self.desired,
            "runningCount": sum(t["lastStatus"] == "RUNNING" for t in self.tasks),
            "pendingCount": sum(t["lastStatus"] not in ("RUNNING", "STOPPED") for t in self.tasks),
            "deployments": [deployment],
        }
        return {"services": [service]}

    def update_service(self, *, cluster: str, service: str, **changes: Any) -> Any:
        assert (cluster, service) == (self.names.service, self.names.service)
        self.desired = changes.get("desiredCount", self.desired)
        if "taskDefinition" in changes:
            self.given.append(changes["taskDefinition"])
            self.revision = int(changes["taskDefinition"].rpartition(":")[2])
            self.rollout, self.rollout_reason = "IN_PROGRESS", ""
        return {}

    def describe_task_definition(self, *, taskDefinition: str) -> Any:
        known = self.registered.get(taskDefinition)
        injected = self.secrets.get(int(taskDefinition.rpartition(":")[2]), {})
        container = {
            "name": CONTAINER,
            "image": "worker@sha256:0",
            "secrets": [{"name": name, "valueFrom": value} for name, value in injected.items()],
        }
        content = known or {
            "family": self.names.service,
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/x-Execution",
            "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/x-Task",
            "containerDefinitions": [container],
        }
        numbered = {"taskDefinitionArn": taskDefinition, "revision": 1, "status": "ACTIVE"}
        return {"taskDefinition": {**content, **numbered}}

    def register_task_definition(self, **definition: Any) -> Any:
        assert not {"taskDefinitionArn", "revision", "status"} & set(definition), "ECS refuses them"
        arn = self._definition(2 + len(self.registered))
        self.registered[arn] = definition
        return {"taskDefinition": {**definition, "taskDefinitionArn": arn}}

    def complete(self, address: str) -> None:
        """The deployment is done: only one new worker runs."""
        self.tasks.clear()
        self.start(address)
        self.rollout = "COMPLETED"

    def roll_back(self, reason: str, revision: int = 1) -> None:
        """The circuit breaker has gone back to another revision."""
        self.revision, self.rollout, self.rollout_reason = revision, "COMPLETED", reason

    def list_tasks(self, *, cluster: str, serviceName: str, desiredStatus: str) -> Any:
        assert (cluster, serviceName) == (self.names.service, self.names.service)
        stopped = desiredStatus == "STOPPED"
        return {"taskArns": [t["taskArn"] for t in self.tasks if (t["lastStatus"] == "STOPPED") == stopped]}

    def describe_tasks(self, *, cluster: str, tasks: Sequence[str]) -> Any:
        assert cluster == self.names.service
        assert tasks, "ECS refuses an empty list"
        return {"tasks": [t for t in self.tasks if {t["taskArn"], t["taskArn"].rsplit("/")[-1]} & {*tasks}]}

    def _definition(self, revision: int) -> str:
        return f"{self._arn('task-definition')}:{revision}"

    def _arn(self, kind: str) -> str:
        return f"arn:aws:ecs:us-east-1:{ACCOUNT}:{kind}/{self.names.service}"


@shaped("dynamodb")
@dataclass
class FakeTable:
    """A table with the text key `id`; one conditional write at a time."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    puts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get_item(self, *, Key: dict[str, str], ConsistentRead: bool) -> Any:
        assert ConsistentRead
        item = self.items.get(Key["id"])
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, *, Item: dict[str, Any], **condition: Any) -> Any:
        with self.lock:
            present = self.items.get(Item["id"])
            read = condition.get("ExpressionAttributeValues", {}).get(":read")
            held = {
                None: True,
                "attribute_not_exists(#version)": present is None or "version" not in present,
                "#version = :read": present is not None and present.get("version") == read,
            }
            if not held[condition.get("ConditionExpression")]:
                raise client_error("ConditionalCheckFailedException", "The conditional request failed")
            self.puts += 1
            self.items[Item["id"]] = dict(Item)
        return {}


@shaped("logs")
@dataclass
class FakeLogs:
    """CloudWatch Logs with one group: (seconds since 1970, line), read in pages; or its refusal."""

    lines: list[tuple[float, str]] = field(default_factory=list)
    refusal: Exception | None = None
    page: int = 2
    asked: list[str] = field(default_factory=list)

    def filter_log_events(self, *, logGroupName: str, startTime: int, filterPattern: str, **page: Any) -> Any:
        """One page, oldest first; a page may be empty although more follow, as AWS's may."""
        words = re.findall(r'"([^"]*)"', filterPattern)
        self.asked.append(logGroupName)
        if self.refusal is not None:
            raise self.refusal
        found = [
            {"timestamp": int(at * 1000), "message": line}
            for at, line in self.lines
            if startTime <= int(at * 1000) <= page.get("endTime", math.inf)
        ]
        first = int(page.get("nextToken", "0"))
        events = [
            event
            for event in found[first : first + self.page]
            if any(word in str(event["message"]) for word in words)
        ]
        answer: dict[str, Any] = {"events": events}
        if first + self.page < len(found):
            answer["nextToken"] = str(first + self.page)
        return answer


@shaped("cloudwatch")
@dataclass
class FakeCloudWatch:
    """CloudWatch's metrics: (namespace, data) of each call; or its refusal."""

    calls: list[tuple[str, Sequence[Mapping[str, Any]]]] = field(default_factory=list)
    refusal: Exception | None = None

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Mapping[str, Any]]) -> Any:
        if self.refusal is not None:
            raise self.refusal
        for data in MetricData:
            if not math.isfinite(data["Value"]):
                message = f"The value {data['Value']} for parameter MetricData is invalid."
                raise client_error("InvalidParameterValue", message, "PutMetricData")
        self.calls.append((Namespace, MetricData))
        return {}

    @property
    def values(self) -> list[dict[str, float]]:
        """Metric -> value, of each call."""
        return [{data["MetricName"]: data["Value"] for data in sent} for _, sent in self.calls]


@shaped("sns")
@dataclass
class FakeSns:
    """SNS with one topic: (subject, text) of each mail; or its refusal."""

    arn: str
    mails: list[tuple[str, str]] = field(default_factory=list)
    refusal: Exception | None = None
    #: How many addresses have not been confirmed.
    pending: int = 0

    def get_topic_attributes(self, *, TopicArn: str) -> Any:
        """As the API Reference has it: each value is a text."""
        if self.refusal is not None:
            raise self.refusal
        if TopicArn != self.arn:
            raise client_error("NotFound", "Topic does not exist", "GetTopicAttributes")
        return {"Attributes": {"SubscriptionsPending": str(self.pending), "SubscriptionsConfirmed": "1"}}

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any:
        if self.refusal is not None:
            raise self.refusal
        if TopicArn != self.arn:
            raise client_error("NotFound", "Topic does not exist", "Publish")
        if not 0 < len(Subject) <= 100 or not Subject.isascii() or not Subject.isprintable():
            raise client_error("InvalidParameter", "Invalid parameter: Subject", "Publish")
        if not Message:
            raise client_error("InvalidParameter", "Invalid parameter: Empty message", "Publish")
        self.mails.append((Subject, Message))
        return {"MessageId": f"m-{len(self.mails)}"}


@shaped("s3")
@dataclass
class FakeS3:
    """One bucket: key -> object; listed in pages; or its refusal."""

    objects: dict[str, bytes] = field(default_factory=dict)
    #: The key of each write.
    written: list[str] = field(default_factory=list)
    refusal: Exception | None = None
    page: int = 2

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> Any:
        self._check(Bucket)
        self.objects[Key] = Body
        self.written.append(Key)
        return {"ETag": "x"}

    def get_object(self, *, Bucket: str, Key: str, **part: str) -> Any:
        self._check(Bucket)
        if Key not in self.objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", "GetObject")
        first, _, last = part.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        return {"Body": io.BytesIO(self.objects[Key][int(first) : int(last) + 1 if last else None])}

    def delete_object(self, *, Bucket: str, Key: str) -> Any:
        self._check(Bucket)
        self.objects.pop(Key, None)
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **page: str) -> Any:
        """One page, in the order of the keys, as S3 lists them."""
        self._check(Bucket)
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        first = int(page.get("ContinuationToken", "0"))
        found = [{"Key": key} for key in keys[first : first + self.page]]
        answer: dict[str, Any] = {"Contents": found, "IsTruncated": first + self.page < len(keys)}
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = str(first + self.page)
        return answer

    def _check(self, bucket: str) -> None:
        assert bucket == BUCKET
        if self.refusal is not None:
            raise self.refusal


@dataclass
class FakeLambdaAws:
    """Everything of AWS that the functions of one stage call."""

    names: Names
    account: str = ACCOUNT
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    table: FakeTable = field(default_factory=FakeTable)
    logs: FakeLogs = field(default_factory=FakeLogs)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    s3: FakeS3 = field(default_factory=FakeS3)
    ecs: FakeEcs = field(init=False)
    sns: FakeSns = field(init=False)

    def __post_init__(self) -> None:
        self.ecs = FakeEcs(self.names)
        self.sns = FakeSns(f"arn:aws:sns:us-east-1:{self.account}:{self.names.sns_topic}")

    @property
    def clients(self) -> Aws:
        """The clients of a session."""
        return Aws(
            lambda: self.secrets,
            lambda: self.ecs,
            lambda _: self.table,
            lambda: self.logs,
            lambda: self.s3,
            lambda account: [("ecr.dkr", f"{account}.dkr.ecr.example", 443), ("sns", "sns.example", 443)],
        )

    @property
    def check_clients(self) -> CheckClients:
        """The clients of a health check."""
        return CheckClients(self.clients, self.cloudwatch, self.sns)


@dataclass
class FakeContext:
    """The context that Lambda gives an invocation of one function."""

    function: str
    account: str = ACCOUNT
    seconds: float = 58.0
    aws_request_id: str = "request-1"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:{self.account}:function:{self.function}"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)
