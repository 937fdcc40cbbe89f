"""One service of one cluster in the embedded ECS, and the means to watch it."""

import json
import urllib.request
from typing import Any

from tests.local.conftest import Embedded
from tests.support.ecs_service import EcsService, address
from tests.support.waiting import wait_for

PASSWORD = "s3cret-of-the-broker"
#: How long anything may take that these tests wait for.
SECONDS = 20.0


class Cluster(EcsService):
    """A cluster of the embedded ECS that is made here, with a service that is made by `create`."""

    def __init__(self, embedded: Embedded, name: str) -> None:
        super().__init__(embedded.client("ecs"), name, embedded.state)
        self.embedded = embedded
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

    def steady(self, revision: int | None = None, count: int = 1) -> list[Any]:
        """Wait for a completed deployment; answers its tasks."""

        def done() -> Any:
            found = self.describe()
            tasks = self.tasks()
            return (
                len(found["deployments"]) == 1
                and found["deployments"][0]["rolloutState"] == "COMPLETED"
                and found["runningCount"] == count == len(tasks)
                and (revision is None or found["taskDefinition"].endswith(f":{revision}"))
                and tasks
            )

        return list(wait_for(done, f"{self.name} is steady", SECONDS, every=0.05))

    def worker(self, task: Any) -> Any:
        """What the worker itself says."""
        with urllib.request.urlopen(f"http://{address(task)}:8083/", timeout=5) as answer:
            return json.load(answer)
