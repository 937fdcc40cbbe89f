"""EventBridge: what ECS tells of a task that has stopped, and of a deployment that has failed.

ECS sends an event for every change of a task, a service and a deployment; MiniStack's sends none, so no rule
about them could be seen to work here. Sent are those that this system's rules ask about and that can come
about here, with the task as DescribeTasks gives it:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.local.aws_shims._ministack import module


def task_stopped(task: Mapping[str, Any]) -> None:
    """Send the event of a stopped task; called in the scope of its account and region."""
    _send("ECS Task State Change", str(task["taskArn"]), dict(task))


def deployment_failed(service: Mapping[str, Any], deployment: Mapping[str, Any]) -> None:
    """Send the event of a deployment that ECS has given up; called in the scope of account and region."""
    detail = {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "deploymentId": deployment.get("id", ""),
        "updatedAt": _now(),
        "reason": deployment.get("rolloutStateReason", ""),
    }
    _send("ECS Deployment State Change", str(service["serviceArn"]), detail)


def _send(kind: str, resource: str, detail: Mapping[str, Any]) -> None:
    _, _, _, region, account, _ = resource.split(":", 5)
    eventbridge = module("services.eventbridge")
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": "aws.ecs",
        "account": account,
        "time": _now(),
        "region": region,
        "resources": [resource],
        "detail": detail,
    }
    eventbridge._dispatch_event(eventbridge._event_from_test_payload(event))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
