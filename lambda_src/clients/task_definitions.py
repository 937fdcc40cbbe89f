"""Task definitions: one is read, made anew with other secrets, and given to the service."""

from collections.abc import Mapping
from typing import Any

from connector.domain.errors import ServerError
from connector.domain.secrets.injected import VARIABLES
from connector.domain.stage.aws_names import CONTAINER
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.ecs import Ecs

#: What RegisterTaskDefinition takes, of what DescribeTaskDefinition gives (Amazon ECS API reference).
_GIVEN = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes"),
    *("placementConstraints", "requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode"),
    *("proxyConfiguration", "inferenceAccelerators", "ephemeralStorage", "runtimePlatform"),
    "enableFaultInjection",
)
_OF_SECRETS = frozenset(name for names in VARIABLES.values() for name in names)


def read_definition(ecs: Ecs, definition: str) -> Mapping[str, Any]:
    """A task definition as ECS describes it."""
    with aws_errors(f"ecs:DescribeTaskDefinition of {definition}"):
        content: Mapping[str, Any] = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    return content


def injected_in(content: Mapping[str, Any]) -> Mapping[str, str]:
    """Variable of the worker -> what ECS is given for it."""
    return {secret["name"]: secret["valueFrom"] for secret in _container(content).get("secrets") or []}


def with_secrets(content: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """What to register for a definition like this one, but with these secrets.

    `ServerError` if another set of variables is injected: then the way of authenticating has changed.
    """
    there = {name for name in injected_in(content) if name in _OF_SECRETS}
    if there != set(variables):
        differing = ", ".join(sorted(there ^ set(variables)))
        raise ServerError(
            f"the task definition injects other variables ({differing}): only a launch changes that"
        )
    others = [s for s in _container(content).get("secrets") or [] if s["name"] not in variables]
    secrets = [*others, *({"name": name, "valueFrom": value} for name, value in sorted(variables.items()))]
    containers = [
        {**container, "secrets": secrets} if container.get("name") == CONTAINER else container
        for container in content["containerDefinitions"]
    ]
    given = {key: content[key] for key in _GIVEN if content.get(key) not in (None, [], "")}
    return {**given, "containerDefinitions": containers}


def register(ecs: Ecs, definition: Mapping[str, Any]) -> str:
    """Make a revision of a definition; its ARN."""
    with aws_errors(f"ecs:RegisterTaskDefinition of {definition['family']}"):
        made = ecs.register_task_definition(**definition)
    return str(made["taskDefinition"]["taskDefinitionArn"])


def deploy(ecs: Ecs, cluster: str, service: str, definition: str) -> None:
    """Let the service replace its tasks by tasks of this definition."""
    with aws_errors(f"ecs:UpdateService of {service}"):
        ecs.update_service(cluster=cluster, service=service, taskDefinition=definition)


def _container(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found = [c for c in content.get("containerDefinitions") or [] if c.get("name") == CONTAINER]
    if not found:
        raise ServerError(f"the task definition has no container {CONTAINER}; launch the stage")
    only: Mapping[str, Any] = found[0]
    return only
