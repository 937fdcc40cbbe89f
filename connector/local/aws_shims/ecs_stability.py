"""AWS::ECS::Service: CloudFormation waits for it.

On AWS a service's creation or update is complete when its deployment is, fails when the circuit breaker
trips, and its deletion is complete when its tasks are gone. MiniStack returns at once, so a stack whose
workers cannot start would be CREATE_COMPLETE here and ROLLBACK_COMPLETE there.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import time
from collections.abc import Callable, Mapping
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners

_POLL_SECONDS = 0.1
_LONGEST_SECONDS = 900.0
_SERVICE = "AWS::ECS::Service"


def install() -> None:
    """Run the type on worker threads, where waiting blocks nobody, and make it wait."""
    stacks = module("services.cloudformation.stacks")
    blocking = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind == _SERVICE or blocking(kind)
    handlers = provisioners()._RESOURCE_HANDLERS[_SERVICE]
    handlers.update(
        create=_creating(handlers["create"], handlers["delete"]),
        update=_updating(handlers["update"]),
        delete=_deleting(handlers["delete"]),
    )


def _creating(create: Any, delete: Any) -> Any:
    def handler(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        physical_id, attributes = create(logical_id, props, stack_name)
        reason = _unstable(physical_id)
        if reason:
            # CloudFormation here does not know the service yet, so its rollback would leave it behind.
            delete(physical_id, props)
            raise ValueError(reason)
        return physical_id, attributes

    return handler


def _updating(update: Any) -> Any:
    def handler(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str) -> Any:
        result = update(physical_id, old, new, stack_name)
        reason = _unstable(physical_id)
        if reason:
            if (_record(physical_id) or {}).get("taskDefinition") == new.get("TaskDefinition"):
                update(physical_id, new, old, stack_name)  # no circuit breaker has brought it back
            raise ValueError(reason)
        return result

    return handler


def _deleting(delete: Any) -> Any:
    def handler(physical_id: str, props: Mapping[str, Any]) -> None:
        delete(physical_id, props)
        ecs = module("services.ecs")
        group = f"service:{physical_id.rsplit('/', 1)[-1]}"
        cluster = ecs._resolve_cluster_name(props.get("Cluster", "default"))

        def gone() -> bool:
            return not any(
                task.get("group") == group
                and ecs._cluster_name_from_arn(task.get("clusterArn", "")) == cluster
                and task.get("lastStatus") != "STOPPED"
                for task in list(ecs._tasks.values())
            )

        _wait(gone)

    return handler


def _unstable(physical_id: str) -> str:
    """Wait for the newest deployment; empty when it is complete, else why it is not."""
    record = _record(physical_id)
    if record is None or not record.get("deployments"):
        return ""
    identity = record["deployments"][0]["id"]

    def deployment() -> Mapping[str, Any]:
        deployments = (_record(physical_id) or {}).get("deployments", [])
        return next((d for d in deployments if d["id"] == identity), {})

    _wait(lambda: deployment().get("rolloutState") != "IN_PROGRESS")
    found = deployment()
    if found.get("rolloutState") == "FAILED":
        reason = found["rolloutStateReason"]
        return f"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered': {reason}"
    return (
        "Exceeded attempts to wait: the service did not stabilize"
        if found.get("rolloutState") == "IN_PROGRESS"
        else ""
    )


def _record(physical_id: str) -> Mapping[str, Any] | None:
    ecs = module("services.ecs")
    cluster, name = physical_id.split(":service/", 1)[1].rsplit("/", 1)
    found: Mapping[str, Any] | None = ecs._services.get(f"{ecs._resolve_cluster_name(cluster)}/{name}")
    return found if found and found["status"] == "ACTIVE" else None


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
