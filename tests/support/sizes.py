"""The sizes of the stages, as config/ says them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connector.domain.stage.stage import NAMED_STAGES

_CONFIG = Path(__file__).parents[2] / "config"

#: What config/default is for: every ephemeral stage is made from it.
DEFAULT = "default"


@dataclass(frozen=True)
class Size:
    """Of one Fargate task: CPU units (1024 are one vCPU) and MiB. Fields are named like the settings."""

    task_cpu: int
    task_memory: int
    container_cpu: int
    container_memory: int


def settings(group: str) -> Mapping[str, Any]:
    """The settings of a stage that are plain values: its own, else those for all."""
    return {**_plain(_CONFIG), **_plain(_CONFIG / group)}


def size(group: str) -> Size:
    """The size of a stage's task; a container without a size of its own has the task's."""
    given = settings(group)
    cpu, memory = int(given["task_cpu"]), int(given["task_memory"])
    return Size(cpu, memory, int(given["container_cpu"] or cpu), int(given["container_memory"] or memory))


def distinct() -> Mapping[Size, tuple[str, ...]]:
    """Every size with the stages that have it."""
    groups = (*NAMED_STAGES, DEFAULT)
    return {size(group): tuple(g for g in groups if size(g) == size(group)) for group in groups}


def _plain(directory: Path) -> Mapping[str, Any]:
    # The lines with Jinja in them say nothing of sizes.
    text = (directory / "config.yaml").read_text(encoding="utf-8")
    plain = "\n".join(line for line in text.splitlines() if "{{" not in line and "!wms" not in line)
    return yaml.safe_load(plain) or {}
