"""A service of the embedded ECS, its tasks, and the processes that these are on this machine."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.local.processes import Process


@dataclass(frozen=True)
class Worker:
    """One running worker: its task's id, its address and its process."""

    task: str
    address: str
    process: Process

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group, unless it has ended."""
        if self.process.alive:
            os.killpg(self.process.pid, number)


class EcsService:
    """One service, in the cluster of the same name. `state` is the directory of the local world's state."""

    def __init__(self, ecs: Any, name: str, state: Path) -> None:
        self.ecs, self.name, self.state = ecs, name, state

    def describe(self) -> dict[str, Any]:
        """What ECS says of the service."""
        (found,) = self.ecs.describe_services(cluster=self.name, services=[self.name])["services"]
        return dict(found)

    def update(self, **changes: Any) -> None:
        """Change the service."""
        self.ecs.update_service(cluster=self.name, service=self.name, **changes)

    def scale(self, desired: int) -> None:
        """Change the desired count."""
        self.update(desiredCount=desired)

    def task_arns(self, desired: str = "RUNNING") -> list[str]:
        """ARNs of the tasks that are meant to be in this state; none where there is no cluster."""
        try:
            return list(self.ecs.list_tasks(cluster=self.name, desiredStatus=desired)["taskArns"])
        except self.ecs.exceptions.ClusterNotFoundException:
            return []

    def tasks(self, desired: str = "RUNNING") -> list[dict[str, Any]]:
        """What ECS says of these tasks."""
        arns = self.task_arns(desired)
        return list(self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]) if arns else []

    def process(self, arn: str) -> Process:
        """The process of a task."""
        record = self.state / "tasks" / arn.rpartition("/")[2] / "process.json"
        return Process.from_dict(json.loads(record.read_text(encoding="utf-8")))

    def workers(self) -> list[Worker]:
        """All workers that run, are not to stop and have an address."""
        found = []
        for task in self.tasks():
            try:
                arn = task["taskArn"]
                worker = Worker(arn.rpartition("/")[2], address(task), self.process(arn))
            except (OSError, ValueError, KeyError):
                # It is only just started.
                continue
            if worker.process.alive:
                found.append(worker)
        return found


def address(task: Mapping[str, Any]) -> str:
    """The private address of a task; KeyError while it has none."""
    return str(
        {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}["privateIPv4Address"]
    )
