"""The workers of a stage as processes: found through ECS, and which of them runs the task."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import urllib3

from connector.domain.stage.names import CONNECT_PORT, CONNECTOR
from connector.domain.stage.stage import Stage
from connector.local.processes import Process
from connector.local.world import World

_TIMEOUT_SECONDS = 120.0

T = TypeVar("T")


@dataclass(frozen=True)
class Worker:
    """One worker: its ECS task, address and process."""

    task: str
    address: str
    process: Process

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, to this very process only."""
        if self.process.alive:
            os.kill(self.process.pid, number)


class Workers:
    """The workers of a stage."""

    def __init__(self, world: World, stage: Stage) -> None:
        self._world = world
        self._stage = stage

    def all(self) -> list[Worker]:
        """All that run and are not to stop."""
        ecs = self._world.account.client("ecs")
        cluster = self._stage.names.service
        arns = ecs.list_tasks(cluster=cluster)["taskArns"]
        described = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        found = [self._worker(task) for task in described]
        return [worker for worker in found if worker is not None and worker.process.alive]

    def active(self) -> Worker | None:
        """The one that runs the connector's task, as far as Connect tells."""
        for worker in self.all():
            status = ask(worker.address, f"/connectors/{CONNECTOR}/status")
            for task in (status or {}).get("tasks", []):
                address = task["worker_id"].rpartition(":")[0]
                if task["state"] == "RUNNING":
                    return next((w for w in self.all() if w.address == address), None)
        return None

    def task_state(self) -> str:
        """State of the connector's task; empty when nobody tells it."""
        for worker in self.all():
            status = ask(worker.address, f"/connectors/{CONNECTOR}/status")
            if status is not None:
                return str(next((task["state"] for task in status["tasks"]), ""))
        return ""

    def trace(self) -> str:
        """Why the task failed, in Connect's words; empty when it did not."""
        for worker in self.all():
            status = ask(worker.address, f"/connectors/{CONNECTOR}/status")
            if status is not None:
                return str(next((task.get("trace", "") for task in status["tasks"]), ""))
        return ""

    def restart_task(self) -> None:
        """What a person would try."""
        worker = self.all()[0]
        url = f"http://{worker.address}:{CONNECT_PORT}/connectors/{CONNECTOR}/tasks/0/restart"
        urllib3.request("POST", url, timeout=30.0, retries=False)

    def until_active(self, seconds: float = _TIMEOUT_SECONDS) -> Worker:
        """Wait for a worker that runs the task."""
        return until(self.active, "a worker runs the task", seconds)

    def until_healthy(self, count: int, seconds: float = _TIMEOUT_SECONDS) -> None:
        """Wait until that many workers answer, and no other one runs."""

        def ready() -> bool:
            there = self.all()
            return len(there) == count and all(ask(worker.address, "/") for worker in there)

        until(ready, f"{count} workers answer", seconds)

    def _worker(self, task: dict[str, Any]) -> Worker | None:
        identity = task["taskArn"].rpartition("/")[2]
        record = self._world.state.directory / "tasks" / identity / "process.json"
        details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
        try:
            process = Process.from_dict(json.loads(record.read_text(encoding="utf-8")))
            return Worker(identity, details["privateIPv4Address"], process)
        except (OSError, ValueError, KeyError):
            return None


def ask(address: str, path: str) -> Any:
    """The answer of Connect's API; None without a good one."""
    try:
        answer = urllib3.request("GET", f"http://{address}:{CONNECT_PORT}{path}", timeout=5.0, retries=False)
        return answer.json() if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError):
        return None


def until(condition: Callable[[], T | None], what: str, seconds: float = _TIMEOUT_SECONDS) -> T:
    """Wait for a condition; answers what it answers."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return found
