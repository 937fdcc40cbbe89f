"""EventBridge: "ECS Task State Change" when a task has stopped.

ECS sends an event for every change of a task; MiniStack's sends none, so no rule about them could be seen
to work here. Sent is the one that this system's rules ask about, with the task as DescribeTasks gives it:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html.
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
    _, _, _, region, account, _ = task["taskArn"].split(":", 5)
    eventbridge = module("services.eventbridge")
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [task["taskArn"]],
        "detail": dict(task),
    }
    eventbridge._dispatch_event(eventbridge._event_from_test_payload(event))
