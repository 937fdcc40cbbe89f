"""The ECS service and its tasks: where the workers are, and if there are none, why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from connector.domain.health.observation import Service, Task
from lambda_src.clients.aws import aws_errors

#: How many of a service's messages are read, newest first as ECS gives them.
_EVENTS = 10


class Ecs(Protocol):
    """The part of boto3's client that is used here."""

    def describe_services(self, *, cluster: str, services: Sequence[str]) -> Any: ...
    def list_tasks(self, *, cluster: str, serviceName: str, desiredStatus: str) -> Any: ...  # noqa: N803
    def describe_tasks(self, *, cluster: str, tasks: Sequence[str]) -> Any: ...
    def update_service(self, *, cluster: str, service: str, **changes: Any) -> Any: ...
    def describe_task_definition(self, *, taskDefinition: str) -> Any: ...  # noqa: N803
    def register_task_definition(self, **definition: Any) -> Any: ...


def observe(ecs: Ecs, cluster: str, service: str) -> Service | None:
    """The service as ECS sees it now; None when there is no such service."""
    with aws_errors(f"ecs:DescribeServices of {service}"):
        try:
            answer = ecs.describe_services(cluster=cluster, services=[service])
        except ClientError as error:
            # ECS answers with this error for a missing cluster; for a missing service the list is empty.
            if error.response.get("Error", {}).get("Code") == "ClusterNotFoundException":
                return None
            raise
    found = [s for s in answer.get("services", []) if s.get("status") != "INACTIVE"]
    if not found:
        return None
    running = _tasks(ecs, cluster, service, "RUNNING")
    # ECS lists a task that has not started yet under RUNNING too: it lists by the desired status.
    stopped = () if any(t.status == "RUNNING" for t in running) else _tasks(ecs, cluster, service, "STOPPED")
    return parse_service(found[0], running, stopped)


def find_task(ecs: Ecs, cluster: str, task: str) -> Task | None:
    """One task by its id, running or stopped not long ago; None when ECS does not know it."""
    with aws_errors(f"ecs:DescribeTasks of {task}"):
        found = ecs.describe_tasks(cluster=cluster, tasks=[task]).get("tasks", [])
    return parse_task(found[0]) if found else None


def scale(ecs: Ecs, cluster: str, service: str, desired: int) -> None:
    """Change how many tasks the service is to have."""
    with aws_errors(f"ecs:UpdateService of {service}"):
        ecs.update_service(cluster=cluster, service=service, desiredCount=desired)


def injected_secrets(ecs: Ecs, definition: str) -> Mapping[str, str]:
    """Variable -> what ECS injects, of each container of a task definition, as the definition has it."""
    with aws_errors(f"ecs:DescribeTaskDefinition of {definition}"):
        content = ecs.describe_task_definition(taskDefinition=definition).get("taskDefinition", {})
    return {
        str(secret["name"]): str(secret["valueFrom"])
        for container in content.get("containerDefinitions") or []
        for secret in container.get("secrets") or []
    }


def parse_service(content: Mapping[str, Any], running: Sequence[Task], stopped: Sequence[Task]) -> Service:
    """ECS's description of a service."""
    deployments = content.get("deployments") or []
    primary: Mapping[str, Any] = next((d for d in deployments if d.get("status") == "PRIMARY"), {})
    return Service(
        name=content.get("serviceName", ""),
        desired=int(content.get("desiredCount", 0)),
        running=int(content.get("runningCount", 0)),
        pending=int(content.get("pendingCount", 0)),
        definition=primary.get("taskDefinition") or content.get("taskDefinition", ""),
        rollout=primary.get("rolloutState", ""),
        rollout_reason=primary.get("rolloutStateReason", ""),
        tasks=tuple(running),
        stopped=tuple(stopped),
        events=tuple(str(event.get("message", "")) for event in (content.get("events") or [])[:_EVENTS]),
    )


def parse_task(content: Mapping[str, Any]) -> Task:
    """ECS's description of a task."""
    details = {
        detail.get("name"): detail.get("value", "")
        for attachment in content.get("attachments") or []
        for detail in attachment.get("details") or []
    }
    return Task(
        arn=content.get("taskArn", ""),
        status=content.get("lastStatus", ""),
        definition=content.get("taskDefinitionArn", ""),
        address=details.get("privateIPv4Address", ""),
        stopped_reason=_stop_reasons(content),
        stop_code=str(content.get("stopCode") or ""),
        created_at=_seconds(content.get("createdAt")),
    )


def _tasks(ecs: Ecs, cluster: str, service: str, wanted: str) -> tuple[Task, ...]:
    with aws_errors(f"ecs:ListTasks of {service}"):
        arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus=wanted).get("taskArns")
    if not arns:
        return ()
    with aws_errors(f"ecs:DescribeTasks of {service}"):
        contents = ecs.describe_tasks(cluster=cluster, tasks=arns[:100]).get("tasks", [])
    newest_first = sorted(contents, key=lambda c: str(c.get("stoppedAt") or ""), reverse=True)
    return tuple(map(parse_task, newest_first))


def _seconds(at: Any) -> float | None:
    """Seconds since 1970 of a time as boto3 gives it; None where there is none."""
    return at.timestamp() if isinstance(at, datetime) else None


def _stop_reasons(content: Mapping[str, Any]) -> str:
    """The task's reason, the containers' own ones and their exit codes."""
    containers = content.get("containers") or []
    codes = [f"exit code {c['exitCode']}" for c in containers if c.get("exitCode") is not None]
    reasons = [content.get("stoppedReason"), *(c.get("reason") for c in containers), *codes]
    return "; ".join(dict.fromkeys(" ".join(str(r).split()) for r in reasons if r))
