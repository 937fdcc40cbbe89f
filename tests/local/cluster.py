"""One service of one cluster in the embedded ECS, and the means to watch it."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local.conftest import Embedded

PASSWORD = "s3cret-of-the-broker"


def eventually(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"never: {what}")


class Cluster:
    """One service of one cluster in the embedded ECS."""

    def __init__(self, embedded: Embedded, name: str) -> None:
        self.embedded, self.name = embedded, name
        self.ecs = embedded.client("ecs")
        self.ecs.create_cluster(clusterName=name)
        self.secret = embedded.client("secretsmanager").create_secret(
            Name=f"wms/{name}/kafkaCredentials",
            SecretString=json.dumps({"username": "u", "password": PASSWORD}),
        )["ARN"]
        embedded.client("logs").create_log_group(logGroupName=f"/aws/fargate/{name}")

    def register(
        self, environment: dict[str, str] | None = None, secret: str | None = None, **more: Any
    ) -> str:
        reference = secret or f"{self.secret}:password::"
        answer = self.ecs.register_task_definition(
            family=self.name,
            cpu="512",
            memory="2048",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[
                {
                    "name": "kafka-connect",
                    "image": "local/x:1",
                    "memory": 1024,
                    "stopTimeout": 5,
                    "environment": [{"name": k, "value": v} for k, v in (environment or {}).items()],
                    "secrets": [{"name": "KAFKA_PASSWORD", "valueFrom": reference}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": f"/aws/fargate/{self.name}",
                            "awslogs-stream-prefix": "connect",
                            "awslogs-region": "us-east-1",
                        },
                    },
                    **more,
                }
            ],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def create(self, definition: str, desired: int = 1) -> None:
        self.ecs.create_service(
            cluster=self.name,
            serviceName=self.name,
            taskDefinition=definition,
            desiredCount=desired,
            launchType="FARGATE",
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
        )

    def update(self, **changes: Any) -> None:
        self.ecs.update_service(cluster=self.name, service=self.name, **changes)

    def service(self) -> Any:
        return self.ecs.describe_services(cluster=self.name, services=[self.name])["services"][0]

    def tasks(self, desired: str = "RUNNING") -> list[Any]:
        arns = self.ecs.list_tasks(cluster=self.name, desiredStatus=desired)["taskArns"]
        return list(self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]) if arns else []

    def steady(self, revision: int | None = None, count: int = 1) -> list[Any]:
        """Wait for a completed deployment; answers its tasks."""

        def done() -> Any:
            found = self.service()
            tasks = self.tasks()
            return (
                len(found["deployments"]) == 1
                and found["deployments"][0]["rolloutState"] == "COMPLETED"
                and found["runningCount"] == count == len(tasks)
                and (revision is None or found["taskDefinition"].endswith(f":{revision}"))
                and tasks
            )

        return list(eventually(done, f"{self.name} is steady"))

    def worker(self, task: Any) -> Any:
        """What the worker itself says."""
        with urllib.request.urlopen(f"http://{address(task)}:8083/", timeout=5) as answer:
            return json.load(answer)

    def process(self, task: Any) -> int:
        identity = task["taskArn"].rsplit("/", 1)[-1]
        record = self.embedded.state / "tasks" / identity / "process.json"
        return int(json.loads(record.read_text(encoding="utf-8"))["pid"])


def address(task: Any) -> str:
    (attachment,) = task["attachments"]
    return str(next(d["value"] for d in attachment["details"] if d["name"] == "privateIPv4Address"))


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cwd").exists()
