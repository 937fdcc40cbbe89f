"""Calls with the rights of a role that a launch has deployed."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support.waiting import wait_for

#: Service, method and arguments of boto3.
Call = tuple[str, str, Mapping[str, Any]]

_PROBE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    answers = {}
    for what, (service, method, arguments) in event.items():
        try:
            getattr(boto3.client(service), method)(**arguments)
            answers[what] = "allowed"
        except ClientError as error:
            answers[what] = error.response["Error"]["Code"]
    return answers
"""


def as_role(world: World, function: str, calls: Mapping[str, Call]) -> dict[str, str]:
    """What AWS answers to each call made with a deployed function's role: `allowed`, or an error's code.

    A probe runs as a function of its own with that role, so that the role's trust is asked for, too.
    """
    functions = world.account.client("lambda")
    role = functions.get_function(FunctionName=function)["Configuration"]["Role"]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("probe.py", _PROBE)
    name = f"probe-{function}"[:64]
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="probe.handler",
        Role=role,
        Code={"ZipFile": content.getvalue()},
        Timeout=30,
    )
    try:
        functions.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(calls).encode())
        found = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, found
        return dict(found)
    finally:
        functions.delete_function(FunctionName=name)


def task_with_secret(world: World, stage: Stage, secret: str) -> str:
    """Why a task stops that has the stage's execution role and asks for a secret."""
    ecs, secrets = world.account.client("ecs"), world.account.client("secretsmanager")
    name = stage.names.service
    definition = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    container = {
        **definition["containerDefinitions"][0],
        "secrets": [{"name": "STOLEN", "valueFrom": secrets.describe_secret(SecretId=secret)["ARN"]}],
    }
    copied = ("cpu", "memory", "networkMode", "requiresCompatibilities", "executionRoleArn", "taskRoleArn")
    registered = ecs.register_task_definition(
        family=f"probe-{name}",
        containerDefinitions=[container],
        volumes=definition.get("volumes", []),
        **{key: definition[key] for key in copied},
    )
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    try:
        started = ecs.run_task(cluster=name, taskDefinition=arn, launchType="FARGATE")
        task = started["tasks"][0]["taskArn"]

        def stopped() -> Any:
            (found,) = ecs.describe_tasks(cluster=name, tasks=[task])["tasks"]
            return found if found["lastStatus"] == "STOPPED" else None

        return str(wait_for(stopped, "the task stops", 120)["stoppedReason"])
    finally:
        ecs.deregister_task_definition(taskDefinition=arn)
