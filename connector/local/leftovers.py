"""Processes that are found by their records alone: workers, and parts of a world whose `up` was cut off."""

import json
from pathlib import Path
from typing import Any

from connector.local import limits
from connector.local.processes import Process, end


def tasks(directory: Path) -> list[dict[str, Any]]:
    """The workers that run now: service, task id, address, pid, log.

    And whether the kernel limits their memory.
    """
    return [
        {
            "task": path.parent.name,
            **_origin(path),
            "pid": process.pid,
            "log": process.log,
            "memoryEnforced": limits.of(path.parent.name) is not None,
        }
        for path, process in _recorded(directory)
        if process.alive
    ]


def _origin(path: Path) -> dict[str, str]:
    """The service and the address of a worker; empty in the record of an earlier version."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {key: str(content.get(key, "")) for key in ("service", "address")}


def end_tasks(directory: Path) -> None:
    """End workers that outlived the embedded AWS."""
    for path, process in _recorded(directory):
        end(process, grace=5)
        limits.remove(path.parent.name)
        path.unlink(missing_ok=True)


def _recorded(directory: Path) -> list[tuple[Path, Process]]:
    found = []
    for path in sorted((directory / "tasks").glob("*/process.json")):
        try:
            found.append((path, Process.from_dict(json.loads(path.read_text(encoding="utf-8")))))
        except (OSError, ValueError, KeyError):
            continue
    return found
